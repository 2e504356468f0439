import numpy as np
import pytest

from lanhar.datasets import get_dataset, sample_dir
from lanhar.datasets.uci import UCI
from lanhar.datasets.uci_streams import UNLABELLED, bouts, read_streams
from lanhar.errors import LanharError


def counting(length):
    """Rows 0, 1, 2, ... so that a wrong offset shows."""
    return np.repeat(np.arange(length, dtype=float)[:, None], 3, axis=1)


@pytest.fixture
def tiny(fake, tmp_path):
    labels = [(1, 11, 20), (5, 1, 3), (7, 4, 4)]
    fake("uci").write_experiment(tmp_path / "uci", 7, 4, counting(20), -counting(23), labels)
    fake("uci").write_experiment(tmp_path / "uci", 8, 4, counting(6), counting(6), [(4, 2, 9)])
    return UCI(tmp_path / "uci", tmp_path / "cache")


def test_an_experiment_is_whole_and_its_labels_count_from_one(tiny):
    first, second = read_streams(tiny)
    assert first.acc.shape == first.gyro.shape == (20, 3)
    np.testing.assert_allclose(first.acc[:, 0], np.arange(20) * 9.80665, rtol=1e-6)
    np.testing.assert_allclose(first.gyro[:, 0], -np.arange(20))
    names = ["stand"] * 3 + ["stand_to_sit"] + [UNLABELLED] * 6 + ["walk"] * 10
    assert first.activity.tolist() == names
    assert first.bout.tolist() == [0] * 3 + [1] + [-1] * 6 + [2] * 10
    # A label that goes on beyond the file ends with it; another experiment's labels are not this one's.
    assert second.activity.tolist() == [UNLABELLED] + ["sit"] * 5
    assert (first.experiment, second.experiment, second.subject, second.placement) == (7, 8, "4", "waist")


def test_no_labels_leave_every_sample_unlabelled():
    assert bouts(np.empty((0, 2), dtype=np.int64), 3).tolist() == [-1] * 3


def test_the_labelled_samples_are_the_recordings_of_the_cut_dataset(tmp_path):
    dataset = get_dataset("uci")(sample_dir(), tmp_path)
    recordings = list(dataset.recordings())
    streams = list(read_streams(dataset))
    found = [(s.activity[s.bout == b], s.acc[s.bout == b], s.gyro[s.bout == b]) for s in streams for b in _bouts(s)]
    assert len(found) == len(recordings) > 10
    for (activity, acc, gyro), recording in zip(found, recordings, strict=True):
        assert set(activity.tolist()) == {recording.activity}
        assert np.array_equal(acc, recording.acc) and np.array_equal(gyro, recording.gyro)
    assert sum(len(s.acc) for s in streams) == sum(len(r.acc) for r in recordings) + sum(
        (s.bout < 0).sum() for s in streams
    )


def _bouts(stream):
    return sorted(set(stream.bout.tolist()) - {-1})


def test_a_missing_gyroscope_is_named(tiny, tmp_path):
    (tmp_path / "uci" / "RawData" / "gyro_exp08_user04.txt").unlink()
    with pytest.raises(LanharError, match=r"gyro_exp08_user04\.txt"):
        list(read_streams(tiny))
