"""Shoaib 2014: five phones on one body."""

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

HEADER_ROWS = 2
GROUP_COLUMNS = 14
ACTIVITY_COLUMN = 69
TIME = 0
ACC = (1, 2, 3)
GYRO = (7, 8, 9)
PLACEMENTS = ("left_pocket", "right_pocket", "wrist", "upper_arm", "belt")
MAX_GAP_S = 0.1
SHORTEST_S = 1.0


class Shoaib(Dataset):
    """Sensors activity recognition dataset of Shoaib et al., 2014.

    Ten men did seven activities for three to four minutes each with five phones: in both trouser pockets, on
    the right wrist, on the right upper arm and at the belt. Each participant is one file whose rows hold all
    five phones at the same moment; each phone becomes recordings of its own.

    Format: two header rows; five groups of 14 columns (time stamp, acceleration, linear acceleration,
    gyroscope, magnetometer, an empty column); the last column is the activity.
    """

    name = "shoaib"
    title = "Shoaib 2014"
    source = "https://www.utwente.nl/en/eemcs/ps/research/dataset/"
    licence = "none stated: research use with citation, never redistributed"
    citation = (
        "M. Shoaib, S. Bosch, O. D. Incel, H. Scholten, P. J. M. Havinga: Fusion of Smartphone Motion "
        "Sensors for Physical Activity Recognition. Sensors 14(6), 2014, doi:10.3390/s140610146"
    )
    sensors = "5 Samsung Galaxy S II at 50 Hz; acceleration in m/s² with gravity, gyroscope in rad/s"
    rate_hz = 50.0
    placements = PLACEMENTS
    default_placements = PLACEMENTS
    activities: ClassVar = {
        "walking": "walk",
        "standing": "stand",
        "jogging": "jog",
        "sitting": "sit",
        "biking": "bike",
        "upstairs": "stairs_up",
        "upsatirs": "stairs_up",
        "downstairs": "stairs_down",
    }
    defects = (
        "upstairs is spelt upsatirs: both are read.",
        "Time stamps went through a spreadsheet (1.39E+12) and lost their resolution: rows are taken as they "
        "stand, at the published 50 Hz; where stamps are whole, gaps over 0.1 s split.",
        "The site gives a .rar archive, which has to be unpacked by hand.",
    )
    published: ClassVar = {"subjects": 10, "files": 10}
    marker = "Participant_*.csv"
    patterns = ("Participant_*.csv",)
    folders = ("sensors-activity-recognition-dataset-shoaib", "DataSet", "shoaib", "Shoaib")
    archives = ("sensors-activity-recognition-dataset-shoaib.zip", "shoaib.zip", "DataSet.zip")

    def read(self, root: Path, progress: Progress) -> Iterator[Recording]:
        """Yield every run of one activity by participant, placement and time."""
        files = sorted(root.glob(self.patterns[0]), key=participant)
        for path in progress(files, "Reading Shoaib", len(files)):
            self.report.counts["files"] += 1
            table = _table(path)
            labels = table[ACTIVITY_COLUMN].fillna("").astype(str).str.strip().str.lower().to_numpy()
            unknown = sorted({*labels} - {*self.activities, ""})
            if unknown:
                known = ", ".join(self.activities)
                raise LanharError(f"{path}: activity {', '.join(map(repr, unknown))} is not one of {known}")
            for placement in self.selected_placements:
                yield from self._placement(path, placement, table, labels)
        coarse = self.report.counts["phones with coarse time stamps"]
        if coarse:
            self.report.notes.append(f"time stamps of {coarse} phones are too coarse: 50 Hz assumed")

    def _placement(
        self, path: Path, placement: str, table: pd.DataFrame, labels: NDArray[np.object_]
    ) -> Iterator[Recording]:
        first = PLACEMENTS.index(placement) * GROUP_COLUMNS
        acc = table[[first + c for c in ACC]].to_numpy(dtype=np.float32)
        gyro = table[[first + c for c in GYRO]].to_numpy(dtype=np.float32)
        gap = gaps(table[first + TIME].to_numpy(dtype=np.float64))
        if gap is None:
            self.report.counts["phones with coarse time stamps"] += 1
            gap = np.zeros(len(table) - 1, dtype=bool)
        whole = np.isfinite(acc).all(axis=1) & np.isfinite(gyro).all(axis=1)
        cuts = np.flatnonzero(gap | (labels[1:] != labels[:-1]) | (whole[1:] != whole[:-1])) + 1
        for rows in np.split(np.arange(len(table)), cuts):
            reason = self._reason_to_drop(labels[rows[0]], whole[rows[0]], len(rows))
            if reason:
                self.report.drop(reason, len(rows))
                continue
            yield Recording(
                acc=acc[rows],
                gyro=gyro[rows],
                rate_hz=self.rate_hz,
                dataset=self.name,
                subject=str(participant(path)),
                activity=self.activities[labels[rows[0]]],
                placement=placement,
                device="Galaxy S II",
                trial=str(rows[0]),
            )

    def _reason_to_drop(self, label: str, whole: bool, rows: int) -> str | None:
        if not label:
            return "rows without an activity"
        if not whole:
            return "rows with missing numbers"
        return f"stretches under {SHORTEST_S:g} s between gaps" if rows < SHORTEST_S * self.rate_hz else None


def participant(path: Path) -> int:
    """The number in a name such as `Participant_10.csv`."""
    match = re.fullmatch(r"Participant_(\d+)\.csv", path.name)
    if match is None:
        raise LanharError(f"{path} is not named like Participant_1.csv; move it out of the dataset's folder")
    return int(match[1])


def gaps(stamps_ms: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Whether time stands still or leaps between (T,) rows, as (T - 1,); None where the stamps cannot tell.

    Stamps can tell if half of all steps are near 20 ms and at most one in a hundred is a gap.
    """
    steps_s = np.diff(stamps_ms) / 1e3
    found = np.asarray((steps_s > MAX_GAP_S) | (steps_s < -MAX_GAP_S))
    usable = len(steps_s) > 0 and 0.01 < np.median(steps_s) < 0.04 and found.mean() <= 0.01
    return found if usable else None


def _table(path: Path) -> pd.DataFrame:
    """All columns that are read, by their number."""
    groups = [g * GROUP_COLUMNS for g in range(len(PLACEMENTS))]
    numbers = [g + c for g in groups for c in (TIME, *ACC, *GYRO)]
    types = dict.fromkeys(numbers, "float64") | {ACTIVITY_COLUMN: "object"}
    try:
        return pd.read_csv(path, skiprows=HEADER_ROWS, header=None, usecols=list(types), dtype=types)
    except ValueError as error:
        raise LanharError(
            f"{path}: {error}; it must have {ACTIVITY_COLUMN + 1} columns below {HEADER_ROWS} header rows"
        ) from error
