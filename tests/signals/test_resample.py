import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanhar.errors import LanharError
from lanhar.signals.resample import resample


def sine(hz: float, rate_hz: float, seconds: float = 20.0) -> np.ndarray:
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.sin(2 * np.pi * hz * times)[:, None]


@pytest.mark.parametrize("from_hz", [20.0, 50.0, 99.7, 100.0, 133.3, 199.3, 200.0])
@pytest.mark.parametrize("hz", [0.7, 2.0, 7.0])
def test_movement_keeps_its_amplitude_and_its_time(from_hz: float, hz: float) -> None:
    resampled = resample(sine(hz, from_hz), from_hz, 50.0)
    expected = sine(hz, 50.0)
    assert abs(len(resampled) - len(expected)) <= 1
    inside = slice(50, len(expected) - 50)
    np.testing.assert_allclose(resampled[inside], expected[inside], atol=0.02)


@pytest.mark.parametrize("hz", [27.0, 31.0, 48.0, 70.0, 95.0])
def test_what_lies_above_the_new_nyquist_frequency_does_not_fold_back(hz: float) -> None:
    resampled = resample(sine(hz, 199.3), 199.3, 50.0)
    assert np.abs(resampled[50:-50]).max() < 0.002


@settings(max_examples=30, deadline=None)
@given(st.floats(8, 400), st.floats(8, 400), st.integers(1, 300), st.floats(-100, 100), st.sampled_from("fd"))
def test_a_constant_stays_constant_to_both_ends(
    from_hz: float, to_hz: float, count: int, value: float, kind: str
) -> None:
    samples = np.full((count, 6), value, dtype=kind)
    resampled = resample(samples, from_hz, to_hz)
    assert resampled.dtype == samples.dtype
    assert abs(len(resampled) - count * to_hz / from_hz) <= 1 + 0.001 * count * to_hz / from_hz
    np.testing.assert_allclose(resampled, float(samples[0, 0]), rtol=1e-6, atol=1e-6)


def test_the_mean_of_a_noisy_signal_is_kept() -> None:
    samples = 9.81 + np.random.default_rng(0).normal(size=(20_000, 3))
    for rate in (99.7, 100.0, 400.0, 60.0):
        assert resample(samples, rate, 50.0).mean() == pytest.approx(samples.mean(), abs=0.01)


def test_an_odd_rate_does_not_drift_over_an_hour() -> None:
    from_hz = 99.73
    times = np.arange(round(3600 * from_hz)) / from_hz
    resampled = resample(times[:, None], from_hz, 50.0)
    seconds = np.arange(len(resampled)) / 50.0
    assert np.abs(resampled[:, 0] - seconds)[100:-100].max() < 0.0005 * 3600


@pytest.mark.parametrize(("from_hz", "to_hz"), [(0, 50), (50, 0), (-1, 50), (float("nan"), 50), (50, float("inf"))])
def test_impossible_rates_are_named(from_hz: float, to_hz: float) -> None:
    with pytest.raises(LanharError, match=r"must be above 0"):
        resample(np.zeros((10, 6)), from_hz, to_hz)


def test_an_empty_recording_is_an_error() -> None:
    with pytest.raises(LanharError, match="empty"):
        resample(np.zeros((0, 6)), 100, 50)
