"""What of a run is trained: both stages, only baselines, or the paper's settings."""

import json

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir

from lanhar.cli import config_dir
from lanhar.errors import LanharError
from lanhar.signals.table import FEATURES
from lanhar.stages.align import run_alignment
from lanhar.stages.baselines import nearest_interpretation
from lanhar.stages.settings import check
from lanhar.train import train


def test_baselines_alone_train_neither_stage(configure, tmp_path):
    report = train(configure(tmp_path, "source=uci", "target=motionsense", "method=none"))
    assert list(report["methods"]) == ["logistic_regression"]
    (folder,) = tmp_path.glob("uci_to_motionsense/*")
    assert not list(tmp_path.glob("stages/alignment")) and not (folder / "label_bank.npz").exists()
    assert json.loads((folder / "stages.json").read_text()) == {}
    predictions = pd.read_parquet(folder / "predictions.parquet")
    assert not [name for name in predictions if name.startswith("cosine_")]
    assert (folder / "confusion.png").exists()


def test_nothing_to_run_is_a_mistake(configure, tmp_path):
    with pytest.raises(LanharError, match="leaves nothing to run"):
        check(configure(tmp_path, "source=uci", "target=motionsense", "method=none", "baselines=[]"))


def test_the_nearest_interpretation_reads_the_targets_texts_with_the_trained_text_encoder(configure, loaded, tmp_path):
    cfg = configure(tmp_path, "source=uci", "target=motionsense")
    data = loaded(cfg)
    alignment = run_alignment(cfg, data, tmp_path / "stages", [])
    cosines = nearest_interpretation(data, alignment)
    assert cosines.shape == (len(data.target), len(data.space))
    text = data.target_interpreter.interpret(data.target.features[:1], [feature.name for feature in FEATURES])[0]
    (embedded,) = alignment.embed([text], "one text").numpy()
    np.testing.assert_allclose(cosines[0], alignment.bank.embeddings.numpy() @ embedded, atol=1e-5)


def test_the_papers_settings_are_the_papers():
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("train", overrides=["method=lanhar_paper"])
    encoder = cfg.sensor_encoder
    assert (encoder.patch, encoder.dim, encoder.layers, encoder.heads, encoder.feedforward) == (1, 768, 3, 2, 1024)
    assert (encoder.pool, cfg.mapping.text_projection, cfg.mapping.lr, cfg.alignment.lr) == ("sum", True, 4e-5, 1e-5)
    assert cfg.mapping.loss.clip.initial_scale == 1.0 and cfg.mapping.loss.prototype.weight == 0
    assert (cfg.alignment.max_windows, cfg.text_encoder.max_tokens, cfg.alignment.epochs) == (1000, 256, 2)


def test_the_full_label_space_trains_on_all_and_tests_on_what_is_shared(configure, loaded, tmp_path):
    cfg = configure(tmp_path, "source=uci", "target=motionsense", "label_space=full")
    data = loaded(cfg)
    held = set(data.train.activity) | set(data.validation.activity)
    assert "lie" in data.space.activities and "lie" not in data.tested.activities
    assert set(data.space.activities) == held
    assert set(data.tested.activities) == held & {"walk", "stairs_up", "stairs_down", "sit", "stand"}
    report = train(cfg)
    assert report["run"]["label_space"] == list(data.tested.activities)
    assert report["run"]["trained_activities"] == list(data.space.activities)
    for metrics in report["methods"].values():
        assert metrics["activities"] == list(data.tested.activities)
        assert np.array(metrics["confusion"]).shape == (len(data.tested), len(data.tested))
    (folder,) = tmp_path.glob("uci_to_motionsense/*")
    assert np.load(folder / "label_bank.npz")["names"].tolist() == list(data.space.activities)
    predictions = pd.read_parquet(folder / "predictions.parquet")
    assert set(predictions["lanhar"]) <= set(data.tested.activities)
    # Another target is tested with the stages that are there.
    train(configure(tmp_path, "source=uci", "target=uschad", "label_space=full"))
    assert len(list(tmp_path.glob("stages/mapping/*/done.json"))) == 1
