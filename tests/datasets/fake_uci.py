"""Generated UCI HAPT files in the published layout. Synthetic: good for tests, never for results."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

SWING_G = {1: 0.3, 2: 0.25, 3: 0.45, 4: 0.0, 5: 0.01, 6: 0.0}
STEP_HZ = {1: 1.9, 2: 1.5, 3: 2.1, 4: 0.0, 5: 0.0, 6: 0.0}
GRAVITY = {4: (0.7, 0.1, 0.7), 6: (0.1, 0.9, 0.4)}


def write_experiment(
    folder: Path,
    experiment: int,
    user: int,
    acc_g: np.ndarray,
    gyro: np.ndarray,
    labels: Sequence[tuple[int, int, int]],
) -> None:
    """One experiment; `labels` holds (activity, first, last), samples counted from 1 as in the files."""
    raw = folder / "RawData"
    raw.mkdir(parents=True, exist_ok=True)
    for sensor, values in (("acc", acc_g), ("gyro", gyro)):
        np.savetxt(raw / f"{sensor}_exp{experiment:02d}_user{user:02d}.txt", values, fmt="%.17g")
    with (raw / "labels.txt").open("a") as file:
        file.writelines(f"{experiment} {user} {a} {first} {last}\n" for a, first, last in labels)


def write(folder: Path, users: int = 4, seconds: float = 15.0, seed: int = 0) -> Path:
    """A dataset with every basic activity of every user, 2 s unlabelled after each."""
    rng = np.random.default_rng(seed)
    length, pause = int(50 * seconds), 100
    for user in range(1, users + 1):
        acc, gyro, labels = [], [], []
        for activity in SWING_G:
            time_s = np.arange(length + pause) / 50
            swing = SWING_G[activity] * np.sin(2 * np.pi * STEP_HZ[activity] * time_s)[:, None]
            gravity = np.array(GRAVITY.get(activity, (0.98, -0.1, 0.1)))
            acc.append(gravity * (1 + swing) + rng.normal(0, 0.01, (len(time_s), 3)))
            gyro.append(3 * swing + rng.normal(0, 0.02, (len(time_s), 3)))
            first = sum(map(len, acc[:-1])) + 1
            labels.append((activity, first, first + length - 1))
        write_experiment(folder, user, user, np.concatenate(acc), np.concatenate(gyro), labels)
    (folder / "activity_labels.txt").write_text("1 WALKING\n")
    return folder
