"""USC-HAD: a MotionNode on the front right hip."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lanhar.datasets.base import Dataset
from lanhar.datasets.locate import Progress
from lanhar.datasets.recording import Recording
from lanhar.errors import LanharError
from lanhar.signals.units import RAD_PER_DEG, STANDARD_GRAVITY_M_S2

WALKING = {1: "forward", 2: "left", 3: "right"}


class USCHAD(Dataset):
    """USC Human Activity Dataset (USC-HAD).

    Fourteen people, twelve activities, five trials each. Each file becomes one recording.

    Format: `Subject{n}/a{activity}t{trial}.mat`, at any depth, with the field `sensor_readings` (T, 6):
    acceleration in g with gravity, angular rate in degrees/s. The sign is Android's: turning left reads
    positive about the mean acceleration.
    """

    name = "uschad"
    title = "USC-HAD"
    source = "https://sipi.usc.edu/had/"
    urls = ("https://sipi.usc.edu/had/USC-HAD.zip",)
    licence = "none stated: for research, never redistributed"
    citation = (
        "Mi Zhang, Alexander A. Sawchuk. USC-HAD: A Daily Activity Dataset for Ubiquitous Activity "
        "Recognition Using Wearable Sensors. UbiComp Workshop on Situation, Activity and Goal Awareness "
        "2012, doi:10.1145/2370216.2370438"
    )
    sensors = "MotionNode; accelerometer in g with gravity, gyroscope in degrees/s, both at 100 Hz"
    rate_hz = 100.0
    placements = ("hip",)
    default_placements = ("hip",)
    activities: ClassVar = {
        "1": "walk",
        "2": "walk",
        "3": "walk",
        "4": "stairs_up",
        "5": "stairs_down",
        "6": "jog",
        "7": "jump",
        "8": "sit",
        "9": "stand",
        "10": "lie",
        "11": "elevator_up",
        "12": "elevator_down",
    }
    defects = (
        "The fields inside a file contradict its path, which is right: Subject14/a3t2.mat calls itself "
        "walking-left (2) but turns right like every a3; Subject3/a8t5.mat and Subject5/a8t3.mat give other "
        "trial numbers; Subject13/a11t4.mat spells a field activity_numbr. Labels are taken from the path.",
        "The gyroscope reads up to 856 degrees/s and the accelerometer up to 6.9 g, beyond the ±500 "
        "degrees/s and ±6 g of the Readme, with no plateau there. Kept.",
        "Some gyroscopes drift by up to 5 degrees/s at rest (subjects 1 and 6 sitting). Kept.",
        "The magnitude at rest is 0.98 to 1.03 g sitting or standing, but 0.95 to 1.06 g lying, by which "
        "axis is vertical. Kept.",
        "Walking forward, left and right (in circles) are all `walk`; the trial keeps them apart (a1, a2, a3).",
    )
    published: ClassVar = {
        "subjects": 14,
        "files": 840,
        "seconds walking forward": 3814,
        "seconds walking left": 2588,
        "seconds walking right": 2755,
        "seconds of stairs_up": 2118,
        "seconds of stairs_down": 1974,
        "seconds of jog": 1765,
        "seconds of jump": 1071,
        "seconds of sit": 2615,
        "seconds of stand": 2360,
        "seconds of lie": 3750,
        "seconds of elevator_up": 1655,
        "seconds of elevator_down": 1650,
    }
    marker = "Subject*/a*t*.mat"
    patterns = ("Subject*/a*t*.mat",)
    folders = ("USC-HAD", "uschad", "USCHAD")
    archives = ("USC-HAD.zip", "uschad.zip")

    def read(self, root: Path, progress: Progress) -> Iterator[Recording]:
        """Yield one recording per file, by subject, activity and trial."""
        files = sorted(root.glob(self.marker), key=subject_activity_trial)
        samples: Counter[int] = Counter()
        for path in progress(files, "Reading USC-HAD", len(files)):
            subject, number, trial = subject_activity_trial(path)
            activity = self.activities.get(str(number))
            if activity is None:
                raise LanharError(
                    f"{path} is of activity {number}, USC-HAD has 1 to 12; move it out of the dataset's folder"
                )
            readings = read_readings(path)
            samples[number] += len(readings)
            yield Recording(
                acc=(readings[:, :3] * STANDARD_GRAVITY_M_S2).astype(np.float32),
                gyro=(readings[:, 3:] * RAD_PER_DEG).astype(np.float32),
                rate_hz=self.rate_hz,
                dataset=self.name,
                subject=str(subject),
                activity=activity,
                placement="hip",
                device="MotionNode",
                trial=f"a{number}t{trial}",
            )
        self.report.counts["files"] = len(files)
        for number, way in WALKING.items():
            self.report.counts[f"seconds walking {way}"] = round(samples[number] / self.rate_hz)


def subject_activity_trial(path: Path) -> tuple[int, int, int]:
    """The three numbers in a path such as `Subject1/a2t3.mat`."""
    match = re.fullmatch(r"Subject(\d+)/a(\d+)t(\d+)\.mat", "/".join(path.parts[-2:]))
    if match is None:
        raise LanharError(f"{path} is not named like Subject1/a2t3.mat; move it out of this folder")
    return int(match[1]), int(match[2]), int(match[3])


def read_readings(path: Path) -> NDArray[np.float64]:
    """The field `sensor_readings`, (T, 6): acceleration in g, angular rate in degrees/s.

    Raises:
        LanharError: the file is damaged or has no such field of six columns.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        readings = loadmat(path, variable_names=["sensor_readings"])["sensor_readings"]
    except (MatReadError, KeyError, ValueError, TypeError, OSError, NotImplementedError) as error:
        raise LanharError(f"{path} holds no sensor_readings ({error}); fetch it again") from error
    if readings.ndim != 2 or readings.shape[1] != 6:
        raise LanharError(f"{path}: sensor_readings is {readings.shape} instead of (T, 6); fetch it again")
    return np.asarray(readings, dtype=np.float64)
