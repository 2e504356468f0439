"""Windows a second of the features.

python benchmarks/features.py [windows] [samples a window]
"""

import sys
import time

import numpy as np

from lanhar.signals.align import align
from lanhar.signals.features import classifier_features, compute_features
from lanhar.signals.units import RATE_HZ, STANDARD_GRAVITY_M_S2


def main(count: int = 20_000, length: int = 300) -> None:
    generator = np.random.default_rng(0)
    time_s = np.arange(length) / RATE_HZ
    windows = generator.normal(scale=0.5, size=(count, length, 6)).astype(np.float32)
    windows[:, :, 2] += STANDARD_GRAVITY_M_S2
    windows[:, :, :3] += 2 * np.sin(2 * np.pi * generator.uniform(1, 3, (count, 1, 1)) * time_s[:, None])
    began = time.perf_counter()
    aligned, gravity, _ = align(windows)
    print(f"align: {count} windows of {length} samples in {time.perf_counter() - began:.1f} s")
    for compute in (compute_features, classifier_features):
        began, worked = time.perf_counter(), time.process_time()
        columns = compute(aligned, gravity, RATE_HZ).shape[1]
        seconds, busy = time.perf_counter() - began, time.process_time() - worked
        print(
            f"{compute.__name__}: {count} × {columns} in {seconds:.1f} s ({busy:.1f} s of processor time), "
            f"{count / seconds:.0f} windows a second"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
