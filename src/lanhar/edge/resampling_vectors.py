"""Test vectors of the resampling: two sensors with times of their own in, the window for the graph out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.edge.bundle import Preprocessing, short_floats
from lanhar.edge.samples import SENSORS, Array, uniform_window

RATES_HZ = ((50.0, 50.0), (40.0, 40.0), (50.0, 100.0))
"""Of the accelerometer and the gyroscope: as they come, made faster, and each at a rate of its own, made slower."""
BESIDE_S = 0.75
"""The stream is longer than its window by this on either side."""
JITTER_S = 0.001
LOST = 100
"""A sample that never came."""


def resampling_vectors(window: NDArray[np.float32], settings: Preprocessing) -> list[dict[str, Any]]:
    """Streams of several rates, with uneven times and a lost sample, and the window that is made of each.

    Args:
        window: (L, 6) real samples; there and back again they are what every stream holds, faster or slower.
        settings: of the bundle.
    """
    generator = np.random.default_rng(0)
    movement = np.concatenate([window, window[::-1], window])
    found = []
    for rates_hz in RATES_HZ:
        streams, rows = {}, []
        for (name, columns), rate_hz in zip(SENSORS.items(), rates_hz, strict=True):
            time_s = np.arange(round((settings.window_s + 2 * BESIDE_S) * rate_hz)) / rate_hz
            time_s = np.delete((time_s + generator.uniform(0, JITTER_S, len(time_s))).round(5), LOST)
            values = movement[: len(time_s), columns]
            streams[name] = {"time_s": time_s.tolist(), "values": short_floats(values)}
            rows.append(_rows(time_s, values, columns))
        made = uniform_window(_in_order(np.concatenate(rows)), BESIDE_S, settings)
        found.append({**streams, "start_s": BESIDE_S, "window": short_floats(made)})
    return found


def _rows(time_s: Array, values: NDArray[np.float32], columns: slice) -> Array:
    """(N, 7) time and samples, NaN for the other sensor."""
    rows = np.full((len(time_s), 7), np.nan)
    rows[:, 0] = time_s
    rows[:, 1:][:, columns] = values
    return rows


def _in_order(rows: Array) -> Array:
    return rows[np.argsort(rows[:, 0], kind="stable")]
