"""Signals whose features are known on paper."""

import numpy as np
import pytest

from lanhar.signals.features import compute_features
from lanhar.signals.table import FEATURES
from lanhar.signals.units import STANDARD_GRAVITY_M_S2

RATE_HZ = 50.0
SECONDS = np.arange(300) / RATE_HZ
UP = np.array([[0.0, 0.0, 1.0]])


def features_of(rate_hz: float = RATE_HZ, **signals: np.ndarray) -> dict[str, float]:
    """Features of one window at rest but for `acc_x`, `gyro_z` and so on, added to it."""
    (length,) = {len(signal) for signal in signals.values()}
    window = np.zeros((1, length, 6))
    window[:, :, 2] = STANDARD_GRAVITY_M_S2
    for name, signal in signals.items():
        sensor, axis = name.split("_")
        window[0, :, "xyz".index(axis) + 3 * (sensor == "gyro")] += signal
    row = compute_features(window, UP, rate_hz)[0]
    return {feature.name: float(value) for feature, value in zip(FEATURES, row, strict=True)}


def wave(hz: float, amplitude: float = 1.0, seconds: np.ndarray = SECONDS, phase: float = 0.3) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * seconds + phase)


@pytest.mark.parametrize("amplitude", [0.5, 2.0, 6.0])
def test_a_vertical_sinusoid_of_two_hertz(amplitude: float) -> None:
    f = features_of(acc_z=wave(2.0, amplitude))
    rms = amplitude / np.sqrt(2)
    assert f["acc_vertical_rms"] == pytest.approx(rms, rel=1e-3)
    assert f["acc_vertical_p2p"] == pytest.approx(2 * amplitude, rel=0.01)
    assert f["acc_z_mean"] == pytest.approx(STANDARD_GRAVITY_M_S2, rel=1e-3)
    assert f["acc_horizontal_rms"] == 0
    assert f["acc_vertical_share"] == pytest.approx(1, abs=0.01)
    assert f["acc_step_hz"] == pytest.approx(2, abs=0.005)
    assert f["acc_rhythm_strength"] == pytest.approx(1, abs=0.01)
    assert f["acc_dominant_hz"] == pytest.approx(2, abs=0.03)
    assert f["acc_beat_mean_s"] == pytest.approx(0.5, abs=0.002)
    assert f["acc_beat_cv"] < 0.03
    assert f["acc_jerk_rms"] == pytest.approx(2 * np.pi * 2.0 * rms, rel=0.02)
    assert f["impact_median"] == pytest.approx(amplitude, rel=0.01)
    assert f["acc_low_high_ratio"] > 10
    assert f["acc_harmonic_ratio"] < 0.01
    assert f["acc_vertical_zero_crossings"] == pytest.approx(4, abs=0.2)
    assert f["gyro_mag_rms"] == f["gyro_step_hz"] == f["sync_correlation"] == 0


@pytest.mark.parametrize("hz", [0.7, 1.13, 1.61, 1.97, 2.44, 3.3, 3.9])
def test_step_rate_and_dominant_frequency_lie_between_samples_and_bins(hz: float) -> None:
    f = features_of(acc_z=wave(hz, 2.0))
    assert f["acc_step_hz"] == pytest.approx(hz, rel=0.01)
    assert f["acc_dominant_hz"] == pytest.approx(hz, abs=0.06)


def test_a_short_window_finds_the_step_rate_too() -> None:
    f = features_of(acc_z=wave(1.8, 2.0, SECONDS[:120]))
    assert f["acc_step_hz"] == pytest.approx(1.8, rel=0.01)


def test_an_uneven_stride_counts_steps_not_strides() -> None:
    f = features_of(acc_z=wave(1.8, 2.0) + wave(0.9, 0.5))
    assert f["acc_step_hz"] == pytest.approx(1.8, rel=0.05)


def test_the_second_harmonic_counts_in_power() -> None:
    f = features_of(acc_z=wave(2.0, 2.0) + wave(4.0, 1.0))
    assert f["acc_harmonic_ratio"] == pytest.approx(0.25, rel=0.05)
    assert f["acc_low_high_ratio"] == pytest.approx(4.0, rel=0.05)


def test_other_rates_give_the_same_features() -> None:
    slow, fast = (
        features_of(rate, acc_z=wave(2.0, 2.0, times), gyro_z=wave(1.0, 0.5, times))
        for rate, times in ((50.0, SECONDS), (100.0, np.arange(600) / 100.0))
    )
    for name in ("acc_vertical_rms", "acc_step_hz", "acc_dominant_hz", "gyro_z_rms", "gyro_z_abs_angle_deg"):
        assert fast[name] == pytest.approx(slow[name], rel=0.02), name


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_device_at_rest_has_no_rhythm_no_beats_no_steps(noise: float) -> None:
    generator = np.random.default_rng(0)
    f = features_of(acc_z=noise * generator.normal(size=300), gyro_x=noise / 2 * generator.normal(size=300))
    for name in (
        "acc_step_hz",
        "acc_dominant_hz",
        "acc_beat_mean_s",
        "gyro_step_hz",
        "gyro_x_peak_hz",
        "impact_p95",
    ):
        assert f[name] == 0, name
    assert f["acc_rhythm_strength"] < 0.1


def test_strong_noise_has_no_step_rate() -> None:
    generator = np.random.default_rng(0)
    rates = [features_of(acc_z=3 * generator.normal(size=300))["acc_step_hz"] for _ in range(40)]
    assert np.mean(np.array(rates) == 0) > 0.9


def test_rotation_about_the_vertical() -> None:
    f = features_of(gyro_z=wave(1.0, 0.8))
    assert f["gyro_z_rms"] == pytest.approx(0.8 / np.sqrt(2), rel=1e-3)
    assert f["gyro_z_p2p"] == pytest.approx(1.6, rel=0.01)
    assert f["gyro_z_energy_share"] == pytest.approx(1, abs=0.01)
    assert f["gyro_z_peak_hz"] == pytest.approx(1.0, abs=0.05)
    assert f["gyro_z_zero_crossings"] == pytest.approx(2, abs=0.2)
    assert f["gyro_z_net_angle_deg"] == pytest.approx(0, abs=1)
    assert f["gyro_z_abs_angle_deg"] == pytest.approx(np.degrees(0.8 * 2 / np.pi * 6), rel=0.01)
    assert f["gyro_horizontal_rms"] == 0


def test_a_steady_turn_keeps_its_sign() -> None:
    f = features_of(gyro_z=np.full(300, -np.pi / 12))
    assert f["gyro_z_net_angle_deg"] == pytest.approx(-90)
    assert f["gyro_z_abs_angle_deg"] == pytest.approx(90)
    assert f["gyro_z_mean"] == pytest.approx(-np.pi / 12)
    assert f["gyro_z_zero_crossings"] == f["gyro_z_peak_hz"] == 0


@pytest.mark.parametrize("late_s", [-0.2, 0.0, 0.1])
def test_a_rotation_that_follows_the_acceleration_has_a_positive_lag(late_s: float) -> None:
    f = features_of(acc_z=wave(1.5, 2.0), gyro_z=2 + wave(1.5, 0.5, SECONDS - late_s))
    assert f["sync_lag_s"] == pytest.approx(late_s, abs=0.01)
    assert f["sync_correlation"] > 0.95
    assert f["sync_phase_consistency"] > 0.95
    assert f["sync_step_difference_hz"] < 0.02


def test_sensors_out_of_step_are_not_consistent() -> None:
    f = features_of(acc_z=wave(1.5, 2.0), gyro_z=2 + wave(2.5, 0.5))
    assert f["sync_step_difference_hz"] == pytest.approx(1.0, abs=0.05)
    assert f["sync_phase_consistency"] < 0.2


def test_tilting_by_twenty_degrees_drifts() -> None:
    angle = np.radians(20) * (np.arange(300) >= 150)
    window = np.zeros((1, 300, 6))
    window[0, :, 0], window[0, :, 2] = 9.8 * np.sin(angle), 9.8 * np.cos(angle)
    row = compute_features(window, UP, RATE_HZ)[0]
    assert row[[feature.name for feature in FEATURES].index("acc_tilt_drift_deg")] == pytest.approx(20, abs=0.01)


def test_sharp_peaks_are_skewed_and_steep_rises_asymmetric() -> None:
    saw = 2 * ((2 * SECONDS) % 1) - 1
    assert features_of(acc_z=np.exp(2 * wave(2.0)))["acc_vertical_skewness"] > 0.5
    slow_rise, steep_rise = features_of(acc_z=saw), features_of(acc_z=-saw)
    assert steep_rise["acc_vertical_asymmetry"] == pytest.approx(-slow_rise["acc_vertical_asymmetry"], rel=1e-3)
    assert steep_rise["acc_vertical_asymmetry"] < -0.5


def test_bands_hold_the_share_of_what_lies_in_them() -> None:
    f = features_of(acc_x=wave(1.6, 3.0), acc_y=wave(6.0, 4.0))
    assert f["acc_horizontal_band_2"] == pytest.approx(60, abs=1)
    assert f["acc_horizontal_band_6"] == pytest.approx(80, abs=1)
    assert f["gyro_horizontal_band_2"] == 0
