"""From the config of `interpret` to jobs: which windows or activities are written about, and how they are judged."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.activities import REGISTRY, LabelSpace
from lanhar.datamodules.sampling import balanced_subset
from lanhar.datamodules.window_cache import open_windows
from lanhar.datamodules.window_set import LabelledWindows
from lanhar.errors import LanharError
from lanhar.interpretation.judge import Judge
from lanhar.interpretation.label_job import LabelJob
from lanhar.interpretation.window_job import WindowJob
from lanhar.progress import progress_bar
from lanhar.signals.table import FEATURES
from lanhar.stages.data import training_subjects
from lanhar.stages.interpreters import (
    LanguageModel,
    label_filter_id,
    make_embed,
    make_rules_filter,
    window_filter_id,
)
from lanhar.stages.settings import cache_folder, make_dataset, plain, window_settings

COLUMNS = tuple(feature.name for feature in FEATURES)
ROLES = ("source", "target")
SAMPLES = ("all", "balanced", "random")


@dataclass(frozen=True)
class ChosenWindows:
    """The windows of one dataset that are written about.

    Attributes:
        windows: them.
        training: (N,) whether the window is of a subject that trains, whose label the filter may use.
        of: how many windows they were chosen from.
    """

    windows: LabelledWindows
    training: NDArray[np.bool_]
    of: int


def label_space_of(cfg: DictConfig) -> LabelSpace | None:
    """The config's label space; None for `common`, which needs a pair of datasets and here means every activity."""
    listed = plain(cfg.label_space.activities)
    if listed is None:
        return None
    return LabelSpace(tuple(listed), {k: tuple(v) for k, v in plain(cfg.label_space.merges).items()})


def check_choice(cfg: DictConfig) -> None:
    """Find mistakes in which windows are asked for before any is read."""
    if cfg.role not in ROLES:
        raise LanharError(f"role is '{cfg.role}'; write role=source or role=target")
    if cfg.sample not in SAMPLES:
        raise LanharError(f"sample is '{cfg.sample}'; write one of {', '.join(SAMPLES)}")
    if cfg.sample == "balanced" and cfg.role == "target":
        raise LanharError("sample=balanced looks at labels, which a target must not; write sample=random")
    if cfg.limit is not None and cfg.limit < 1:
        raise LanharError(f"limit is {cfg.limit}; write 1 or more, or null for all windows")


def choose_windows(cfg: DictConfig) -> ChosenWindows:
    """Open the dataset and choose the windows that are written about.

    Of a source those of the label space, since others never train; of a target all, since to leave some out would
    take their labels.
    """
    check_choice(cfg)
    opened = open_windows(make_dataset(cfg.dataset, cfg), window_settings(cfg), cache_folder(cfg), progress_bar)
    space, windows = label_space_of(cfg), opened.windows
    if cfg.role == "source" and space is not None:
        windows = windows.in_space(space)
        if not len(windows):
            raise LanharError(
                f"{cfg.dataset.name} has no window of {', '.join(space.activities)}; write label_space=common for all"
            )
    rows = _rows(cfg, windows, space)
    chosen = windows.select(rows)
    training = np.zeros(len(chosen), dtype=bool)
    if cfg.role == "source":
        training = np.isin(chosen.subject, training_subjects(opened.windows, cfg))
    return ChosenWindows(chosen, training, len(windows))


def _rows(cfg: DictConfig, windows: LabelledWindows, space: LabelSpace | None) -> NDArray[np.int64]:
    total = len(windows)
    size = total if cfg.limit is None else min(int(cfg.limit), total)
    if cfg.sample == "balanced":
        names = sorted(set(windows.activity.tolist()))
        labels = windows.labels(space) if space else np.searchsorted(names, windows.activity).astype(np.int64)
        return balanced_subset(labels, windows.subject, size, int(cfg.seed))
    if cfg.sample == "random":
        return np.sort(np.random.default_rng(int(cfg.seed)).permutation(total)[:size])
    return np.arange(size)


def window_job(
    cfg: DictConfig, model: LanguageModel, chosen: ChosenWindows, judge: Judge | None, space: LabelSpace | None
) -> WindowJob:
    """The job of writing about windows.

    Args:
        cfg: the config `interpret`.
        model: who writes.
        chosen: about what.
        judge: a second opinion, or None.
        space: the label space; None takes every activity by itself.
    """
    rules = make_rules_filter(cfg)
    return WindowJob(
        model.window_id,
        rules,
        window_filter_id(cfg, rules, cfg.role),
        model.prompt,
        np.asarray(chosen.windows.features),
        COLUMNS,
        _clusters(cfg, chosen, space),
        _origin_of(chosen.windows),
        make_embed(cfg) if rules.outlier is not None else None,
        judge,
        small_model=model.name == "local",
    )


def _clusters(cfg: DictConfig, chosen: ChosenWindows, space: LabelSpace | None) -> NDArray[np.str_]:
    """(N,) label of each window whose label the outlier rule may use; "" elsewhere."""
    if cfg.role == "target" or not cfg.filter.embedding.own_label:
        return np.full(len(chosen.windows), "", dtype=str)
    names = chosen.windows.activity
    if space is not None:
        names = np.array(space.activities)[chosen.windows.labels(space)]
    return np.where(chosen.training, names, "")


def label_job(cfg: DictConfig, model: LanguageModel) -> LabelJob:
    """The job of writing about the activities of the label space.

    Raises:
        LanharError: the label space names no activities.
    """
    space = label_space_of(cfg)
    activities = list(REGISTRY) if space is None else space.activities
    if cfg.variations < 1:
        raise LanharError(f"variations is {cfg.variations}; write 1 or more")
    rules = make_rules_filter(cfg)
    return LabelJob(model.label_id, rules, label_filter_id(rules), model.labels, activities, int(cfg.variations))


def _origin_of(windows: LabelledWindows) -> Callable[[int], dict[str, Any]]:
    """Where a window comes from; neither samples, subject nor activity are in it."""

    def origin(index: int) -> dict[str, Any]:
        return {
            "dataset": str(windows.dataset[index]),
            "recording": int(windows.recording[index]),
            "start_s": float(windows.start_s[index]),
        }

    return origin
