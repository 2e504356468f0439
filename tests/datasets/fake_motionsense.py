"""Generated MotionSense files in the published layout. Synthetic: good for tests, never for results."""

from pathlib import Path

import numpy as np
import pandas as pd

TRIALS = {
    # trial: (steps per second, vertical swing in g)
    "dws_1": (2.1, 0.6),
    "ups_3": (1.5, 0.3),
    "wlk_7": (1.9, 0.4),
    "jog_9": (2.7, 1.2),
    "sit_5": (0.0, 0.0),
    "std_6": (0.0, 0.01),
}
COLUMNS = ["attitude.roll", "attitude.pitch", "attitude.yaw"] + [
    f"{group}.{axis}" for group in ("gravity", "rotationRate", "userAcceleration") for axis in "xyz"
]


def write_file(path: Path, gravity_g: np.ndarray, user_g: np.ndarray, rotation: np.ndarray) -> None:
    """One trial of one subject, with the unnamed column of row numbers that the originals have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    attitude = np.zeros_like(gravity_g)
    pd.DataFrame(np.hstack([attitude, gravity_g, rotation, user_g]), columns=COLUMNS).to_csv(path)


def write(folder: Path, subjects: int = 4, seconds: float = 15.0, seed: int = 0) -> Path:
    """A dataset with one trial of every activity of every subject, gravity pointing down as iOS has it."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(50 * seconds)) / 50
    for subject in range(1, subjects + 1):
        for trial, (step_hz, swing_g) in TRIALS.items():
            down = np.array((0.1, 0.3, -0.95) if trial == "sit_5" else (0.2, 0.97, -0.1))
            gravity = np.tile(down / np.linalg.norm(down), (len(time_s), 1))
            swing = swing_g * np.sin(2 * np.pi * step_hz * time_s)[:, None]
            user = gravity * swing + rng.normal(0, 0.01, gravity.shape)
            rotation = 2 * swing + rng.normal(0, 0.02, gravity.shape)
            write_file(folder / "A_DeviceMotion_data" / trial / f"sub_{subject}.csv", gravity, user, rotation)
    (folder / "data_subjects_info.csv").write_text("\ufeffcode,weight,height,age,gender\n1,102,188,46,1\n")
    return folder
