import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def prepare(tmp_path_factory, data_dir):
    def run(*words):
        folder = tmp_path_factory.mktemp("prepare")
        command = [sys.executable, "-m", "lanhar.prepare", f"data_dir={data_dir}", f"cache_dir={folder}", *words]
        env = {**os.environ, "COLUMNS": "160", "OMP_NUM_THREADS": "1"}
        return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)

    return run


def test_it_says_what_was_found_and_what_was_left_out(prepare):
    result = prepare("dataset=uci", "windows=long")
    assert result.returncode == 0, result.stderr
    # 3 users, 6 activities of 15 s each, 2 s without a label after each.
    assert "3 subjects, 18 recordings, 270 s, 50 Hz" in result.stdout
    rows = [line.split("│") for line in result.stdout.splitlines()]
    found = {row[1].strip(): row[3].strip() for row in rows if len(row) == 5}
    assert found["walk"] == found["lie"] == "45"
    left_out = [row for row in rows if len(row) == 4 and row[2].strip() == "1,800"]
    assert left_out, result.stdout
    # 15 s hold four windows of 6 s at half overlap.
    assert "windows of 6 s: 72" in result.stdout


def test_verify_says_what_differs(prepare):
    result = prepare("dataset=uci", "verify=true")
    assert result.returncode == 2
    assert "DIFFERS" in result.stdout
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("lanhar: uci differs from its data card")
    assert "data card 30, found 3" in line
