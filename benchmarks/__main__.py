"""All benchmarks: `make bench`, with LANHAR_DATA set for those that need the full recordings."""

from benchmarks import features, main_job, rules

for benchmark in (features, rules, main_job):
    print(f"== {benchmark.__name__}")
    benchmark.main()
