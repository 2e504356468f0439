"""PAMAP2: three inertial units on hand, chest and ankle."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from lanhar.datasets.base import Dataset
from lanhar.datasets.clocks import merge
from lanhar.datasets.locate import Progress
from lanhar.datasets.recording import Recording
from lanhar.errors import LanharError

COLUMNS = 54
FIRST_COLUMN = {"chest": 20, "hand": 3, "ankle": 37}
ACC_16G = (1, 2, 3)
GYRO = (7, 8, 9)
SHORTEST_S = 1.0


class PAMAP2(Dataset):
    """PAMAP2 physical activity monitoring, the Protocol part.

    Nine people did twelve activities of a protocol with three wireless inertial units. A row holds time
    stamp, activity id, heart rate and 17 columns for each unit: temperature, acceleration at ±16 g (read) and
    at ±6 g (saturates, not read), gyroscope, magnetometer and an orientation that is invalid. The chest unit
    is read by default; `placements=[hand,ankle]` reads the others.
    """

    name = "pamap2"
    title = "PAMAP2"
    source = "https://archive.ics.uci.edu/dataset/231/pamap2+physical+activity+monitoring"
    urls = ("https://archive.ics.uci.edu/static/public/231/pamap2+physical+activity+monitoring.zip",)
    licence = "CC BY 4.0 (page of the archive)"
    citation = (
        "A. Reiss and D. Stricker: Introducing a New Benchmarked Dataset for Activity Monitoring. ISWC 2012, "
        "doi:10.1109/ISWC.2012.13"
    )
    sensors = "3 Colibri wireless units at 100 Hz; acceleration in m/s² with gravity, gyroscope in rad/s"
    rate_hz = 100.0
    placements = tuple(FIRST_COLUMN)
    default_placements = ("chest",)
    activities: ClassVar = {
        "1": "lie",
        "2": "sit",
        "3": "stand",
        "4": "walk",
        "5": "jog",
        "6": "bike",
        "7": "nordic_walk",
        "9": "watch_tv",
        "10": "computer_work",
        "11": "drive",
        "12": "stairs_up",
        "13": "stairs_down",
        "16": "vacuum",
        "17": "iron",
        "18": "fold_laundry",
        "19": "clean_house",
        "20": "play_soccer",
        "24": "rope_skip",
    }
    defects = (
        "Wireless samples are lost (NaN): up to 0.1 s are taken as jitter of the clock, longer gaps split.",
        "Activity id 0 is what happened between activities: dropped.",
        "Subject 109 did only rope skipping; several others left activities out.",
        "The six optional activities lie in Optional/, which is not part of the protocol: not read.",
    )
    published: ClassVar = {"subjects": 9, "files": 9}
    marker = "Protocol/subject1*.dat"
    patterns = ("Protocol/subject*.dat",)
    folders = ("PAMAP2_Dataset", "pamap2", "PAMAP2")
    archives = ("pamap2+physical+activity+monitoring.zip", "PAMAP2_Dataset.zip", "pamap2.zip")

    def read(self, root: Path, progress: Progress) -> Iterator[Recording]:
        """Yield every stretch of one activity without gaps, by subject and time."""
        files = sorted(root.glob(self.patterns[0]))
        for path in progress(files, "Reading PAMAP2", len(files)):
            self.report.counts["files"] += 1
            rows = _rows(path, self.selected_placements)
            labels = rows["1"].astype(np.int64)
            for start, stop in _runs(labels):
                label = str(labels[start])
                if label == "0":
                    self.report.drop("between activities (id 0)", stop - start)
                elif label not in self.activities:
                    known = ", ".join(self.activities)
                    raise LanharError(f"{path}: activity id {label} is not one of {known} or 0")
                else:
                    stretch = {name: column[start:stop] for name, column in rows.items()}
                    yield from self._stretches(path.stem, label, start, stretch)

    def _stretches(
        self, subject: str, label: str, first_row: int, rows: dict[str, NDArray[np.float64]]
    ) -> Iterator[Recording]:
        """The gap-free pieces of one run of one activity, at each placement."""
        for placement in self.selected_placements:
            acc = np.stack([rows[c] for c in _columns(placement, ACC_16G)], axis=1)
            gyro = np.stack([rows[c] for c in _columns(placement, GYRO)], axis=1)
            lost = ~(np.isfinite(acc).all(axis=1) & np.isfinite(gyro).all(axis=1))
            self.report.drop("lost samples (NaN)", int(lost.sum()))
            kept = 0
            for piece in merge(rows["0"], acc, rows["0"], gyro, rate_hz=self.rate_hz):
                if len(piece.acc) < SHORTEST_S * self.rate_hz:
                    continue
                kept += len(piece.acc)
                yield Recording(
                    acc=piece.acc,
                    gyro=piece.gyro,
                    rate_hz=self.rate_hz,
                    dataset=self.name,
                    subject=subject.removeprefix("subject"),
                    activity=self.activities[label],
                    placement=placement,
                    device="Colibri",
                    trial=f"{first_row}-{piece.start_s:.2f}",
                )
            rest = max(0, int((~lost).sum()) - kept)
            self.report.drop(f"stretches under {SHORTEST_S:g} s between gaps", rest)


def _columns(placement: str, offsets: tuple[int, ...]) -> list[str]:
    return [str(FIRST_COLUMN[placement] + offset) for offset in offsets]


def _runs(labels: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First row and end of each run of one label."""
    cuts = (np.flatnonzero(np.diff(labels)) + 1).tolist()
    return list(zip([0, *cuts], [*cuts, len(labels)], strict=True)) if len(labels) else []


def _rows(path: Path, placements: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
    """Time in s ("0"), activity id ("1") and the placements' columns, by column number."""
    wanted = ["0", "1", *(c for p in placements for c in _columns(p, ACC_16G + GYRO))]
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(column_names=[str(c) for c in range(COLUMNS)]),
            parse_options=csv.ParseOptions(delimiter=" "),
            convert_options=csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.float64())
            ),
        )
    except pa.ArrowInvalid as error:
        raise LanharError(f"{path}: {error}; a row must be {COLUMNS} numbers between spaces") from error
    return {name: table[name].to_numpy() for name in wanted}
