import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanhar.datasets.clocks import merge, tidy
from lanhar.errors import LanharError


def sine(time_s: np.ndarray, hz: float) -> np.ndarray:
    return np.stack([np.sin(2 * np.pi * hz * time_s + phase) for phase in (0.0, 1.0, 2.0)], axis=1)


def irregular(rng: np.random.Generator, rate_hz: float, seconds: float, jitter: float) -> np.ndarray:
    ticks = np.arange(0, seconds, 1 / rate_hz)
    return ticks + rng.uniform(-jitter, jitter, len(ticks)) / rate_hz


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    acc_hz=st.sampled_from([50.0, 99.0, 200.0]),
    gyro_hz=st.sampled_from([50.0, 100.0, 187.0]),
    jitter=st.floats(0, 0.45),
    gap=st.tuples(st.floats(3, 5), st.floats(0.6, 2)),
)
def test_two_irregular_clocks_give_both_signals_at_the_same_times(seed, acc_hz, gyro_hz, jitter, gap):
    rng = np.random.default_rng(seed)
    epoch = 1.4e9
    acc_t = irregular(rng, acc_hz, 10, jitter)
    gyro_t = irregular(rng, gyro_hz, 10, jitter) + 0.3
    acc_t = acc_t[(acc_t < gap[0]) | (acc_t > gap[0] + gap[1])]
    acc_t = rng.permutation(np.concatenate([acc_t, rng.choice(acc_t, 30)]))
    gyro_t = rng.permutation(gyro_t)

    pieces = merge(epoch + acc_t, sine(acc_t, 1.3), epoch + gyro_t, sine(gyro_t, 0.7))

    assert len(pieces) == 2
    for piece in pieces:
        time = piece.start_s - epoch + np.arange(len(piece.acc)) / piece.rate_hz
        assert piece.rate_hz == pytest.approx(max(acc_hz, gyro_hz), rel=0.02)
        # Straight lines over 1.9 periods of 50 Hz miss a 1.3 Hz sine by (2 pi 1.3 * 0.038)^2 / 8.
        np.testing.assert_allclose(piece.acc, sine(time, 1.3), atol=0.014)
        np.testing.assert_allclose(piece.gyro, sine(time, 0.7), atol=0.014)
        assert not ((time > gap[0] + 1e-5) & (time < gap[0] + gap[1] - 1 / acc_hz)).any()
        assert time[0] >= gyro_t.min() - 1e-5
        assert time[-1] <= acc_t.max() + 1e-5
    covered = sum(len(p.acc) / p.rate_hz for p in pieces)
    assert covered == pytest.approx(9.7 - gap[1], abs=0.3)


@given(gap_s=st.floats(0.101, 3), gap_in_gyro=st.booleans())
@settings(max_examples=25, deadline=None)
def test_no_sample_lies_in_a_gap_of_either_sensor(gap_s, gap_in_gyro):
    whole = np.arange(0, 8, 0.01)
    holed = whole[(whole <= 4) | (whole > 4 + gap_s)]
    one, other = sine(whole, 1), sine(holed, 1)
    pieces = merge(whole, one, holed, other) if gap_in_gyro else merge(holed, other, whole, one)
    times = [p.start_s + np.arange(len(p.acc)) / p.rate_hz for p in pieces]
    after = holed[holed > 4.005][0]
    assert len(pieces) == 2
    assert times[0][-1] <= 4 + 1e-9
    assert times[1][0] >= after - 1e-9


def test_lost_samples_are_jitter_and_do_not_split():
    time = np.delete(np.arange(0, 5, 0.01), [100, 101, 102, 300])
    [piece] = merge(time, sine(time, 1), time, sine(time, 1))
    assert piece.rate_hz == 99.0 or piece.rate_hz == 100.0
    assert len(piece.acc) == pytest.approx(5 * piece.rate_hz, abs=2)


def test_samples_on_a_uniform_clock_come_back_unchanged():
    time = 8.38 + np.arange(500) / 100
    acc, gyro = sine(time, 3), sine(time, 2)
    [piece] = merge(time, acc, time, gyro)
    assert (piece.rate_hz, piece.start_s) == (100.0, 8.38)
    np.testing.assert_allclose(piece.acc, acc, atol=1e-6)
    np.testing.assert_allclose(piece.gyro, gyro, atol=1e-6)


def test_time_stamps_in_whole_milliseconds_still_give_the_rate():
    time = np.round(np.arange(3000) / 150, 3)
    [piece] = merge(time, sine(time, 1), time, sine(time, 1))
    assert piece.rate_hz == 150.0


def test_slow_sensor_is_raised_to_the_fast_one_so_that_nothing_aliases():
    slow, fast = np.arange(0, 6, 0.02), np.arange(0, 6, 0.005)
    ringing = np.stack([np.sin(2 * np.pi * 80 * fast)] * 3, axis=1)
    [piece] = merge(fast, ringing, slow, sine(slow, 1))
    assert piece.rate_hz == 200.0
    spectrum = np.abs(np.fft.rfft(piece.acc[:1000, 0]))
    assert np.argmax(spectrum) * 200 / 1000 == 80


def test_sensors_that_never_ran_together_give_nothing():
    time = np.arange(0, 3, 0.02)
    assert merge(time, sine(time, 1), time + 10, sine(time, 1)) == []
    assert merge(time[:1], sine(time[:1], 1), time, sine(time, 1)) == []


def test_tidy_keeps_the_first_of_equal_times_and_no_missing_numbers():
    time = np.array([2.0, 1.0, 1.0, 3.0, np.nan])
    xyz = np.array([[2.0], [1.0], [9.0], [np.nan], [4.0]])
    sorted_time, kept, dropped = tidy(time, xyz)
    assert sorted_time.tolist() == [1.0, 2.0]
    assert kept.tolist() == [[1.0], [2.0]]
    assert dropped == 3


def test_a_rate_needs_two_samples():
    from lanhar.datasets.clocks import measured_rate_hz

    with pytest.raises(LanharError, match="rate cannot be measured"):
        measured_rate_hz(np.array([1.0]), [])
