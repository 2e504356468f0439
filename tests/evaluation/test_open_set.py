import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from lanhar.evaluation.open_set import (
    Neighbours,
    cosine_score,
    open_set_rows,
    probability_score,
    refused,
    separation,
    threshold_at,
)


def test_distances_agree_with_scikit_learn_on_standardised_columns() -> None:
    rng = np.random.default_rng(0)
    training, windows = rng.normal(3, [1, 10, 0.1], (200, 3)), rng.normal(3, [2, 20, 0.2], (50, 3))
    found = Neighbours.fit(training, rank=7).score(windows)
    mean, std = training.mean(axis=0), training.std(axis=0) + 1e-3
    scaled = [np.clip((x - mean) / std, -5, 5) for x in (training, windows)]
    expected = NearestNeighbors(n_neighbors=7).fit(scaled[0]).kneighbors(scaled[1])[0][:, -1]
    assert found == pytest.approx(expected, rel=1e-4)


def test_neighbours_come_back_from_a_file_as_they_were() -> None:
    rng = np.random.default_rng(0)
    training, windows = rng.normal(size=(300, 8)), rng.normal(size=(40, 8))
    kept = Neighbours.fit(training)
    assert Neighbours.from_arrays(kept.arrays()).score(windows) == pytest.approx(kept.score(windows), rel=1e-2)


def test_few_training_windows_lower_the_rank() -> None:
    near = Neighbours.fit(np.zeros((3, 2)), rank=10)
    assert near.score(np.zeros((1, 2))) == pytest.approx([0.0])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.01, 0.05, 0.1, 0.3]))
def test_no_more_than_the_rate_of_known_windows_is_refused(seed: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], rng.integers(20, 200, 3))
    scores = rng.normal(labels, 1.0)
    threshold = threshold_at(scores, labels, rate)
    shares = np.mean([refused(scores[labels == c], threshold) for c in range(3)])
    assert shares <= rate + 1e-9
    # The next lower score would refuse too many.
    lower = scores[scores < threshold].max()
    assert np.mean([refused(scores[labels == c], lower) for c in range(3)]) > rate - 1e-9


def test_a_frequent_activity_does_not_set_the_threshold_alone() -> None:
    scores, labels = np.r_[np.zeros(1000), np.linspace(1, 2, 10)], np.repeat([0, 1], [1000, 10])
    # Half of the weight is on the ten: a tenth of all is two of them.
    assert refused(scores[labels == 1], threshold_at(scores, labels, 0.1)) == pytest.approx(0.2)


def test_scores_rise_as_windows_leave_the_label_bank() -> None:
    cosines = np.array([[0.9, 0.1], [0.5, 0.1], [0.5, 0.5]])
    assert (np.diff(cosine_score(cosines)) >= 0).all()
    assert (np.diff(probability_score(cosines, 0.1)) > 0).all()


def test_rows_speak_of_the_unseen_activities_that_are_there() -> None:
    names = np.array(["", "", "jog", "jog", "lie"])
    jog, lie = open_set_rows(np.array([0.1, 0.3, 0.9, 0.8, 0.2]), names, ["jog", "jump", "lie"], 0.25)
    assert jog == {"activity": "jog", "n_unseen": 2, "auroc": 1.0, "refused_unseen": 1.0, "refused_seen": 0.5}
    assert (lie["activity"], lie["auroc"], lie["refused_unseen"]) == ("lie", 0.5, 0.0)
    assert separation(np.array([0.0]), np.array([1.0])) == 0.0
