"""The two sensors of a user's files: SI units, rows that belong together, stretches without gaps."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lanhar.datasets.clocks import Uniform, merge
from lanhar.datasets.recordings_files import numbers, read_table, seconds, texts
from lanhar.datasets.recordings_paths import Source
from lanhar.datasets.recordings_spec import ACC_UNITS, GYRO_UNITS, META, SIGNS, Spec
from lanhar.errors import LanharError

RESTART_S = 1.0
"""A step back in time of more than this is a new recording and not disorder."""
PLAUSIBLE_HZ = (5.0, 2000.0)


class Key(NamedTuple):
    """What rows of one recording have in common; `run` tells returns to the same activity apart."""

    subject: str
    activity: str
    trial: str
    placement: str
    device: str
    run: int


@dataclass(frozen=True)
class Sensor:
    """One sensor's rows of one source.

    Attributes:
        path: the file they come from.
        xyz: (T, 3) m/s² or rad/s, NaN where a number is missing.
        time_s: (T,) seconds, or None at a fixed rate.
        rows: row numbers of each group.
    """

    path: Path
    xyz: NDArray[np.float64]
    time_s: NDArray[np.float64] | None
    rows: dict[Key, NDArray[np.intp]]


def load_sensors(source: Source, spec: Spec) -> tuple[Sensor, Sensor]:
    """Acceleration (with gravity, Android's sign) and rotation rate of one source.

    Raises:
        LanharError: a file or a column of it cannot be read as the spec says.
    """
    table = read_table(source.acc, spec.format, by_name=spec.columns_by_name)
    acc = numbers(table, spec.columns.acc, source.acc, "columns.acc")
    if spec.columns.gravity:
        acc += numbers(table, spec.columns.gravity, source.acc, "columns.gravity")
    acc *= ACC_UNITS[spec.units.acc] * SIGNS[spec.sign]
    together = source.gyro == source.acc
    other = table if together else read_table(source.gyro, spec.format, by_name=spec.columns_by_name)
    gyro = numbers(other, spec.columns.gyro, source.gyro, "columns.gyro") * GYRO_UNITS[spec.units.gyro]
    acc_time = gyro_time = None
    if spec.time is not None:
        acc_time = seconds(table, spec.time.column, spec.time.unit, source.acc)
        stamps = spec.time.column if spec.time.gyro_column is None else spec.time.gyro_column
        gyro_time = seconds(other, stamps, spec.time.unit, source.gyro)
    if together:
        rows = _runs(table, source.acc, source, spec, acc_time)
        return Sensor(source.acc, acc, acc_time, rows), Sensor(source.acc, gyro, gyro_time, rows)
    acc_rows = _without_runs(_runs(table, source.acc, source, spec, None))
    gyro_rows = _without_runs(_runs(other, source.gyro, source, spec, None))
    return Sensor(source.acc, acc, acc_time, acc_rows), Sensor(source.gyro, gyro, gyro_time, gyro_rows)


def uniform_stretches(key: Key, acc: Sensor, gyro: Sensor, spec: Spec) -> list[Uniform]:
    """The stretches of one group in which neither sensor has a gap; at a fixed rate row numbers are the clock.

    Raises:
        LanharError: time stamps cannot be meant, or two files at a fixed rate differ in length.
    """
    acc_rows, gyro_rows = acc.rows[key], gyro.rows[key]
    acc_xyz, gyro_xyz = acc.xyz[acc_rows], gyro.xyz[gyro_rows]
    if acc.time_s is not None and gyro.time_s is not None:
        acc_t, gyro_t = acc.time_s[acc_rows], gyro.time_s[gyro_rows]
        _check_time(acc_t, f"{acc.path}: time column", spec)
        _check_time(gyro_t, f"{gyro.path}: time column", spec)
        return merge(acc_t, acc_xyz, gyro_t, gyro_xyz)
    if len(acc_xyz) != len(gyro_xyz):
        raise LanharError(
            f"{acc.path} has {len(acc_xyz)} rows and {gyro.path} has {len(gyro_xyz)}: at a "
            "fixed rate they must be equal; write time: {column: ..., unit: ...} instead"
        )
    rate_hz = spec.rate_hz or 0.0
    return merge(acc_rows / rate_hz, acc_xyz, gyro_rows / rate_hz, gyro_xyz, rate_hz=rate_hz)


def _runs(
    table: pd.DataFrame, path: Path, source: Source, spec: Spec, time_s: NDArray[np.float64] | None
) -> dict[Key, NDArray[np.intp]]:
    """Row numbers of each stretch in which subject, activity, trial, placement and device stay the same."""
    if table.empty:
        return {}
    changed = np.zeros(len(table), dtype=bool)
    columns: dict[str, NDArray[np.object_]] = {}
    for name in META:
        column = getattr(spec.columns, name)
        if column is not None:
            columns[name] = texts(table, column, path, f"columns.{name}")
            changed[1:] |= columns[name][1:] != columns[name][:-1]
    if time_s is not None:
        changed[1:] |= np.diff(time_s) < -RESTART_S
    fixed = {name: "unknown" if name in ("placement", "device") else "" for name in META}
    fixed |= {**spec.constants, **source.fields}
    groups = {}
    for run, rows in enumerate(np.split(np.arange(len(table)), np.flatnonzero(changed))):
        said = {name: columns[name][rows[0]] if name in columns else fixed[name] for name in META}
        groups[Key(**said, run=run)] = rows
    return groups


def _without_runs(groups: dict[Key, NDArray[np.intp]]) -> dict[Key, NDArray[np.intp]]:
    """Groups that say the same put together: files with one sensor each need not change at the same row."""
    parts: dict[Key, list[NDArray[np.intp]]] = defaultdict(list)
    for key, rows in groups.items():
        parts[key._replace(run=0)].append(rows)
    return {key: np.concatenate(rows) for key, rows in parts.items()}


def _check_time(time_s: NDArray[np.float64], what: str, spec: Spec) -> None:
    """Refuse time stamps that cannot be seconds of samples in a row."""
    finite = time_s[np.isfinite(time_s)]
    steps = np.diff(finite)
    if len(steps) < 2 or spec.time is None:
        return
    if np.mean(steps == 0) > 0.5:
        raise LanharError(
            f"{what} gives most samples the time of their neighbour: too coarse; write "
            "rate_hz: <samples per second> instead of time"
        )
    if np.mean(steps > 0) < 0.5:
        row = int(np.argmax(steps < 0))
        here, there = finite[row], finite[row + 1]
        raise LanharError(
            f"{what} does not increase: {here:.6g} s is followed by {there:.6g} s; check time.column and time.unit"
        )
    rate = 1 / float(np.median(steps[steps > 0]))
    if not PLAUSIBLE_HZ[0] <= rate <= PLAUSIBLE_HZ[1]:
        raise LanharError(
            f"{what} read in {spec.time.unit} gives {rate:.3g} samples a second; time.unit is "
            "probably another of s, ms, us, ns"
        )
