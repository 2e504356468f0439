"""All benchmarks: `make bench`, with LANHAR_DATA set for those that need the full recordings."""

from benchmarks import edge, encoder_sizes, features, interpretation, main_job, other_devices, rules, store

for benchmark in (features, rules, interpretation, store, edge, encoder_sizes, other_devices, main_job):
    print(f"== {benchmark.__name__}")
    benchmark.main()
