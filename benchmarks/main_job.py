"""Time and memory of the main job on the full recordings: reading, opening from the cache, training, testing.

LANHAR_DATA=/path/to/datasets python benchmarks/main_job.py [experiment]
"""

import os
import resource
import subprocess
import sys
import tempfile
import time


def measure(what: str, *command: str) -> None:
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    # The largest child so far; the stages are run from small to large.
    gib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"{what}: {seconds:.1f} s, peak memory so far {gib:.2f} GiB", flush=True)


OPEN = """
import time
from pathlib import Path
from lanhar.datasets import get_dataset
from lanhar.datamodules.window_cache import WindowSettings, open_windows
began = time.perf_counter()
dataset = get_dataset({name!r})({data!r}, {cache!r})
open_windows(dataset, WindowSettings(300, 50.0, 0.5), Path({cache!r}))
print(f"  {name} from the cache, after the imports: {{time.perf_counter() - began:.2f}} s", flush=True)
"""


def main(experiment: str = "uci_to_motionsense") -> None:
    data = os.environ.get("LANHAR_DATA")
    if not data:
        print("SKIPPED: set LANHAR_DATA to the folder that holds the full datasets")
        return
    source, target = experiment.split("_to_")
    with tempfile.TemporaryDirectory() as cache:
        where = (f"data_dir={data}", f"cache_dir={cache}")
        for name in (source, target):
            measure(f"{name} read, windowed and measured, cold", "-m", "lanhar.prepare", f"dataset={name}", *where)
            subprocess.run([sys.executable, "-c", OPEN.format(name=name, data=data, cache=cache)], check=True)
        runs = f"runs_dir={cache}/runs"
        measure(f"+experiment={experiment}", "-m", "lanhar.train", f"+experiment={experiment}", runs, *where)


if __name__ == "__main__":
    main(*sys.argv[1:])
