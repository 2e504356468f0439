from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

SUREST = 0.8
"""Share of the windows predicted as an activity that the next round believes."""


def self_train(
    model: "Pipeline",
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    target: NDArray[np.float32],
    rounds: int,
) -> "Pipeline":
    """Refit a classifier on its training windows and on the target's that it is surest of, as it predicts them.

    Each round believes anew: nothing that an earlier one believed is kept (Lee 2013, pseudo-labels).

    Args:
        model: fitted on `features` and `labels`.
        features: (N, K) of training windows.
        labels: (N,) their label-space indices.
        target: (M, K) of the target's windows, whose labels are not known.
        rounds: how often.
    """
    from sklearn.base import clone

    for _ in range(rounds):
        probabilities = model.predict_proba(target)
        predicted, sureness = model.classes_[probabilities.argmax(axis=1)], probabilities.max(axis=1)
        rows = np.concatenate([_surest(np.flatnonzero(predicted == c), sureness) for c in model.classes_])
        believed = clone(model)
        believed.fit(np.concatenate([features, target[rows]]), np.concatenate([labels, predicted[rows]]))
        model = believed
    return model


def _surest(rows: NDArray[np.intp], sureness: NDArray[np.float64]) -> NDArray[np.intp]:
    return rows[np.argsort(-sureness[rows], kind="stable")][: int(SUREST * len(rows))]
