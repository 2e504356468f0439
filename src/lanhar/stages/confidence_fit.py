"""Temperature and thresholds of a finished run, set on its source alone."""

from collections.abc import Iterator
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
from lanhar.evaluation.open_set import refused, separation, threshold_at
from lanhar.models.sensor_encoder import SensorEncoder
from lanhar.progress import progress_bar
from lanhar.stages.data import balanced_windows
from lanhar.stages.reopen import OpenedRun, described, described_copies
from lanhar.stages.tuning import tune
from lanhar.stages.unknown_scores import SCORES, UnknownScores, embedded


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
        thresholds: score → above it a window is unknown.
        held_out: score → activity that was held out → `auroc` and `refused`.
    """

    scores: UnknownScores
    temperatures: dict[str, float]
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
    """Set temperature and thresholds on held-out subjects, and test the thresholds on held-out activities.

    Held-out subjects wear the phone where the training subjects do, so that a run is nearly always right about them
    as recorded; their windows are therefore changed as stage 2 changes its own.
    """
    encoder, bank = opened.run.mapping.module.sensor_encoder, opened.run.bank.embeddings
    kinds = {"recorded": (views.recorded, views.recorded_labels), "changed": (views.changed, views.changed_labels)}
    temperatures = {
        kind: fit_temperature(embedded(encoder, inputs) @ bank.numpy().T, labels)
        for kind, (inputs, labels) in kinds.items()
    }
    scores = UnknownScores.of(encoder, bank, temperatures["changed"], views.train)
    known = scores.all(views.changed)
    thresholds = {name: threshold_at(known[name], views.changed_labels, float(cfg.rate)) for name in SCORES}
    return Fitted(scores, temperatures, thresholds, held_out_activities(cfg, opened, views, temperatures["changed"]))


def held_out_activities(
    cfg: DictConfig, opened: OpenedRun, views: SourceViews, temperature: float
) -> dict[str, dict[str, dict[str, float]]]:
    """Train an encoder without each activity in turn and test how unknown it finds that activity of held-out subjects.

    Returns:
        score → activity → `auroc` against the other activities and share `refused` at the rate of `cfg.rate`. Empty
        where a run has two activities only.
    """
    space = opened.data.space
    found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in SCORES}
    if len(space) < 3:
        return found
    shown = progress_bar(list(enumerate(space.activities)), "Holding an activity out", len(space))
    for index, activity in shown:
        known, held = views.changed_labels != index, views.changed_labels == index
        if not held.any():
            continue
        without = _without(cfg, opened, views, index, temperature)
        for name, values in without.all(views.changed).items():
            threshold = threshold_at(values[known], views.changed_labels[known], float(cfg.rate))
            own = {"auroc": separation(values[held], values[known]), "refused": refused(values[held], threshold)}
            found[name][activity] = own
    return found


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
