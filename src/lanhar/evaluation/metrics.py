"""What a run reports about one method on one target."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lanhar.activities import LabelSpace
from lanhar.errors import LanharError
from lanhar.evaluation.bootstrap import subject_intervals


@dataclass(frozen=True)
class ActivityScore:
    """Scores of one activity, 0..1, 0 where undefined; `support` is its number of test windows."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Metrics:
    """Scores of one method on one target.

    Attributes:
        activities: the label space's C names, in order.
        n_windows: windows tested.
        n_subjects: subjects they come from.
        accuracy: share of windows predicted correctly.
        weighted_f1: F1 weighted by each activity's test windows.
        macro_f1: mean F1 over the activities with at least one test window.
        intervals: `accuracy`, `weighted_f1`, `macro_f1` → (low, high); None with one subject.
        interval_level: coverage of the intervals, 0..1.
        per_activity: activity → scores, in the label space's order.
        absent: activities without a test window; predicting one counts as an error.
        confusion: (C, C) window counts, rows = truth, columns = prediction.
    """

    activities: tuple[str, ...]
    n_windows: int
    n_subjects: int
    accuracy: float
    weighted_f1: float
    macro_f1: float
    intervals: dict[str, tuple[float, float] | None]
    interval_level: float
    per_activity: dict[str, ActivityScore]
    absent: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain dicts, lists and numbers, ready for JSON."""
        plain = dataclasses.asdict(self)
        plain["activities"], plain["absent"] = list(self.activities), list(self.absent)
        plain["confusion"] = [list(row) for row in self.confusion]
        plain["intervals"] = {name: list(pair) if pair else None for name, pair in self.intervals.items()}
        return plain


def evaluate(
    predictions: ArrayLike,
    targets: ArrayLike,
    label_space: LabelSpace,
    subjects: Sequence[object] | NDArray[Any],
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Metrics:
    """Score predictions against the truth.

    Args:
        predictions: (N, C) probabilities or scores, the highest wins; or (N,) label-space indices.
        targets: (N,) label-space indices of the truth.
        label_space: names and order of the C activities.
        subjects: (N,) whose window it is; the intervals resample these.
        draws: bootstrap resamples.
        level: coverage of the intervals, 0..1.
        seed: seed of the bootstrap.

    Raises:
        LanharError: lengths differ, an index or score is invalid, or the target has under two activities.
    """
    truth, predicted = _checked(np.asarray(predictions), np.asarray(targets), label_space, len(subjects))
    names, subject_of = np.unique(np.asarray(subjects).astype(str), return_inverse=True)
    confusion = confusion_matrix(predicted, truth, len(label_space))
    windows_of = [subject_of == s for s in range(len(names))]
    confusions = np.stack([confusion_matrix(predicted[w], truth[w], len(label_space)) for w in windows_of])
    support = confusion.sum(axis=1)
    precision, recall, f1 = (scores.tolist() for scores in class_scores(confusion))
    overall = {name: float(value) for name, value in overall_scores(confusion).items()}
    return Metrics(
        activities=label_space.activities,
        n_windows=len(truth),
        n_subjects=len(names),
        accuracy=overall["accuracy"],
        weighted_f1=overall["weighted_f1"],
        macro_f1=overall["macro_f1"],
        intervals=subject_intervals(confusions, overall_scores, draws=draws, level=level, seed=seed),
        interval_level=level,
        per_activity={
            name: ActivityScore(precision[i], recall[i], f1[i], int(support[i]))
            for i, name in enumerate(label_space.activities)
        },
        absent=tuple(name for name, n in zip(label_space.activities, support, strict=True) if n == 0),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def confusion_matrix(predicted: NDArray[np.int64], truth: NDArray[np.int64], n_activities: int) -> NDArray[np.int64]:
    """Window counts (C, C), rows = truth, columns = prediction, for (N,) indices 0..C-1."""
    import torch
    from torchmetrics.functional.classification import multiclass_confusion_matrix

    counts: NDArray[np.int64] = multiclass_confusion_matrix(
        torch.from_numpy(predicted), torch.from_numpy(truth), num_classes=n_activities, validate_args=False
    ).numpy()
    return counts


def class_scores(
    confusion: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Precision, recall and F1 (..., C) of confusion matrices (..., C, C); 0 where a denominator is 0."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    support, predicted = confusion.sum(axis=-1), confusion.sum(axis=-2)
    return _ratio(hits, predicted), _ratio(hits, support), _ratio(2 * hits, support + predicted)


def overall_scores(confusion: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Accuracy, weighted F1 and macro F1, each (...,), of confusion matrices (..., C, C).

    The macro mean runs over the activities with at least one true window in that matrix.
    """
    support = confusion.sum(axis=-1)
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    f1 = class_scores(confusion)[2]
    return {
        "accuracy": _ratio(hits.sum(axis=-1), support.sum(axis=-1)),
        "weighted_f1": _ratio((f1 * support).sum(axis=-1), support.sum(axis=-1)),
        "macro_f1": _ratio((f1 * (support > 0)).sum(axis=-1), (support > 0).sum(axis=-1)),
    }


def _ratio(numerator: NDArray[Any], denominator: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(numerator / np.maximum(denominator, 1), dtype=np.float64)


def _checked(
    predictions: NDArray[Any], targets: NDArray[Any], label_space: LabelSpace, n_subjects: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Truth and predictions as (N,) indices, or the one line that says what is wrong with them."""
    C = len(label_space)
    if predictions.ndim not in (1, 2) or (predictions.ndim == 2 and predictions.shape[1] != C):
        raise LanharError(f"predictions have shape {predictions.shape}: give (N,) indices or (N, {C}) scores")
    if not len(predictions) == len(targets) == n_subjects:
        lengths = f"{len(predictions)} predictions, {len(targets)} targets, {n_subjects} subjects"
        raise LanharError(f"{lengths}: give one of each per window")
    if predictions.ndim == 2:
        if not np.isfinite(predictions).all():
            raise LanharError("predictions hold NaN or infinity: the model diverged or a feature is missing")
        predictions = predictions.argmax(axis=1)
    for what, values in (("predictions", predictions), ("targets", targets)):
        wrong = values[(values < 0) | (values >= C) | (values != np.floor(values))]
        if len(wrong):
            raise LanharError(f"{what} hold {wrong[0]}: give indices 0..{C - 1}, drop other windows")
    present = [label_space.activities[i] for i in np.unique(targets.astype(np.int64))]
    if len(present) < 2:
        raise LanharError(
            f"the target's windows hold {len(present)} of {list(label_space.activities)} ({present}): "
            "two activities or more are needed, choose another target or label space"
        )
    return targets.astype(np.int64), predictions.astype(np.int64)
