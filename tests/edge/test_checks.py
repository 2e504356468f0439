import numpy as np
import pytest

from lanhar.datasets import get_dataset, sample_dir
from lanhar.edge.checks import complaint


def windows_of(recording):
    samples = np.concatenate([recording.acc, recording.gyro], axis=1)
    return [samples[start : start + 300] for start in range(0, len(samples) - 300, 100)]


@pytest.mark.parametrize("name", ["uci", "motionsense"])
def test_no_real_window_is_refused(name, tmp_path):
    dataset = get_dataset(name)(sample_dir(), tmp_path, download=False)
    windows = [window for recording in dataset.recordings() for window in windows_of(recording)]
    assert len(windows) > 100
    assert {complaint(window, window.astype(np.float64)) for window in windows} == {None}


@pytest.mark.parametrize("activity", ["walk", "sit", "jog", "stairs_up"])
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda w: w * np.r_[np.full(3, 1 / 9.80665), 1, 1, 1], "like g"),
        (lambda w: w * np.r_[np.full(3, 1000 / 9.80665), 1, 1, 1], "deliver m/s²"),
        (lambda w: w - np.r_[w[:, :3].mean(axis=0), 0, 0, 0], "no gravity"),
        (lambda w: w * np.r_[0, 0, 0, 1, 1, 1], "accelerometer is silent"),
        (lambda w: w * np.r_[1, 1, 1, 0, 0, 0], "gyroscope is silent"),
        (lambda w: w * 0 + np.r_[0, 9.8, 1, 0.1, 0, 0], "accelerometer is stuck"),
        (lambda w: np.where(np.arange(6) > 2, 0.25, w), "gyroscope is stuck"),
        (lambda w: np.where((np.arange(300) == 40)[:, None], 1e5, w), "no sensor measures|mean length"),
        (lambda w: np.clip(w * np.r_[np.full(3, 9), 1, 1, 1], -39, 39), "end of its range|mean length"),
    ],
)
def test_what_no_sensor_in_the_right_units_measures_is_refused(recordings, activity, spoil, reason):
    for window in windows_of(recordings[activity]):
        spoiled = spoil(window).astype(np.float32)
        assert np.any([word in str(complaint(spoiled, spoiled.astype(np.float64))) for word in reason.split("|")])


@pytest.mark.parametrize("activity", ["walk", "jog", "stairs_up", "stairs_down"])
def test_degrees_are_told_from_radians_by_any_walk(recordings, activity):
    for window in windows_of(recordings[activity]):
        degrees = window * np.r_[1, 1, 1, np.full(3, 180 / np.pi)].astype(np.float32)
        assert "rad/s" in str(complaint(degrees, degrees.astype(np.float64)))
