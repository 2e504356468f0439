"""Generated USC-HAD files in the published layout. Synthetic: good for tests, never for results."""

from pathlib import Path

import numpy as np
from scipy.io import savemat

ACTIVITIES = {
    # number: (steps per second, vertical swing in g)
    1: (1.9, 0.3), 2: (1.9, 0.3), 3: (1.9, 0.3), 4: (1.5, 0.25), 5: (2.1, 0.45), 6: (2.7, 1.2),
    7: (1.8, 1.0), 8: (0.0, 0.0), 9: (0.0, 0.01), 10: (0.0, 0.0), 11: (0.0, 0.02), 12: (0.0, 0.02),
}  # fmt: skip
GRAVITY = {8: (0.5, 0.1, 0.86), 10: (0.1, 0.2, 0.97)}


def write_file(path: Path, acc_g: np.ndarray, gyro_deg_s: np.ndarray) -> None:
    """One trial with the fields that matter and one of those that do not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"title": "USC Human Motion Database", "sensor_readings": np.hstack([acc_g, gyro_deg_s])})


def write(folder: Path, subjects: int = 4, seconds: float = 15.0, seed: int = 0) -> Path:
    """A dataset with one trial of every activity of every subject."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(100 * seconds)) / 100
    for subject in range(1, subjects + 1):
        for number, (step_hz, swing_g) in ACTIVITIES.items():
            swing = swing_g * np.sin(2 * np.pi * step_hz * time_s)[:, None]
            acc = np.array(GRAVITY.get(number, (0.98, 0.1, -0.1))) * (1 + swing)
            gyro = 100 * swing + rng.normal(0, 1, (len(time_s), 3))
            path = folder / "USC-HAD" / "data" / f"Subject{subject}" / f"a{number}t1.mat"
            write_file(path, acc + rng.normal(0, 0.01, acc.shape), gyro)
    return folder
