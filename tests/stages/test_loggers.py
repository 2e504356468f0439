"""Weights & Biases, offline: a run of its own for every run, finished whatever happens."""

import json
import struct

import pytest
import wandb

import lanhar.stages.test
from lanhar.train import train


def records(folder):
    """The records of an offline run's own file: a LevelDB log of protocol buffers behind seven bytes of header."""
    from wandb.proto import wandb_internal_pb2

    (path,) = folder.glob("*.wandb")
    data, place, found, parts = path.read_bytes(), 7, [], b""
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + 7])
        parts += data[place + 7 : place + 7 + length]
        place += 7 + length
        # 1 whole, 2 first, 3 middle, 4 last part of a record.
        if kind in (1, 4):
            found.append(wandb_internal_pb2.Record.FromString(parts))
            parts = b""
    return found


def history(found):
    rows = []
    for record in found:
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            rows.append({item.key or item.nested_key[0]: json.loads(item.value_json) for item in items})
    return rows


@pytest.fixture(scope="module")
def runs(tmp_path_factory, configure):
    """Two runs one after the other in this process, and a third whose test raises."""
    base = tmp_path_factory.mktemp("wandb")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("WANDB_MODE", "offline")
        patched.setenv("WANDB_SILENT", "true")
        for seed in (0, 1):
            train(configure(base, "logger=wandb", f"seed={seed}"))
            assert wandb.run is None
        patched.setattr(lanhar.stages.test, "run_test", _power_cut)
        with pytest.raises(RuntimeError, match="power cut"):
            train(configure(base, "logger=wandb", "seed=2"))
        assert wandb.run is None
    # W&B's service may still be writing a run's file when the run is finished; it ends when all is written.
    wandb.teardown()
    folders = sorted(base.glob("wandb/offline-run-*"), key=lambda folder: folder.stat().st_mtime_ns)
    return [(folder, records(folder)) for folder in folders]


def _power_cut(*_):
    raise RuntimeError("power cut")


def test_each_run_is_one_of_its_own(runs):
    assert len(runs) == 3
    names = [r.run.display_name for _, found in runs for r in found if r.WhichOneof("record_type") == "run"]
    assert len(set(names)) == 3
    assert all(name.startswith("uci_to_motionsense-") for name in names)


def test_each_run_is_finished_and_a_failed_one_says_so(runs):
    codes = [[r.exit.exit_code for r in found if r.WhichOneof("record_type") == "exit"] for _, found in runs]
    assert sorted(codes) == [[0], [0], [1]]


def test_a_run_logs_config_stages_scores_pictures_and_texts(runs):
    folder, found = next((f, r) for f, r in runs if any("confusion" in row for row in history(r)))
    logged = {key for row in history(found) for key in row}
    wanted = {"alignment/train/loss", "alignment/val/text_accuracy", "mapping/train/clip", "mapping/val/accuracy"}
    wanted |= {"test/lanhar/macro_f1", "test/logistic_regression/accuracy", "confusion", "embedding", "interpretations"}
    assert wanted <= logged
    assert any(key.startswith("lr-") for key in logged)
    assert list(folder.glob("files/media/images/confusion*.png"))
    assert list(folder.glob("files/media/images/embedding*.png"))
    (table,) = folder.glob("files/media/table/interpretations*.json")
    rows = json.loads(table.read_text())
    assert rows["columns"] == ["activity", "subject", "interpretation"]
    assert {row[0] for row in rows["data"]} == {"walk", "still", "stairs_up", "stairs_down"}
    updates = [u for r in found for u in [*r.run.config.update, *r.config.update]]
    config = {u.key or u.nested_key[0]: json.loads(u.value_json) for u in updates}
    assert config["seed"] in (0, 1)
    assert config["mapping"]["loss"]["prototype"]["weight"] == 1.0
