"""The logistic regression with a few labelled windows of the target beside the source's."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.models.baselines import make_baseline, predict_probabilities

Rows = NDArray[np.float64]


class FewShotRegression:
    """A regression fitted once on the source, and again from there with each handful of labelled windows.

    Features are scaled by the source alone. Every activity weighs the same; within one, `k` labelled windows weigh
    k / (k + prior) and the source's windows the rest. The sum of all weights stays, so the penalty keeps its meaning.

    Args:
        features: (N, K) classifier features of the source's training windows.
        labels: (N,) activity indices.
        n_activities: C.
        seed: of the regression.
        settings: `C` and `max_iter`, as the baseline has them.
    """

    def __init__(
        self,
        features: NDArray[np.floating[Any]],
        labels: NDArray[np.int64],
        n_activities: int,
        seed: int,
        settings: Mapping[str, Any],
    ) -> None:
        fitted = make_baseline("logistic_regression", seed, **settings).fit(features, labels)
        self._scaling, self._source = fitted[:-1], fitted[-1]
        self._features, self._labels, self._classes = self.prepare(features), labels, n_activities

    def prepare(self, features: NDArray[np.floating[Any]]) -> Rows:
        """Scale features (M, K) as the source's were."""
        if not len(features):
            return np.empty(features.shape)
        scaled: Rows = np.asarray(self._scaling.transform(features), dtype=np.float64)
        return scaled

    def predict(self, windows: Rows, support: Rows, support_labels: NDArray[np.int64], prior: float) -> Rows:
        """Probabilities (M, C) of prepared windows (M, K).

        Args:
            windows: what to predict.
            support: (S, K) prepared labelled windows; without any the source's own fit predicts.
            support_labels: (S,) activity indices.
            prior: labelled windows that the source's windows of an activity count as together; 0 leaves them out.
        """
        if not len(support):
            return predict_probabilities(self._source, windows, self._classes)
        from sklearn.base import clone

        model = clone(self._source).set_params(class_weight=None)
        rows, labels, weights = self._weighted(support, support_labels, prior)
        if len(np.unique(labels)) == len(self._source.classes_):
            model.set_params(warm_start=True)
            model.coef_, model.intercept_ = self._source.coef_.copy(), self._source.intercept_.copy()
            model.classes_ = self._source.classes_
        return predict_probabilities(model.fit(rows, labels, sample_weight=weights), windows, self._classes)

    def _weighted(
        self, support: Rows, support_labels: NDArray[np.int64], prior: float
    ) -> tuple[Rows, NDArray[np.int64], NDArray[np.float64]]:
        given = np.bincount(support_labels, minlength=self._classes)
        held = np.bincount(self._labels, minlength=self._classes)
        share = given / np.maximum(given + prior, 1e-12)
        budget = len(self._labels) / max(1, int((held > 0).sum()))
        weights = np.r_[
            ((1 - share) * budget / np.maximum(held, 1))[self._labels],
            (share * budget / np.maximum(given, 1))[support_labels],
        ]
        rows = np.concatenate([self._features, support])
        labels = np.concatenate([self._labels, support_labels])
        counted = weights > 0
        return rows[counted], labels[counted], weights[counted]
