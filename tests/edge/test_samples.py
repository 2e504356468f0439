import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanhar.edge.bundle import Preprocessing
from lanhar.edge.samples import SampleBuffer, Unusable, uniform_window
from lanhar.signals.resample import resample

SETTINGS = Preprocessing(50.0, 300, 1.0, (20.0, 500.0))


def rows_of(recording, rate_hz=50.0):
    samples = np.concatenate([recording.acc, recording.gyro], axis=1).astype(np.float64)
    return np.column_stack([np.arange(len(samples)) / rate_hz, samples])


def movement(rate_hz, seconds=10.0, seed=0):
    """Steps and their harmonics up to 8 Hz, with gravity."""
    generator = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    waves = [
        generator.normal(size=6) * np.sin(2 * np.pi * f * time_s + generator.uniform(0, 6))[:, None]
        for f in (0.9, 1.8, 3.6, 5.4, 8.0)
    ]
    return np.column_stack([time_s, sum(waves) + np.array([0, 0, 9.8, 0, 0, 0])])


def test_samples_at_the_working_rate_stay_as_they_are(recordings):
    rows = rows_of(recordings["walk"])
    window = uniform_window(rows, rows[100, 0], SETTINGS)
    np.testing.assert_allclose(window, rows[100:400, 1:], atol=1e-5)


@given(st.sampled_from([60.0, 75.0, 100.0, 104.0, 128.0, 200.0, 400.0]), st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_other_rates_are_resampled_as_in_training(rate_hz, seed):
    rows = movement(rate_hz, seed=seed)
    trained = resample(rows[:, 1:], rate_hz, 50.0)
    np.testing.assert_allclose(uniform_window(rows, 1.0, SETTINGS), trained[50:350], atol=2e-3)


@pytest.mark.parametrize("rate_hz", [25.0, 40.0])
def test_low_rates_are_resampled_as_in_training(rate_hz):
    rows = movement(rate_hz, seconds=12)
    trained = resample(rows[:, 1:], rate_hz, 50.0)
    np.testing.assert_allclose(uniform_window(rows, 2.0, SETTINGS), trained[100:400], atol=2e-3)


def test_what_is_too_fast_for_the_working_rate_is_filtered_off():
    time_s = np.arange(2000) / 200.0
    rows = np.column_stack([time_s, *[np.sin(2 * np.pi * 40 * time_s)] * 6])
    assert np.abs(uniform_window(rows, 1.0, SETTINGS)).max() < 1e-3


def test_a_constant_stays_one_at_every_rate():
    for rate_hz in (21.0, 50.0, 99.0, 333.0):
        rows = np.column_stack([np.arange(round(9 * rate_hz)) / rate_hz, *[np.full(round(9 * rate_hz), 4.5)] * 6])
        np.testing.assert_allclose(uniform_window(rows, 1.0, SETTINGS), 4.5, atol=1e-5)


def test_two_sensors_with_times_of_their_own_are_put_on_one_clock():
    acc, gyro = movement(100.0), movement(50.0)
    acc[:, 4:], gyro[:, 1:4] = np.nan, np.nan
    gyro[:, 0] += 0.004
    rows = np.concatenate([acc, gyro])
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    window = uniform_window(rows, 1.0, SETTINGS)
    assert np.isfinite(window).all()
    np.testing.assert_allclose(window[:, :3], resample(acc[:, 1:4], 100.0, 50.0)[50:350], atol=2e-3)


def test_doubled_and_a_few_lost_samples_do_little(recordings):
    rows = rows_of(recordings["walk"])
    whole = uniform_window(rows, 1.0, SETTINGS)
    lost = np.delete(rows, np.arange(60, 360, 50), axis=0)
    doubled = np.repeat(lost, 2, axis=0)
    error = uniform_window(doubled, 1.0, SETTINGS) - whole
    assert np.sqrt((error**2).mean(axis=0) / whole.var(axis=0)).max() < 0.2


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda r: np.delete(r, slice(150, 200), axis=0), "accelerometer has a gap of 1.0 s"),
        (
            lambda r: np.where((np.arange(7) > 3) & (abs(np.arange(len(r)) - 200) < 40)[:, None], np.nan, r),
            "gyroscope has a gap",
        ),
        (lambda r: np.where(np.arange(7) > 3, np.nan, r), "gyroscope is silent"),
        (lambda r: np.where(np.arange(7) > 0, np.inf, r), "accelerometer is silent"),
        (lambda r: r[::5], "10 samples a second"),
        (lambda r: r[:0], "silent"),
        (lambda r: r[:250], "gap"),
    ],
)
def test_what_cannot_be_used_says_why(recordings, spoil, reason):
    with pytest.raises(Unusable, match=reason):
        uniform_window(spoil(rows_of(recordings["walk"])), 1.0, SETTINGS)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=12), st.integers(100, 900))
@settings(max_examples=50, deadline=None)
def test_the_buffer_keeps_the_last_samples_and_no_more(blocks, most):
    buffer = SampleBuffer(most)
    time_s = np.arange(sum(blocks), dtype=np.float64)
    start = 0
    for size in blocks:
        part = time_s[start : start + size]
        buffer.add(part, np.repeat(part[:, None], 6, axis=1))
        start += size
    kept = buffer.between(-1, start)
    assert len(buffer) <= most
    np.testing.assert_array_equal(kept[:, 0], time_s[start - len(kept) :])
    np.testing.assert_array_equal(kept[:, 0], kept[:, 6])
    assert len(kept) >= min(start, most // 2)
