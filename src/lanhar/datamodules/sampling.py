from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler


def balanced_subset(
    labels: NDArray[np.int64], groups: Sequence[str] | NDArray[np.str_], size: int, seed: int
) -> NDArray[np.int64]:
    """Choose rows that spread evenly over labels and, within a label, over groups.

    Every label in turn gives one row of its next group until `size` rows are chosen or none is left, so that small
    labels and small subjects are kept whole and large ones are thinned.

    Args:
        labels: (N,) label indices.
        groups: (N,) subjects.
        size: rows wanted.
        seed: fixes the order within each group.

    Returns:
        (min(size, N),) row indices, ascending.
    """
    if size >= len(labels):
        return np.arange(len(labels))
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labels))
    # Rank of each row within its (label, group), then within its label: low ranks are taken first.
    within_group = _rank_within(shuffled, np.array([f"{labels[i]}|{groups[i]}" for i in shuffled]))
    order = shuffled[np.argsort(within_group, kind="stable")]
    within_label = _rank_within(order, labels[order])
    chosen = order[np.argsort(within_label, kind="stable")][:size]
    return np.sort(chosen)


def _rank_within(rows: NDArray[np.int64], keys: NDArray[np.generic]) -> NDArray[np.int64]:
    counts: dict[object, int] = {}
    ranks = np.empty(len(rows), dtype=np.int64)
    for position, key in enumerate(keys.tolist()):
        ranks[position] = counts.get(key, 0)
        counts[key] = ranks[position] + 1
    return ranks


class BalancedBatches(Sampler[list[int]]):
    """Batches that draw every label, and every group within it, equally often.

    Each epoch depends on the seed and the epoch's number alone, so that a resumed run sees what an unbroken one does.

    Args:
        labels: (N,) label indices; rows of labels below 0 (unlabelled) form labels of their own.
        groups: (N,) subjects.
        batch_size: rows a batch.
        batches: batches an epoch.
        seed: fixes the draws.
    """

    def __init__(
        self,
        labels: NDArray[np.int64],
        groups: Sequence[str] | NDArray[np.str_],
        batch_size: int,
        batches: int,
        seed: int,
    ) -> None:
        names = np.asarray(groups)
        self._rows = [
            [np.flatnonzero((labels == label) & (names == name)) for name in np.unique(names[labels == label])]
            for label in np.unique(labels)
        ]
        self.batch_size, self.batches, self.seed, self.epoch = batch_size, batches, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer at the start of every epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng([self.seed, self.epoch])
        for _ in range(self.batches):
            # Labels take turns, so that a batch holds each of them equally often, give or take one.
            order = rng.permutation(len(self._rows))
            yield [self._draw(rng, order[k % len(order)]) for k in range(self.batch_size)]

    def _draw(self, rng: np.random.Generator, label: int) -> int:
        groups = self._rows[label]
        rows = groups[rng.integers(len(groups))]
        return int(rows[rng.integers(len(rows))])
