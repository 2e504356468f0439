import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from lanhar.models.baselines import make_baseline, predict_probabilities
from lanhar.models.few_shot_regression import FewShotRegression


@pytest.fixture
def source() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [60, 120, 30])
    return rng.normal(labels[:, None] * [1.0, 0.5, 0.0, -1.0], 0.6), labels


@pytest.fixture
def regression(source) -> FewShotRegression:
    return FewShotRegression(*source, 3, 0, {"C": 0.01})


def test_without_support_it_is_the_baseline(source, regression) -> None:
    features, labels = source
    baseline = make_baseline("logistic_regression", 0, C=0.01).fit(features, labels)
    found = regression.predict(regression.prepare(features), regression.prepare(features[:0]), labels[:0], 3.0)
    assert found == pytest.approx(predict_probabilities(baseline, features, 3))


def test_a_heavy_source_outweighs_the_support(source, regression) -> None:
    features, labels = (part[::20] for part in source)
    windows, support = regression.prepare(source[0]), regression.prepare(features)
    alone = regression.predict(windows, support[:0], labels[:0], 1.0)
    assert regression.predict(windows, support, (labels + 1) % 3, 1e9) == pytest.approx(alone, abs=0.02)
    assert np.abs(regression.predict(windows, support, (labels + 1) % 3, 1.0) - alone).max() > 0.2


def test_without_the_source_only_the_support_counts(source, regression) -> None:
    features, labels = (part[::15] for part in source)
    support = regression.prepare(features)
    weights = len(source[1]) / (3 * np.bincount(labels)[labels])
    alone = LogisticRegression(C=0.01, max_iter=5000).fit(support, labels, sample_weight=weights)
    windows = regression.prepare(source[0])
    assert regression.predict(windows, support, labels, 0.0) == pytest.approx(alone.predict_proba(windows), abs=1e-3)


def test_an_activity_without_support_stays_known_from_the_source(source, regression) -> None:
    features, labels = source
    chosen = np.flatnonzero(labels != 2)[::10]
    windows = regression.prepare(features)
    found = regression.predict(windows, windows[chosen], labels[chosen], 1.0)
    assert (found.argmax(axis=1)[labels == 2] == 2).mean() > 0.8
