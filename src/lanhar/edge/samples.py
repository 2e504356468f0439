"""Samples with time stamps of any rate and order, and the uniform windows in them."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.edge.bundle import Preprocessing

Array = NDArray[np.float64]

GAP_PERIODS = 4.0
"""A hole of more than this many sampling periods is a gap, as when training recordings are read ..."""
SHORTEST_GAP_S = 0.1
"""... unless it is shorter than this."""
FILTER_PERIODS = 20
"""Reach of the anti-alias filter to either side, in periods of the lower rate."""
PASS_BAND = 0.9
"""Cut-off of the anti-alias filter, share of the lower Nyquist frequency."""
KAISER_BETA = 8.0
SENSORS = {"accelerometer": slice(0, 3), "gyroscope": slice(3, 6)}


class Unusable(Exception):  # noqa: N818
    """A window cannot be had from the samples; the message says why."""


class SampleBuffer:
    """The last samples as they came, in memory that does not grow with the stream.

    Args:
        most: samples that it holds at most; beyond it the oldest arrivals go.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: Array = np.empty((min(1024, most), 7))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, time_s: Array, samples: Array) -> None:
        """Append samples (N, 6) with their times (N,), in seconds and any order."""
        new = len(time_s)
        if new > self._most:
            time_s, samples, new = time_s[-self._most :], samples[-self._most :], self._most
        if self._count + new > len(self._rows):
            self._make_room(new)
        rows = self._rows[self._count : self._count + new]
        rows[:, 0], rows[:, 1:] = time_s, samples
        self._count += new

    def _make_room(self, new: int) -> None:
        kept = self._rows[max(0, self._count + new - self._most) : self._count].copy()
        if len(kept) + new > len(self._rows):
            self._rows = np.empty((min(self._most, 2 * (len(kept) + new)), 7))
        self._rows[: len(kept)] = kept
        self._count = len(kept)

    def forget(self, before_s: float) -> None:
        """Drop samples from before a time."""
        rows = self._rows[: self._count]
        kept = rows[rows[:, 0] >= before_s]
        self._rows[: len(kept)] = kept
        self._count = len(kept)

    def between(self, start_s: float, end_s: float) -> Array:
        """(N, 7) time and samples from one time to another, in order."""
        rows = self._rows[: self._count]
        found = rows[(rows[:, 0] >= start_s) & (rows[:, 0] <= end_s)]
        return found[np.argsort(found[:, 0], kind="stable")]


def reach_s(settings: Preprocessing) -> float:
    """Seconds beside a window that its filter may look at, at the lowest rate that is accepted."""
    return FILTER_PERIODS / min(settings.rate_hz, settings.rates_hz[0])


def uniform_window(rows: Array, start_s: float, settings: Preprocessing) -> NDArray[np.float32]:
    """A window (L, 6) at the working rate, made as training makes its windows.

    Both sensors are put on one clock at the rate that was measured (the higher one where they differ) by straight lines
    between neighbours, then low-passed and resampled where that is not the working rate.

    Args:
        rows: (N, 7) time and samples in order, reaching beyond the window where they can; NaN where a sensor has no
            value at that time.
        start_s: time of the window's first sample.
        settings: rate and length.

    Raises:
        Unusable: a sensor is missing or has a gap in the window, or the rate is far off.
    """
    end_s = start_s + (settings.window_samples - 1) / settings.rate_hz
    sensors = _sensors(rows)
    rate_hz = max(_checked_rate(name, time_s, start_s, end_s) for name, (time_s, _) in sensors.items())
    low, high = settings.rates_hz
    if not low <= rate_hz <= high:
        raise Unusable(f"{rate_hz:g} samples a second; deliver {low:g} to {high:g}")
    if rate_hz == settings.rate_hz:
        clock = start_s + np.arange(settings.window_samples) / rate_hz
        return np.concatenate([_on(clock, *sensor) for sensor in sensors.values()], axis=1).astype(np.float32)
    weights, first = _filter(rate_hz, settings.rate_hz, settings.window_samples)
    clock = start_s + (first + np.arange(weights.shape[1])) / rate_hz
    window: Array = weights @ np.concatenate([_on(clock, *sensor) for sensor in sensors.values()], axis=1)
    return window.astype(np.float32)


def _sensors(rows: Array) -> dict[str, tuple[Array, Array]]:
    """Times and values of each sensor, or of the first for both where every row holds both."""
    if np.isfinite(rows).all():
        return {next(iter(SENSORS)): _tidy(rows[:, 0], rows[:, 1:])}
    found = {}
    for name, columns in SENSORS.items():
        values = rows[:, 1:][:, columns]
        whole = np.isfinite(values).all(axis=1)
        found[name] = _tidy(rows[whole, 0], values[whole])
    return found


def _tidy(time_s: Array, values: Array) -> tuple[Array, Array]:
    """Of samples in order that share a time stamp the first."""
    new = np.diff(time_s, prepend=-math.inf) > 0
    return (time_s, values) if new.all() else (time_s[new], values[new])


def _checked_rate(name: str, time_s: Array, start_s: float, end_s: float) -> float:
    """The rate of a sensor in whole Hz, as it is measured in training; steps over a lost sample do not count.

    Raises:
        Unusable: there is no rate, or a gap in the window.
    """
    if len(time_s) < 2:
        raise Unusable(f"the {name} is silent")
    steps = np.diff(time_s)
    middle = float(np.median(steps))
    limit = max(GAP_PERIODS * middle, SHORTEST_GAP_S)
    # Samples up to one gap away hold the ends of a window.
    first, last = np.searchsorted(time_s, [start_s - limit, end_s + limit])
    edges = np.concatenate([[start_s], time_s[first:last].clip(start_s, end_s), [end_s]])
    longest = float(np.diff(edges).max())
    if longest > limit:
        raise Unusable(f"the {name} has a gap of {longest:.1f} s")
    return float(round(1 / float(steps[steps < 1.5 * middle].mean())))


def _on(clock: Array, time_s: Array, values: Array) -> Array:
    return np.stack([np.interp(clock, time_s, column) for column in values.T], axis=1)


@lru_cache(maxsize=16)
def _filter(from_hz: float, to_hz: float, length: int) -> tuple[Array, int]:
    """Weights (length, M) that resample M samples, and the index of the first of them; 0 is at the window's start.

    The filter is the one of `lanhar.signals.resample` (a Kaiser-windowed sinc); each row sums to 1, which keeps means.
    """
    low = min(from_hz, to_hz)
    reach = FILTER_PERIODS / low
    first = -math.floor(reach * from_hz)
    last = math.ceil((length - 1) / to_hz * from_hz) - first
    apart = np.arange(length)[:, None] / to_hz - np.arange(first, last + 1) / from_hz
    taper = np.i0(KAISER_BETA * np.sqrt((1 - (apart / reach) ** 2).clip(0))) / np.i0(KAISER_BETA)
    weights = np.where(abs(apart) <= reach, np.sinc(PASS_BAND * low * apart) * taper, 0)
    return weights / weights.sum(axis=1, keepdims=True), first


def as_samples(time_s: Any, samples: Any) -> tuple[Array, Array]:
    """Times (N,) and samples (N, 6) of one sample or of several.

    Raises:
        ValueError: their shapes do not fit each other.
    """
    times = np.atleast_1d(np.asarray(time_s, dtype=np.float64))
    values = np.atleast_2d(np.asarray(samples, dtype=np.float64))
    if values.shape != (*times.shape, 6):
        raise ValueError(f"samples of shape {values.shape} at times of shape {times.shape}; give (N, 6) and (N,)")
    return times, values
