"""Prompt features of the angular rate and of how it keeps time with the acceleration."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from lanhar.signals.motion import (
    ACC_FLOOR_M_S2,
    GYRO_FLOOR_RAD_S,
    LEAST_MOTION_M_S2,
    LEAST_ROTATION_RAD_S,
    Motion,
)
from lanhar.signals.rhythm import centred, crosscorrelation, parabola_peak, step_rate
from lanhar.signals.spectra import welch_peak_hz

Array = NDArray[np.float64]
Columns = dict[str, Array]

ROTATION_HZ = (0.3, 15.0)
"""Where the strongest peak of an angular rate is looked for."""
GAIT_HZ = (0.5, 5.0)
"""Band in which the phases of acceleration and rotation are compared."""
LONGEST_LAG_S = 0.5
"""Lags of the rotation behind the acceleration are looked for up to this, either way."""


def zero_crossings(signals: Array, rate_hz: float) -> Array:
    """Sign changes per second (...,) of signals (..., L)."""
    positive = signals >= 0
    changes: Array = (positive[..., 1:] != positive[..., :-1]).sum(axis=-1) * (rate_hz / signals.shape[-1])
    return changes


def rotation(motion: Motion) -> Columns:
    """Strength, range, angles and strongest frequency of the rate about each axis."""
    square = (motion.gyro**2).mean(axis=2)
    degrees = np.degrees(1 / motion.rate_hz)
    columns: Columns = {}
    for i, axis in enumerate("xyz"):
        rate = motion.gyro[:, i]
        moving = rate.std(axis=1) >= LEAST_ROTATION_RAD_S
        columns |= {
            f"gyro_{axis}_mean": rate.mean(axis=1),
            f"gyro_{axis}_rms": np.sqrt(square[:, i]),
            f"gyro_{axis}_p2p": np.ptp(rate, axis=1),
            f"gyro_{axis}_zero_crossings": zero_crossings(rate, motion.rate_hz),
            f"gyro_{axis}_energy_share": square[:, i] / (square.sum(axis=1) + GYRO_FLOOR_RAD_S**2),
            f"gyro_{axis}_net_angle_deg": rate.sum(axis=1) * degrees,
            f"gyro_{axis}_abs_angle_deg": np.abs(rate).sum(axis=1) * degrees,
            f"gyro_{axis}_peak_hz": np.where(moving, welch_peak_hz(rate, motion.rate_hz, *ROTATION_HZ), 0.0),
        }
    return columns | {"gyro_mag_rms": np.sqrt(square.sum(axis=1))}


def synchrony(motion: Motion) -> Columns:
    """Step rate of the rotation, and its lag, correlation and phase beside the vertical acceleration."""
    turning = centred(motion.gyro_magnitude)
    gyro_step, _ = step_rate(motion.rotation_autocorrelation, motion.rate_hz)
    lag, correlation = _best_lag(motion.vertical, turning, motion.rate_hz)
    return {
        "gyro_step_hz": gyro_step,
        "sync_step_difference_hz": np.abs(motion.vertical_step[0] - gyro_step),
        "sync_lag_s": lag,
        "sync_correlation": correlation,
        "sync_phase_consistency": _phase_consistency(motion.vertical, turning, motion.rate_hz),
    }


def _best_lag(vertical: Array, turning: Array, rate_hz: float) -> tuple[Array, Array]:
    """Lag (N,) in s within `LONGEST_LAG_S` where the correlation is largest, and that correlation 0..1."""
    length = vertical.shape[1]
    reach = min(round(LONGEST_LAG_S * rate_hz), length - 2)
    if reach < 1:
        return np.zeros(len(vertical)), np.zeros(len(vertical))
    lags = np.arange(-reach - 1, reach + 2)
    near = crosscorrelation(vertical / LEAST_MOTION_M_S2, turning / LEAST_ROTATION_RAD_S, lags, 1.0)
    at = 1 + np.argmax(near[:, 1:-1], axis=1)
    row = np.arange(len(near))
    offset, height = parabola_peak(near[row, at - 1], near[row, at], near[row, at + 1])
    found = near[row, at] > 0
    lag = np.clip((at - 1 - reach + offset) / rate_hz, -LONGEST_LAG_S, LONGEST_LAG_S)
    return np.where(found, lag, 0.0), np.where(found, np.clip(height, 0.0, 1.0), 0.0)


def _phase_consistency(vertical: Array, turning: Array, rate_hz: float) -> Array:
    """|mean of a · conj(b)| / mean of |a| |b| over the window, a and b analytic signals within `GAIT_HZ`."""
    length = vertical.shape[1]
    frequencies = fft.rfftfreq(length, 1 / rate_hz)
    inside = np.flatnonzero((frequencies >= GAIT_HZ[0]) & (frequencies <= GAIT_HZ[1]))
    analytic = []
    for signal in (vertical, turning):
        spectrum = np.zeros(signal.shape, dtype=np.complex128)
        spectrum[:, inside] = fft.rfft(signal)[:, inside]
        analytic.append(fft.ifft(spectrum))
    first, second = analytic
    together = np.abs((first * np.conj(second)).mean(axis=1))
    apart = (np.abs(first) * np.abs(second)).mean(axis=1)
    consistency: Array = together / (apart + ACC_FLOOR_M_S2 * GYRO_FLOOR_RAD_S)
    return consistency
