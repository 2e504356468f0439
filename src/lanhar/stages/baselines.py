"""The baselines of a run: the same windows, the same subjects, the same target."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from lightning.pytorch.loggers import Logger
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.files import locked
from lanhar.keys import digest
from lanhar.models.baselines import BASELINES, make_baseline, predict_probabilities
from lanhar.models.self_training import self_train
from lanhar.progress import progress_bar
from lanhar.signals.features import classifier_features
from lanhar.stages.align import TrainedAlignment, window_texts
from lanhar.stages.data import RunData, training_identity
from lanhar.stages.networks import run_network
from lanhar.stages.settings import NEAREST_INTERPRETATION, baseline_settings, classifier_parameters

Rows = tuple[NDArray[np.float32], NDArray[np.int64]]
MODEL = "model.joblib"


def run_baselines(
    cfg: DictConfig, data: RunData, alignment: TrainedAlignment | None, stages_dir: Path, loggers: list[Logger]
) -> dict[str, NDArray[np.float64]]:
    """Fit every configured baseline on the training windows, or load it, and apply it to the target's.

    Returns:
        Name → scores (N, C) of the target's windows in the order of the label space that was trained on.
    """
    scores = {}
    for name, settings in baseline_settings(cfg).items():
        if name == NEAREST_INTERPRETATION:
            assert alignment is not None
            scores[name] = nearest_interpretation(data, alignment)
        elif name in BASELINES:
            model = _fitted(cfg, data, name, settings, stages_dir)
            scores[name] = predict_probabilities(model, data.target.classifier_features, len(data.space))
        else:
            scores[name] = run_network(cfg, data, name, settings, stages_dir, loggers)
    return scores


def nearest_interpretation(data: RunData, alignment: TrainedAlignment) -> NDArray[np.float64]:
    """Cosines (N, C) of the target's own interpretations to the label bank: what the texts alone can tell."""
    texts = window_texts(data.target_interpreter, alignment, data.target, "target, for its nearest interpretation")
    cosines: NDArray[np.float64] = (texts @ alignment.bank.embeddings.T).numpy().astype(np.float64)
    return cosines


def _fitted(cfg: DictConfig, data: RunData, name: str, settings: dict[str, Any], stages_dir: Path) -> Any:
    """A classifier of features, fitted once for every target of its source, or for each where it sees the target."""
    import joblib

    copies = int(settings.get("augmented_copies", 0))
    rounds = int(settings.get("self_training_rounds", 0)) if cfg.protocol.name == "transductive" else 0
    identity = {"stage": "baseline", "name": name, "settings": settings, **training_identity(cfg, data)}
    if rounds:
        identity["target"] = data.target_keys
    folder = stages_dir / f"baseline-{name}" / digest(identity)
    with locked(folder):
        if not (folder / MODEL).exists():
            model = make_baseline(name, int(cfg.seed), **classifier_parameters(settings))
            copied = progress_bar(list(range(copies + 1)), f"Fitting {name}", copies + 1)
            rows = [_rows(cfg, data, settings, copy) for copy in copied]
            features, labels = _joined(rows)
            model.fit(features, labels)
            model = self_train(model, features, labels, np.asarray(data.unlabelled.classifier_features), rounds)
            joblib.dump(model, folder / f"{MODEL}.partial", compress=3)
            (folder / f"{MODEL}.partial").replace(folder / MODEL)
    return joblib.load(folder / MODEL)


def _rows(cfg: DictConfig, data: RunData, settings: dict[str, Any], copy: int) -> Rows:
    """Features and labels of the training windows as recorded (copy 0), or changed as the settings say."""
    labels = data.train.labels(data.space)
    if copy == 0:
        return np.asarray(data.train.classifier_features), labels
    augment: Any = instantiate(settings["augment"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(cfg.seed) * 1000 + copy - 1)
        changed = augment(torch.from_numpy(np.array(data.train.samples))).numpy()
    return classifier_features(changed, np.asarray(data.train.gravity), float(cfg.windows.rate_hz)), labels


def _joined(rows: list[Rows]) -> Rows:
    return np.concatenate([features for features, _ in rows]), np.concatenate([labels for _, labels in rows])
