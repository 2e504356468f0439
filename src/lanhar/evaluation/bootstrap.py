"""Percentile intervals by bootstrap over subjects: overlapping windows of one person are not independent."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Statistics = Callable[[NDArray[np.int64]], dict[str, NDArray[np.float64]]]


def subject_intervals(
    confusions: NDArray[np.int64], statistics: Statistics, *, draws: int, level: float, seed: int
) -> dict[str, tuple[float, float] | None]:
    """Intervals of statistics of a confusion matrix when whole subjects are drawn with replacement.

    Args:
        confusions: (S, C, C) window counts of each subject, rows = truth.
        statistics: maps confusion matrices (B, C, C) to named statistics (B,).
        draws: number of resamples B.
        level: coverage in 0..1, such as 0.95.
        seed: seed of the draws.

    Returns:
        name → (low, high), or None where fewer than two subjects leave nothing to resample.
    """
    n_subjects = len(confusions)
    if n_subjects < 2:
        return dict.fromkeys(statistics(confusions))
    rng = np.random.default_rng(seed)
    times_drawn = rng.multinomial(n_subjects, np.full(n_subjects, 1 / n_subjects), size=draws)
    resampled = np.tensordot(times_drawn, confusions, axes=1)
    tail = (1 - level) / 2
    intervals: dict[str, tuple[float, float] | None] = {}
    for name, values in statistics(resampled).items():
        low, high = np.quantile(values, [tail, 1 - tail])
        intervals[name] = (float(low), float(high))
    return intervals
