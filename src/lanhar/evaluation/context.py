"""Context across windows: a hidden Markov model over the probabilities that any classifier gives each window alone.

Source: Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition" (1989).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.errors import LanharError

Probabilities = NDArray[np.float64]


def transition_matrix(activities: int, hop_s: float, bout_s: float) -> Probabilities:
    """Probabilities (C, C) from an activity (row) to the next window's: stay, or change to any other alike.

    Args:
        activities: C, 2 or more.
        hop_s: seconds from one window to the next.
        bout_s: mean seconds that an activity lasts; the time is geometric, so a window stays with 1 - hop_s / bout_s.

    Raises:
        LanharError: a bout is not longer than a hop.
    """
    if not 0 < hop_s < bout_s:
        raise LanharError(
            f"hop_s is {hop_s:g} and bout_s {bout_s:g}; write a hop above 0 s and a longer mean bout, such as bout_s=15"
        )
    change = hop_s / bout_s
    matrix = np.full((activities, activities), change / (activities - 1))
    np.fill_diagonal(matrix, 1 - change)
    return matrix


def likelihoods(log_probabilities: NDArray[np.floating[Any]], weight: float) -> Probabilities:
    """Likelihoods (T, C) of windows up to a factor each, from the logs (T, C) of a classifier's probabilities.

    A classifier that learnt from balanced activities gives each the same prior, so that its probability is
    proportional to the likelihood.

    Args:
        log_probabilities: up to a constant in each row.
        weight: power of each likelihood. Windows that overlap repeat evidence: hop / length counts each
            sample once, 1 each window in full.
    """
    logs = weight * np.asarray(log_probabilities, dtype=np.float64)
    return np.asarray(np.exp(logs - logs.max(axis=1, keepdims=True)))


def causal(likelihood: Probabilities, transition: Probabilities) -> Probabilities:
    """Probability (T, C) of each window's activity given it and the windows before it; the forward filter.

    Args:
        likelihood: (T, C) of one stream's windows in time order, up to a factor each.
        transition: (C, C), rows sum to 1. The first window's activities are equally probable.
    """
    known = np.empty_like(likelihood)
    expected = np.full(likelihood.shape[1], 1 / likelihood.shape[1])
    for t, now in enumerate(likelihood):
        joint = expected * now
        known[t] = joint / joint.sum()
        expected = known[t] @ transition
    return known


def offline(likelihood: Probabilities, transition: Probabilities) -> Probabilities:
    """Probability (T, C) of each window's activity given the whole stream; forward and backward.

    Args:
        likelihood: as for `causal`.
        transition: as for `causal`.
    """
    known = causal(likelihood, transition)
    later = np.ones(likelihood.shape[1])
    for t in range(len(likelihood) - 2, -1, -1):
        later = transition @ (likelihood[t + 1] * later)
        later /= later.sum()
        known[t] = known[t] * later / (known[t] @ later)
    return known
