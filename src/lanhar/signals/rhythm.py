"""Repetition in whole arrays of signals: autocorrelation, step rate, peaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

Array = NDArray[np.float64]

STEP_RATES_HZ = (0.5, 4.0)
"""Steps slower or faster than this are not looked for."""
LEAST_RHYTHM = 0.3
"""An autocorrelation peak below this height is no rhythm."""
FIRST_PEAK_SHARE = 0.8
"""The step is the first peak at least this high beside the highest, which may be the stride (two steps)."""
SMOOTHING_S = 0.04
"""Standard deviation of the Gaussian that smooths signals before their peaks are found; -3 dB at 3.3 Hz."""
LEAST_BEAT_S = 0.2
"""Two peaks closer than this are one."""
IMPACT_REACH_S = 0.1
"""How far from a smoothed peak its unsmoothed height is looked for."""


def centred(signals: Array) -> Array:
    """Signals (..., L) without their mean over the window."""
    without_mean: Array = signals - signals.mean(axis=-1, keepdims=True)
    return without_mean


def quantiles(signals: Array, percents: Sequence[float]) -> Array:
    """Percentiles (Q, N) of every row of (N, L), linear between neighbours; one sort serves all of them."""
    ordered = np.sort(signals, axis=1)
    place = np.asarray(percents) / 100 * (signals.shape[1] - 1)
    low = np.floor(place).astype(np.intp)
    below, above = ordered[:, low], ordered[:, np.minimum(low + 1, signals.shape[1] - 1)]
    result: Array = (below + (place - low) * (above - below)).T
    return result


def crosscorrelation(first: Array, second: Array, lags: NDArray[np.intp], least_power: float) -> Array:
    """Correlation of two centred signals at some lags, each lag by the samples that overlap there.

    Args:
        first: (N, L).
        second: (N, L); a positive lag means that it comes later than `first`.
        lags: (K,) within -(L - 1)..L - 1.
        least_power: squared unit of the signals, floor of their mean squares; keeps still windows near 0.

    Returns:
        (N, K) correlations, -1..1 but for rounding.
    """
    size = fft.next_fast_len(2 * first.shape[-1], real=True)
    product = np.conj(fft.rfft(first, size)) * fft.rfft(second, size)
    overlap = first.shape[-1] - np.abs(lags)
    power_first = np.maximum(_overlap_energy(first, lags) / overlap, least_power)
    power_second = np.maximum(_overlap_energy(second, -lags) / overlap, least_power)
    correlation: Array = fft.irfft(product, size)[:, lags] / overlap / np.sqrt(power_first * power_second)
    return correlation


def _overlap_energy(signal: Array, lags: NDArray[np.intp]) -> Array:
    """Energy (N, K) of what is left without the last `lag` samples, or the first where it is negative."""
    square = signal * signal
    last = signal.shape[-1] - 1 - np.abs(lags)
    return np.where(lags >= 0, np.cumsum(square, axis=1)[:, last], np.cumsum(square[:, ::-1], axis=1)[:, last])


def autocorrelation(signals: Array, least_power: float) -> Array:
    """Autocorrelation (N, L // 2 + 2) of centred signals (N, L) at lags from 0; see `crosscorrelation`."""
    lags = np.arange(min(signals.shape[-1] // 2 + 2, signals.shape[-1]))
    return crosscorrelation(signals, signals, lags, least_power)


def parabola_peak(left: Array, middle: Array, right: Array) -> tuple[Array, Array]:
    """Vertex of the parabola through three neighbours: offset from the middle (-0.5..0.5) and height.

    Where the middle is not the highest of the three it stands as it is, with offset 0.
    """
    bend = left - 2 * middle + right
    peak = (bend < 0) & (middle >= left) & (middle >= right)
    offset = np.where(peak, 0.5 * (left - right) / np.where(peak, bend, -1.0), 0.0)
    return offset, middle - 0.25 * (left - right) * offset


def step_rate(correlation: Array, rate_hz: float) -> tuple[Array, Array]:
    """Step rate between 0.5 and 4 Hz from an autocorrelation, its peak placed between samples by a parabola.

    Lags reach half the window at most, so that a window of 2.4 s finds 0.83 Hz and more.

    Args:
        correlation: (N, L // 2 + 2) at the lags from 0 on.
        rate_hz: samples per second.

    Returns:
        (N,) step rate in Hz, 0 where no peak reaches `LEAST_RHYTHM`; (N,) the peak's height, 0..1.
    """
    first = max(int(np.floor(rate_hz / STEP_RATES_HZ[1])), 1)
    last = min(int(np.ceil(rate_hz / STEP_RATES_HZ[0])), correlation.shape[1] - 2)
    none = np.zeros(len(correlation))
    if last < first:
        return none, none
    left, middle, right = (correlation[:, first + k : last + 1 + k] for k in (-1, 0, 1))
    heights = np.where((middle > left) & (middle >= right), middle, 0.0)
    best = heights.max(axis=1)
    at = np.argmax((heights >= FIRST_PEAK_SHARE * best[:, None]) & (heights > 0), axis=1)
    row = np.arange(len(correlation))
    offset, height = parabola_peak(left[row, at], middle[row, at], right[row, at])
    found = heights[row, at] > 0
    strength = np.where(found, np.clip(height, 0.0, 1.0), 0.0)
    rate = np.clip(rate_hz / (first + at + offset), *STEP_RATES_HZ)
    return np.where(found & (strength >= LEAST_RHYTHM), rate, 0.0), strength


@dataclass(frozen=True)
class Beats:
    """Peaks of N signals, as rows padded with NaN.

    Attributes:
        times_s: (N, K) seconds from the window's start.
        heights: (N, K) largest unsmoothed value within `IMPACT_REACH_S` of each peak.
    """

    times_s: Array
    heights: Array


def _padded(mask: NDArray[np.bool_], values: Array) -> Array:
    """Values where `mask` is set (N, L), pushed to the left of (N, K) and padded with NaN."""
    row, column = np.nonzero(mask)
    place = np.cumsum(mask, axis=1)[row, column] - 1
    padded = np.full((len(mask), int(place.max(initial=0)) + 1), np.nan)
    padded[row, place] = values[row, column]
    return padded


def find_beats(signals: Array, rate_hz: float, least_height: float) -> Beats:
    """Peaks of centred signals: smoothed samples that are the largest within `LEAST_BEAT_S` and high enough.

    Args:
        signals: (N, L), mean taken off.
        rate_hz: samples per second.
        least_height: unit of the signals; a peak must reach this and half the smoothed standard deviation.

    Returns:
        The peaks, in order of time.
    """
    smooth = gaussian_filter1d(signals, SMOOTHING_S * rate_hz, axis=1, mode="nearest")
    reach = max(round(LEAST_BEAT_S * rate_hz), 1)
    largest = maximum_filter1d(smooth, 2 * reach + 1, axis=1, mode="nearest")
    least = np.maximum(0.5 * smooth.std(axis=1, keepdims=True), least_height)
    peak = (smooth >= largest) & (smooth >= least)
    peak[:, 1:] &= smooth[:, 1:] > smooth[:, :-1]
    peak[:, [0, -1]] = False
    times = np.broadcast_to(np.arange(signals.shape[1]) / rate_hz, signals.shape)
    height = maximum_filter1d(signals, 2 * max(round(IMPACT_REACH_S * rate_hz), 1) + 1, axis=1, mode="nearest")
    return Beats(_padded(peak, times), _padded(peak, height))


def padded_quantile(values: Array, q: float) -> Array:
    """Quantile (N,) of every row of (N, K), linear between neighbours, without NaN; 0 for empty rows."""
    ordered = np.sort(values, axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    place = q * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    row: NDArray[Any] = np.arange(len(values))
    below, above = ordered[row, low], ordered[row, high]
    result: Array = np.where(count > 0, below + (place - low) * (above - below), 0.0)
    return result


def interval_statistics(times_s: Array) -> tuple[Array, Array]:
    """Mean and standard deviation (N,) in s of the intervals between times (N, K); 0 without intervals."""
    intervals = np.diff(times_s, axis=1)
    there = np.isfinite(intervals)
    count = np.maximum(there.sum(axis=1), 1)
    mean = np.where(there, intervals, 0.0).sum(axis=1) / count
    spread = np.where(there, (intervals - mean[:, None]) ** 2, 0.0).sum(axis=1) / count
    return mean, np.sqrt(spread)
