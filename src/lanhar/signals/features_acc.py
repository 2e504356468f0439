"""Prompt features of the acceleration."""

import numpy as np
from numpy.typing import NDArray

from lanhar.signals.motion import ACC_FLOOR_M_S2, LEAST_MOTION_M_S2, Motion
from lanhar.signals.rhythm import interval_statistics, padded_quantile, quantiles

Array = NDArray[np.float64]
Columns = dict[str, Array]

MOVEMENT_HZ = (0.5, 15.0)
"""Where the strongest spectral peak of a movement is looked for."""
HARMONIC_WIDTH_HZ = 0.3
"""Power at a frequency is what lies this close to it."""


def axis_statistics(motion: Motion) -> Columns:
    """Mean, standard deviation and range of each axis and of the magnitude, m/s²."""
    columns: Columns = {}
    signals = {axis: motion.acc[:, i] for i, axis in enumerate("xyz")} | {"mag": motion.acc_magnitude}
    for axis, signal in signals.items():
        low, high = signal.min(axis=1), signal.max(axis=1)
        columns |= {
            f"acc_{axis}_mean": signal.mean(axis=1),
            f"acc_{axis}_std": signal.std(axis=1),
            f"acc_{axis}_min": low,
            f"acc_{axis}_max": high,
            f"acc_{axis}_p2p": high - low,
        }
    return columns


def principal_horizontal(pair: Array) -> Array:
    """Centred horizontal signals (N, 2, L) along the line of largest variance (N, L); the sign is free."""
    xx, yy = (pair**2).mean(axis=2).T
    xy = (pair[:, 0] * pair[:, 1]).mean(axis=1)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    along: Array = np.cos(angle)[:, None] * pair[:, 0] + np.sin(angle)[:, None] * pair[:, 1]
    return along


def strength(motion: Motion) -> Columns:
    """Vertical and horizontal RMS and range, and how the energy is shared between them."""
    horizontal = motion.variances[:, 0] + motion.variances[:, 1]
    vertical = motion.variances[:, 2]
    return {
        "acc_vertical_rms": motion.vertical_rms,
        "acc_horizontal_rms": np.sqrt(horizontal),
        "acc_vertical_p2p": np.ptp(motion.vertical, axis=1),
        "acc_horizontal_p2p": np.ptp(principal_horizontal(motion.acc_centred[:, :2]), axis=1),
        "acc_vertical_share": vertical / (vertical + horizontal + ACC_FLOOR_M_S2**2),
    }


def rhythm(motion: Motion) -> Columns:
    """Dominant frequency, step rate, and the intervals between peaks of the vertical acceleration."""
    moving = motion.vertical_rms >= LEAST_MOTION_M_S2
    dominant = np.where(moving, motion.vertical_spectrum.peak_hz(*MOVEMENT_HZ), 0.0)
    step, height = motion.vertical_step
    mean, spread = interval_statistics(motion.beats.times_s)
    return {
        "acc_dominant_hz": dominant,
        "acc_step_hz": step,
        "acc_rhythm_strength": height,
        "acc_beat_mean_s": mean,
        "acc_beat_std_s": spread,
        "acc_beat_cv": spread / np.where(mean > 0, mean, 1.0),
        "acc_low_high_ratio": _low_high_ratio(motion),
        "acc_harmonic_ratio": _harmonic_ratio(motion, dominant),
    }


def _low_high_ratio(motion: Motion) -> Array:
    low = motion.vertical_spectrum.band(0.0, 3.0)
    high = motion.vertical_spectrum.band(3.0, MOVEMENT_HZ[1])
    return low / (high + ACC_FLOOR_M_S2**2)


def _harmonic_ratio(motion: Motion, dominant_hz: Array) -> Array:
    spectrum = motion.vertical_spectrum
    distance = np.abs(spectrum.frequencies_hz[None, :] - dominant_hz[:, None])
    at_once = np.where(distance <= HARMONIC_WIDTH_HZ, spectrum.power, 0.0).sum(axis=1)
    distance = np.abs(spectrum.frequencies_hz[None, :] - 2 * dominant_hz[:, None])
    at_twice = np.where(distance <= HARMONIC_WIDTH_HZ, spectrum.power, 0.0).sum(axis=1)
    return np.where(dominant_hz > 0, at_twice / (at_once + ACC_FLOOR_M_S2**2), 0.0)


def jerk(motion: Motion) -> Columns:
    """RMS and 95th percentile of the jerk's magnitude, m/s³."""
    if motion.acc.shape[2] < 2:
        return dict.fromkeys(("acc_jerk_rms", "acc_jerk_p95"), np.zeros(len(motion.acc)))
    squared = (np.diff(motion.acc, axis=2) ** 2).sum(axis=1) * motion.rate_hz**2
    return {
        "acc_jerk_rms": np.sqrt(squared.mean(axis=1)),
        "acc_jerk_p95": quantiles(np.sqrt(squared), [95])[0],
    }


def posture(motion: Motion) -> Columns:
    """How far gravity's direction moves from first to last third, and what it is in the device frame."""
    third = max(motion.acc.shape[2] // 3, 1)
    first, last = motion.acc[:, :, :third].mean(axis=2), motion.acc[:, :, -third:].mean(axis=2)
    sine = np.linalg.norm(np.cross(first, last), axis=1)
    angle = np.degrees(np.arctan2(sine, (first * last).sum(axis=1)))
    directions = {f"gravity_{axis}": motion.gravity[:, i] for i, axis in enumerate("xyz")}
    return {"acc_tilt_drift_deg": angle, **directions}


def impacts(motion: Motion) -> Columns:
    """Height above the mean of the vertical acceleration's peaks, m/s²."""
    return {
        "impact_median": padded_quantile(motion.beats.heights, 0.5),
        "impact_p95": padded_quantile(motion.beats.heights, 0.95),
    }
