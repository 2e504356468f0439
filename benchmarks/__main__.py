"""All benchmarks: `make bench`, with LANHAR_DATA set for those that need the full recordings."""

from benchmarks import edge, features, interpretation, main_job, rules, store

for benchmark in (features, rules, interpretation, store, edge, main_job):
    print(f"== {benchmark.__name__}")
    benchmark.main()
