"""The baselines of a run: the same windows, the same subjects, the same target."""

from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.models.baselines import make_baseline, predict_probabilities
from lanhar.progress import progress_bar
from lanhar.signals.features import classifier_features
from lanhar.stages.data import RunData
from lanhar.stages.settings import baseline_settings

Rows = tuple[NDArray[np.float32], NDArray[np.int64]]


def run_baselines(cfg: DictConfig, data: RunData) -> dict[str, NDArray[np.float64]]:
    """Fit every configured baseline on the training windows and apply it to the target's.

    Returns:
        Name → probabilities (N, C) of the target's windows in the label space's order.
    """
    configured = baseline_settings(cfg)
    most = max((copies for copies, _ in configured.values()), default=0)
    rows = [_measured(data), *(_augmented(cfg, data, copy) for copy in range(most))]
    probabilities = {}
    for name in progress_bar(list(configured), "Fitting baselines", len(configured)):
        copies, settings = configured[name]
        model = make_baseline(name, int(cfg.seed), **settings)
        model.fit(*_joined(rows[: copies + 1]))
        probabilities[name] = predict_probabilities(model, data.target.classifier_features, len(data.space))
    return probabilities


def _measured(data: RunData) -> Rows:
    return np.asarray(data.train.classifier_features), data.train.labels(data.space)


def _augmented(cfg: DictConfig, data: RunData, copy: int) -> Rows:
    """The training windows once more, each changed as stage 2 changes them."""
    augment: Any = instantiate(cfg.mapping.augment)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(cfg.seed) * 1000 + copy)
        changed = augment(torch.from_numpy(np.array(data.train.samples))).numpy()
    features = classifier_features(changed, np.asarray(data.train.gravity), float(cfg.windows.rate_hz))
    return features, data.train.labels(data.space)


def _joined(rows: list[Rows]) -> Rows:
    return np.concatenate([features for features, _ in rows]), np.concatenate([labels for _, labels in rows])
