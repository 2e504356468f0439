"""What each size of the sensor encoder costs on a device and what it keeps of the score on the target.

python -m benchmarks.encoder_sizes runs/<name>/<key> runs/<name>/<key> ...

Runs of one source, target and seed, trained with `sensor_encoder=gait_small`, `gait` and `gait_large`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.edge import released

COLUMNS = "| run | parameters | fp32, int8 MB | ms a window | windows | accuracy | macro F1: before → after 8 bits |"

MEASURE = "from pathlib import Path; from benchmarks.encoder_sizes import median_ms; print(median_ms(Path({folder!r})))"


def median_ms(folder: Path, windows: int = 600) -> float:
    """Median time of one window by the 8-bit graph on one core, milliseconds."""
    import time

    import numpy as np

    from benchmarks.edge import movement
    from lanhar.edge.runtime import load

    encoder, samples, spent = load(folder), movement(20)[1], []
    length = encoder.bundle.preprocessing.window_samples
    for start in range(windows):
        window = samples[start : start + length].astype(np.float32)
        began = time.perf_counter()
        encoder.measure(window)
        spent.append(time.perf_counter() - began)
    return float(np.median(spent[50:]) * 1e3)


def row(run: str, folder: Path) -> str:
    """One line of the table: the run is exported and measured in processes of their own."""
    from lanhar.edge.bundle import ENCODERS, read_bundle

    root = Path(__file__).parents[1]
    words = [f"run={run}", f"out={folder}", "words=false"]
    subprocess.run([sys.executable, "-m", "lanhar.export", *words], check=True, stdout=subprocess.DEVNULL)
    code = MEASURE.format(folder=str(folder))
    ms = subprocess.run([sys.executable, "-c", code], check=True, cwd=root, capture_output=True, text=True).stdout
    content = read_bundle(folder).manifest
    encoder, metrics = content["encoder"], content["metrics"]
    fp32, int8 = ((folder / name).stat().st_size / 1e6 for name in ENCODERS.values())
    scores = [
        " → ".join(f"{metrics[f'{when}_quantisation'][name]:.4f}" for when in ("before", "after"))
        for name in ("accuracy", "macro_f1")
    ]
    about = content["run"]
    source, target = (" + ".join(about[part]) for part in ("source", "target"))
    name = f"{encoder['kind']}, {source} → {target}, {about['protocol']}, seed {about['seed']}"
    return (
        f"| {name} | {encoder['parameters']:,} | {fp32:.2f}, {int8:.2f} | {float(ms):.2f} | {metrics['windows']:,} | "
        f"{' | '.join(scores)} |"
    )


def main(*runs: str) -> None:
    """Print a table of the runs, and the released encoder's size."""
    if not runs:
        print("SKIPPED: name finished runs of encoders of several sizes, of one source, target and seed")
    else:
        print(COLUMNS + "\n|:--|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as temporary:
        for number, run in enumerate(runs):
            print(row(str(Path(run).resolve()), Path(temporary) / str(number)), flush=True)
    released()


if __name__ == "__main__":
    main(*sys.argv[1:])
