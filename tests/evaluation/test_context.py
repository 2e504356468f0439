"""The filter and the smoother against a sum over every path."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanhar.errors import LanharError
from lanhar.evaluation.context import causal, likelihoods, offline, transition_matrix


@st.composite
def streams(draw):
    length, activities = draw(st.integers(1, 5)), draw(st.integers(2, 3))
    value = st.floats(1e-3, 1.0)
    rows = draw(st.lists(st.lists(value, min_size=activities, max_size=activities), min_size=length, max_size=length))
    return np.array(rows), transition_matrix(activities, 1.0, draw(st.floats(1.5, 50.0)))


def enumerated(likelihood, transition, at):
    """P(activity at one window | all windows given), from the joint probability of every path."""
    length, activities = likelihood.shape
    total = np.zeros(activities)
    for path in itertools.product(range(activities), repeat=length):
        joint = likelihood[range(length), path].prod() / activities
        joint *= np.prod([transition[a, b] for a, b in itertools.pairwise(path)])
        total[path[at]] += joint
    return total / total.sum()


@given(streams())
@settings(deadline=None)
def test_both_are_the_sum_over_every_path(stream):
    likelihood, transition = stream
    filtered, smoothed = causal(likelihood, transition), offline(likelihood, transition)
    for t in range(len(likelihood)):
        np.testing.assert_allclose(filtered[t], enumerated(likelihood[: t + 1], transition, t), rtol=1e-9)
        np.testing.assert_allclose(smoothed[t], enumerated(likelihood, transition, t), rtol=1e-9)


@given(streams(), st.data())
@settings(deadline=None)
def test_no_later_window_changes_a_causal_answer(stream, data):
    likelihood, transition = stream
    now = data.draw(st.integers(0, len(likelihood) - 1))
    changed = likelihood.copy()
    changed[now + 1 :] = changed[now + 1 :, ::-1] ** 3
    assert np.array_equal(causal(likelihood, transition)[: now + 1], causal(changed, transition)[: now + 1])


def test_context_carries_a_doubtful_window_over_and_gives_way_to_a_lasting_change():
    walk, doubtful, still = [0.8, 0.2], [0.45, 0.55], [0.1, 0.9]
    likelihood = np.array([walk] * 5 + [doubtful] + [walk] * 5 + [still] * 8)
    transition = transition_matrix(2, 1.0, 15.0)
    assert offline(likelihood, transition).argmax(axis=1).tolist() == [0] * 11 + [1] * 8
    assert causal(likelihood, transition).argmax(axis=1)[[5, -1]].tolist() == [0, 1]


def test_a_long_certain_stream_stays_finite():
    likelihood = likelihoods(np.tile([[0.0, -800.0]], (5000, 1)), 1.0)
    for found in (causal, offline):
        probability = found(likelihood, transition_matrix(2, 1.0, 15.0))
        np.testing.assert_allclose(probability, np.tile([1.0, 0.0], (5000, 1)), atol=1e-9)


def test_a_bout_lasts_its_mean():
    matrix = transition_matrix(4, 1.0, 15.0)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    # Windows until the first change, at each length its probability.
    lengths = np.arange(1, 5000)
    assert (lengths * matrix[0, 0] ** (lengths - 1) * (1 - matrix[0, 0])).sum() == pytest.approx(15)
    assert len({*matrix[~np.eye(4, dtype=bool)].tolist()}) == 1


@given(st.lists(st.lists(st.floats(-50, 0), min_size=3, max_size=3), min_size=1, max_size=4), st.floats(0.05, 1))
def test_a_weight_is_a_power_of_the_likelihood(logs, weight):
    logs = np.array(logs)
    ratio = np.exp(logs - logs.max(axis=1, keepdims=True)) ** weight
    np.testing.assert_allclose(likelihoods(logs, weight), ratio, rtol=1e-9)


@pytest.mark.parametrize(("hop_s", "bout_s"), [(0, 15), (1, 1), (2, 1)])
def test_a_bout_is_longer_than_a_hop(hop_s, bout_s):
    with pytest.raises(LanharError, match="bout_s=15"):
        transition_matrix(4, hop_s, bout_s)
