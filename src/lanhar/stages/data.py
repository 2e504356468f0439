"""The windows of a run: sources split by subject, the target apart."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.activities import LabelSpace
from lanhar.datamodules.sampling import balanced_subset
from lanhar.datamodules.splits import split_subjects
from lanhar.datamodules.window_cache import CachedWindows, open_windows
from lanhar.datamodules.window_set import LabelledWindows, Windows, concatenate
from lanhar.datasets.base import Dataset
from lanhar.datasets.locate import Progress
from lanhar.errors import LanharError
from lanhar.keys import code_digest, digest
from lanhar.progress import console
from lanhar.stages.settings import activities_of, cache_folder, label_spaces, plain, window_settings
from lanhar.stages.texts import Interpreter, make_interpreter, rerun_words, texts_of


@dataclass(frozen=True)
class RunData:
    """What a run trains and tests on.

    Attributes:
        space: the label space that is trained on.
        tested: the part of it that the target is tested on; the same unless `label_space.whole_source`.
        train: labelled windows of training subjects, in the label space.
        validation: those of held-out source subjects; may be empty.
        target: labelled windows of the target, in `tested`; only the test may read them.
        unlabelled: what `transductive` may train on: every window of the target, since to leave out those outside the
            label space would take their labels.
        sources: what tables call the sources.
        targets: the same of the targets.
        source_keys: identity of each source's windows.
        target_keys: identity of each target's windows.
        synthetic: whether any recording was generated rather than measured.
        interpreter: writes the texts of the source's windows, every one of which has one.
        target_interpreter: the same for `unlabelled`.
        coverage: activity → share of the source's windows that have an interpretation.
    """

    space: LabelSpace
    tested: LabelSpace
    train: LabelledWindows
    validation: LabelledWindows
    target: LabelledWindows
    unlabelled: Windows
    sources: list[str]
    targets: list[str]
    source_keys: dict[str, str]
    target_keys: dict[str, str]
    synthetic: bool
    interpreter: Interpreter
    target_interpreter: Interpreter
    coverage: dict[str, float]

    @property
    def split(self) -> dict[str, list[str]]:
        """Subjects of each part, sorted."""
        parts = {"train": self.train, "validation": self.validation, "target": self.target}
        return {name: sorted(set(map(str, windows.subject))) for name, windows in parts.items()}


def load_data(cfg: DictConfig, sources: dict[str, Dataset], targets: dict[str, Dataset], progress: Progress) -> RunData:
    """Open the windows of all datasets and split the source by subject.

    Raises:
        LanharError: an activity of the label space has no source window, or the target has fewer than two activities.
    """
    settings, cache = window_settings(cfg), cache_folder(cfg)
    opened_sources = {name: open_windows(d, settings, cache, progress) for name, d in sources.items()}
    opened_targets = {name: open_windows(d, settings, cache, progress) for name, d in targets.items()}
    _check_apart(opened_sources, opened_targets)
    for name, dataset in [*sources.items(), *targets.items()]:
        for note in dataset.report.notes:
            console.print(f"Note: {name}: {note}", soft_wrap=True)
    space, tested = label_spaces(cfg, activities_of(sources), activities_of(targets))
    source = concatenate([opened.windows for opened in opened_sources.values()])
    if cfg.label_space.whole_source:
        # Some activities, such as sitting down, are shorter than any window.
        space = space.restricted(source.activity.tolist())
        tested = space.restricted(tested.activities)
    source = source.in_space(space)
    everything = concatenate([opened.windows for opened in opened_targets.values()])
    target = everything.in_space(tested)
    _check_counts(source, target, space, tested, cfg)
    alone = len(opened_sources) == 1
    train_subjects = [
        name for opened in opened_sources.values() for name in training_subjects(opened.windows, cfg, alone)
    ]
    training = np.isin(source.subject, train_subjects)
    interpreter, target_interpreter = (make_interpreter(cfg, space, role) for role in ("source", "target"))
    has_text = _has_text(cfg, interpreter, source, "+".join(sources))
    coverage = _coverage(has_text, source, space)
    _check_counts(source.select(has_text), target, space, tested, cfg)
    if cfg.protocol.name == "transductive" and cfg.mapping.target_texts:
        everything = everything.select(_has_text(cfg, target_interpreter, everything, "+".join(targets)))
    return RunData(
        space=space,
        tested=tested,
        train=balanced_windows(source.select(training & has_text), space, cfg.split.max_windows, int(cfg.seed)),
        validation=source.select(~training & has_text),
        target=target,
        unlabelled=everything.without_labels(),
        sources=[dataset.called for dataset in sources.values()],
        targets=[dataset.called for dataset in targets.values()],
        source_keys={name: opened.key for name, opened in opened_sources.items()},
        target_keys={name: opened.key for name, opened in opened_targets.items()},
        synthetic=any(is_synthetic(dataset) for dataset in [*sources.values(), *targets.values()]),
        interpreter=interpreter,
        target_interpreter=target_interpreter,
        coverage=coverage,
    )


def training_identity(cfg: DictConfig, data: RunData) -> dict[str, Any]:
    """What a model that is trained on the source's windows alone depends on; nothing of the target is in it."""
    rows = [data.train.recording.tolist(), data.train.start_s.tolist(), data.train.dataset.tolist()]
    return {
        "source": data.source_keys,
        "label_space": [data.space.activities, dict(data.space.merges)],
        "split": plain(cfg.split),
        "windows": plain(cfg.windows),
        "rows": digest({"rows": rows}),
        "seed": cfg.seed,
        "code": code_digest(),
    }


def training_subjects(windows: LabelledWindows, cfg: DictConfig, alone: bool = True) -> list[str]:
    """Subjects of one dataset that train; each dataset is split by itself, the same way whatever joins it.

    Args:
        windows: all windows of the dataset.
        cfg: the whole config.
        alone: false where other sources can give the validation subjects that a dataset of one person cannot.
    """
    if not alone and len(subjects := set(windows.subject.tolist())) == 1:
        return sorted(subjects)
    return split_subjects(windows.subject, float(cfg.split.validation_fraction), int(cfg.seed))[0]


def balanced_windows(windows: LabelledWindows, space: LabelSpace, limit: int | None, seed: int) -> LabelledWindows:
    """At most `limit` windows, spread over activities and subjects; all of them where it is None."""
    return windows.select(balanced_rows(windows, space, limit, seed))


def balanced_rows(windows: LabelledWindows, space: LabelSpace, limit: int | None, seed: int) -> NDArray[np.int64]:
    """Rows of the windows that `balanced_windows` gives, ascending."""
    labels = windows.labels(space)
    return balanced_subset(labels, windows.subject, len(labels) if limit is None else int(limit), seed)


def is_synthetic(dataset: Dataset) -> bool:
    """Whether a folder says by a file named SYNTHETIC that its recordings were generated, not measured."""
    return any((Path(folder) / "SYNTHETIC").exists() for folder in (dataset.data_dir, dataset.root()))


def _check_apart(trained: dict[str, CachedWindows], tested: dict[str, CachedWindows]) -> None:
    """Two folders of one's own may be source and target, but not one folder under both names."""
    for name, opened in tested.items():
        if opened.key in {other.key for other in trained.values()}:
            raise LanharError(f"source and target both read the same files of {name}; write another target.spec")


def _has_text(cfg: DictConfig, interpreter: Interpreter, windows: LabelledWindows, name: str) -> NDArray[np.bool_]:
    """Windows (N,) with an interpretation; `interpretation.missing` says whether any may be without."""
    missing = cfg.interpretation.missing
    if missing not in ("error", "drop"):
        raise LanharError(f"interpretation.missing is '{missing}'; write error or drop")
    has_text = np.array([text is not None for text in texts_of(interpreter, windows)], dtype=bool)
    lacking = int((~has_text).sum())
    if lacking and (missing == "error" or lacking == len(has_text)):
        raise LanharError(
            f"{lacking:,} of {len(has_text):,} windows of {name} have no accepted interpretation in the store "
            f"'{cfg.store}' by this model, prompt and filter; write interpretation.missing=drop to train on the others "
            f"(with seed={cfg.seed}, as they were judged), or run: "
            f"python -m lanhar.interpret dataset={name} {rerun_words(cfg)}"
        )
    return has_text


def _coverage(has_text: NDArray[np.bool_], windows: LabelledWindows, space: LabelSpace) -> dict[str, float]:
    labels = windows.labels(space)
    found = np.bincount(labels[has_text], minlength=len(space))
    shares = found / np.bincount(labels, minlength=len(space)).clip(1)
    return dict(zip(space.activities, shares.tolist(), strict=True))


def _check_counts(
    source: LabelledWindows, target: LabelledWindows, space: LabelSpace, tested: LabelSpace, cfg: DictConfig
) -> None:
    seconds = cfg.windows.length / cfg.windows.rate_hz
    held = set(source.labels(space).tolist())
    missing = [name for i, name in enumerate(space.activities) if i not in held]
    if missing:
        raise LanharError(
            f"the source has no window of {seconds:g} s of {', '.join(missing)}; leave it out of "
            "label_space.activities, add a source, or write windows=short"
        )
    if len(set(target.labels(tested).tolist())) < 2:
        raise LanharError(
            f"the target has windows of {seconds:g} s of fewer than two of {', '.join(tested.activities)}; choose "
            "another target or label space, or write windows=short"
        )
