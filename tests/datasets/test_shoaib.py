import numpy as np
import pandas as pd
import pytest

from lanhar.datasets.shoaib import Shoaib, gaps
from lanhar.errors import LanharError


def read(folder, cache, **options):
    dataset = Shoaib(folder, cache, **options)
    return dataset, list(dataset.recordings())


def test_five_placements_and_seven_activities_of_each_participant(fake, tmp_path):
    fake("shoaib").write(tmp_path, participants=(1, 2, 10), seconds=3.0)
    dataset, recordings = read(tmp_path, tmp_path / "cache")
    assert len(recordings) == 3 * 5 * 7
    assert [r.subject for r in recordings[::35]] == ["1", "2", "10"]
    assert {r.placement for r in recordings} == {"left_pocket", "right_pocket", "wrist", "upper_arm", "belt"}
    assert dataset.report.seconds["stairs_up"] == 3 * 5 * 3.0, "upsatirs is upstairs"
    assert "50 Hz assumed" in dataset.report.notes[0]


def test_each_placement_reads_its_own_group_with_gravity(fake, tmp_path):
    root = fake("shoaib").write(tmp_path, participants=(4,), seconds=2.0)
    _, recordings = read(root, tmp_path / "cache", placements=["belt", "wrist"])
    raw = pd.read_csv(root / "Participant_4.csv", skiprows=2, header=None)
    for name, first in (("belt", 56), ("wrist", 28)):
        jog = next(r for r in recordings if r.placement == name and r.activity == "jog")
        rows = raw[69] == "jogging"
        np.testing.assert_allclose(jog.acc, raw.loc[rows, first + 1 : first + 3], atol=1e-5)
        np.testing.assert_allclose(jog.gyro, raw.loc[rows, first + 7 : first + 9], atol=1e-5)
        assert np.linalg.norm(jog.acc.mean(axis=0)) == pytest.approx(9.81, abs=0.2)


def test_whole_time_stamps_split_at_gaps(fake, tmp_path):
    root = fake("shoaib").write(tmp_path, participants=(1,), seconds=4.0, coarse_stamps=False)
    path = root / "Participant_1.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[: 2 + 100] + lines[2 + 120 :]) + "\n")
    _, recordings = read(root, tmp_path / "cache", placements=["belt"])
    assert [len(r.acc) for r in recordings if r.activity == "walk"] == [100, 80]


def test_stamps_that_cannot_tell_are_not_used():
    assert gaps(np.full(100, 1.39e12)) is None
    assert gaps(np.arange(100) * 1000.0) is None
    found = gaps(np.concatenate([np.arange(200), 300 + np.arange(200)]) * 20.0)
    assert np.flatnonzero(found).tolist() == [199]


def test_missing_numbers_are_dropped_and_unknown_activities_refused(fake, tmp_path):
    root = fake("shoaib").write(tmp_path, participants=(1,), seconds=3.0)
    path = root / "Participant_1.csv"
    lines = path.read_text().splitlines()
    cells = lines[60].split(",")
    cells[57] = ""
    path.write_text("\n".join([*lines[:60], ",".join(cells), *lines[61:]]) + "\n")
    dataset, recordings = read(root, tmp_path / "cache", placements=["belt"])
    assert dataset.report.dropped == {"rows with missing numbers": 1}
    assert [len(r.acc) for r in recordings if r.activity == "walk"] == [58, 91]
    path.write_text(path.read_text().replace("upsatirs", "moonwalk"))
    with pytest.raises(LanharError, match="'moonwalk' is not one of"):
        read(root, tmp_path / "cache")
    path.write_text("a\nb\n1,2,3\n")
    with pytest.raises(LanharError, match="70 columns"):
        read(root, tmp_path / "cache")
