"""Whether a probability means what it says: calibration error, its table, and one temperature for cosines."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
# Temperatures that a fit may choose from; cosines are at most 1, so below .002 nothing but the best activity is left.
TEMPERATURES = (0.002, 10.0)


def probabilities(cosines: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """Softmax of cosines (N, C) divided by a temperature above 0: (N, C), rows sum to 1."""
    from scipy.special import softmax

    values: NDArray[np.float64] = softmax(np.asarray(cosines, dtype=np.float64) / temperature, axis=1)
    return values


def negative_log_likelihood(cosines: NDArray[np.floating[Any]], truth: NDArray[np.int64], temperature: float) -> float:
    """Mean negative log-likelihood, nats, of truths (N,) under the softmax of cosines (N, C)."""
    from scipy.special import log_softmax

    logs = log_softmax(np.asarray(cosines, dtype=np.float64) / temperature, axis=1)
    return float(-logs[np.arange(len(truth)), truth].mean())


def fit_temperature(cosines: NDArray[np.floating[Any]], truth: NDArray[np.int64]) -> float:
    """The temperature that makes truths (N,) most likely.

    Source: Guo et al., "On calibration of modern neural networks" (2017).

    Args:
        cosines: (N, C) of windows that trained nothing.
        truth: (N,) activity indices 0..C-1.

    Returns:
        A temperature within `TEMPERATURES`; predictions do not change with it.
    """
    from scipy.optimize import minimize_scalar

    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(
        lambda log: negative_log_likelihood(cosines, truth, float(np.exp(log))), bounds=(low, high), method="bounded"
    )
    return float(np.exp(found.x))


def expected_calibration_error(
    predicted: NDArray[np.floating[Any]], truth: NDArray[np.int64], bins: int = BINS
) -> float:
    """Mean distance, 0..1, between confidence and accuracy over bins of equal width, weighted by their windows.

    Args:
        predicted: (N, C) probabilities.
        truth: (N,) activity indices 0..C-1.
        bins: number of bins of the highest probability.
    """
    import torch
    from torchmetrics.functional.classification import multiclass_calibration_error

    error = multiclass_calibration_error(
        torch.from_numpy(np.asarray(predicted)), torch.from_numpy(truth), predicted.shape[1], n_bins=bins, norm="l1"
    )
    return float(error)


def reliability_table(
    predicted: NDArray[np.floating[Any]], truth: NDArray[np.int64], bins: int = BINS
) -> list[dict[str, float]]:
    """One row a bin of the highest probability that holds a window.

    Args:
        predicted: (N, C) probabilities.
        truth: (N,) activity indices 0..C-1.
        bins: number of bins of equal width.

    Returns:
        Rows of `low`, `high` (the bin), `windows`, `confidence` (mean highest probability) and `accuracy`.
    """
    highest, hits = predicted.max(axis=1), predicted.argmax(axis=1) == truth
    # Open to the left, as in the error above.
    which = np.clip(np.ceil(highest * bins).astype(int) - 1, 0, bins - 1)
    return [
        {
            "low": b / bins,
            "high": (b + 1) / bins,
            "windows": int((which == b).sum()),
            "confidence": float(highest[which == b].mean()),
            "accuracy": float(hits[which == b].mean()),
        }
        for b in np.unique(which).tolist()
    ]
