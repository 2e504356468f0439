"""UCI HAPT: raw waist recordings of daily activities and the postural transitions between them."""

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


class UCI(Dataset):
    """Smartphone-Based Recognition of Human Activities and Postural Transitions (HAPT), version 2.1.

    The raw recordings behind UCI-HAR; the ones that LIMU-BERT and LanHAR call UCI. Thirty people followed a
    protocol with a phone on the waist, 61 experiments in all, labelled from video.

    Format: `RawData/acc_expXX_userYY.txt` and `RawData/gyro_expXX_userYY.txt` with three numbers a row, and
    `RawData/labels.txt` with experiment, user, activity, first and last sample (1-based, inclusive). Each
    label row becomes one recording.
    """

    name = "uci"
    title = "UCI HAPT"
    source = (
        "https://archive.ics.uci.edu/dataset/341/"
        "smartphone+based+recognition+of+human+activities+and+postural+transitions"
    )
    urls = (
        "https://archive.ics.uci.edu/static/public/341/"
        "smartphone+based+recognition+of+human+activities+and+postural+transitions.zip",
    )
    licence = (
        "CC BY 4.0 on the archive's page; the README inside the archive asks for citation and says "
        "'Any commercial use is prohibited'. The stricter is binding."
    )
    citation = (
        "Jorge-L. Reyes-Ortiz, Luca Oneto, Albert Samà, Xavier Parra, Davide Anguita. Transition-Aware Human "
        "Activity Recognition Using Smartphones. Neurocomputing, 2016, doi:10.1016/j.neucom.2015.07.085"
    )
    sensors = "Samsung Galaxy S II; accelerometer in g with gravity, gyroscope in rad/s, both at 50 Hz"
    rate_hz = 50.0
    placements = ("waist",)
    default_placements = ("waist",)
    activities: ClassVar = {
        "1": "walk",
        "2": "stairs_up",
        "3": "stairs_down",
        "4": "sit",
        "5": "stand",
        "6": "lie",
        "7": "stand_to_sit",
        "8": "sit_to_stand",
        "9": "sit_to_lie",
        "10": "lie_to_sit",
        "11": "stand_to_lie",
        "12": "lie_to_stand",
    }
    defects = (
        "27 % of the samples carry no label (between activities); they are left out.",
        "The accelerometer reads up to 4 % too much along a standing person's vertical: at rest its "
        "magnitude is 1.03 g standing, 1.02 g sitting, 1.01 g lying. Kept.",
        "The accelerometer stops at 2 g, which cuts strong heel strikes off. Kept.",
    )
    published: ClassVar = {
        "subjects": 30,
        "experiments": 61,
        "files": 122,
        "label rows": 1214,
        "samples": 1_122_772,
        "seconds of walk": 2442,
        "seconds of stairs_up": 2334,
        "seconds of stairs_down": 2159,
        "seconds of sit": 2534,
        "seconds of stand": 2762,
        "seconds of lie": 2737,
    }
    marker = "RawData/labels.txt"
    patterns = ("RawData/labels.txt", "RawData/acc_exp*_user*.txt", "RawData/gyro_exp*_user*.txt")
    folders = ("uci", "HAPT", "HAPT Data Set", "hapt")
    archives = ("uci.zip", "HAPT Data Set.zip", Path(urls[0]).name)

    def read(self, root: Path, progress: Progress) -> Iterator[Recording]:
        """Yield one recording per label row, by experiment and in time order."""
        raw = root / "RawData"
        labels = read_labels(raw / "labels.txt")
        self.report.counts["label rows"] = len(labels)
        files = sorted(raw.glob("acc_exp*_user*.txt"))
        self._note_missing(labels, files)
        for path in progress(files, "Reading UCI HAPT", len(files)):
            yield from self._read_experiment(path, labels)

    def _read_experiment(self, path: Path, labels: NDArray[np.int64]) -> Iterator[Recording]:
        experiment, user = experiment_and_user(path)
        gyro_path = path.with_name(path.name.replace("acc_", "gyro_", 1))
        if not gyro_path.exists():
            raise LanharError(f"{path} has no {gyro_path.name} beside it; unpack the whole archive")
        acc = read_signal(path) * STANDARD_GRAVITY_M_S2
        gyro = read_signal(gyro_path)
        samples = min(len(acc), len(gyro))
        self.report.drop("one sensor went on after the other had stopped", max(len(acc), len(gyro)) - samples)
        self.report.counts.update({"experiments": 1, "files": 2, "samples": samples})
        labelled = 0
        mine = (labels[:, 0] == experiment) & (labels[:, 1] == user)
        for number, first, last in labels[mine, 2:].tolist():
            stretch = slice(first - 1, min(last, samples))
            length = max(stretch.stop - stretch.start, 0)
            self.report.drop("labelled beyond the end of the file", last - first + 1 - length)
            if not length:
                continue
            labelled += length
            yield Recording(
                acc=acc[stretch].astype(np.float32),
                gyro=gyro[stretch].astype(np.float32),
                rate_hz=self.rate_hz,
                dataset=self.name,
                subject=str(user),
                activity=self.activities[str(number)],
                placement="waist",
                device="Galaxy S II",
                trial=f"exp{experiment:02d}_{first}",
            )
        self.report.drop("unlabelled, between activities", samples - labelled)

    def _note_missing(self, labels: NDArray[np.int64], files: list[Path]) -> None:
        """Tell of labels whose signal files are not there."""
        there = {experiment_and_user(path) for path in files}
        for experiment, user in np.unique(labels[:, :2], axis=0).tolist():
            if (experiment, user) not in there:
                self.report.notes.append(f"experiment {experiment} of user {user} has labels but no signals")


def experiment_and_user(path: Path) -> tuple[int, int]:
    """The two numbers in a file name such as `acc_exp01_user01.txt`."""
    match = re.fullmatch(r"(?:acc|gyro)_exp(\d+)_user(\d+)\.txt", path.name)
    if match is None:
        raise LanharError(f"{path} is not named like acc_exp01_user01.txt; move it out of this folder")
    return int(match[1]), int(match[2])


def read_labels(path: Path) -> NDArray[np.int64]:
    """The rows of `labels.txt`, (N, 5): experiment, user, activity, first, last.

    Raises:
        LanharError: a row has other than five whole numbers, an unknown activity, or ends before it starts.
    """
    try:
        labels = np.loadtxt(path, dtype=np.int64, ndmin=2)
    except ValueError as error:
        raise LanharError(f"{path}: {error}; each row has experiment, user, activity, first, last") from error
    if labels.shape[1] != 5:
        raise LanharError(f"{path} has {labels.shape[1]} columns, not experiment user activity first last")
    activity, first, last = labels[:, 2:].T
    wrong = np.flatnonzero((first < 1) | (last < first) | (activity < 1) | (activity > 12))
    if len(wrong):
        raise LanharError(
            f"{path}, row {wrong[0] + 1}: {labels[wrong[0]].tolist()} is no label; samples "
            "count from 1 and activities from 1 to 12"
        )
    return labels[np.lexsort((labels[:, 3], labels[:, 1], labels[:, 0]))]


def read_signal(path: Path) -> NDArray[np.float64]:
    """The three columns of a signal file, (T, 3), in the file's unit."""
    try:
        values = pd.read_csv(path, sep=" ", header=None, dtype="float64").to_numpy()
    except ValueError as error:
        raise LanharError(f"{path}: {error}; each row has three numbers") from error
    if values.shape[1] != 3:
        raise LanharError(f"{path} has {values.shape[1]} columns instead of x y z; fetch the dataset again")
    return values
