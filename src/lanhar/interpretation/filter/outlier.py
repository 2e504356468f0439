"""Texts that lie apart from those like them: a sign of an answer that is off, as in the paper's clustering."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lanhar.errors import LanharError
from lanhar.interpretation.filter.verdict import Reason

Strategy = Literal["distance", "knn", "kl", "hdbscan"]
Embeddings = NDArray[np.float32]
Scores = NDArray[np.float64]

COMPONENTS = 16
"""Principal components of the `kl` strategy."""
_MAD_TO_STD = 1.4826
_LEAST_SPREAD = 0.01
"""Cosine distance that counts as one deviation at least, where texts are all but identical."""
_CHUNK = 1024


@dataclass(frozen=True)
class OutlierRule:
    """Rejects texts that lie apart from those of their own label, or from unlabelled neighbours.

    Rows with a label are judged among those of that label alone, rows without among those without, so that no label
    touches the verdict on an unlabelled row.

    Attributes:
        strategy: how far a text lies apart. `distance`: cosine distance from the centre of its label, and for rows
            without a label as `knn`. `knn`: mean cosine distance to the nearest. `kl`: what the row adds to the
            divergence of the group's Gaussian from its robust one. `hdbscan`: noise of density clusters.
        threshold: robust deviations (median, MAD) from which on a row is an outlier.
        max_share: share of a group that may be rejected at once, farthest first.
        min_members: rows that a group needs to be judged.
        neighbours: nearest rows of `knn`, and the smallest cluster of `hdbscan`.
    """

    name: ClassVar[str] = "outlier"
    version: ClassVar[str] = "1"

    strategy: Strategy = "distance"
    threshold: float = 5.0
    max_share: float = 0.05
    min_members: int = 20
    neighbours: int = 10

    def __post_init__(self) -> None:
        if self.strategy not in get_args(Strategy):
            raise LanharError(
                f"filter.outlier.strategy '{self.strategy}': write one of {', '.join(get_args(Strategy))}"
            )
        if not 0 < self.max_share <= 1 or self.threshold <= 0 or self.neighbours < 2:
            raise LanharError(
                f"filter.outlier: max_share {self.max_share} must lie in (0, 1], threshold {self.threshold} above 0, "
                f"neighbours {self.neighbours} at 2 or more"
            )

    def check(self, embeddings: NDArray[np.floating], groups: NDArray[np.str_]) -> list[tuple[Reason, ...]]:
        """Reasons against each row.

        Args:
            embeddings: (N, D) of unit length.
            groups: (N,) label, "" for a row without one.
        """
        reasons: list[tuple[Reason, ...]] = [()] * len(embeddings)
        unit = np.ascontiguousarray(embeddings, dtype=np.float32)
        for group in sorted(set(groups.tolist())):
            rows = np.flatnonzero(groups == group)
            if len(rows) < max(self.min_members, self.neighbours + 1):
                continue
            deviations = self._deviations(unit[rows], labelled=group != "")
            for place in self._farthest(deviations):
                reasons[rows[place]] = (self._reason(float(deviations[place]), labelled=group != ""),)
        return reasons

    def _deviations(self, group: Embeddings, labelled: bool) -> Scores:
        """(M,) robust deviations of a group's rows."""
        strategy = "knn" if self.strategy == "distance" and not labelled else self.strategy
        scores, least = SCORES[strategy](group, self.neighbours)
        middle = np.median(scores)
        spread = max(_MAD_TO_STD * float(np.median(np.abs(scores - middle))), least)
        return (scores - middle) / spread

    def _farthest(self, deviations: Scores) -> NDArray[np.intp]:
        most = int(self.max_share * len(deviations))
        order = np.argsort(-deviations, kind="stable")[:most]
        return order[deviations[order] > self.threshold]

    def _reason(self, deviation: float, labelled: bool) -> Reason:
        others = "the accepted texts of its group" if labelled else "the accepted texts of its neighbours"
        detail = (
            f"the text as a whole lies {deviation:.1f} robust deviations away from {others}, limit "
            f"{self.threshold:g}; check every heading against the measured values and keep to plain, usual wording"
        )
        return Reason(self.name, "outlier", detail)


def _from_centre(group: Embeddings, _neighbours: int) -> tuple[Scores, float]:
    """Cosine distances from the centre of the nearer three quarters."""
    centre = group.mean(axis=0)
    for _ in range(3):
        distance = 1.0 - group @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
        centre = group[distance <= np.quantile(distance, 0.75)].mean(axis=0)
    distance = 1.0 - group @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
    return distance.astype(np.float64), _LEAST_SPREAD


def _from_nearest(group: Embeddings, neighbours: int) -> tuple[Scores, float]:
    """Mean cosine distances to the nearest rows; a block of rows at a time, so that memory stays small."""
    means = np.empty(len(group))
    for start in range(0, len(group), _CHUNK):
        block = group[start : start + _CHUNK]
        distance = 1.0 - block @ group.T
        distance[np.arange(len(block)), np.arange(start, start + len(block))] = np.inf
        means[start : start + len(block)] = np.partition(distance, neighbours - 1, axis=1)[:, :neighbours].mean(axis=1)
    return means, _LEAST_SPREAD


def _divergence(group: Embeddings, _neighbours: int) -> tuple[Scores, float]:
    """Root of each row's share in the divergence between the group's Gaussian and its robust one, on a PCA."""
    centred = (group - np.median(group, axis=0)).astype(np.float64)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    projected = centred @ axes[: min(COMPONENTS, len(group) // 4)].T
    middle = np.median(projected, axis=0)
    spread = _MAD_TO_STD * np.median(np.abs(projected - middle), axis=0)
    squares = ((projected - middle) / np.maximum(spread, _LEAST_SPREAD)) ** 2
    return np.sqrt(squares.sum(axis=1)), 1.0


def _from_clusters(group: Embeddings, neighbours: int) -> tuple[Scores, float]:
    """Distances to the nearest rows for noise of HDBSCAN, and the usual one for members of clusters."""
    from sklearn.cluster import HDBSCAN

    noise = HDBSCAN(min_cluster_size=neighbours, allow_single_cluster=True, copy=True).fit_predict(group) == -1
    distance, least = _from_nearest(group, neighbours)
    return np.where(noise, distance, np.minimum(distance, np.median(distance))), least


SCORES: Mapping[Strategy, Callable[[Embeddings, int], tuple[Scores, float]]] = {
    "distance": _from_centre,
    "knn": _from_nearest,
    "kl": _divergence,
    "hdbscan": _from_clusters,
}
"""Strategy → its scores (M,) of a group's rows, and what counts as one deviation at least."""
