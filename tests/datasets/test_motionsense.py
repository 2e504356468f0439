import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lanhar.datasets.motionsense import MotionSense
from lanhar.errors import LanharError


@pytest.fixture
def face_up(fake, tmp_path) -> Path:
    """A phone at rest face-up that is lifted at 0.5 g and turns about z: iOS reads gravity as -1 on z."""
    gravity = np.tile([0.0, 0.0, -1.0], (50, 1))
    lifted = np.tile([0.0, 0.0, -0.5], (50, 1))
    turn = np.tile([0.1, 0.2, 0.3], (50, 1))
    for trial in ("wlk_7", "dws_11"):
        for subject in (2, 10):
            path = tmp_path / "motionsense" / "A_DeviceMotion_data" / trial / f"sub_{subject}.csv"
            fake("motionsense").write_file(path, gravity, lifted, turn)
    return tmp_path / "motionsense"


def test_gravity_and_user_acceleration_add_up_with_the_sign_of_android(face_up, tmp_path):
    recording = next(MotionSense(face_up, tmp_path / "cache").recordings())
    np.testing.assert_allclose(recording.acc, np.tile([0, 0, 1.5 * 9.80665], (50, 1)), rtol=1e-6)


def test_the_rotation_rate_keeps_its_sign(face_up, tmp_path):
    recording = next(MotionSense(face_up, tmp_path / "cache").recordings())
    np.testing.assert_allclose(recording.gyro, np.tile([0.1, 0.2, 0.3], (50, 1)), rtol=1e-6)


def test_files_are_read_in_the_order_of_their_numbers(face_up, tmp_path):
    recordings = list(MotionSense(face_up, tmp_path / "cache").recordings())
    assert [(r.trial, r.subject, r.activity) for r in recordings] == [
        ("dws_11", "2", "stairs_down"),
        ("dws_11", "10", "stairs_down"),
        ("wlk_7", "2", "walk"),
        ("wlk_7", "10", "walk"),
    ]


def test_the_archive_of_the_authors_inside_a_copy_of_their_repository(face_up, tmp_path):
    nested = tmp_path / "A_DeviceMotion_data.zip"
    with zipfile.ZipFile(nested, "w") as archive:
        for path in sorted(face_up.rglob("*.csv")):
            archive.write(path, path.relative_to(face_up))
        archive.writestr("__MACOSX/A_DeviceMotion_data/dws_1/._sub_1.csv", "litter")
    place = tmp_path / "downloads"
    place.mkdir()
    with zipfile.ZipFile(place / "motion-sense-master.zip", "w") as archive:
        archive.write(nested, "motion-sense-master/data/A_DeviceMotion_data.zip")
        archive.writestr("motion-sense-master/README.md", "MotionSense")
    expected = MotionSense(face_up, tmp_path / "cache")
    found = MotionSense(place, tmp_path / "cache")
    assert found.fingerprint() == expected.fingerprint()
    assert len(list(found.recordings())) == 4


@pytest.mark.parametrize("name", ["fly_1/sub_1.csv", "walking/sub_1.csv", "wlk_7/sub_x.csv"])
def test_a_file_that_the_dataset_does_not_have_is_an_error(face_up, tmp_path, name):
    stranger = face_up / "A_DeviceMotion_data" / name
    stranger.parent.mkdir(exist_ok=True)
    shutil.copy(face_up / "A_DeviceMotion_data/wlk_7/sub_2.csv", stranger)
    with pytest.raises(LanharError, match=stranger.parent.name):
        list(MotionSense(face_up, tmp_path / "cache").recordings())


def test_a_missing_column_is_an_error_that_names_file_and_column(face_up, tmp_path):
    path = face_up / "A_DeviceMotion_data/wlk_7/sub_2.csv"
    path.write_text(path.read_text().replace("gravity.z", "gravitas.z"))
    with pytest.raises(LanharError, match=r"sub_2\.csv.*gravity\.z"):
        list(MotionSense(face_up, tmp_path / "cache").recordings())


@pytest.mark.full_data
def test_the_full_dataset_holds_what_was_published(full_data, tmp_path):
    dataset = MotionSense(full_data, tmp_path)
    still = (r.acc for r in dataset.recordings() if r.activity in ("sit", "stand"))
    rest = [np.linalg.norm(acc, axis=1).mean() for acc in still]
    assert [fact for fact in dataset.verify() if not fact.agrees] == []
    assert np.mean(rest) == pytest.approx(9.81, rel=0.01)


@pytest.mark.full_data
def test_user_acceleration_has_the_sign_of_gravity(full_data, tmp_path):
    """Heel strikes are peaks along up, never along down."""
    skewness = []
    for r in MotionSense(full_data, tmp_path).recordings():
        if r.activity == "stairs_down":
            up = r.acc.mean(axis=0) / np.linalg.norm(r.acc.mean(axis=0))
            vertical = r.acc @ up
            skewness.append((((vertical - vertical.mean()) / vertical.std()) ** 3).mean())
    assert np.mean(skewness) > 0.5


@pytest.mark.full_data
def test_gravity_turns_against_the_rotation_rate(full_data, tmp_path):
    """What is fixed in the world changes by -w x v for a body that turns with w: units and handedness."""
    dataset = MotionSense(full_data, tmp_path)
    recording = next(r for r in dataset.recordings() if (r.trial, r.subject) == ("ups_3", "1"))
    table = pd.read_csv(dataset.root() / "A_DeviceMotion_data/ups_3/sub_1.csv")
    up = -table[["gravity.x", "gravity.y", "gravity.z"]].to_numpy()
    change, turn = np.gradient(up, 1 / recording.rate_hz, axis=0), -np.cross(recording.gyro, up)
    assert (change * turn).sum() / (turn**2).sum() == pytest.approx(1.0, abs=0.05)
