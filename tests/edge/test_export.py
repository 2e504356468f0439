"""The whole way: a short training on the built-in sample, its bundle, and the bundle at work."""

import json
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from lanhar.cli import config_dir
from lanhar.edge import export, parity
from lanhar.edge.bundle import read_bundle
from lanhar.edge.export import export_run
from lanhar.edge.labels import LabelEncoder
from lanhar.edge.parity import Parity, require
from lanhar.edge.runtime import Recogniser, load
from lanhar.errors import LanharError
from lanhar.train import train

QUICK = [
    "+experiment=quickstart",
    "text_encoder.trainable_layers=1",
    "alignment.max_windows=48",
    "alignment.epochs=1",
    "alignment.batch_size=16",
    "mapping.epochs=4",
    "mapping.augmented_copies=1",
    "baselines=[]",
    "callbacks.progress_bar=null",
]


def composed(name, *words):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return compose(name, overrides=list(words))


@pytest.fixture(scope="module", params=["gait", pytest.param("transformer", marks=pytest.mark.slow)])
def run(request, tmp_path_factory, tiny_text_encoder):
    folder = tmp_path_factory.mktemp(request.param)
    places = [f"runs_dir={folder / 'runs'}", f"cache_dir={folder / 'cache'}"]
    encoder = f"text_encoder.name={tiny_text_encoder}"
    train(composed("train", *QUICK, *places, encoder, f"sensor_encoder={request.param}"))
    return next((folder / "runs" / "quickstart").iterdir())


@pytest.fixture(scope="module")
def bundle(run):
    return export_run(composed("export", f"run={run}"))


def test_the_graphs_do_what_the_trained_encoder_does_on_real_windows(bundle):
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert manifest["parity"]["windows"] > 300
    assert manifest["parity"]["fp32_difference"] < 1e-4
    assert manifest["parity"]["int8_same_activity"] >= 0.99
    before, after = (manifest["metrics"][f"{when}_quantisation"]["accuracy"] for when in ("before", "after"))
    assert abs(before - after) < 0.02
    assert (bundle / "encoder.int8.onnx").stat().st_size <= 1_000_000
    assert manifest["metrics"]["unknown_share"] is None
    assert manifest["licences"]["data"]["uci"].startswith("CC BY")


def test_how_many_windows_are_called_unknown_is_told():
    cosines, distances = np.array([[0.9, 0.1], [0.6, 0.5], [0.2, 0.1]], np.float32), np.array([1.0, 2.0, 3.0])
    for rule, threshold, share in [
        (None, None, None),
        (None, 0.6, 2 / 3),
        (("input_distance", 2.5), None, 1 / 3),
        (("cosine", 0.3), None, 2 / 3),
        (("probability", 0.3), None, 2 / 3),
        (("input_distance", 0.5), 0.6, 1),
    ]:
        found = {"temperature": 0.5, "unknown": rule and {"score": rule[0], "above": rule[1]}}
        assert export._unknown_share(cosines, distances, found, threshold) == pytest.approx(share)


def test_the_bundle_passes_its_own_test_vectors(bundle):
    content = json.loads((bundle / "test_vectors.json").read_text())
    assert len(content["resampling"]) == 3
    assert {vector["performed"] for vector in content["vectors"]} >= {"walk", "sit", "jog", "stairs_up"}
    for precision, least in (("fp32", 1 - 1e-6), ("int8", 0.99)):
        encoder = load(bundle, precision)
        for vector in content["vectors"]:
            embedding = encoder.embed(np.array(vector["window"], dtype=np.float32))
            assert embedding @ np.array(vector[precision]["embedding"]) > least
            cosines = encoder.bundle.labels.embeddings @ embedding
            assert encoder.bundle.labels.names[cosines.argmax()] == vector[precision]["activity"]


def test_a_label_in_words_gets_the_place_that_the_run_gives_it(bundle):
    words = LabelEncoder(bundle)
    labels = load(bundle).bundle.labels
    for texts, embedding in zip(labels.interpretations, labels.embeddings, strict=True):
        assert words.embed(texts) @ embedding > 0.97
    recogniser = Recogniser(load(bundle))
    recogniser.add_label("rope skipping", words.embed("quick, even jumps in place"))
    assert recogniser.names[-1] == "rope skipping"
    with pytest.raises(LanharError, match="write some words"):
        words.embed(" ")


def test_labels_in_words_need_no_torch(bundle):
    code = f"""
import sys
sys.modules["torch"] = sys.modules["transformers"] = sys.modules["scipy"] = None
from lanhar.edge.labels import LabelEncoder
print(LabelEncoder({str(bundle)!r}).embed("quick jumps").shape)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "(128,)"


def test_predict_writes_a_timeline_and_a_picture(bundle, walk, tmp_path):
    table = np.column_stack([walk[0], walk[1]])[:1000]
    header = "time,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z"
    np.savetxt(tmp_path / "walk.csv", table, delimiter=",", header=header, comments="", fmt="%.6f")
    words = [f"bundle={bundle}", "input=walk.csv", "labels={hopping: quick jumps}"]
    command = [sys.executable, "-m", "lanhar.predict", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = (tmp_path / "walk_timeline.csv").read_text().splitlines()
    assert len(lines) == 16
    assert lines[1].startswith("6.000,")
    assert (tmp_path / "walk_timeline.png").read_bytes().startswith(b"\x89PNG")
    assert "15 windows" in done.stderr
    piped = [sys.executable, "-m", "lanhar.predict", f"bundle={bundle}", "input=-", "out=-"]
    text = (tmp_path / "walk.csv").read_text()
    done = subprocess.run(piped, cwd=tmp_path, input=text, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 16


def test_a_graph_that_differs_is_not_written(run, tmp_path, monkeypatch):
    monkeypatch.setattr(parity, "MOST_DIFFERENCE", 1e-12)
    with pytest.raises(LanharError, match=r"encoder\.onnx differs.*nothing was written"):
        export_run(composed("export", f"run={run}", f"out={tmp_path / 'bundle'}"))
    assert not (tmp_path / "bundle").exists()


@pytest.fixture
def exported(bundle, tmp_path):
    """A bundle in a folder of its own, and its bytes: what an interrupted export may not touch."""
    folder = tmp_path / "bundle"
    shutil.copytree(bundle, folder)
    return folder, contents(folder)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# Before the graphs are compared, after the last large file, and with nothing left to write but the manifest.
STEPS = ("_tested", "write_text_encoder", "_metrics")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("no space left on device")])
def test_an_export_that_fails_midway_leaves_the_old_bundle_or_none(run, exported, tmp_path, monkeypatch, step, error):
    def fails(*args):
        raise error

    monkeypatch.setattr(export, step, fails)
    for folder in (exported[0], tmp_path / "new"):
        with pytest.raises((KeyboardInterrupt, OSError)):
            export_run(composed("export", f"run={run}", f"out={folder}", "hop_s=2.0"))
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert contents(exported[0]) == exported[1]


KILLED = """
import os, signal, sys
from hydra import compose, initialize_config_dir
from lanhar.cli import config_dir
from lanhar.edge import export

setattr(export, sys.argv[1], lambda *args: os.kill(os.getpid(), signal.SIGKILL))
with initialize_config_dir(str(config_dir()), version_base="1.3"):
    export.export_run(compose("export", overrides=sys.argv[2:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_an_export_that_is_killed_leaves_the_old_bundle_or_none(run, exported, tmp_path, step):
    for folder in (exported[0], tmp_path / "new"):
        command = [sys.executable, "-c", KILLED, step, f"run={run}", f"out={folder}", "hop_s=2.0"]
        assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    assert contents(exported[0]) == exported[1]
    assert not (tmp_path / "new").exists()
    # What it had written lies beside, hidden, and is no bundle to anyone.
    for path in tmp_path.glob(".*/*"):
        with pytest.raises(LanharError, match="is no bundle"):
            read_bundle(path)
    assert export_run(composed("export", f"run={run}", f"out={exported[0]}", "hop_s=2.0")) == exported[0]
    assert read_bundle(exported[0]).preprocessing.hop_s == 2.0


@pytest.mark.parametrize("broken", [Parity(10, np.nan, 1.0, 1.0), Parity(10, 1e-6, 0.98, 0.9)])
def test_parity_that_is_not_reached_is_an_error(broken):
    with pytest.raises(LanharError, match="nothing was written"):
        require(broken)


def test_the_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(LanharError, match="holds other files"):
        export_run(composed("export", "run=somewhere", f"out={tmp_path}"))
    assert (tmp_path / "thesis.tex").exists()


@pytest.mark.parametrize("words", [[], ["run=a", "hop_s=0.0"], ["run=a", "unknown_threshold=2.0"], ["run=nowhere"]])
def test_mistakes_are_found_before_the_work(words):
    with pytest.raises(LanharError, match="write"):
        export_run(composed("export", *words))
