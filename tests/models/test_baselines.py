import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from lanhar.errors import LanharError
from lanhar.models.baselines import BASELINES, make_baseline, predict_probabilities

SMALL = {
    "logistic_regression": {"C": 1.0},
    "random_forest": {"n_estimators": 25, "n_jobs": 1},
    "extra_trees": {"n_estimators": 25, "n_jobs": 1},
    "gradient_boosting": {"max_iter": 20, "min_samples_leaf": 5, "max_features": 0.5},
}


def blobs(labels: list[int], n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.repeat(labels, n)
    centres = np.array([[0, 0, 9], [40, 0, -9], [0, 900, 9], [-40, -900, 9]])
    return centres[y] + rng.normal(size=(len(y), 3)), y


@pytest.mark.parametrize("name", BASELINES)
def test_probabilities_stand_in_label_space_order_with_zeros_where_the_source_lacks_a_class(
    name: str,
) -> None:
    x, y = blobs([3, 0, 2])
    model = make_baseline(name, seed=0, **SMALL.get(name, {})).fit(x, y)
    unseen, truth = blobs([0, 2, 3], seed=1)
    p = predict_probabilities(model, unseen, n_activities=5)
    assert p.shape == (180, 5)
    assert (p[:, [1, 4]] == 0).all()
    assert p.sum(axis=1) == pytest.approx(1)
    assert (p.argmax(axis=1) == truth).all()


@pytest.mark.parametrize("name", BASELINES)
def test_one_seed_gives_one_answer_and_survives_a_file(name: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(120, 4)), rng.integers(0, 3, 120)
    first, again, other = (make_baseline(name, seed=s, **SMALL.get(name, {})).fit(x, y) for s in (1, 1, 2))
    assert (first.predict_proba(x) == again.predict_proba(x)).all()
    assert (pickle.loads(pickle.dumps(first)).predict_proba(x) == first.predict_proba(x)).all()
    if name not in ("logistic_regression", "lda"):
        assert (first.predict_proba(x) != other.predict_proba(x)).any()


def test_logistic_regression_is_the_published_recipe() -> None:
    """Signed logs, standardised, balanced, C = 3e-4: rebuilt by hand from numpy and one bare classifier."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 6)) * np.array([1, 10, 100, 1, 1e3, 5])
    y = np.r_[np.zeros(200, int), np.ones(70, int), np.full(30, 2)]
    x[:, 1] += 20 * y
    logs = np.sign(x) * np.log(1 + np.abs(x))
    z = (logs - logs.mean(axis=0)) / logs.std(axis=0)
    weights = {c: 300 / (3 * n) for c, n in ((0, 200), (1, 70), (2, 30))}
    by_hand = LogisticRegression(C=0.0003, class_weight=weights, max_iter=9999).fit(z, y).predict_proba(z)
    ours = predict_probabilities(make_baseline("logistic_regression", seed=0).fit(x, y), x, 3)
    assert ours == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize("name", ["random_forest", "extra_trees", "gradient_boosting"])
def test_trees_weigh_rare_classes_up(name: str) -> None:
    rng = np.random.default_rng(0)
    y = np.r_[np.zeros(950, int), np.ones(50, int)]
    x = rng.normal(size=(1000, 2)) + y[:, None]
    model = make_baseline(name, seed=0, **{**SMALL[name], "min_samples_leaf": 40}).fit(x, y)
    assert predict_probabilities(model, np.array([[1.0, 1.0]]), 2)[0, 1] > 0.5


def test_errors_say_what_to_write() -> None:
    with pytest.raises(LanharError, match=r"unknown baseline 'svm'.*logistic_regression, random_forest"):
        make_baseline("svm", seed=0)
    with pytest.raises(LanharError, match=r"random_forest' takes no C: write n_estimators"):
        make_baseline("random_forest", seed=0, C=1.0)
