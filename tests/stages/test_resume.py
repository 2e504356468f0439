"""A killed run goes on, a finished one is not repeated, and the numbers are the same either way."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from lanhar.modules.text_alignment import TextAlignment
from lanhar.train import train

EPOCHS = "mapping.epochs=60"


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, configure):
    """A run that nothing interrupted, in this process."""
    runs = tmp_path_factory.mktemp("unbroken")
    train(configure(runs, EPOCHS))
    return runs


def metrics(runs):
    (path,) = runs.glob("uci_to_motionsense/*/metrics.json")
    return path.read_bytes()


def test_a_run_killed_in_stage_two_goes_on_to_the_same_metrics(unbroken, tmp_path, words):
    command = [sys.executable, "-m", "lanhar.train", *words(tmp_path / "runs", EPOCHS)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=log, stderr=log)
    deadline = time.monotonic() + 120
    while not (found := list(tmp_path.glob("runs/stages/mapping/*/last.ckpt"))):
        assert process.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    epoch = torch.load(found[0], weights_only=True)["epoch"]
    assert epoch < 59
    assert not (found[0].parent / "done.json").exists()
    assert not list(tmp_path.glob("runs/*/*/metrics.json"))
    result = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert metrics(tmp_path / "runs") == metrics(unbroken)


def test_a_run_that_fails_in_stage_one_goes_on_to_the_same_metrics(unbroken, tmp_path, configure, monkeypatch):
    step = TextAlignment.training_step

    def failing(module, batch, index):
        if module.trainer.current_epoch == 1 and index == 1:
            raise RuntimeError("power cut")
        return step(module, batch, index)

    with monkeypatch.context() as patched:
        patched.setattr(TextAlignment, "training_step", failing)
        with pytest.raises(RuntimeError, match="power cut"):
            train(configure(tmp_path, EPOCHS))
    (checkpoint,) = tmp_path.glob("stages/alignment/*/last.ckpt")
    assert torch.load(checkpoint, weights_only=True)["epoch"] == 0
    train(configure(tmp_path, EPOCHS))
    assert torch.load(checkpoint, weights_only=True)["epoch"] == 1
    assert metrics(tmp_path) == metrics(unbroken)


def test_a_finished_command_changes_no_file_and_prints_the_table(unbroken, configure, capsys):
    def state():
        return {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in unbroken.rglob("*") if p.is_file()}

    before = state()
    train(configure(unbroken, EPOCHS))
    assert state() == before
    shown = capsys.readouterr().out
    assert "Already done" in shown
    assert "macro F1" in shown
    assert "Run folder" in shown


def test_force_tests_again(unbroken, configure):
    (path,) = unbroken.glob("uci_to_motionsense/*/metrics.json")
    before, content = path.stat().st_mtime_ns, path.read_bytes()
    train(configure(unbroken, EPOCHS, "force=true"))
    assert path.stat().st_mtime_ns > before
    assert path.read_bytes() == content


def test_checkpoints_hold_plain_values_only(unbroken):
    found = list(unbroken.glob("stages/*/*/last.ckpt"))
    assert {path.parts[-3] for path in found} == {"alignment", "mapping"}
    for path in found:
        assert torch.load(path, weights_only=True)["state_dict"]


def test_another_seed_gives_other_weights(unbroken, tmp_path, configure, weights, same):
    train(configure(tmp_path, "seed=1"))
    one, other = weights(unbroken), weights(tmp_path)
    assert not same(one["alignment"], other["alignment"])
    assert not same(one["mapping"], other["mapping"])
