"""Raw time stamps to uniform samples: sort, split at gaps, merge two sensors on one clock."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.errors import LanharError

GAP_PERIODS = 4.0
"""A hole of more than this many sampling periods is a gap ..."""
SHORTEST_GAP_S = 0.1
"""... unless it is shorter than this: half a period of 5 Hz, well above what a step or a stumble holds."""
WHOLE_RATES_FROM_HZ = 20.0
"""From here on a measured rate is rounded to whole Hz, below to 0.1 Hz: clocks jitter by more than that."""


@dataclass(frozen=True)
class Uniform:
    """A stretch without gaps on one uniform clock.

    Attributes:
        acc: (T, 3) float32, in the unit that went in.
        gyro: (T, 3) float32, same times.
        rate_hz: samples per second.
        start_s: time of the first sample on the clock of the raw time stamps.
    """

    acc: NDArray[np.float32]
    gyro: NDArray[np.float32]
    rate_hz: float
    start_s: float


def tidy(time_s: NDArray[Any], xyz: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[Any], int]:
    """Sort samples by time; of those that share a time stamp or hold no number, keep the first or none.

    Args:
        time_s: (T,) seconds in any order.
        xyz: (T, C) samples.

    Returns:
        (T',) strictly increasing seconds, (T', C) samples, and how many samples were left out.
    """
    time = np.asarray(time_s, dtype=np.float64)
    order = np.argsort(time, kind="stable")
    order = order[np.isfinite(time[order]) & np.isfinite(xyz[order]).all(axis=1)]
    keep = np.ones(len(order), dtype=bool)
    keep[1:] = np.diff(time[order]) > 0
    order = order[keep]
    return time[order], xyz[order], len(time) - len(order)


def gap_limit_s(time_s: NDArray[np.float64]) -> float:
    """Longest hole in (T,) increasing seconds that is jitter or a lost sample and no gap."""
    if len(time_s) < 2:
        return SHORTEST_GAP_S
    return max(GAP_PERIODS * float(np.median(np.diff(time_s))), SHORTEST_GAP_S)


def stretches(time_s: NDArray[np.float64], max_gap_s: float) -> list[slice]:
    """Cut (T,) increasing seconds at every hole longer than `max_gap_s`; lone samples are left out."""
    cuts = np.flatnonzero(np.diff(time_s) > max_gap_s) + 1
    edges = [0, *cuts.tolist(), len(time_s)]
    return [slice(a, b) for a, b in pairwise(edges) if b - a > 1]


def measured_rate_hz(time_s: NDArray[np.float64], pieces: list[slice]) -> float:
    """Mean rate within the stretches, rounded; unlike a median period it survives coarse time stamps.

    Raises:
        LanharError: there is no stretch of two samples or more.
    """
    seconds = sum(float(time_s[p.stop - 1] - time_s[p.start]) for p in pieces)
    if not seconds > 0:
        raise LanharError("no two samples within one gap-free stretch: the rate cannot be measured")
    rate = sum(p.stop - p.start - 1 for p in pieces) / seconds
    return float(max(round(rate, 0 if rate >= WHOLE_RATES_FROM_HZ else 1), 0.1))


def merge(
    acc_time_s: NDArray[Any],
    acc: NDArray[Any],
    gyro_time_s: NDArray[Any],
    gyro: NDArray[Any],
    *,
    rate_hz: float | None = None,
    max_gap_s: float | None = None,
) -> list[Uniform]:
    """Put two sensors with their own irregular time stamps on one uniform clock.

    By default the clock runs at the higher of the two measured rates: linear interpolation never has to lower
    a rate (that would alias), and the filtered conversion to the working rate comes later. Where one sensor
    has a gap there is no output.

    Args:
        acc_time_s: (Ta,) seconds, in any order, duplicates allowed.
        acc: (Ta, 3) samples.
        gyro_time_s: (Tg,) seconds on the same clock.
        gyro: (Tg, 3) samples.
        rate_hz: the rate of the clock where it is known; None takes the higher measured one.
        max_gap_s: holes longer than this split; None takes `gap_limit_s` of each sensor.

    Returns:
        Stretches in the order of time, without a gap in either sensor; none where they never ran together.
    """
    acc_t, acc_x, _ = tidy(acc_time_s, acc)
    gyro_t, gyro_x, _ = tidy(gyro_time_s, gyro)
    acc_pieces = stretches(acc_t, gap_limit_s(acc_t) if max_gap_s is None else max_gap_s)
    gyro_pieces = stretches(gyro_t, gap_limit_s(gyro_t) if max_gap_s is None else max_gap_s)
    if not (acc_pieces and gyro_pieces):
        return []
    measured = max(measured_rate_hz(acc_t, acc_pieces), measured_rate_hz(gyro_t, gyro_pieces))
    rate = measured if rate_hz is None else rate_hz
    merged = []
    for a, g in _overlapping(acc_t, acc_pieces, gyro_t, gyro_pieces):
        clock = _common_clock(acc_t[a], gyro_t[g], rate)
        if len(clock) > 1:
            resampled = _interpolate(clock, acc_t[a], acc_x[a]), _interpolate(clock, gyro_t[g], gyro_x[g])
            merged.append(Uniform(*resampled, rate, float(clock[0])))
    return merged


def _overlapping(
    acc_t: NDArray[np.float64], acc_pieces: list[slice], gyro_t: NDArray[np.float64], gyro_pieces: list[slice]
) -> list[tuple[slice, slice]]:
    """Pairs of stretches that share time, in order."""
    pairs, i, j = [], 0, 0
    while i < len(acc_pieces) and j < len(gyro_pieces):
        a, g = acc_pieces[i], gyro_pieces[j]
        if max(acc_t[a.start], gyro_t[g.start]) < min(acc_t[a.stop - 1], gyro_t[g.stop - 1]):
            pairs.append((a, g))
        if acc_t[a.stop - 1] < gyro_t[g.stop - 1]:
            i += 1
        else:
            j += 1
    return pairs


def _common_clock(a: NDArray[np.float64], b: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    """Uniform times from where both have begun to where one ends, give or take rounding errors."""
    start, end = max(a[0], b[0]), min(a[-1], b[-1])
    return np.asarray(start + np.arange(int((end - start) * rate_hz + 1e-6) + 1) / rate_hz)


def _interpolate(clock: NDArray[np.float64], time_s: NDArray[np.float64], xyz: NDArray[Any]) -> NDArray[np.float32]:
    """(T, C) samples at the times of `clock`, on straight lines between neighbours."""
    columns = [np.interp(clock, time_s, xyz[:, c]) for c in range(xyz.shape[1])]
    return np.stack(columns, axis=1).astype(np.float32)
