import numpy as np
import pytest
from sklearn.base import clone

from lanhar.models.baselines import make_baseline
from lanhar.models.self_training import self_train


@pytest.fixture
def shifted() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two activities, and a target whose first feature lies elsewhere but whose second still tells them apart."""
    rng = np.random.default_rng(0)
    labels, truth = np.repeat([0, 1], 80), np.repeat([0, 1], [150, 50])
    source = np.stack([np.where(labels, 0.8, -0.8), np.where(labels, 0.4, -0.4)], axis=1) + rng.normal(0, 0.3, (160, 2))
    target = np.stack([np.full(200, 1.0), np.where(truth, 1.2, -1.2)], axis=1) + rng.normal(0, 0.2, (200, 2))
    return source, labels, target, truth


def test_the_targets_own_structure_mends_what_the_source_taught(shifted) -> None:
    source, labels, target, truth = shifted
    model = make_baseline("lda", seed=0).fit(source, labels)
    before = (model.predict(target) == truth).mean()
    after = (self_train(model, source, labels, target, rounds=3).predict(target) == truth).mean()
    assert before < 0.97 < after


def test_no_round_leaves_the_classifier_as_it_was(shifted) -> None:
    source, labels, target, _ = shifted
    model = make_baseline("lda", seed=0).fit(source, labels)
    assert self_train(model, source, labels, target, rounds=0) is model


def test_a_round_is_a_fit_on_the_surest_windows_of_each_prediction(shifted) -> None:
    source, labels, target, _ = shifted
    model = make_baseline("lda", seed=0).fit(source, labels)
    p = model.predict_proba(target)[:, 1]
    chosen = np.concatenate([
        [i for i in np.argsort(side)[::-1] if side[i] > 0.5][: int(0.8 * (side > 0.5).sum())] for side in (1 - p, p)
    ])  # fmt: skip
    by_hand = clone(model).fit(np.r_[source, target[chosen]], np.r_[labels, (p[chosen] > 0.5).astype(int)])
    trained = self_train(model, source, labels, target, rounds=1)
    assert trained.predict_proba(target) == pytest.approx(by_hand.predict_proba(target))
