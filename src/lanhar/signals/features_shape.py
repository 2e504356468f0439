"""Features that only classifiers use: spectral bands, distribution, wave shape, and how the sensors couple.

All of them stay the same when the device is turned about the vertical: horizontal signals enter as lengths,
summed powers, principal directions, or scalar and vector products of two horizontal vectors.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from lanhar.signals.features_acc import principal_horizontal
from lanhar.signals.features_gyro import zero_crossings
from lanhar.signals.motion import ACC_FLOOR_M_S2, GYRO_FLOOR_RAD_S, Motion
from lanhar.signals.rhythm import centred, quantiles
from lanhar.signals.spectra import Spectrum, power_spectrum
from lanhar.signals.table import AUTOCORRELATION_LAGS_S, BAND_EDGES_HZ, BAND_SIGNALS

Array = NDArray[np.float64]
Columns = dict[str, Array]


PERCENTS = (5, 25, 75, 95)


def _floor(name: str) -> float:
    """Noise floor of a signal in m/s² or rad/s."""
    return ACC_FLOOR_M_S2 if name.startswith("acc") else GYRO_FLOOR_RAD_S


def spectra(motion: Motion) -> dict[str, Spectrum]:
    """Spectra of five orientation-free signals: acc vertical, horizontal, magnitude; gyro z, horizontal."""
    vertical = motion.vertical_spectrum
    horizontal = [
        np.sum([power_spectrum(sensor[:, i], motion.rate_hz).power for i in (0, 1)], axis=0)
        for sensor in (motion.acc, motion.gyro)
    ]
    return {
        "acc_vertical": vertical,
        "acc_horizontal": Spectrum(vertical.frequencies_hz, horizontal[0]),
        "acc_mag": power_spectrum(motion.acc_magnitude, motion.rate_hz),
        "gyro_z": power_spectrum(motion.gyro[:, 2], motion.rate_hz),
        "gyro_horizontal": Spectrum(vertical.frequencies_hz, horizontal[1]),
    }


def spectral(motion: Motion) -> Columns:
    """Share of the RMS per band, centroid and entropy of every orientation-free signal's spectrum."""
    columns: Columns = {}
    for name, spectrum in spectra(motion).items():
        floor = _floor(name)
        if name in BAND_SIGNALS:
            power = spectrum.bands(BAND_EDGES_HZ)
            percent = 100 * np.sqrt(power / (power.sum(axis=1, keepdims=True) + floor**2))
            columns |= {f"{name}_band_{i + 1}": percent[:, i] for i in range(percent.shape[1])}
        inside = (spectrum.frequencies_hz >= BAND_EDGES_HZ[0]) & (spectrum.frequencies_hz < BAND_EDGES_HZ[-1])
        share = spectrum.power[:, inside] / (spectrum.power[:, inside].sum(axis=1, keepdims=True) + floor**2)
        columns[f"{name}_centroid_hz"] = share @ spectrum.frequencies_hz[inside]
        entropy = -(share * np.log(np.maximum(share, 1e-12))).sum(axis=1)
        columns[f"{name}_entropy"] = entropy / np.log(max(inside.sum(), 2))
    return columns


def moments(signal: Array, floor: float) -> tuple[Array, Array, Array]:
    """Skewness, asymmetry (the Hilbert transform's skewness) and kurtosis (N,) of centred signals (N, L).

    `floor`, an RMS in the signal's unit, keeps them near 0 where there is only noise.
    """
    square = signal * signal
    variance = square.mean(axis=1) + floor**2
    sides = np.sign(fft.fftfreq(signal.shape[1]))
    hilbert = fft.ifft(-1j * sides * fft.fft(signal)).real
    skewness = (square * signal).mean(axis=1) / variance**1.5
    asymmetry = (hilbert * hilbert * hilbert).mean(axis=1) / variance**1.5
    return skewness, asymmetry, (square * square).mean(axis=1) / variance**2


def distribution(motion: Motion) -> Columns:
    """Percentiles and moments of the vertical acceleration and of both sensors' magnitudes."""
    columns: Columns = {}
    signals = {
        "acc_vertical": motion.vertical,
        "acc_mag": centred(motion.acc_magnitude),
        "gyro_mag": centred(motion.gyro_magnitude),
    }
    for name, signal in signals.items():
        floor = _floor(name)
        skewness, asymmetry, kurtosis = moments(signal, floor)
        columns[f"{name}_skewness"] = skewness
        columns[f"{name}_asymmetry"] = asymmetry
        columns[f"{name}_kurtosis"] = kurtosis
        rows = quantiles(signal, PERCENTS) / np.sqrt((signal**2).mean(axis=1) + floor**2)
        columns |= {f"{name}_p{q}": row for q, row in zip(PERCENTS, rows, strict=True)}
    return columns


def repetition(motion: Motion) -> Columns:
    """Autocorrelation of the angular rate's magnitude at fixed lags."""
    columns: Columns = {}
    correlation = motion.rotation_autocorrelation
    for lag_s in AUTOCORRELATION_LAGS_S:
        lag = min(round(lag_s * motion.rate_hz), correlation.shape[1] - 1)
        columns[f"gyro_mag_autocorrelation_{lag_s:.1f}s"] = np.clip(correlation[:, lag], -1.0, 1.0)
    return columns


def _share(pair: Array, floor: float) -> Array:
    """Share (N,) of two signals' power (N, 2, L) along their principal line, 0.5 (no line) to 1."""
    total = (pair**2).sum(axis=1).mean(axis=1)
    share: Array = (principal_horizontal(pair) ** 2).mean(axis=1) / (total + floor**2)
    return share


def coupling(motion: Motion) -> Columns:
    """How vertical acceleration, horizontal acceleration and horizontal rotation move together.

    Covariances of a scalar with a horizontal vector are horizontal vectors; their lengths and their scalar
    and vector products do not depend on the heading, and the products keep their signs.
    """
    vertical, across, turning = motion.vertical, motion.acc_centred[:, :2], centred(motion.gyro[:, :2])
    acc_rms = np.sqrt((across**2).sum(axis=1).mean(axis=1)) + ACC_FLOOR_M_S2
    gyro_rms = np.sqrt((turning**2).sum(axis=1).mean(axis=1)) + GYRO_FLOOR_RAD_S
    vertical_rms = motion.vertical_rms + ACC_FLOOR_M_S2
    with_acc = (vertical[:, None] * across).mean(axis=2) / (vertical_rms * acc_rms)[:, None]
    with_gyro = (vertical[:, None] * turning).mean(axis=2) / (vertical_rms * gyro_rms)[:, None]
    inner = (across * turning).sum(axis=1).mean(axis=1)
    outer = (across[:, 0] * turning[:, 1] - across[:, 1] * turning[:, 0]).mean(axis=1)
    return {
        "acc_vertical_horizontal_correlation": np.linalg.norm(with_acc, axis=1),
        "sync_vertical_rotation_correlation": np.linalg.norm(with_gyro, axis=1),
        "sync_coupling_inner": (with_acc * with_gyro).sum(axis=1),
        "sync_coupling_outer": with_acc[:, 0] * with_gyro[:, 1] - with_acc[:, 1] * with_gyro[:, 0],
        "sync_horizontal_inner": inner / (acc_rms * gyro_rms),
        "sync_horizontal_outer": outer / (acc_rms * gyro_rms),
        "acc_horizontal_line_share": _share(across, ACC_FLOOR_M_S2),
        "gyro_horizontal_line_share": _share(turning, GYRO_FLOOR_RAD_S),
    }


def horizontal_rotation(motion: Motion) -> Columns:
    """Strength of the rotation about horizontal axes, and the jerk of the vertical acceleration."""
    pair = motion.gyro[:, :2]
    jerk = np.diff(motion.vertical, axis=1, prepend=motion.vertical[:, :1]) * motion.rate_hz
    low, high = quantiles(jerk, (5, 95))
    return {
        "gyro_horizontal_rms": np.sqrt((pair**2).sum(axis=1).mean(axis=1)),
        "gyro_horizontal_p2p": np.ptp(principal_horizontal(centred(pair)), axis=1),
        "acc_vertical_jerk_p5": low,
        "acc_vertical_jerk_p95": high,
        "acc_vertical_zero_crossings": zero_crossings(motion.vertical, motion.rate_hz),
    }
