"""All features of whole arrays of windows, in the order of the table."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lanhar.errors import LanharError
from lanhar.signals import features_acc, features_gyro, features_shape
from lanhar.signals.motion import Motion
from lanhar.signals.table import CLASSIFIER_COLUMNS, CLASSIFIER_FEATURES, FEATURES

GROUPS: tuple[Callable[[Motion], dict[str, NDArray[np.float64]]], ...] = (
    features_acc.axis_statistics,
    features_acc.strength,
    features_acc.rhythm,
    features_acc.jerk,
    features_acc.posture,
    features_acc.impacts,
    features_gyro.rotation,
    features_gyro.synchrony,
    features_shape.spectral,
    features_shape.distribution,
    features_shape.repetition,
    features_shape.coupling,
    features_shape.horizontal_rotation,
)
CHUNK = 256
"""Windows at a time: few enough to stay in the processor's cache."""
SUBWINDOW_S = 2.4
"""Length of the sub-windows over which classifier features of longer windows are averaged; they overlap by half."""
LEAST_SAMPLES = 4
"""A window shorter than this has no features."""
FOR_CLASSIFIERS = np.array([feature in CLASSIFIER_FEATURES for feature in FEATURES])


def _one_chunk(windows: NDArray[Any], gravity: NDArray[Any], rate_hz: float) -> NDArray[np.float32]:
    motion = Motion.of(windows, gravity, rate_hz)
    columns: dict[str, NDArray[np.float64]] = {}
    for group in GROUPS:
        columns |= group(motion)
    return np.stack([columns[feature.name] for feature in FEATURES], axis=1).astype(np.float32)


def _check(windows: NDArray[Any], gravity: NDArray[Any], rate_hz: float) -> None:
    if windows.ndim != 3 or windows.shape[2] != 6 or windows.shape[1] < LEAST_SAMPLES:
        raise LanharError(
            f"windows have shape {windows.shape}; features need (N, L, 6) with L = {LEAST_SAMPLES} or more"
        )
    if gravity.shape != (len(windows), 3):
        raise LanharError(
            f"gravity has shape {gravity.shape}; windows of shape {windows.shape} need ({len(windows)}, 3)"
        )
    if not rate_hz > 0:
        raise LanharError(f"rate is {rate_hz} Hz; features need a rate above 0")


def _in_chunks(compute: Callable[[slice], NDArray[np.float32]], count: int, columns: int) -> NDArray[np.float32]:
    """Rows of `compute` for all windows; chunks share the processor's cores, and do not change any value."""
    result = np.empty((count, columns), dtype=np.float32)

    def fill(start: int) -> None:
        chunk = slice(start, min(start + CHUNK, count))
        result[chunk] = compute(chunk)

    with ThreadPoolExecutor(max_workers=min(len(os.sched_getaffinity(0)), 8)) as pool:
        list(pool.map(fill, range(0, count, CHUNK)))
    return result


def compute_features(windows: NDArray[Any], gravity: NDArray[Any], rate_hz: float) -> NDArray[np.float32]:
    """Every feature of `lanhar.signals.table.FEATURES`, in its order.

    Args:
        windows: (N, L, 6) aligned windows: acc m/s², +z up, gravity included; gyro rad/s.
        gravity: (N, 3) gravity's direction in the device frame, unit length.
        rate_hz: samples per second.

    Returns:
        (N, F) features in the table's units; finite for finite windows.

    Raises:
        LanharError: the shapes do not fit, or the rate is not positive.
    """
    _check(windows, gravity, rate_hz)
    return _in_chunks(lambda at: _one_chunk(windows[at], gravity[at], rate_hz), len(windows), len(FEATURES))


def signed_log(features: ArrayLike) -> NDArray[np.float64]:
    """Compress magnitudes and keep signs: sign(x)·log(1 + |x|), elementwise."""
    x = np.asarray(features, dtype=np.float64)
    return np.sign(x) * np.log1p(np.abs(x))


def classifier_features(windows: NDArray[Any], gravity: NDArray[Any], rate_hz: float) -> NDArray[np.float32]:
    """The input of the baselines: features that do not depend on how the device is turned in its pocket.

    Of windows longer than 2.4 s they are the mean over sub-windows of 2.4 s that overlap by half (four of them in
    6 s): each holds one or two strides, and their mean is steadier than one estimate. Beside each stands how much it
    varies over the sub-windows (of a window of 2.4 s or less: over its halves and the half between them), as the
    standard deviation of its signed log, in percent. Level walking is even; stairs have landings and turns.

    Args:
        windows: (N, L, 6) aligned windows, as for `compute_features`.
        gravity: (N, 3) gravity's direction in the device frame.
        rate_hz: samples per second.

    Returns:
        (N, K) features in the order of `lanhar.signals.table.CLASSIFIER_COLUMNS`.

    Raises:
        LanharError: the shapes do not fit, or the rate is not positive.
    """
    _check(windows, gravity, rate_hz)
    length = min(windows.shape[1], round(SUBWINDOW_S * rate_hz))
    shorter = max(length // 2, min(length, LEAST_SAMPLES))

    def mean_and_variation(at: slice) -> NDArray[np.float32]:
        parts = _subwindows(windows[at], gravity[at], rate_hz, length)
        several = parts if len(parts) > 1 else _subwindows(windows[at], gravity[at], rate_hz, shorter)
        variation = 100 * signed_log(several).std(axis=0)
        return np.concatenate([parts.mean(axis=0), variation], axis=1).astype(np.float32)

    return _in_chunks(mean_and_variation, len(windows), len(CLASSIFIER_COLUMNS))


def _subwindows(windows: NDArray[Any], gravity: NDArray[Any], rate_hz: float, length: int) -> NDArray[np.float64]:
    """Features for classifiers (P, N, K) of P sub-windows that overlap by half."""
    starts = range(0, windows.shape[1] - length + 1, max(1, length // 2))
    parts = [_one_chunk(windows[:, s : s + length], gravity, rate_hz)[:, FOR_CLASSIFIERS] for s in starts]
    return np.asarray(parts, dtype=np.float64)
