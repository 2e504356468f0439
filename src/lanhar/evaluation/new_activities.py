"""Scores of a model on activities that it was not trained on, from cosines and the truth alone."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lanhar.errors import LanharError


@dataclass(frozen=True)
class NewActivityScores:
    """Generalised zero-shot scores (Xian et al. 2019, IEEE TPAMI 41, 2251-2265).

    Attributes:
        seen: S, mean recall of the activities that were trained on, all labels being candidates.
        unseen: U, the same of those that were not.
        harmonic: H = 2SU / (S + U), 0 where both are 0.
        unseen_recall: mean recall of the unseen where they alone are candidates; None with one unseen activity, of
            which every window would be right.
        per_activity: recall of each with a window, all labels being candidates.
    """

    seen: float
    unseen: float
    harmonic: float
    unseen_recall: float | None
    per_activity: dict[str, float]


def score_new_activities(
    scores: NDArray[np.floating], truth: NDArray[np.int64], names: Sequence[str], n_seen: int
) -> NewActivityScores:
    """Score predictions among seen and unseen activities.

    Args:
        scores: (N, C), the highest wins.
        truth: (N,) indices 0..C-1.
        names: C activities, the seen ones first.
        n_seen: how many of them are seen.

    Raises:
        LanharError: the truth holds no seen or no unseen activity.
    """
    recalls = recall_of_each(scores.argmax(axis=1), truth, len(names))
    present = ~np.isnan(recalls)
    if not present[:n_seen].any() or not present[n_seen:].any():
        held = ", ".join(name for name, there in zip(names, present, strict=True) if there)
        raise LanharError(f"the target has windows of {held or 'nothing'}; seen and unseen activities are needed")
    seen, unseen = float(np.nanmean(recalls[:n_seen])), float(np.nanmean(recalls[n_seen:]))
    return NewActivityScores(
        seen,
        unseen,
        harmonic_mean(seen, unseen),
        _among_unseen(scores, truth, n_seen) if present[n_seen:].sum() > 1 else None,
        {name: float(recall) for name, recall in zip(names, recalls, strict=True) if not np.isnan(recall)},
    )


def recall_of_each(predicted: NDArray[np.int64], truth: NDArray[np.int64], n_activities: int) -> NDArray[np.float64]:
    """Recall (C,) of every activity, NaN where none of the (N,) windows is of it."""
    support = np.bincount(truth, minlength=n_activities)
    hits = np.bincount(truth[predicted == truth], minlength=n_activities)
    return np.where(support > 0, hits / np.maximum(support, 1), np.nan)


def harmonic_mean(seen: float, unseen: float) -> float:
    """H of S and U, 0 where both are 0."""
    return 2 * seen * unseen / (seen + unseen) if seen + unseen > 0 else 0.0


def _among_unseen(scores: NDArray[np.floating], truth: NDArray[np.int64], n_seen: int) -> float:
    rows = truth >= n_seen
    among = scores[rows][:, n_seen:]
    return float(np.nanmean(recall_of_each(among.argmax(axis=1), truth[rows] - n_seen, among.shape[1])))


def fields() -> tuple[str, ...]:
    """Names of the scores in the order of a table."""
    return tuple(f.name for f in dataclasses.fields(NewActivityScores) if f.name != "per_activity")
