"""HHAR: eight phones and four watches, each sensor on its own irregular clock."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from lanhar.datasets.base import Dataset
from lanhar.datasets.clocks import gap_limit_s, merge, tidy
from lanhar.datasets.locate import Progress
from lanhar.datasets.recording import Recording
from lanhar.errors import LanharError

COLUMNS = ("Index", "Arrival_Time", "Creation_Time", "x", "y", "z", "User", "Model", "Device", "gt")
UNLABELLED = ("null", "nan", "NaN", "")
FILES = {"waist": "Phones", "wrist": "Watch"}
SENSORS = ("accelerometer", "gyroscope")
CHUNK_BYTES = 1 << 24

SESSION_GAP_S = 5.0
"""A sensor that delivered nothing for so long was off; its clock may have started anew."""
SAME_CLOCK_S = 0.1
"""Clocks that lie this close are the same clock; the difference is delay on the way."""
DELAY_SAMPLES = 50
"""Samples over which a delay of delivery is over: a quarter of a second to a second."""
SHORTEST_PIECE_S = 0.3
"""Shorter pieces do not tell where their clock stands."""
SHORTEST_S = 1.0


class Key(NamedTuple):
    """What one sensor's rows are grouped by."""

    user: str
    device: str
    label: str


@dataclass(frozen=True)
class Rows:
    """One sensor's samples of one user, device and activity, in the order of the file.

    Attributes:
        arrived_s: (T,) when the application got the sample, seconds since 1970.
        created_s: (T,) the device's own stamp, seconds from any origin.
        xyz: (T, 3) float32.
    """

    arrived_s: NDArray[np.float64]
    created_s: NDArray[np.float64]
    xyz: NDArray[np.float32]


class HHAR(Dataset):
    """Heterogeneity dataset for human activity recognition (HHAR), the "Activity recognition exp" part.

    Nine users carried eight phones of four models in a pouch around the waist and two watches on each arm
    while they followed scripted activities. Every device sampled as fast as it could: 50 to 200 Hz. Phones
    are read by default; `placements=[wrist]` reads the watches.
    """

    name = "hhar"
    title = "HHAR"
    source = "https://archive.ics.uci.edu/dataset/344/heterogeneity+activity+recognition"
    urls = ("https://archive.ics.uci.edu/static/public/344/heterogeneity+activity+recognition.zip",)
    licence = "CC BY 4.0 (page of the archive)"
    citation = (
        "A. Stisen, H. Blunck, S. Bhattacharya, T. S. Prentow, M. B. Kjærgaard, A. Dey, T. Sonne, "
        "M. M. Jensen: Smart Devices are Different: Assessing and Mitigating Mobile Sensing "
        "Heterogeneities for Activity Recognition. SenSys 2015. doi:10.1145/2809695.2809718"
    )
    sensors = (
        "phones nexus4, s3, s3mini, samsungold (two each), watches gear, lgwatch (two each); acceleration in "
        "m/s² with gravity, gyroscope in rad/s, each file with its own time stamps"
    )
    rate_hz = 100.0
    placements = tuple(FILES)
    default_placements = ("waist",)
    activities: ClassVar = {
        "walk": "walk", "sit": "sit", "stand": "stand", "bike": "bike",
        "stairsup": "stairs_up", "stairsdown": "stairs_down",
    }  # fmt: skip
    defects = (
        "copies are around with tabs, without a header, or with times as 1.42469663191325E+018: all are read",
        "samples are written out of order, by up to 2 s: sorted by creation time, duplicates dropped",
        "phones set their clock (by 0.3 s amid an activity), a watch's clock counts from its start and "
        "stands still while it sleeps: every change is found by the arrival times and taken out",
        "rows labelled null or not at all: dropped",
        "the page's 43,930,257 instances count every row of all files, unlabelled ones included",
    )
    published: ClassVar = {"subjects": 9, "phones": 8}
    marker = "Phones_accelerometer.csv"
    patterns = tuple(f"{kind}_{sensor}.csv" for kind in FILES.values() for sensor in SENSORS)
    folders = ("Activity recognition exp", "hhar", "HHAR")
    archives = (
        "heterogeneity+activity+recognition.zip", "Activity recognition exp.zip", "hhar.zip",
    )  # fmt: skip

    def read(self, root: Path, progress: Progress) -> Iterator[Recording]:
        """Both sensors of every user, device and activity on one clock."""
        for placement in self.selected_placements:
            acc, gyro = (self._load(root / f"{FILES[placement]}_{s}.csv", progress) for s in SENSORS)
            if placement == "waist":
                self.report.counts["phones"] = len({key.device for key in acc})
            for key in sorted(acc.keys() | gyro.keys()):
                if key in acc and key in gyro:
                    yield from self._merged(key, placement, acc.pop(key), gyro.pop(key))
                else:
                    only = acc.pop(key, None) or gyro.pop(key)
                    self.report.drop("only one of the two sensors recorded", len(only.xyz))
        by_arrival = self.report.counts["stretches read by arrival times"]
        if by_arrival:
            self.report.notes.append(
                f"{by_arrival} stretches have creation times that are too coarse or in "
                "another unit: arrival times were taken there"
            )

    def _merged(self, key: Key, placement: str, acc: Rows, gyro: Rows) -> Iterator[Recording]:
        (acc_t, acc_x), (gyro_t, gyro_x) = self._wall_clock(acc, gyro)
        covered = 0
        for number, piece in enumerate(merge(acc_t, acc_x, gyro_t, gyro_x)):
            end_s = piece.start_s + (len(piece.acc) - 1) / piece.rate_hz
            rows = int(np.searchsorted(acc_t, end_s, "right") - np.searchsorted(acc_t, piece.start_s))
            if len(piece.acc) < SHORTEST_S * piece.rate_hz:
                continue
            covered += rows
            activity = self.activities[key.label]
            yield Recording(
                piece.acc, piece.gyro, piece.rate_hz, self.name, key.user, activity, placement, key.device,
                trial=f"{key.device}-{number}",
            )  # fmt: skip
        self.report.drop("acceleration without a second of gyroscope beside it", len(acc_t) - covered)

    def _wall_clock(self, *sensors: Rows) -> list[tuple[NDArray[np.float64], NDArray[np.float32]]]:
        """Each sensor's samples in order, at seconds of one clock that both share."""
        found = []
        for rows in sensors:
            created_s = rows.created_s
            if not _usable(created_s, rows.arrived_s):
                self.report.counts["stretches read by arrival times"] += 1
                created_s = rows.arrived_s
            pieces = steady_pieces(rows.arrived_s, created_s)
            found.append((rows, created_s, pieces))
            left_out = len(created_s) - sum(len(piece) for piece in pieces)
            self.report.drop(f"pieces under {SHORTEST_PIECE_S:g} s between gaps or clock settings", left_out)
        offsets = common_offsets([
            np.array([np.quantile(rows.arrived_s[p] - created_s[p], 0.05) for p in pieces])
            for rows, created_s, pieces in found
        ])  # fmt: skip
        clocked = []
        for (rows, created_s, pieces), shifts in zip(found, offsets, strict=True):
            order = np.concatenate([np.empty(0, dtype=np.intp), *pieces])
            time_s = created_s[order] + np.repeat(shifts, np.array([len(p) for p in pieces], dtype=np.intp))
            time_s, xyz, duplicates = tidy(time_s, rows.xyz[order])
            self.report.drop("duplicate time stamps", duplicates)
            clocked.append((time_s, xyz))
        return clocked

    def _load(self, path: Path, progress: Progress) -> dict[Key, Rows]:
        """One file's labelled rows by user, device and activity, read in chunks, 28 bytes a row."""
        chunks: dict[Key, list[tuple[NDArray[Any], ...]]] = defaultdict(list)
        steps = path.stat().st_size // CHUNK_BYTES + 1 if path.exists() else None
        for table in progress(_batches(path), f"{self.name}: {path.name}", steps):
            named = ~table["gt"].isin(UNLABELLED)
            self.report.drop("rows without a label (null)", int((~named).sum()))
            for group, rows in table[named].groupby(["User", "Device", "gt"], observed=True, sort=False):
                key = Key(*map(str, group))
                if key.label not in self.activities:
                    known = ", ".join(self.activities)
                    raise LanharError(f"{path}: unknown activity '{key.label}'; HHAR has {known}")
                times = rows["Arrival_Time"].to_numpy() / 1e3, rows["Creation_Time"].to_numpy() / 1e9
                chunks[key].append((*times, rows[["x", "y", "z"]].to_numpy(dtype=np.float32)))
        return {key: Rows(*map(np.concatenate, zip(*parts, strict=True))) for key, parts in chunks.items()}


def steady_pieces(arrived_s: NDArray[np.float64], created_s: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """Index arrays of the stretches over which a sensor's clock ran steadily, each in the order of creation.

    Cut where the sensor paused, and where its clock was set, started anew or stood still while it slept.
    Pieces under `SHORTEST_PIECE_S` are left out.

    Args:
        arrived_s: (T,) seconds at which samples arrived, in any order.
        created_s: (T,) the sensor's own seconds, from any origin.
    """
    by_arrival = np.argsort(arrived_s, kind="stable")
    paused = np.diff(arrived_s[by_arrival]) > SESSION_GAP_S
    was_set = np.abs(np.diff(_steady_offset(arrived_s[by_arrival] - created_s[by_arrival]))) > SAME_CLOCK_S
    session = np.zeros(len(by_arrival), dtype=np.intp)
    session[by_arrival[1:]] = np.cumsum(paused | was_set)
    order = np.lexsort((created_s, session))
    steps_s = np.diff(created_s[order])
    limit_s = gap_limit_s(np.concatenate([[0.0], np.cumsum(steps_s[steps_s > 0])]))
    cut = (np.diff(session[order]) > 0) | (steps_s > limit_s)
    pieces = np.split(order, np.flatnonzero(cut) + 1)
    return [p for p in pieces if len(p) and created_s[p[-1]] - created_s[p[0]] >= SHORTEST_PIECE_S]


def _steady_offset(offset_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) differences of two clocks without the delays on the way, which only ever add for a while.

    A delay is over within `DELAY_SAMPLES`, so that the least difference before or after is free of it; where
    a clock was set, the greater of the two changes at exactly that sample.
    """
    series = pd.Series(offset_s)
    before = series.rolling(DELAY_SAMPLES, min_periods=1).min()
    after = series[::-1].rolling(DELAY_SAMPLES, min_periods=1).min()[::-1]
    return np.asarray(np.maximum(before, after), dtype=np.float64)


def common_offsets(offsets_s: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Give clocks that differ by next to nothing the same offset: stamps of one clock stay comparable.

    Args:
        offsets_s: for each sensor, (P,) seconds between its pieces' clocks and the wall clock.

    Returns:
        The same shapes; neighbours within `SAME_CLOCK_S` are replaced by their median.
    """
    every = np.concatenate(offsets_s)
    order = np.argsort(every)
    for group in np.split(order, np.flatnonzero(np.diff(every[order]) > SAME_CLOCK_S) + 1):
        if len(group):
            every[group] = np.median(every[group])
    return np.split(every, np.cumsum([len(o) for o in offsets_s])[:-1])


def _usable(created_s: NDArray[np.float64], arrived_s: NDArray[np.float64]) -> bool:
    """Whether creation times tell samples apart and run about as fast as the arrival times."""
    if len(np.unique(created_s)) < 0.5 * len(created_s):
        return False
    awake = np.diff(arrived_s) < SAME_CLOCK_S
    steps_s = float(np.median(np.abs(np.diff(created_s)[awake]))) if awake.any() else 0.0
    arrived = float(np.mean(np.clip(np.diff(arrived_s)[awake], 0, None))) if awake.any() else 0.0
    return arrived == 0 or 0.2 < steps_s / arrived < 5


def _batches(path: Path) -> Iterable[pd.DataFrame]:
    """A file's rows in chunks, whatever its separator and with or without a header."""
    if not path.exists():
        raise LanharError(f"{path} is missing; a placement needs its accelerometer and gyroscope file")
    with path.open(encoding="utf-8") as file:
        first = file.readline()
    separator = "\t" if "\t" in first else ","
    has_header = "Creation_Time" in first
    names = None if has_header else list(COLUMNS)
    types = {name: pa.dictionary(pa.int32(), pa.string()) for name in ("User", "Device", "gt")}
    types |= dict.fromkeys(("Arrival_Time", "Creation_Time"), pa.float64())
    types |= dict.fromkeys("xyz", pa.float32())
    try:
        reader = csv.open_csv(
            path,
            read_options=csv.ReadOptions(block_size=CHUNK_BYTES, column_names=names),
            parse_options=csv.ParseOptions(delimiter=separator),
            convert_options=csv.ConvertOptions(column_types=types, include_columns=list(types)),
        )
        for batch in reader:
            yield batch.to_pandas()
    except (pa.ArrowInvalid, KeyError) as error:
        raise LanharError(f"{path}: {error}; HHAR's columns are {', '.join(COLUMNS)}") from error
