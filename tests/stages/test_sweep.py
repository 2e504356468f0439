"""A Hydra multirun through the real command line: one table, nothing done twice, one failure stops no other."""

import os
import subprocess
import sys

import pandas as pd
import pytest

GRID = ("source=uci,motionsense", "target=uschad", "seed=0,1")


def start(words, cwd):
    command = [sys.executable, "-m", "lanhar.train", "-m", *words]
    env = {**os.environ, "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)


@pytest.fixture(scope="module")
def swept(tmp_path_factory, words):
    folder = tmp_path_factory.mktemp("sweep")
    line = [*words(folder / "runs"), f"study={folder / 'study' / 'results'}", *GRID]
    return folder, line, start(line, folder)


def test_a_sweep_ends_with_one_table(swept):
    folder, _, result = swept
    assert result.returncode == 0, result.stderr
    assert len(list(folder.glob("runs/*_to_uschad/*/metrics.json"))) == 4
    end = result.stdout[result.stdout.rindex("mean ± std over seeds") :]
    assert end.count("lanhar") == 2
    assert end.count("logistic regression") == 2
    (csv,) = folder.glob("runs/sweeps/*/runs.csv")
    rows = pd.read_csv(csv)
    assert len(rows) == 8
    jobs = set(zip(rows["source"], rows["seed"], strict=True))
    assert jobs == {(source, seed) for source in ("uci", "motionsense") for seed in (0, 1)}
    assert set(rows["protocol"]) == {"source_only"}
    assert set(rows["interpreter"]) == {"rules"}
    assert csv.with_suffix(".md").read_text().startswith("| study ")
    study = pd.read_csv(folder / "study" / "results.csv")
    columns = ["source", "target", "seed", "method", "macro_f1"]
    assert study[columns].equals(rows[columns])
    assert (folder / "study" / "results.png").exists()


def test_the_same_sweep_again_trains_nothing_and_shows_the_same_table(swept):
    folder, line, first = swept
    before = {p: p.stat().st_mtime_ns for p in folder.glob("runs/**/*") if p.is_file() and "sweeps" not in p.parts}
    # In another order of words it is the same sweep.
    again = start([*GRID, *line[: -len(GRID)]], folder)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("Already done") == 4
    after = {p: p.stat().st_mtime_ns for p in folder.glob("runs/**/*") if p.is_file() and "sweeps" not in p.parts}
    assert after == before
    assert len(list(folder.glob("runs/sweeps/*/runs.csv"))) == 1
    table = first.stdout[first.stdout.rindex("mean ± std") :]
    assert sorted(again.stdout[again.stdout.rindex("mean ± std") :].splitlines()) == sorted(table.splitlines())


def test_a_failing_job_leaves_the_others_done(swept, words):
    folder, _, _ = swept
    # MotionSense has nobody lying down.
    spaces = "label_space.activities=[walk,still],[walk,still,lie]"
    result = start([*words(folder / "other"), "source=motionsense", "target=uci", spaces], folder)
    assert result.returncode == 2
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("lanhar: ")
    assert "lie" in line
    assert len(list(folder.glob("other/motionsense_to_uci/*/metrics.json"))) == 1
    (csv,) = folder.glob("other/sweeps/*/runs.csv")
    assert len(pd.read_csv(csv)) == 2


def test_a_sweep_over_pairs_leaves_out_a_dataset_with_itself(words, tmp_path):
    line = [*words(tmp_path / "runs"), "method=none", "source=uci,[uci,uschad]", "target=uci", "overlap=skip"]
    result = start(line, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("Skipped: uci is source and target.") == 2
    assert not list(tmp_path.glob("runs/*_to_*"))
