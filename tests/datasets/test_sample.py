import importlib.util
import re
import subprocess
import sys
import zipfile
from collections import Counter
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from lanhar.datasets import get_dataset, sample_dir

REPOSITORY = Path(__file__).resolve().parents[2]
MAIN = ("walk", "stairs_up", "stairs_down", "sit", "stand")
ACTIVITIES = {
    "uci": {*MAIN, "lie", *(f"{a}_to_{b}" for a, b in permutations(("sit", "stand", "lie"), 2))},
    "motionsense": {*MAIN, "jog"},
}


def read(name, cache):
    dataset = get_dataset(name)(sample_dir(), cache)
    return dataset, list(dataset.recordings())


@pytest.mark.parametrize("name", ACTIVITIES)
def test_it_has_every_activity_of_several_subjects(name, tmp_path):
    dataset, recordings = read(name, tmp_path)
    assert {r.activity for r in recordings} == ACTIVITIES[name]
    for activity in MAIN:
        assert len({r.subject for r in recordings if r.activity == activity}) >= 8
    assert not dataset.report.dropped
    assert not dataset.report.notes
    assert dataset.is_sample


@pytest.mark.parametrize("name", ACTIVITIES)
def test_every_main_activity_has_fifty_windows_of_six_seconds_and_more(name, tmp_path):
    windows = Counter()
    for r in read(name, tmp_path)[1]:
        windows[r.activity] += max(0, (len(r.acc) - 300) // 150 + 1)
    assert min(windows[activity] for activity in MAIN) >= 50, windows


def test_it_is_small_and_its_terms_lie_beside_it():
    assert sum((sample_dir() / f"{name}.zip").stat().st_size for name in ACTIVITIES) < 5_000_000
    assert "Any commercial use is prohibited" in (sample_dir() / "LICENSE-uci.txt").read_text()
    assert "ODbL" in (sample_dir() / "LICENSE-motionsense.txt").read_text()
    assert not list(sample_dir().glob("usc*"))


@pytest.mark.parametrize("name", ACTIVITIES)
def test_its_readme_tells_the_seconds_that_are_in_it(name, tmp_path):
    column = 2 if name == "uci" else 3
    told = {}
    for line in (sample_dir() / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and re.fullmatch(r"\d+", cells[column]):
            told[cells[1]] = int(cells[column])
    dataset, _ = read(name, tmp_path)
    seconds = {a: round(s) for a, s in dataset.report.seconds.items() if "_to_" not in a}
    transitions = sum(s for a, s in dataset.report.seconds.items() if "_to_" in a)
    expected = seconds | {"subjects": len(dataset.report.subjects)}
    assert told == expected | ({"six postural transitions": round(transitions)} if transitions else {})


@pytest.mark.full_data
@pytest.mark.parametrize("name", ACTIVITIES)
def test_every_stretch_stands_in_the_original_with_its_subject_and_activity(name, full_data, tmp_path):
    """The excerpt and its moved labels against the full dataset, both through the reader."""
    whole: dict[tuple[str, str], list[np.ndarray]] = {}
    for r in get_dataset(name)(full_data, tmp_path).recordings():
        whole.setdefault((r.subject, r.activity), []).append(np.hstack([r.acc, r.gyro]))
    for r in read(name, tmp_path)[1]:
        cut = np.hstack([r.acc, r.gyro])
        originals = whole[r.subject, r.activity]
        starts = ((o, i) for o in originals for i in np.flatnonzero((o == cut[0]).all(axis=1)))
        assert any(np.array_equal(o[i : i + len(cut)], cut) for o, i in starts), r


def listing(path: Path) -> list[tuple]:
    with zipfile.ZipFile(path) as archive:
        return [(i.filename, i.CRC, i.date_time) for i in archive.infolist()]


@pytest.mark.full_data
@pytest.mark.slow
def test_the_script_makes_the_same_files_again(full_data, tmp_path):
    script = REPOSITORY / "scripts" / "make_sample.py"
    command = [sys.executable, str(script), "--data-dir", str(full_data), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    for name in ACTIVITIES:
        made, kept = listing(tmp_path / f"{name}.zip"), listing(sample_dir() / f"{name}.zip")
        assert made == kept


def test_rows_come_from_the_middle():
    script = REPOSITORY / "scripts" / "make_sample.py"
    spec = importlib.util.spec_from_file_location("make_sample", script)
    assert spec is not None and spec.loader is not None
    make_sample = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_sample)
    assert list(range(10))[make_sample.middle(10, 4)] == [3, 4, 5, 6]
    assert list(range(3))[make_sample.middle(3, 10)] == [0, 1, 2]
