"""Generated HHAR files in the published layout. Synthetic: good for tests, never for results."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

ACTIVITIES = {
    # label: (steps per second, vertical swing m/s², share of the second harmonic, turn rad/s)
    "walk": (1.8, 3.0, 0.4, 0.6),
    "stairsup": (1.4, 2.2, 0.8, 0.9),
    "stairsdown": (2.1, 4.5, 0.7, 0.8),
    "bike": (1.1, 0.9, 0.1, 1.6),
    "sit": (0.0, 0.0, 0.0, 0.0),
    "stand": (0.0, 0.05, 0.0, 0.02),
}
PHONES = {"nexus4_1": 200.0, "s3_1": 150.0, "s3mini_1": 100.0, "samsungold_1": 50.0}
WATCHES = {"gear_1": 100.0}
COLUMNS = ["Index", "Arrival_Time", "Creation_Time", "x", "y", "z", "User", "Model", "Device", "gt"]
START_S = 1_424_696_600.0
PAUSE_S = 12.0


def motion(
    label: str, time_s: np.ndarray, rng: np.random.Generator, tilt: float, tempo: float
) -> tuple[np.ndarray, np.ndarray]:
    """Acceleration (T, 3) in m/s² with gravity and rotation (T, 3) in rad/s of a body doing `label`."""
    step_hz, swing, harmonic, turn = ACTIVITIES[label]
    phase = 2 * np.pi * step_hz * tempo * time_s
    up = 9.81 + swing * (np.sin(phase) + harmonic * np.sin(2 * phase + 0.5))
    forward = 0.5 * swing * np.sin(phase + 1.0)
    sideways = 0.3 * swing * np.sin(phase / 2)
    # A seated body leans back; a phone in a pouch is tilted by the user's build.
    lean = tilt + (0.9 if label == "sit" else 0.0)
    acc = np.stack([sideways, up * np.cos(lean) - forward * np.sin(lean),
                    up * np.sin(lean) + forward * np.cos(lean)], axis=1)  # fmt: skip
    gyro = turn * np.stack([np.sin(phase + 0.3), np.sin(phase / 2), 0.5 * np.cos(phase)], axis=1)
    return acc + rng.normal(0, 0.05, acc.shape), gyro + rng.normal(0, 0.01, gyro.shape)


def _sensor(
    rng: np.random.Generator,
    user: str,
    device: str,
    rate_hz: float,
    seconds: float,
    tilt: float,
    tempo: float,
    *,
    gyro: bool,
    from_boot: bool,
) -> pd.DataFrame:
    parts, begin = [], 0.0
    for label in (*ACTIVITIES, "null"):
        ticks = np.arange(0, seconds, 1 / rate_hz)
        time_s = begin + ticks + rng.uniform(-0.2, 0.2, len(ticks)) / rate_hz
        time_s += 0.003 if gyro else 0.0
        acc, turn = motion("stand" if label == "null" else label, time_s, rng, tilt, tempo)
        created = time_s + (27_920.0 if from_boot else START_S - 2.0)
        part = pd.DataFrame(turn if gyro else acc, columns=["x", "y", "z"], dtype=np.float32)
        part["Arrival_Time"] = np.round((START_S + time_s) * 1000 + rng.uniform(0, 15)).astype(np.int64)
        part["Creation_Time"] = np.round(created * 1e9).astype(np.int64)
        part["gt"] = label
        parts.append(part)
        begin += seconds + PAUSE_S
    rows = pd.concat(parts, ignore_index=True).sort_values("Arrival_Time", kind="stable", ignore_index=True)
    # Some neighbours were delivered in the wrong order: creation times step backwards, arrival times do not.
    order = np.arange(len(rows))
    late = 2 * rng.choice(len(rows) // 2, len(rows) // 30, replace=False)
    order[late], order[late + 1] = late + 1, late
    rows = rows.iloc[order].assign(Arrival_Time=rows["Arrival_Time"].to_numpy())
    model = device.rsplit("_", 1)[0]
    return rows.assign(Index=range(len(rows)), User=user, Model=model, Device=device)[COLUMNS]


def write(
    folder: Path,
    users: Sequence[str] = ("a", "b", "c"),
    seconds: float = 20.0,
    *,
    phones: Mapping[str, float] = PHONES,
    watches: bool = False,
    seed: int = 0,
) -> Path:
    """Write the files and return their folder.

    Every user has every phone (50 to 200 Hz), and every phone all six activities for `seconds` each, then
    rows labelled null. Stamps jitter, step backwards now and then, and differ between the two sensors.

    Args:
        folder: parent; the files go into its `Activity recognition exp`.
        users: names of the users.
        seconds: length of each activity.
        phones: device → Hz.
        watches: also write `Watch_*.csv`.
        seed: of the noise.
    """
    root = folder / "Activity recognition exp"
    root.mkdir(parents=True, exist_ok=True)
    kinds = {"Phones": phones, "Watch": WATCHES} if watches else {"Phones": phones}
    for kind, devices in kinds.items():
        for sensor in ("accelerometer", "gyroscope"):
            tables = []
            for number, user in enumerate(users):
                rng = np.random.default_rng([seed, number, sensor == "gyroscope"])
                build = np.random.default_rng([seed, number])
                tilt, tempo = build.normal(0, 0.15), build.uniform(0.9, 1.1)
                tables += [
                    _sensor(rng, user, device, rate, seconds, tilt, tempo, gyro=sensor == "gyroscope",
                            from_boot=kind == "Watch")
                    for device, rate in devices.items()
                ]  # fmt: skip
            pd.concat(tables).to_csv(root / f"{kind}_{sensor}.csv", index=False)
    return root
