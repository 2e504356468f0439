import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lanhar.datasets.pamap2 import PAMAP2
from lanhar.errors import LanharError


def read(folder, cache, **options):
    dataset = PAMAP2(folder, cache, **options)
    return dataset, list(dataset.recordings())


def set_lost(path: Path, rows: range, columns: range) -> None:
    lines = [line.split(" ") for line in path.read_text().splitlines()]
    for row in rows:
        for column in columns:
            lines[row][column] = "NaN"
    path.write_text("\n".join(" ".join(line) for line in lines) + "\n")


def test_the_chest_unit_is_read_at_16_g_with_the_gyroscope_of_the_same_unit(fake, tmp_path):
    root = fake("pamap2").write(tmp_path, activities=(4, 1), seconds=4.0)
    dataset, recordings = read(tmp_path, tmp_path / "cache")
    raw = np.loadtxt(root / "Protocol/subject101.dat")
    walk = next(r for r in recordings if r.activity == "walk" and r.subject == "101")
    rows = raw[:, 1] == 4
    np.testing.assert_allclose(walk.acc, raw[rows][:, 21:24], atol=1e-4)
    np.testing.assert_allclose(walk.gyro, raw[rows][:, 27:30], atol=1e-4)
    assert {(r.activity, r.placement, r.rate_hz) for r in recordings} == {
        ("walk", "chest", 100), ("lie", "chest", 100),
    }  # fmt: skip
    assert dataset.report.dropped == {"between activities (id 0)": 2 * 2 * 500}


def test_hand_and_ankle_are_there_when_asked_for(fake, tmp_path):
    root = fake("pamap2").write(tmp_path, subjects=(105,), activities=(13,), seconds=3.0)
    _, recordings = read(root, tmp_path / "cache", placements=["hand", "ankle"])
    raw = np.loadtxt(root / "Protocol/subject105.dat")
    hand, ankle = recordings
    assert (hand.placement, ankle.placement, hand.activity) == ("hand", "ankle", "stairs_down")
    np.testing.assert_allclose(hand.acc, raw[500:, 4:7], atol=1e-4)
    np.testing.assert_allclose(ankle.gyro, raw[500:, 44:47], atol=1e-4)


def test_a_lost_sample_is_jitter_and_a_lost_fifth_of_a_second_is_a_gap(fake, tmp_path):
    root = fake("pamap2").write(tmp_path, subjects=(101,), activities=(4,), seconds=8.0)
    chest = range(20, 37)
    set_lost(root / "Protocol/subject101.dat", range(700, 703), chest)
    set_lost(root / "Protocol/subject101.dat", range(900, 920), chest)
    dataset, recordings = read(root, tmp_path / "cache")
    assert [len(r.acc) for r in recordings] == [400, 380]
    assert dataset.report.dropped["lost samples (NaN)"] == 23


def test_optional_files_and_unknown_ids(fake, tmp_path):
    root = fake("pamap2").write(tmp_path, subjects=(101,), activities=(24,), seconds=2.0)
    (root / "Optional").mkdir()
    (root / "Optional/subject101.dat").write_text("not read\n")
    dataset, [recording] = read(root, tmp_path / "cache")
    assert recording.activity == "rope_skip"
    facts = {f.what: f.found for f in dataset.verify()}
    assert facts == {"subjects": 1, "files": 1}
    path = root / "Protocol/subject101.dat"
    path.write_text(path.read_text().replace(" 24 ", " 23 "))
    with pytest.raises(LanharError, match="activity id 23"):
        read(root, tmp_path / "cache2")
    path.write_text("1 2 3\n")
    with pytest.raises(LanharError, match="54 numbers"):
        read(root, tmp_path / "cache3")


def test_the_archive_of_the_site_holds_an_archive(fake, tmp_path):
    root = fake("pamap2").write(tmp_path / "plain", subjects=(101,), activities=(4,), seconds=2.0)
    inner = shutil.make_archive(str(tmp_path / "PAMAP2_Dataset"), "zip", root.parent, root.name)
    with zipfile.ZipFile(tmp_path / "pamap2+physical+activity+monitoring.zip", "w") as outer:
        outer.write(inner, Path(inner).name)
    Path(inner).unlink()
    _, [recording] = read(tmp_path, tmp_path / "cache")
    assert recording.activity == "walk"
