"""Windows that no sensor in the right units can have measured, each with a reason in words."""

import numpy as np
from numpy.typing import NDArray

from lanhar.edge.samples import SENSORS

GRAVITY_M_S2 = 9.80665
LEAST_GRAVITY_M_S2 = 0.5 * GRAVITY_M_S2
"""A mean acceleration below this is no gravity; training leaves such windows out."""
MOST_MEAN_M_S2 = 50.0
"""The mean length of the acceleration; jogging and jumping reach 23."""
MOST_MEDIAN_RAD_S = 8.0
"""The median length of the angular rate; jogging reaches 5.3, walking in degrees a second 35 and more."""
MOST_M_S2, MOST_RAD_S = 400.0, 60.0
"""No phone's sensor reads more: 40 g and 3,400 degrees a second."""
STRONG_M_S2, STRONG_RAD_S = 1.5 * GRAVITY_M_S2, 4.0
"""Where a range may end: some accelerometers stop at 2 g, some gyroscopes at 250 degrees a second."""
SATURATED_SHARE = 0.1
"""Of samples at the end of the range; sensors that clip heel strikes have 0.01."""
STUCK = 1e-6
"""A range below this over a whole window is no measurement: sensors have noise."""
DEGREES = "the gyroscope reads like degrees a second; deliver rad/s"


def complaint(window: NDArray[np.float32], raw: NDArray[np.float64]) -> str | None:
    """What is wrong with a window, or None.

    Args:
        window: (L, 6) uniform samples, acc in m/s² with gravity and gyro in rad/s.
        raw: (N, 6) the samples as they came.
    """
    acc, gyro = window[:, :3], window[:, 3:]
    return _acceleration(acc) or _rotation(gyro) or _saturation(raw)


def _acceleration(acc: NDArray[np.float32]) -> str | None:
    size = float(np.linalg.norm(acc, axis=1).mean())
    gravity = float(np.linalg.norm(acc.mean(axis=0)))
    if np.ptp(acc, axis=0).max() < STUCK:
        return f"the accelerometer {'is silent' if size < STUCK else 'is stuck at one value'}"
    if size > MOST_MEAN_M_S2:
        return f"the acceleration has a mean length of {size:.0f}, where gravity is 9.8; deliver m/s²"
    if 0.5 < gravity < 2.0 and size < LEAST_GRAVITY_M_S2:
        return "the acceleration reads like g; deliver m/s²"
    if gravity < LEAST_GRAVITY_M_S2:
        return "there is no gravity in the acceleration; deliver it with gravity"
    if np.abs(acc).max() > MOST_M_S2:
        return "the accelerometer has samples that no sensor measures"
    return None


def _rotation(gyro: NDArray[np.float32]) -> str | None:
    size = np.linalg.norm(gyro, axis=1)
    if np.ptp(gyro, axis=0).max() < STUCK:
        return f"the gyroscope {'is silent' if size.max() < STUCK else 'is stuck at one value'}"
    if float(np.median(size)) > MOST_MEDIAN_RAD_S:
        return DEGREES
    if size.max() > MOST_RAD_S:
        return "the gyroscope has samples that no sensor measures"
    return None


def _saturation(raw: NDArray[np.float64]) -> str | None:
    for (name, columns), strong in zip(SENSORS.items(), (STRONG_M_S2, STRONG_RAD_S), strict=True):
        values = raw[:, columns]
        values = np.abs(values[np.isfinite(values).all(axis=1)])
        if not len(values):
            continue
        ends = values.max(axis=0)
        share = ((values > 0.9999 * ends) & (ends > strong)).mean(axis=0).max()
        if share > SATURATED_SHARE:
            return f"the {name} is at the end of its range in {share:.0%} of the samples"
    return None
