"""The baselines of a run: the same windows, the same subjects, the same target."""

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.models.baselines import make_baseline, predict_probabilities
from lanhar.progress import progress_bar
from lanhar.stages.data import RunData
from lanhar.stages.settings import plain


def run_baselines(cfg: DictConfig, data: RunData) -> dict[str, NDArray[np.float64]]:
    """Fit every configured baseline on the training windows and apply it to the target's.

    Returns:
        Name → probabilities (N, C) of the target's windows in the label space's order.
    """
    configured = {name: settings for name, settings in plain(cfg.baselines).items() if settings is not None}
    labels = data.train.labels(data.space)
    probabilities = {}
    for name in progress_bar(list(configured), "Fitting baselines", len(configured)):
        model = make_baseline(name, int(cfg.seed), **configured[name])
        model.fit(data.train.classifier_features, labels)
        probabilities[name] = predict_probabilities(model, data.target.classifier_features, len(data.space))
    return probabilities
