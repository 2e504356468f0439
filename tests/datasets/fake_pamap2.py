"""Generated PAMAP2 files in the published layout. Synthetic: good for tests, never for results."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

STEP_HZ = {4: 1.8, 5: 2.7, 6: 1.1, 7: 1.7, 12: 1.4, 13: 2.1, 24: 2.4}
FIRST_COLUMN = {"hand": 3, "chest": 20, "ankle": 37}


def unit(rng: np.random.Generator, activity: int, time_s: np.ndarray) -> np.ndarray:
    """17 columns of one unit whose x axis points up."""
    step_hz = STEP_HZ.get(activity, 0.0)
    swing = 2.5 * np.sin(2 * np.pi * step_hz * time_s)
    acc = np.stack([9.81 + swing, 0.2 * swing, 0.1 * swing], axis=1) + rng.normal(0, 0.05, (len(time_s), 3))
    gyro = 0.3 * np.stack([swing, -swing, 0.5 * swing], axis=1) + rng.normal(0, 0.01, (len(time_s), 3))
    columns = np.zeros((len(time_s), 17))
    columns[:, 0] = 33.0
    columns[:, 1:4] = acc
    columns[:, 4:7] = np.clip(acc, -58, 58) + 0.2
    columns[:, 7:10] = gyro
    columns[:, 10:13] = 30.0
    columns[:, 13] = 1.0
    return columns


def write(
    folder: Path,
    subjects: Sequence[int] = (101, 102),
    activities: Sequence[int] = (1, 2, 3, 4, 5, 6, 7, 12, 13, 24),
    seconds: float = 10.0,
    *,
    seed: int = 0,
) -> Path:
    """Write `Protocol/subjectNNN.dat` with 5 s of id 0 before each activity and return the root folder."""
    root = folder / "PAMAP2_Dataset"
    (root / "Protocol").mkdir(parents=True, exist_ok=True)
    for subject in subjects:
        rng = np.random.default_rng([seed, subject])
        labels = np.concatenate([[0] * 500 + [a] * round(seconds * 100) for a in activities])
        table = np.full((len(labels), 54), np.nan)
        table[:, 0] = 8.38 + np.arange(len(labels)) / 100
        table[:, 1] = labels
        for first in FIRST_COLUMN.values():
            for activity in (0, *activities):
                rows = labels == activity
                table[rows, first : first + 17] = unit(rng, activity, table[rows, 0])
        path = root / "Protocol" / f"subject{subject}.dat"
        np.savetxt(path, table, fmt=["%.2f", "%d", "%.0f"] + ["%.5f"] * 51)
        path.write_text(path.read_text().replace("nan", "NaN"))
    return root
