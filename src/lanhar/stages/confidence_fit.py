"""Temperature and thresholds of a finished run, set on its source alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from hydra.utils import instantiate
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor

from lanhar.datamodules.sampling import BalancedBatches
from lanhar.errors import LanharError
from lanhar.evaluation.calibration import fit_temperature
from lanhar.evaluation.open_set import Scores, refused, separation, threshold_at
from lanhar.models.sensor_encoder import SensorEncoder
from lanhar.progress import progress_bar
from lanhar.stages.data import balanced_windows
from lanhar.stages.reopen import OpenedRun, described, described_copies
from lanhar.stages.tuning import tune
from lanhar.stages.unknown_scores import SCORES, UnknownScores, embedded

RATES = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
"""Shares of known windows, changed as other pockets would, that held-out activities choose from."""


@dataclass(frozen=True)
class SourceViews:
    """The source's windows as the encoder's fixed part makes them, and as other pockets would change them.

    Attributes:
        train: (M, ...) of training subjects, as recorded and then changed.
        n_recorded: how many of them are as recorded.
        train_labels: (M,) activity indices.
        train_subjects: (M,) names.
        recorded: (H, ...) of held-out subjects, as recorded.
        changed: (J, ...) of held-out subjects, changed.
        recorded_labels: (H,) activity indices.
        changed_labels: (J,) activity indices.
    """

    train: Tensor
    n_recorded: int
    train_labels: NDArray[np.int64]
    train_subjects: NDArray[np.str_]
    recorded: Tensor
    changed: Tensor
    recorded_labels: NDArray[np.int64]
    changed_labels: NDArray[np.int64]


@dataclass(frozen=True)
class Fitted:
    """What was set on the source alone.

    Attributes:
        scores: of the run's own encoder.
        temperatures: `recorded` and `changed`: what kind of held-out windows each was fitted on.
        rates: score → share of the held-out subjects' changed windows that may be refused.
        thresholds: score → above it a window is unknown.
        held_out: score → activity that was held out → `auroc` and `refused`.
    """

    scores: UnknownScores
    temperatures: dict[str, float]
    rates: dict[str, float]
    thresholds: dict[str, float]
    held_out: dict[str, dict[str, dict[str, float]]]


def source_views(cfg: DictConfig, opened: OpenedRun) -> SourceViews:
    """Describe the source's windows; nothing of the target is looked at.

    Raises:
        LanharError: the run held no subject of its source out.
    """
    data, seed = opened.data, int(opened.cfg.seed)
    if not len(data.validation):
        raise LanharError(
            "the run held no subject of its source out, who alone can set a temperature or a threshold; train it with "
            "split.validation_fraction=0.1"
        )
    train = balanced_windows(data.train, data.space, int(cfg.max_windows), seed)
    held = balanced_windows(data.validation, data.space, int(cfg.max_windows), seed)
    encoder, copies = opened.run.mapping.module.sensor_encoder, int(cfg.copies)
    return SourceViews(
        torch.cat([described(encoder, train.samples), described_copies(opened, train, copies, seed)]),
        len(train),
        np.tile(train.labels(data.space), copies + 1),
        np.tile(train.subject, copies + 1),
        described(encoder, held.samples),
        described_copies(opened, held, copies, seed + 1),
        held.labels(data.space),
        np.tile(held.labels(data.space), copies),
    )


def fit_confidence(cfg: DictConfig, opened: OpenedRun, views: SourceViews) -> Fitted:
    """Set temperature and thresholds on held-out subjects and held-out activities.

    Held-out subjects wear the phone where the training subjects do, so that a run is nearly always right about them
    as recorded; their windows are therefore changed as stage 2 changes its own. Changed windows lie further out than
    those of most real pockets, so that a small share of them, refused, makes a high threshold: held-out activities may
    say which share tells known from unknown best.
    """
    encoder, bank = opened.run.mapping.module.sensor_encoder, opened.run.bank.embeddings
    kinds = {"recorded": (views.recorded, views.recorded_labels), "changed": (views.changed, views.changed_labels)}
    temperatures = {
        kind: fit_temperature(embedded(encoder, inputs) @ bank.numpy().T, labels)
        for kind, (inputs, labels) in kinds.items()
    }
    scores = UnknownScores.of(encoder, bank, temperatures["changed"], views.train)
    known = scores.all(views.changed)
    labels = views.changed_labels
    without = held_out_activities(cfg, opened, views, temperatures["changed"])
    rates = {name: float(cfg.rate) for name in SCORES}
    if without and cfg.threshold_from == "held_out_activities":
        rates = {name: best_rate({c: own[name] for c, own in without.items()}, labels) for name in SCORES}
    thresholds = {name: threshold_at(known[name], labels, rates[name]) for name in SCORES}
    held_out = {
        name: {
            opened.data.space.activities[c]: {
                "auroc": separation(own[name][labels == c], own[name][labels != c]),
                "refused": refused_at(rates[name], own[name], labels, c),
            }
            for c, own in without.items()
        }
        for name in SCORES
    }
    return Fitted(scores, temperatures, rates, thresholds, held_out)


def best_rate(without: Mapping[int, Scores], labels: NDArray[np.int64]) -> float:
    """The one of `RATES` that tells held-out activities from known ones best: refused less rate, mean over activities.

    Args:
        without: activity index → scores (J,) of an encoder that never saw it.
        labels: (J,) activity indices.
    """
    gains = [np.mean([refused_at(rate, own, labels, c) for c, own in without.items()]) - rate for rate in RATES]
    return RATES[int(np.argmax(gains))]


def refused_at(rate: float, scores: Scores, labels: NDArray[np.int64], held: int) -> float:
    """Share of a held-out activity's windows above the threshold that refuses a share `rate` of the others."""
    threshold = threshold_at(scores[labels != held], labels[labels != held], rate)
    return refused(scores[labels == held], threshold)


def held_out_activities(
    cfg: DictConfig, opened: OpenedRun, views: SourceViews, temperature: float
) -> dict[int, dict[str, Scores]]:
    """Train an encoder without each activity in turn; how unknown it finds the held-out subjects' changed windows.

    Returns:
        Index of the activity → score → (J,). Empty where a run has two activities only.
    """
    space = opened.data.space
    held = [c for c in range(len(space)) if (views.changed_labels == c).any()] if len(space) >= 3 else []
    shown = progress_bar(held, "Holding an activity out", len(held))
    return {c: _without(cfg, opened, views, c, temperature).all(views.changed) for c in shown}


def _without(cfg: DictConfig, opened: OpenedRun, views: SourceViews, index: int, temperature: float) -> UnknownScores:
    """The scores of an encoder like the run's that never saw one activity."""
    module, bank, seed = opened.run.mapping.module, opened.run.bank.embeddings, int(opened.cfg.seed)
    kept = torch.arange(len(bank)) != index
    rows = np.flatnonzero(views.train_labels != index)
    labels = views.train_labels[rows] - (views.train_labels[rows] > index)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        length = int(opened.cfg.windows.length)
        encoder: SensorEncoder = instantiate(
            opened.cfg.sensor_encoder, embedding_dim=bank.shape[1], window_length=length
        )
    encoder.fit_scaling(views.train[rows[rows < views.n_recorded]])
    sampler = BalancedBatches(
        labels, views.train_subjects[rows], int(opened.cfg.mapping.batch_size), int(cfg.held_out_steps), seed
    )

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        for batch in sampler:
            yield views.train[rows[batch]], torch.from_numpy(labels[batch])

    tune(encoder, batches(), bank[kept], module.prototype, float(opened.cfg.mapping.lr), seed)
    return UnknownScores.of(encoder, bank[kept], temperature, views.train[rows])
