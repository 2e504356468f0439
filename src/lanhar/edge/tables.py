"""Samples from a CSV file or from standard input, whatever its columns are called, and predictions as CSV."""

import csv
import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from lanhar.edge.runtime import Prediction
from lanhar.errors import LanharError

AXES = ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z")
TIMES = {
    "time": 1.0, "time_s": 1.0, "timestamp": 1.0, "seconds": 1.0, "seconds_elapsed": 1.0, "t": 1.0,
    "time_ms": 1e-3, "timestamp_ms": 1e-3, "time_us": 1e-6, "timestamp_us": 1e-6, "time_ns": 1e-9, "timestamp_ns": 1e-9,
}  # fmt: skip
"""Names of the column of times, and its unit in seconds."""
SENSOR_NAMES = {
    "acc": ("acc", "accel", "accelerometer", "acceleration", "a"),
    "gyro": ("gyro", "gyroscope", "rotation", "rotationrate", "g", "w"),
}
COLUMNS = ("time_s", "activity", "confidence", "second", "second_confidence", "third", "third_confidence", "reason")
BLOCK = 256


def read_samples(file: TextIO, name: str) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Blocks of times (N,), seconds, and samples (N, 6) as they are in the file; an empty cell is NaN.

    The first line names the columns, in any order and whatever else there is: a time (`time`, `seconds_elapsed`,
    `timestamp_ms`, ...) and three axes of each sensor (`acc_x`, `accel.x`, `Accelerometer X`, `ax`; `gyro_x`,
    `rotationRate.x`, `gx`, `wx`).

    Args:
        file: open text.
        name: what errors call it.

    Raises:
        LanharError: a column is missing, or a cell holds something else than a number.
    """
    reader = csv.reader(file)
    header = next(reader, None)
    if not header:
        raise LanharError(f"{name} is empty; its first line must name the columns: time,{','.join(AXES)}")
    columns, unit = _columns(header, name)
    rows: list[list[float]] = []
    for line, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        rows.append(_numbers(cells, columns, header, f"{name}, line {line}"))
        if len(rows) == BLOCK:
            yield _block(rows, unit)
            rows = []
    if rows:
        yield _block(rows, unit)


def _columns(header: Sequence[str], name: str) -> tuple[list[int], float]:
    plain = ["".join(c if c.isalnum() else "_" for c in cell.strip().lstrip("\ufeff").lower()) for cell in header]
    times = [(index, TIMES[cell]) for index, cell in enumerate(plain) if cell in TIMES]
    if not times:
        raise LanharError(
            f"{name} has no column of times; call it time (seconds) or time_ms, it has {', '.join(header)}"
        )
    found = [times[0][0]]
    for axis in AXES:
        sensor, direction = axis.split("_")
        spellings = {spelt for word in SENSOR_NAMES[sensor] for spelt in (f"{word}_{direction}", f"{word}{direction}")}
        places = [index for index, cell in enumerate(plain) if cell in spellings]
        if not places:
            near = difflib.get_close_matches(axis, header, n=1)
            hint = f", did you mean '{near[0]}'?" if near else f"; it has {', '.join(header)}"
            raise LanharError(f"{name} has no column {axis}{hint}")
        found.append(places[0])
    return found, times[0][1]


def _numbers(cells: Sequence[str], columns: Sequence[int], header: Sequence[str], where: str) -> list[float]:
    row = []
    for column in columns:
        cell = cells[column].strip() if column < len(cells) else ""
        try:
            row.append(float(cell) if cell else math.nan)
        except ValueError:
            raise LanharError(f"{where}: '{cell}' under {header[column]} is no number") from None
    return row


def _block(rows: list[list[float]], unit: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    table = np.array(rows, dtype=np.float64)
    return table[:, 0] * unit, table[:, 1:]


def write_header(file: TextIO) -> None:
    """The first line of a timeline."""
    csv.writer(file, lineterminator="\n").writerow(COLUMNS)


def write_predictions(file: TextIO, predictions: Iterable[Prediction]) -> None:
    """Lines of a timeline; an unknown activity is called `unknown`."""
    writer = csv.writer(file, lineterminator="\n")
    for prediction in predictions:
        others = [value for name, share in prediction.top[1:] for value in (name, f"{share:.4f}")]
        others += [""] * (4 - len(others))
        first = [f"{prediction.time_s:.3f}", prediction.activity or "unknown", f"{prediction.confidence:.4f}"]
        writer.writerow([*first, *others, prediction.reason])
