"""Generated Shoaib 2014 files in the published layout. Synthetic: good for tests, never for results."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

STEP_HZ = {"walking": 1.8, "jogging": 2.7, "biking": 1.1, "upsatirs": 1.4, "downstairs": 2.1}
ACTIVITIES = ("walking", "standing", "jogging", "sitting", "biking", "upsatirs", "downstairs")
PLACEMENTS = ("Left_pocket", "Right_pocket", "Wrist", "Upper_arm", "Belt")
GROUP = ("time_stamp", "Ax", "Ay", "Az", "Lx", "Ly", "Lz", "Gx", "Gy", "Gz", "Mx", "My", "Mz")


def phone(rng: np.random.Generator, activity: str, time_s: np.ndarray, lean: float) -> np.ndarray:
    """12 columns of one phone that stands upright but for `lean` in rad."""
    swing = 2.5 * np.sin(2 * np.pi * STEP_HZ.get(activity, 0.0) * time_s)
    lean += 1.2 if activity == "sitting" else 0.0
    up = np.array([0.0, np.cos(lean), np.sin(lean)])
    linear = swing[:, None] * up + rng.normal(0, 0.05, (len(time_s), 3))
    gyro = 0.3 * np.stack([swing, -swing, 0.5 * swing], axis=1) + rng.normal(0, 0.01, (len(time_s), 3))
    return np.concatenate([linear + 9.81 * up, linear, gyro, np.full((len(time_s), 3), 30.0)], axis=1)


def write(
    folder: Path,
    participants: Sequence[int] = (1, 2),
    seconds: float = 10.0,
    *,
    coarse_stamps: bool = True,
    seed: int = 0,
) -> Path:
    """Write `Participant_N.csv` with every activity for `seconds` and return their folder."""
    root = folder / "DataSet"
    root.mkdir(parents=True, exist_ok=True)
    for participant in participants:
        rng = np.random.default_rng([seed, participant])
        lines = [",".join(f"{p}{',' * 13}" for p in PLACEMENTS), ",".join([*GROUP, ""] * 5)]
        for number, activity in enumerate(ACTIVITIES):
            time_s = np.arange(round(seconds * 50)) / 50 + number * seconds
            phones = [phone(rng, activity, time_s, lean) for lean in (0.1, -0.1, 0.5, 0.2, 0.0)]
            for row, seconds_in in enumerate(time_s):
                stamp = "1.39E+12" if coarse_stamps else f"{1.39e12 + seconds_in * 1000:.0f}"
                groups = [",".join([stamp, *(f"{v:.6f}" for v in values[row])]) for values in phones]
                lines.append(",,".join(groups) + f",{activity}")
        (root / f"Participant_{participant}.csv").write_text("\n".join(lines) + "\n")
    return root
