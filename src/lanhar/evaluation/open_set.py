"""Windows of activities that a run was never told of: how unknown each is, and when to say so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.evaluation.calibration import probabilities

Scores = NDArray[np.float64]
CHUNK = 1024


def cosine_score(cosines: NDArray[np.floating[Any]]) -> Scores:
    """Unknown score (N,) of cosines (N, C) to the label bank: how far the nearest activity is."""
    nearest: Scores = np.asarray(cosines, dtype=np.float64).max(axis=1)
    return 1.0 - nearest


def probability_score(cosines: NDArray[np.floating[Any]], temperature: float) -> Scores:
    """Unknown score (N,) of cosines (N, C): how undecided the softmax is (Hendrycks & Gimpel 2017)."""
    highest: Scores = probabilities(cosines, temperature).max(axis=1)
    return 1.0 - highest


@dataclass(frozen=True)
class Neighbours:
    """How far a window is from those that trained, each column cut off, so that no single one decides.

    Source: Sun et al., "Out-of-distribution detection with deep nearest neighbors" (2022).

    Attributes:
        reference: (R, K) standardised training windows.
        mean: (K,) of the training windows.
        std: (K,) of the training windows, above 0.
        rank: which neighbour's distance counts, 1 is the nearest.
    """

    reference: NDArray[np.float32]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    rank: int

    LIMIT = 5.0

    @classmethod
    def fit(cls, training: NDArray[np.floating[Any]], rank: int = 10, *, standardise: bool = True) -> "Neighbours":
        """Keep training windows (R, K) as the reference; `rank` is lowered to R where there are fewer."""
        mean, std = np.zeros(training.shape[1], np.float32), np.ones(training.shape[1], np.float32)
        if standardise:
            mean, std = training.mean(axis=0).astype(np.float32), training.std(axis=0).astype(np.float32) + 1e-3
        return cls(_standardised(training, mean, std, cls.LIMIT), mean, std, min(rank, len(training)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that `score` needs, for a file; the reference in half precision."""
        reference: NDArray[Any] = self.reference.astype(np.float16)
        return {"reference": reference, "mean": self.mean, "std": self.std, "rank": np.array(self.rank)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Neighbours":
        """Take back what `arrays` gave."""
        reference = arrays["reference"].astype(np.float32)
        return cls(reference, arrays["mean"], arrays["std"], int(arrays["rank"]))

    def score(self, windows: NDArray[np.floating[Any]]) -> Scores:
        """Unknown score (N,) of windows (N, K): the distance to the `rank`-th nearest training window."""
        x = _standardised(windows, self.mean, self.std, self.LIMIT).astype(np.float64)
        reference = self.reference.astype(np.float64)
        lengths = (reference**2).sum(axis=1)
        parts = []
        for start in range(0, len(x), CHUNK):
            own = x[start : start + CHUNK]
            squares = (own**2).sum(axis=1)[:, None] + lengths - 2 * own @ reference.T
            parts.append(np.sqrt(np.partition(squares, self.rank - 1, axis=1)[:, self.rank - 1].clip(0)))
        return np.concatenate(parts) if parts else np.empty(0)


def _standardised(
    values: NDArray[np.floating[Any]], mean: NDArray[np.float32], std: NDArray[np.float32], limit: float
) -> NDArray[np.float32]:
    cut: NDArray[np.float32] = np.clip((values - mean) / std, -limit, limit).astype(np.float32)
    return cut


def threshold_at(scores: Scores, labels: NDArray[np.int64], rate: float) -> float:
    """The score above which a window is called unknown, so that a share `rate` of known windows is.

    Every activity counts the same, however many windows it has.

    Args:
        scores: (N,) unknown scores of known windows that trained nothing.
        labels: (N,) activity indices.
        rate: share of known windows that may be refused, above 0 and below 1.
    """
    names, counts = np.unique(labels, return_counts=True)
    weights = 1.0 / (len(names) * counts[np.searchsorted(names, labels)])
    order = np.argsort(scores, kind="stable")
    kept = np.cumsum(weights[order])
    position = int(np.searchsorted(kept, 1.0 - rate - 1e-9))
    return float(scores[order][min(position, len(scores) - 1)])


def separation(unknown: Scores, known: Scores) -> float:
    """AUROC, 0..1: how often an unknown window (U,) scores higher than a known one (N,); .5 is chance."""
    from sklearn.metrics import roc_auc_score

    truth = np.r_[np.ones(len(unknown)), np.zeros(len(known))]
    return float(roc_auc_score(truth, np.r_[unknown, known]))


def refused(scores: Scores, threshold: float) -> float:
    """Share, 0..1, of windows whose score is above the threshold."""
    return float((scores > threshold).mean())


def open_set_rows(
    scores: Scores, activity: NDArray[np.str_], unseen: list[str], threshold: float
) -> list[dict[str, Any]]:
    """How well unseen activities of a target are told from its seen ones.

    Args:
        scores: (N,) unknown scores of the target's windows.
        activity: (N,) registry names; empty for a window of a seen activity.
        unseen: activities that no stage of the run was told of.
        threshold: set without this target.

    Returns:
        A row an unseen activity that the target holds: `activity`, `n_unseen`, `auroc`, `refused_unseen`,
        `refused_seen`.
    """
    known = scores[activity == ""]
    rows = []
    for name in unseen:
        own = scores[activity == name]
        if len(own):
            rows.append(
                {
                    "activity": name,
                    "n_unseen": len(own),
                    "auroc": separation(own, known),
                    "refused_unseen": refused(own, threshold),
                    "refused_seen": refused(known, threshold),
                }
            )
    return rows
