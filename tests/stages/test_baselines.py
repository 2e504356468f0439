import numpy as np
import pytest
import torch
from sklearn.pipeline import Pipeline

from lanhar.errors import LanharError
from lanhar.stages.baselines import run_baselines
from lanhar.stages.settings import baseline_settings, check

REGRESSION, LDA = "LogisticRegression", "LinearDiscriminantAnalysis"


@pytest.fixture
def fitted(monkeypatch):
    """What each baseline was fitted on, by the class of its classifier."""
    seen = {}
    fit = Pipeline.fit

    def spy(model, features, labels):
        seen[type(model[-1]).__name__] = (features, labels)
        return fit(model, features, labels)

    monkeypatch.setattr(Pipeline, "fit", spy)
    return seen


def test_copies_are_changed_windows_with_their_own_labels(configure, loaded, fitted, tmp_path):
    words = ("baselines=[logistic_regression,lda]", "+baselines.lda.augmented_copies=2")
    cfg = configure(tmp_path, "source=uci", "target=motionsense", *words)
    data = loaded(cfg)
    before = torch.random.get_rng_state()
    run_baselines(cfg, data, None, tmp_path / "stages", [])
    assert torch.equal(before, torch.random.get_rng_state())
    count, labels = len(data.train), data.train.labels(data.space)
    plain, repeated = fitted[REGRESSION], fitted[LDA]
    assert len(plain[0]) == count and len(repeated[0]) == 3 * count
    assert np.array_equal(repeated[1], np.tile(labels, 3))
    assert np.array_equal(repeated[0][:count], data.train.classifier_features)
    first, second = repeated[0][count : 2 * count], repeated[0][2 * count :]
    assert not np.allclose(first, repeated[0][:count]) and not np.allclose(first, second)
    assert np.isfinite(repeated[0]).all()
    again = dict(fitted)
    run_baselines(cfg, data, None, tmp_path / "elsewhere", [])
    assert np.array_equal(again[LDA][0], fitted[LDA][0])


def test_it_is_fitted_once_for_every_target(configure, loaded, fitted, tmp_path):
    words = ("source=uci", "baselines=[logistic_regression]")
    first = configure(tmp_path, *words, "target=motionsense")
    run_baselines(first, loaded(first), None, tmp_path / "stages", [])
    assert REGRESSION in fitted
    fitted.clear()
    other = configure(tmp_path, *words, "target=uschad")
    data = loaded(other)
    scores = run_baselines(other, data, None, tmp_path / "stages", [])
    assert not fitted
    assert scores["logistic_regression"].shape == (len(data.target), len(data.space))
    # Another tenth of the subjects held out, or another space, is another model.
    for change in ("split.validation_fraction=0.5", "label_space.activities=[walk,still]"):
        changed = configure(tmp_path, *words, "target=uschad", change)
        run_baselines(changed, loaded(changed), None, tmp_path / "stages", [])
        assert REGRESSION in fitted
        fitted.clear()


def test_a_number_of_copies_must_be_one(configure, tmp_path):
    cfg = configure(tmp_path, "source=uci", "target=motionsense", "+baselines.lda.augmented_copies=-1")
    with pytest.raises(LanharError, match="augmented_copies"):
        baseline_settings(cfg)


def test_copies_are_changed_as_in_stage_two_but_for_what_the_baseline_names(configure, tmp_path):
    words = ("source=uci", "target=motionsense", "baselines=[random_forest]", "mapping.augment.gain=0.5")
    cfg = configure(tmp_path, *words, "baselines.random_forest.augment.tempo=0.3")
    changes = baseline_settings(cfg)["random_forest"]["augment"]
    assert changes["tempo"] == 0.3
    assert changes["gain"] == 0.5
    assert changes.keys() == cfg.mapping.augment.keys()


def test_a_change_that_there_is_not_is_said_before_anything_runs(configure, tmp_path):
    words = ("source=uci", "target=motionsense", "baselines=[cnn]", "+baselines.cnn.augment.tempi=0.3")
    with pytest.raises(LanharError, match=r"baselines\.cnn\.augment.*tempi"):
        check(configure(tmp_path, *words))


@pytest.mark.parametrize("protocol", ["source_only", "transductive"])
def test_only_transductive_trains_itself_on_the_target(protocol, configure, loaded, fitted, tmp_path):
    words = ("source=uci", "baselines=[lda]", f"protocol={protocol}")
    folders = set()
    for target in ("motionsense", "uschad"):
        cfg = configure(tmp_path, *words, f"target={target}")
        data = loaded(cfg)
        run_baselines(cfg, data, None, tmp_path / "stages", [])
        rows = fitted[LDA][0][len(data.train) :]
        known = {row.tobytes() for row in np.asarray(data.unlabelled.classifier_features)}
        assert {row.tobytes() for row in rows} <= known
        assert bool(len(rows)) == (protocol == "transductive")
        folders |= set((tmp_path / "stages" / "baseline-lda").iterdir())
    assert len(folders) == (2 if protocol == "transductive" else 1)
