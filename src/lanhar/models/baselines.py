"""The two simple classifiers that every run is compared with, on the same windows and features."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lanhar.errors import LanharError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def signed_log(features: ArrayLike) -> NDArray[np.float64]:
    """Compress magnitudes and keep signs: sign(x)·log(1 + |x|), elementwise on (N, K)."""
    x = np.asarray(features, dtype=np.float64)
    return np.sign(x) * np.log1p(np.abs(x))


def _logistic_regression(seed: int, C: float = 3e-4, max_iter: int = 5000) -> "Pipeline":
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    classifier = LogisticRegression(C=C, class_weight="balanced", max_iter=max_iter, random_state=seed)
    return make_pipeline(FunctionTransformer(signed_log), StandardScaler(), classifier)


def _random_forest(seed: int, n_estimators: int = 300, min_samples_leaf: int = 1, n_jobs: int = -1) -> "Pipeline":
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        RandomForestClassifier(
            n_estimators=n_estimators,
            min_samples_leaf=min_samples_leaf,
            class_weight="balanced_subsample",
            n_jobs=n_jobs,
            random_state=seed,
        )
    )


BASELINES: dict[str, Callable[..., "Pipeline"]] = {
    "logistic_regression": _logistic_regression,
    "random_forest": _random_forest,
}


def make_baseline(name: str, seed: int, **parameters: Any) -> "Pipeline":
    """Build an unfitted baseline for (N, K) classifier features and (N,) label-space indices.

    Args:
        name: `logistic_regression` (signed-log features, standardised, balanced classes) or `random_forest`.
        seed: seed of everything random inside.
        **parameters: `C`, `max_iter` of the regression; `n_estimators`, `min_samples_leaf`, `n_jobs` of the
            forest. The defaults are the ones reported by the project.

    Raises:
        LanharError: no baseline has this name, or it has no such parameter.
    """
    if name not in BASELINES:
        raise LanharError(f"unknown baseline '{name}': write one of {', '.join(BASELINES)}")
    build = BASELINES[name]
    known = [parameter for parameter in inspect.signature(build).parameters if parameter != "seed"]
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise LanharError(f"baseline '{name}' takes no {', '.join(unknown)}: write {', '.join(known)}")
    return build(seed, **parameters)


def predict_probabilities(model: "Pipeline", features: ArrayLike, n_activities: int) -> NDArray[np.float64]:
    """Probabilities (N, C) in the label space's order; an activity the source lacks has a column of zeros.

    Args:
        model: a baseline fitted on label-space indices 0..C-1.
        features: (N, K), the columns that it was fitted on.
        n_activities: C, the length of the label space.
    """
    predicted = model.predict_proba(features)
    probabilities = np.zeros((len(predicted), n_activities))
    probabilities[:, model.classes_] = predicted
    return probabilities
