"""The same features by slow, obvious means, on real windows."""

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.signal
import scipy.stats

from lanhar.signals.align import align
from lanhar.signals.features import compute_features
from lanhar.signals.table import AUTOCORRELATION_LAGS_S, BAND_EDGES_HZ, BAND_SIGNALS, FEATURES

RATE_HZ = 50.0


@pytest.fixture(scope="module")
def aligned(device_windows: np.ndarray) -> np.ndarray:
    return align(device_windows)[0]


@pytest.fixture(scope="module")
def table(device_windows: np.ndarray) -> dict[str, np.ndarray]:
    columns = compute_features(*align(device_windows)[:2], RATE_HZ).T
    return {feature.name: column for feature, column in zip(FEATURES, columns, strict=True)}


@pytest.fixture(scope="module")
def moving(table: dict[str, np.ndarray]) -> np.ndarray:
    moving = np.flatnonzero(table["acc_vertical_rms"] > 1.0)
    assert len(moving) > 20
    return moving


def slow_correlation(first: np.ndarray, second: np.ndarray, lag: int) -> float:
    """Of what overlaps when `second` is read `lag` samples later."""
    pairs = [(first[t], second[t + lag]) for t in range(len(first)) if 0 <= t + lag < len(first)]
    power = [sum(value * value for value in side) for side in zip(*pairs, strict=True)]
    return float(sum(a * b for a, b in pairs) / math.sqrt(power[0] * power[1]))


def test_strength_and_range(aligned: np.ndarray, table: dict[str, np.ndarray]) -> None:
    for i, window in enumerate(aligned[:40]):
        x, y, z = (list(axis) for axis in window[:, :3].T)
        mag = [math.sqrt(a * a + b * b + c * c) for a, b, c in zip(x, y, z, strict=True)]
        for name, axis in (("x", x), ("y", y), ("z", z), ("mag", mag)):
            mean = sum(axis) / len(axis)
            spread = math.sqrt(sum((v - mean) ** 2 for v in axis) / len(axis))
            assert table[f"acc_{name}_mean"][i] == pytest.approx(mean, rel=1e-5, abs=1e-5)
            assert table[f"acc_{name}_std"][i] == pytest.approx(spread, rel=1e-4, abs=1e-6)
            assert table[f"acc_{name}_p2p"][i] == pytest.approx(max(axis) - min(axis), rel=1e-5)
        horizontal = math.hypot(float(np.std(x)), float(np.std(y)))
        assert table["acc_horizontal_rms"][i] == pytest.approx(horizontal, rel=1e-5)
        steps = [RATE_HZ * math.dist(window[t, :3].tolist(), window[t - 1, :3].tolist()) for t in range(1, len(window))]
        assert table["acc_jerk_rms"][i] == pytest.approx(math.sqrt(sum(s * s for s in steps) / len(steps)), rel=1e-5)
        assert table["acc_jerk_p95"][i] == pytest.approx(np.percentile(steps, 95), rel=1e-5)


def test_range_along_the_stronger_horizontal_direction(aligned: np.ndarray, table: dict[str, np.ndarray]) -> None:
    for i, window in enumerate(aligned):
        pair = window[:, :2] - window[:, :2].mean(axis=0)
        direction = np.linalg.svd(pair, full_matrices=False)[2][0]
        assert table["acc_horizontal_p2p"][i] == pytest.approx(np.ptp(pair @ direction), rel=1e-3)


def test_tilt(aligned: np.ndarray, table: dict[str, np.ndarray]) -> None:
    for i, window in enumerate(aligned):
        first, last = window[:100, :3].mean(axis=0), window[200:, :3].mean(axis=0)
        cosine = first @ last / (np.linalg.norm(first) * np.linalg.norm(last))
        assert table["acc_tilt_drift_deg"][i] == pytest.approx(np.degrees(np.arccos(min(cosine, 1))), abs=1e-3)


def test_step_rate(aligned: np.ndarray, table: dict[str, np.ndarray], moving: np.ndarray) -> None:
    for i in moving[::4]:
        vertical = aligned[i, :, 2] - aligned[i, :, 2].mean()
        correlation = np.array([slow_correlation(vertical, vertical, lag) for lag in range(102)])
        peaks, _ = scipy.signal.find_peaks(correlation, height=1e-9)
        peaks = peaks[(peaks >= 12) & (peaks <= 100)]
        first = next((p for p in peaks if correlation[p] >= 0.8 * correlation[peaks].max()), None)
        if first is None:
            assert table["acc_step_hz"][i] == 0
            continue
        a, b, _ = np.polyfit([-1, 0, 1], correlation[first - 1 : first + 2], 2)
        height = np.polyval(np.polyfit([-1, 0, 1], correlation[first - 1 : first + 2], 2), -b / (2 * a))
        rate = min(RATE_HZ / (first - b / (2 * a)), 4.0) if height >= 0.3 else 0.0
        assert table["acc_step_hz"][i] == pytest.approx(rate, rel=1e-4)
        assert table["acc_rhythm_strength"][i] == pytest.approx(min(height, 1), abs=1e-4)


def test_repetition_of_the_rotation(aligned: np.ndarray, table: dict[str, np.ndarray], moving: np.ndarray) -> None:
    for i in moving[::4]:
        rotation = np.linalg.norm(aligned[i, :, 3:], axis=1)
        rotation = rotation - rotation.mean()
        for lag_s in AUTOCORRELATION_LAGS_S:
            expected = slow_correlation(rotation, rotation, round(lag_s * RATE_HZ))
            assert table[f"gyro_mag_autocorrelation_{lag_s:.1f}s"][i] == pytest.approx(expected, abs=1e-4)


def test_beats_and_impacts(aligned: np.ndarray, table: dict[str, np.ndarray], moving: np.ndarray) -> None:
    for i in moving:
        vertical = aligned[i, :, 2] - aligned[i, :, 2].mean()
        kernel = np.exp(-0.5 * (np.arange(-8, 9) / 2.0) ** 2)
        smooth = np.convolve(np.pad(vertical, 8, mode="edge"), kernel / kernel.sum(), mode="valid")
        peaks, _ = scipy.signal.find_peaks(smooth, height=max(0.5 * smooth.std(), 0.1))
        peaks = [p for p in peaks if smooth[p] >= max(smooth[max(p - 10, 0) : p + 11])]
        intervals = np.diff(peaks) / RATE_HZ
        impacts = [max(vertical[max(p - 5, 0) : p + 6]) for p in peaks]
        mean = intervals.mean() if len(intervals) else 0
        assert table["acc_beat_mean_s"][i] == pytest.approx(mean, abs=1e-6)
        if len(intervals):
            assert table["acc_beat_std_s"][i] == pytest.approx(intervals.std(), abs=1e-6)
            assert table["acc_beat_cv"][i] == pytest.approx(intervals.std() / mean, abs=1e-5)
        if impacts:
            assert table["impact_median"][i] == pytest.approx(np.median(impacts), rel=1e-5)
            assert table["impact_p95"][i] == pytest.approx(np.percentile(impacts, 95), rel=1e-5)


def test_spectra(aligned: np.ndarray, table: dict[str, np.ndarray], moving: np.ndarray) -> None:
    for i in moving:
        frequencies, density = scipy.signal.periodogram(aligned[i].T, RATE_HZ, window="hann")
        vertical = density[2]
        horizontal = density[0] + density[1]
        for name, power in (("acc_vertical", vertical), ("acc_horizontal", horizontal)):
            inside = (frequencies >= 0.5) & (frequencies < 20)
            for band, (low, high) in enumerate(pairwise(BAND_EDGES_HZ if name in BAND_SIGNALS else ()), start=1):
                part = power[(frequencies >= low) & (frequencies < high)].sum() / power[inside].sum()
                assert table[f"{name}_band_{band}"][i] == pytest.approx(100 * math.sqrt(part), rel=0.005)
            mean = (power * frequencies)[inside].sum() / power[inside].sum()
            assert table[f"{name}_centroid_hz"][i] == pytest.approx(mean, rel=0.005)
        step = frequencies[1]
        low, high = (vertical[(frequencies >= a) & (frequencies < b)].sum() * step for a, b in ((0, 3), (3, 15)))
        assert table["acc_low_high_ratio"][i] == pytest.approx(low / high, rel=0.01)
        sought = (frequencies >= 0.5) & (frequencies <= 15)
        strongest = frequencies[sought][vertical[sought].argmax()]
        assert table["acc_dominant_hz"][i] == pytest.approx(strongest, abs=step / 2 + 1e-6)


def test_rotation(aligned: np.ndarray, table: dict[str, np.ndarray]) -> None:
    for i, window in enumerate(aligned):
        for axis, rate in zip("xyz", window[:, 3:].T, strict=True):
            crossings = sum((a >= 0) != (b >= 0) for a, b in pairwise(rate)) / 6.0
            assert table[f"gyro_{axis}_zero_crossings"][i] == pytest.approx(crossings)
            net = math.degrees(sum(rate) / RATE_HZ)
            assert table[f"gyro_{axis}_net_angle_deg"][i] == pytest.approx(net, rel=1e-4, abs=1e-3)
            if rate.std() > 0.05:
                frequencies, density = scipy.signal.welch(rate, RATE_HZ, nperseg=120, nfft=250)
                sought = (frequencies >= 0.3) & (frequencies <= 15)
                strongest = frequencies[sought][density[sought].argmax()]
                assert table[f"gyro_{axis}_peak_hz"][i] == pytest.approx(strongest, abs=0.1 + 1e-6)


def test_synchrony(aligned: np.ndarray, table: dict[str, np.ndarray], moving: np.ndarray) -> None:
    for i in moving[::8]:
        vertical = aligned[i, :, 2] - aligned[i, :, 2].mean()
        turning = np.linalg.norm(aligned[i, :, 3:], axis=1)
        turning -= turning.mean()
        lags = range(-26, 27)
        correlation = [slow_correlation(vertical, turning, lag) for lag in lags]
        best = 1 + int(np.argmax(correlation[1:-1]))
        lag, height = float(lags[best]), correlation[best]
        if height > max(correlation[best - 1], correlation[best + 1]):
            parabola = np.polyfit([-1, 0, 1], correlation[best - 1 : best + 2], 2)
            vertex = -parabola[1] / (2 * parabola[0])
            lag, height = lag + vertex, float(np.polyval(parabola, vertex))
        assert table["sync_lag_s"][i] == pytest.approx(np.clip(lag / RATE_HZ, -0.5, 0.5), abs=1e-4)
        assert table["sync_correlation"][i] == pytest.approx(height, abs=1e-4)


def test_distribution(aligned: np.ndarray, table: dict[str, np.ndarray], moving: np.ndarray) -> None:
    for i in moving:
        vertical = aligned[i, :, 2] - aligned[i, :, 2].mean()
        assert table["acc_vertical_skewness"][i] == pytest.approx(scipy.stats.skew(vertical), rel=0.002, abs=1e-4)
        kurtosis = scipy.stats.kurtosis(vertical, fisher=False)
        assert table["acc_vertical_kurtosis"][i] == pytest.approx(kurtosis, rel=0.002)
        hilbert = scipy.signal.hilbert(vertical).imag
        asymmetry = (hilbert**3).mean() / vertical.std() ** 3
        assert table["acc_vertical_asymmetry"][i] == pytest.approx(asymmetry, rel=0.005, abs=0.002)
        for q in (5, 25, 75, 95):
            quantile = np.percentile(vertical, q) / vertical.std()
            assert table[f"acc_vertical_p{q}"][i] == pytest.approx(quantile, rel=0.002, abs=1e-4)


def test_coupling_keeps_its_signs(aligned: np.ndarray, table: dict[str, np.ndarray], moving: np.ndarray) -> None:
    for i in moving:
        acc = aligned[i, :, :3] - aligned[i, :, :3].mean(axis=0)
        gyro = aligned[i, :, 3:5] - aligned[i, :, 3:5].mean(axis=0)
        scale = math.sqrt((acc[:, :2] ** 2).sum() / 300 * (gyro**2).sum() / 300)
        inner = sum(float(a[:2] @ g) for a, g in zip(acc, gyro, strict=True)) / 300
        outer = sum(float(a[0] * g[1] - a[1] * g[0]) for a, g in zip(acc, gyro, strict=True)) / 300
        assert table["sync_horizontal_inner"][i] == pytest.approx(inner / scale, rel=0.1, abs=0.01)
        assert table["sync_horizontal_outer"][i] == pytest.approx(outer / scale, rel=0.1, abs=0.01)
