"""The networks among the baselines: one training for every target, resumable, and no target in it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir

from lanhar.cli import config_dir
from lanhar.errors import LanharError
from lanhar.modules.classification import Classification
from lanhar.modules.masked_reconstruction import MaskedReconstruction
from lanhar.stages.networks import build_network, run_network
from lanhar.stages.settings import baseline_settings

NAMES = ("cnn", "deepconvlstm", "transformer", "masked")
SMALL = {"epochs": 2, "batch_size": 16, "batches_per_epoch": 2, "augmented_copies": 1}
SHAPES = {
    "cnn": {"filters": [8]},
    "deepconvlstm": {"filters": 4, "units": 8, "layers": 2},
    "transformer": {"dim": 16, "layers": 1, "heads": 2, "feedforward": 16},
    "masked": {"dim": 16, "layers": 1, "heads": 2, "feedforward": 16, "units": 8},
}


def published(name):
    """The settings of conf/baselines/<name>.yaml, as a run has them."""
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return baseline_settings(compose("train", overrides=[f"baselines=[{name}]"]))[name]


def small(name):
    settings = published(name)
    found = {**settings, **SMALL, "network": {**settings["network"], **SHAPES[name]}}
    if "pretraining" in settings:
        found["pretraining"] = {**settings["pretraining"], "epochs": 2}
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory, configure, loaded):
    """`run("cnn", folder, "target=uschad")`: (N, C) probabilities, and the data they are of."""

    def start(name, folder, *words, change=lambda data: data, **settings):
        cfg = configure(folder, "windows=short", *words)
        data = change(loaded(cfg))
        return run_network(cfg, data, name, {**small(name), **settings}, folder, []), data

    return start


@pytest.mark.parametrize("windows", ["long", "short"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_published_fits_both_lengths(name, windows):
    length = {"long": 300, "short": 120}[windows]
    network = build_network(name, published(name), 5, length)
    assert network(torch.zeros(2, length, 6)).shape == (2, 5)
    assert sum(p.numel() for p in network.parameters()) <= 300_000


@pytest.mark.parametrize("name", NAMES)
def test_probabilities_are_the_targets_windows_in_order(name, run, tmp_path):
    found, data = run(name, tmp_path)
    assert found.shape == (len(data.target), len(data.space))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.sum(axis=1), 1)
    # Each on its own: the first windows are predicted the same without the others.
    few, _ = run(name, tmp_path, change=lambda data: replace(data, target=data.target.select(np.arange(3))))
    np.testing.assert_allclose(few, found[:3], atol=1e-6)


@pytest.mark.parametrize("name", ["cnn", "masked"])
def test_one_training_serves_every_target(name, run, tmp_path, monkeypatch):
    first, _ = run(name, tmp_path, "source=uci", "target=motionsense")
    checkpoints = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.ckpt")}
    assert {path.parts[-3] for path in checkpoints} == {f"baseline-{name}"} | (
        {"baseline-masked-pretraining"} if name == "masked" else set()
    )

    def never(*_):
        raise AssertionError("trained again")

    with monkeypatch.context() as patched:
        patched.setattr(Classification, "training_step", never)
        patched.setattr(MaskedReconstruction, "training_step", never)
        other, data = run(name, tmp_path, "source=uci", "target=uschad")
        again, _ = run(name, tmp_path, "source=uci", "target=motionsense")
    assert other.shape == (len(data.target), len(data.space))
    assert np.array_equal(first, again)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.ckpt")} == checkpoints
    run(name, tmp_path, "source=uci", "target=motionsense", lr=1e-4)
    assert len(list(tmp_path.glob(f"baseline-{name}/*/last.ckpt"))) == 2


def states(folder):
    paths = sorted(folder.rglob("last.ckpt"))
    return [torch.load(path, weights_only=True)["state_dict"] for path in paths]


def test_no_weight_knows_the_targets_windows_or_labels(run, tmp_path, same):
    def another(data):
        rng = np.random.default_rng(0)
        samples = rng.normal(size=data.target.samples.shape).astype(np.float32)
        target = replace(data.target, samples=samples, activity=rng.permutation(data.target.activity))
        return replace(data, target=target, unlabelled=target.without_labels())

    first, _ = run("masked", tmp_path / "true")
    second, _ = run("masked", tmp_path / "another", change=another)
    assert not np.allclose(first, second)
    one, other = states(tmp_path / "true"), states(tmp_path / "another")
    assert len(one) == len(other) == 2
    assert all(same(*pair) for pair in zip(one, other, strict=True))


@pytest.mark.parametrize(("name", "module"), [("cnn", Classification), ("masked", MaskedReconstruction)])
def test_a_killed_training_goes_on_to_the_same_numbers(name, module, run, tmp_path, monkeypatch):
    unbroken, _ = run(name, tmp_path / "unbroken")
    step = module.training_step

    def failing(self, batch, index):
        if self.trainer.current_epoch == 1 and index == 1:
            raise RuntimeError("power cut")
        return step(self, batch, index)

    with monkeypatch.context() as patched:
        patched.setattr(module, "training_step", failing)
        with pytest.raises(RuntimeError, match="power cut"):
            run(name, tmp_path / "broken")
    (checkpoint,) = (tmp_path / "broken").rglob("last.ckpt")
    assert torch.load(checkpoint, weights_only=True)["epoch"] == 0
    resumed, _ = run(name, tmp_path / "broken")
    assert np.array_equal(unbroken, resumed)
    other, _ = run(name, tmp_path / "other", "seed=1")
    assert not np.allclose(unbroken, other)


def test_pre_training_reaches_the_classifier(run, tmp_path):
    run("masked", tmp_path)
    (before,) = tmp_path.glob("baseline-masked-pretraining/*/last.ckpt")
    learnt = torch.load(before, weights_only=True)["state_dict"]
    torch.manual_seed(0)
    fresh = build_network("masked", small("masked"), 4, 300).state_dict()
    assert not torch.equal(learnt["network.transformer.position"], fresh["transformer.position"])
    # A rate of next to nothing: what was learnt before is what is left.
    run("masked", tmp_path, lr=1e-12)
    tuned = [torch.load(path, weights_only=True)["state_dict"] for path in tmp_path.glob("baseline-masked/*/last.ckpt")]
    kept = [torch.allclose(s["network.transformer.position"], learnt["network.transformer.position"]) for s in tuned]
    assert sorted(kept) == [False, True]


def test_settings_that_do_not_fit_are_named():
    settings = small("transformer")
    with pytest.raises(LanharError, match=r"baselines\.transformer\.network cannot be built: a patch of 400"):
        build_network("transformer", {**settings, "network": {**settings["network"], "patch": 400}}, 4, 300)
    with pytest.raises(LanharError, match=r"baselines\.cnn\.pretraining needs a MaskedEncoder"):
        build_network("cnn", {**small("cnn"), "pretraining": {}}, 4, 300)


def test_real_recordings_are_learnt_in_seconds(configure, loaded, tmp_path):
    words = ("data_dir=sample", "source=uci", "target=motionsense", f"cache_dir={tmp_path / 'cache'}")
    cfg = configure(tmp_path, *words)
    data = loaded(cfg)
    few = {"epochs": 6, "batches_per_epoch": 10, "batch_size": 32, "augmented_copies": 1}
    found = run_network(cfg, data, "cnn", {**published("cnn"), **few}, tmp_path, [])
    truth = data.target.labels(data.space)
    recalls = [(found.argmax(axis=1) == truth)[truth == activity].mean() for activity in np.unique(truth)]
    assert np.mean(recalls) > 0.45  # chance is 0.25
