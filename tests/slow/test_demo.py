"""The quickstart as a newcomer runs it: an empty folder, an empty cache, the real command, nothing made smaller."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
CHANCE = 0.25


def quickstart(folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "lanhar.train", "+experiment=quickstart", f"cache_dir={folder / 'cache'}"]
    environment = {**os.environ, "COLUMNS": "160"}
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment, timeout=1500)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, quickstart(folder)


@pytest.fixture
def run_folder(demo):
    folder, result = demo
    assert result.returncode == 0, result.stderr
    (metrics,) = folder.glob("runs/quickstart/*/metrics.json")
    return metrics.parent


def test_it_ends_with_a_table_and_names_the_run_folder(demo, run_folder):
    table = demo[1].stdout[demo[1].stdout.index("uci → motionsense") :]
    said = ("protocol source_only", "seed 0", "test windows", "lanhar", "logistic regression", "random forest")
    for words in (*said, "climbing stairs", "accuracy", "weighted F1", "macro F1", "bootstrap over subjects"):
        assert words in table
    assert "SYNTHETIC" not in table
    assert table.strip().splitlines()[-1] == f"Run folder: runs/quickstart/{run_folder.name}"


def test_the_run_folder_holds_everything_that_the_readme_lists(run_folder):
    names = (
        "metrics.json", "table.md", "predictions.parquet", "confusion.png", "embedding.png", "label_bank.npz",
        "config.yaml", "versions.json", "splits.json", "stages.json",
    )  # fmt: skip
    for name in names:
        assert (run_folder / name).stat().st_size > 0
    for stage in json.loads((run_folder / "stages.json").read_text()).values():
        assert (run_folder.parents[1] / stage / "last.ckpt").is_file()


def test_it_recognises_activities_of_people_and_pockets_that_it_never_saw(run_folder):
    report = json.loads((run_folder / "metrics.json").read_text())
    assert report["run"]["synthetic"] is False
    assert report["run"]["n_subjects"] == 12
    assert set(report["methods"]) == {"lanhar", "logistic_regression", "random_forest"}
    lanhar = report["methods"]["lanhar"]
    assert lanhar["macro_f1"] > 2 * CHANCE
    recognised = [name for name, scores in lanhar["per_activity"].items() if scores["f1"] > 0.5]
    assert len(recognised) >= 2, lanhar["per_activity"]


def test_the_same_command_again_trains_nothing_and_shows_the_same(demo, run_folder):
    before = {path: path.stat().st_mtime_ns for path in demo[0].glob("runs/**/*") if path.is_file()}
    again = quickstart(demo[0])
    assert again.returncode == 0, again.stderr
    assert "Already done" in again.stdout
    first = demo[1].stdout[demo[1].stdout.index("uci → motionsense") :]
    assert again.stdout[again.stdout.index("uci → motionsense") :] == first
    assert {path: path.stat().st_mtime_ns for path in demo[0].glob("runs/**/*") if path.is_file()} == before
