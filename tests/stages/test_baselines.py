import numpy as np
import pytest
import torch

from lanhar.errors import LanharError
from lanhar.models import baselines as models
from lanhar.stages.baselines import run_baselines
from lanhar.stages.settings import baseline_settings


@pytest.fixture
def fitted(monkeypatch):
    """What each baseline was fitted on."""
    seen = {}
    make = models.make_baseline

    def spy(name, seed, **parameters):
        model = make(name, seed, **parameters)
        fit = model.fit
        model.fit = lambda features, labels: (seen.update({name: (features, labels)}), fit(features, labels))[1]
        return model

    monkeypatch.setattr("lanhar.stages.baselines.make_baseline", spy)
    return seen


def test_copies_are_changed_windows_with_their_own_labels(configure, loaded, fitted, tmp_path):
    words = ("baselines.lda={augmented_copies: 2}", "baselines.logistic_regression.C=0.001")
    cfg = configure(tmp_path, "source=uci", "target=motionsense", *words)
    data = loaded(cfg)
    before = torch.random.get_rng_state()
    run_baselines(cfg, data)
    assert torch.equal(before, torch.random.get_rng_state())
    count, labels = len(data.train), data.train.labels(data.space)
    plain, repeated = fitted["logistic_regression"], fitted["lda"]
    assert len(plain[0]) == count and len(repeated[0]) == 3 * count
    assert np.array_equal(repeated[1], np.tile(labels, 3))
    assert np.array_equal(repeated[0][:count], data.train.classifier_features)
    first, second = repeated[0][count : 2 * count], repeated[0][2 * count :]
    assert not np.allclose(first, repeated[0][:count]) and not np.allclose(first, second)
    assert np.isfinite(repeated[0]).all()
    again = dict(fitted)
    run_baselines(cfg, data)
    assert np.array_equal(again["lda"][0], fitted["lda"][0])


def test_a_number_of_copies_must_be_one(configure, tmp_path):
    cfg = configure(tmp_path, "source=uci", "target=motionsense", "baselines.lda={augmented_copies: -1}")
    with pytest.raises(LanharError, match="augmented_copies"):
        baseline_settings(cfg)
