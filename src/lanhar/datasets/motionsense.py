"""MotionSense: an iPhone in the front trouser pocket."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lanhar.datasets.base import Dataset
from lanhar.datasets.locate import Progress
from lanhar.datasets.recording import Recording
from lanhar.errors import LanharError
from lanhar.signals.units import STANDARD_GRAVITY_M_S2

AXES = ("x", "y", "z")
GRAVITY = [f"gravity.{axis}" for axis in AXES]
USER_ACCELERATION = [f"userAcceleration.{axis}" for axis in AXES]
ROTATION_RATE = [f"rotationRate.{axis}" for axis in AXES]


class MotionSense(Dataset):
    """MotionSense, the A_DeviceMotion part.

    Twenty-four people in fifteen trials of six activities around a university campus. Each file becomes one
    recording.

    Format: `A_DeviceMotion_data/{activity}_{trial}/sub_{subject}.csv` with the columns of iOS's
    CMDeviceMotion. iOS gives gravity as it pulls: a phone at rest face-up reads -1 g on z, where Android's
    accelerometer reads +g. So the acceleration is minus (gravity + userAcceleration). Both systems have the
    same right-handed axes and count a turn the same way, so the rotation rate keeps its sign.
    """

    name = "motionsense"
    title = "MotionSense"
    source = "https://github.com/mmalekzadeh/motion-sense"
    urls = ("https://github.com/mmalekzadeh/motion-sense/raw/master/data/A_DeviceMotion_data.zip",)
    licence = "MIT in the authors' repository; also published under the Open Database License (ODbL) 1.0"
    citation = (
        "Mohammad Malekzadeh, Richard G. Clegg, Andrea Cavallaro, Hamed Haddadi. Mobile Sensor Data "
        "Anonymization. IoTDI 2019, doi:10.1145/3302505.3310068"
    )
    sensors = "iPhone 6s; gravity and user acceleration in g (iOS's sign), rotation rate in rad/s, at 50 Hz"
    rate_hz = 50.0
    placements = ("front_pocket",)
    default_placements = ("front_pocket",)
    activities: ClassVar = {
        "dws": "stairs_down",
        "ups": "stairs_up",
        "wlk": "walk",
        "jog": "jog",
        "sit": "sit",
        "std": "stand",
    }
    defects = (
        "sit_13/sub_1.csv is a copy of sit_5/sub_1.csv (10,292 rows). Kept, so that the counts are the "
        "published ones; both belong to one subject, so no split comes between them.",
        "The files hold no time stamps: the rate is the published one.",
        "gravity and rotationRate are iOS's fusion of the sensors, not raw readings.",
    )
    published: ClassVar = {
        "subjects": 24,
        "files": 360,
        "samples": 1_412_865,
        "seconds of stairs_down": 2637,
        "seconds of stairs_up": 3146,
        "seconds of walk": 6886,
        "seconds of jog": 2685,
        "seconds of sit": 6776,
        "seconds of stand": 6129,
    }
    marker = "A_DeviceMotion_data/*/sub_*.csv"
    patterns = ("A_DeviceMotion_data/*/sub_*.csv",)
    folders = ("motionsense", "motion-sense", "motion-sense-master", "MotionSense", "A_DeviceMotion_data")
    archives = ("A_DeviceMotion_data.zip", "motionsense.zip", "motion-sense-master.zip")

    def read(self, root: Path, progress: Progress) -> Iterator[Recording]:
        """Yield one recording per file, by activity, trial and subject."""
        files = sorted((root / "A_DeviceMotion_data").glob("*/sub_*.csv"), key=activity_trial_subject)
        for path in progress(files, "Reading MotionSense", len(files)):
            code, trial, subject = activity_trial_subject(path)
            if code not in self.activities:
                raise LanharError(
                    f"{path.parent} is not named like {'_1, '.join(self.activities)}_1; "
                    "move it out of the dataset's folder"
                )
            acc, gyro = read_device_motion(path)
            self.report.counts.update({"files": 1, "samples": len(acc)})
            yield Recording(
                acc=acc,
                gyro=gyro,
                rate_hz=self.rate_hz,
                dataset=self.name,
                subject=str(subject),
                activity=self.activities[code],
                placement="front_pocket",
                device="iPhone 6s",
                trial=f"{code}_{trial}",
            )


def activity_trial_subject(path: Path) -> tuple[str, int, int]:
    """What a path such as `dws_1/sub_12.csv` says: ("dws", 1, 12)."""
    match = re.fullmatch(r"([a-z]+)_(\d+)/sub_(\d+)\.csv", "/".join(path.parts[-2:]))
    if match is None:
        raise LanharError(f"{path} is not named like dws_1/sub_1.csv; move it out of the dataset's folder")
    return match[1], int(match[2]), int(match[3])


def read_device_motion(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Acceleration in m/s² with Android's sign and rotation rate in rad/s, both (T, 3), of one file.

    Raises:
        LanharError: a column is missing or holds something else than numbers.
    """
    columns = [*GRAVITY, *USER_ACCELERATION, *ROTATION_RATE]
    try:
        values = pd.read_csv(path, usecols=columns, dtype="float64")
    except ValueError as error:
        raise LanharError(f"{path}: {error}; it must have the numbers {', '.join(columns)}") from error
    acc_g = -(values[GRAVITY].to_numpy() + values[USER_ACCELERATION].to_numpy())
    gyro = values[ROTATION_RATE].to_numpy()
    return (acc_g * STANDARD_GRAVITY_M_S2).astype(np.float32), gyro.astype(np.float32)
