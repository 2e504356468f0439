"""The simple classifiers that every run is compared with, on the same windows and features."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lanhar.errors import LanharError
from lanhar.signals.features import signed_log

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin
    from sklearn.pipeline import Pipeline


def _of_logs(classifier: "ClassifierMixin") -> "Pipeline":
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(FunctionTransformer(signed_log), StandardScaler(), classifier)


def _logistic_regression(seed: int, C: float = 3e-4, max_iter: int = 5000) -> "Pipeline":
    from sklearn.linear_model import LogisticRegression

    return _of_logs(LogisticRegression(C=C, class_weight="balanced", max_iter=max_iter, random_state=seed))


def _lda(seed: int, shrinkage: float = 0.8) -> "Pipeline":  # noqa: ARG001 nothing is drawn
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    return _of_logs(LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage))


def _random_forest(seed: int, n_estimators: int = 300, min_samples_leaf: int = 5, n_jobs: int = -1) -> "Pipeline":
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


def _extra_trees(seed: int, n_estimators: int = 300, min_samples_leaf: int = 20, n_jobs: int = -1) -> "Pipeline":
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        ExtraTreesClassifier(
            n_estimators=n_estimators,
            min_samples_leaf=min_samples_leaf,
            class_weight="balanced",
            n_jobs=n_jobs,
            random_state=seed,
        )
    )


def _gradient_boosting(
    seed: int,
    max_iter: int = 100,
    learning_rate: float = 0.1,
    max_leaf_nodes: int = 3,
    max_features: float = 0.05,
    min_samples_leaf: int = 50,
    l2_regularization: float = 10.0,
) -> "Pipeline":
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        HistGradientBoostingClassifier(
            max_iter=max_iter,
            learning_rate=learning_rate,
            max_leaf_nodes=max_leaf_nodes,
            max_features=max_features,
            min_samples_leaf=min_samples_leaf,
            l2_regularization=l2_regularization,
            class_weight="balanced",
            early_stopping=False,
            random_state=seed,
        )
    )


BASELINES: dict[str, Callable[..., "Pipeline"]] = {
    "logistic_regression": _logistic_regression,
    "random_forest": _random_forest,
    "gradient_boosting": _gradient_boosting,
    "lda": _lda,
    "extra_trees": _extra_trees,
}


def make_baseline(name: str, seed: int, **parameters: Any) -> "Pipeline":
    """Build an unfitted baseline for (N, K) classifier features and (N,) label-space indices.

    Args:
        name: `logistic_regression` (signed-log features, standardised, balanced classes), `lda` (the same features,
            covariance shrunk towards the identity), `random_forest`, `extra_trees` or `gradient_boosting`.
        seed: seed of everything random inside.
        **parameters: `C`, `max_iter` of the regression; `shrinkage` of `lda`; `n_estimators`, `min_samples_leaf`,
            `n_jobs` of the forests; `max_iter`, `learning_rate`, `max_leaf_nodes`, `max_features`, `min_samples_leaf`,
            `l2_regularization` of the boosting. The defaults are the ones reported by the project.

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
