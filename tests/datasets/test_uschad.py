import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from lanhar.datasets.uschad import USCHAD
from lanhar.errors import LanharError


@pytest.fixture
def tiny(fake, tmp_path) -> Path:
    """Upright at 1 g, turning at 180 degrees/s about the vertical."""
    for name in ("Subject2/a1t1", "Subject10/a10t1", "Subject2/a6t2", "Subject2/a3t1"):
        path = tmp_path / "USC-HAD" / "data" / f"{name}.mat"
        fake("uschad").write_file(path, np.tile([1.0, 0, 0], (300, 1)), np.tile([180.0, -90.0, 0], (300, 1)))
    return tmp_path / "USC-HAD"


def test_g_becomes_m_s2_and_degrees_become_radians(tiny, tmp_path):
    recording = next(USCHAD(tiny, tmp_path / "cache").recordings())
    np.testing.assert_allclose(recording.acc[0], [9.80665, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(recording.gyro[0], [np.pi, -np.pi / 2, 0], rtol=1e-6)
    assert (recording.rate_hz, recording.seconds, recording.placement) == (100.0, 3.0, "hip")


def test_subject_activity_and_trial_come_from_the_path_in_order(tiny, tmp_path):
    found = [(r.subject, r.activity, r.trial) for r in USCHAD(tiny, tmp_path / "cache").recordings()]
    assert found == [
        ("2", "walk", "a1t1"), ("2", "walk", "a3t1"), ("2", "jog", "a6t2"), ("10", "lie", "a10t1"),
    ]  # fmt: skip


def test_the_layout_of_the_site_has_no_data_folder(tiny, tmp_path):
    expected = USCHAD(tiny, tmp_path / "cache").fingerprint()
    shutil.move(tiny / "data", tmp_path / "site" / "USC-HAD")
    dataset = USCHAD(tmp_path / "site", tmp_path / "cache")
    assert dataset.fingerprint() == expected
    assert len(list(dataset.recordings())) == 4


def test_an_unknown_activity_is_an_error(tiny, tmp_path):
    shutil.copy(tiny / "data/Subject2/a1t1.mat", tiny / "data/Subject2/a13t1.mat")
    with pytest.raises(LanharError, match=r"a13t1\.mat is of activity 13"):
        list(USCHAD(tiny, tmp_path / "cache").recordings())


@pytest.mark.parametrize("content", ["text", "other field", "five columns", "not a number"])
def test_a_damaged_file_is_an_error_that_names_it(tiny, tmp_path, content):
    path = tiny / "data/Subject2/a1t1.mat"
    if content == "text":
        path.write_text("no MATLAB file")
    elif content == "other field":
        savemat(path, {"readings": np.zeros((5, 6))})
    elif content == "five columns":
        savemat(path, {"sensor_readings": np.zeros((5, 5))})
    else:
        savemat(path, {"sensor_readings": np.full((5, 6), np.nan)})
    with pytest.raises(LanharError, match=r"a1t1"):
        list(USCHAD(tiny, tmp_path / "cache").recordings())


@pytest.mark.full_data
def test_the_full_dataset_holds_what_was_published(full_data, tmp_path):
    dataset = USCHAD(full_data, tmp_path)
    recordings = list(dataset.recordings())
    assert [fact for fact in dataset.verify() if not fact.agrees] == []
    rest = [np.linalg.norm(r.acc, axis=1).mean() for r in recordings if r.activity in ("sit", "stand")]
    assert np.mean(rest) == pytest.approx(9.81, rel=0.01)


@pytest.mark.full_data
def test_turning_left_is_positive_about_up(full_data, tmp_path):
    """Right-handed axes with Android's sign; it also settles a3t2 of subject 14, whose fields say left."""
    turns = {"a2": [], "a3": []}
    for r in USCHAD(full_data, tmp_path).recordings():
        if r.trial[:3] in ("a2t", "a3t"):
            up = r.acc.mean(axis=0) / np.linalg.norm(r.acc.mean(axis=0))
            turns[r.trial[:2]].append((r.gyro @ up).mean())
    assert min(turns["a2"]) > 0
    assert max(turns["a3"]) < 0
