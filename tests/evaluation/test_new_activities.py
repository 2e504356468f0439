import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanhar.errors import LanharError
from lanhar.evaluation.new_activities import harmonic_mean, score_new_activities

NAMES = ("walk", "still", "jog", "jump")


def test_by_hand():
    truth = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    scores = np.eye(4)[[0, 1, 1, 1, 2, 0, 2, 3]]
    # The jogging window that is taken for walking is right among the unseen: jump has less.
    scores[5] = [0.9, 0.0, 0.6, 0.1]
    found = score_new_activities(scores, truth, NAMES, 2)
    assert found.per_activity == {"walk": 0.5, "still": 1.0, "jog": 0.5, "jump": 0.5}
    assert (found.seen, found.unseen, found.harmonic) == (0.75, 0.5, pytest.approx(0.6))
    assert found.unseen_recall == 0.75


def test_one_unseen_activity_has_no_recall_among_the_unseen():
    found = score_new_activities(np.eye(3), np.arange(3), NAMES[:3], 2)
    assert found.unseen_recall is None
    assert found.harmonic == 1.0


def test_activities_without_windows_do_not_count():
    found = score_new_activities(np.eye(4)[[0, 2]], np.array([0, 2]), NAMES, 2)
    assert found.per_activity == {"walk": 1.0, "jog": 1.0}
    assert (found.seen, found.unseen, found.unseen_recall) == (1.0, 1.0, None)


def test_a_target_without_unseen_windows_is_an_error():
    with pytest.raises(LanharError, match="windows of walk, still; seen and unseen"):
        score_new_activities(np.eye(4)[:2], np.array([0, 1]), NAMES, 2)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_harmonic_mean_lies_between_and_nearer_to_the_smaller(seen, unseen):
    mean = harmonic_mean(seen, unseen)
    assert min(seen, unseen) - 1e-12 <= mean <= (seen + unseen) / 2 + 1e-12
    if min(seen, unseen) == 0:
        assert mean == 0
