"""A few labelled windows of the target: their draw, what they do to the label bank, the rule that picks settings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lanhar.errors import LanharError


def support_subjects(
    subjects: NDArray[np.str_], labels: NDArray[np.int64], share: float, most: int, seed: int
) -> list[str]:
    """Subjects who give labelled windows and are left out of the test.

    Subjects are drawn until they are `share` of all and have `most` windows of each activity.

    Args:
        subjects: (N,) of the target's windows.
        labels: (N,) activity indices.
        share: of the subjects, above 0 and below 1.
        most: largest number of windows of an activity that will be asked for.
        seed: fixes the draw.

    Returns:
        Names, sorted.

    Raises:
        LanharError: nobody would be left for the test.
    """
    names = np.unique(subjects)
    order = np.random.default_rng(seed).permutation(names)
    wanted = max(1, round(share * len(names)))
    for count in range(wanted, len(names)):
        chosen = order[:count]
        held = labels[np.isin(subjects, chosen)]
        if all((held == label).sum() >= most for label in np.unique(labels)):
            return sorted(map(str, chosen))
    raise LanharError(
        f"the target's {len(names)} subjects cannot give {most} windows of each activity and leave somebody for the "
        "test; write smaller shots, such as shots=[1,5]"
    )


def draw_support(
    labels: NDArray[np.int64], rows: NDArray[np.int64], shots: int, seed: int, draw: int
) -> NDArray[np.int64]:
    """Draw labelled windows; the same draw with fewer shots is a part of it.

    Args:
        labels: (N,) activity indices of the target's windows.
        rows: indices of the support subjects' windows.
        shots: k, windows of each activity.
        seed: fixes all draws.
        draw: number of the draw.

    Returns:
        (k · activities,) indices, activity after activity.
    """
    shuffled = np.random.default_rng([seed, draw]).permutation(rows)
    chosen = [shuffled[labels[shuffled] == label][:shots] for label in np.unique(labels[rows])]
    return np.concatenate(chosen) if chosen else np.empty(0, np.int64)


def moved_bank(bank: Tensor, embeddings: Tensor, labels: Tensor, stiffness: float) -> Tensor:
    """Move the label embeddings so that labelled windows come closer to the cosines that their texts promise.

    The smallest move of all label embeddings together, in least squares, that makes the cosines of each labelled window
    those of its own text: one linear system with a row a window, no training. Windows of one activity move the
    embeddings of the others too, away from where they are confused, which mixing each with the mean of its own windows
    does not.

    Args:
        bank: (C, D) label embeddings, unit length.
        embeddings: (M, D) of labelled windows, unit length; none leave the bank as it is.
        labels: (M,) activity indices.
        stiffness: weight of the move against the windows' errors, above 0; large ones leave the bank as it is.

    Returns:
        (C, D) unit length.
    """
    if not len(labels):
        return bank
    errors = (bank @ bank.T)[labels] - embeddings @ bank.T
    gram = embeddings @ embeddings.T + stiffness * torch.eye(len(labels), dtype=bank.dtype)
    return F.normalize(bank + (embeddings.T @ torch.linalg.solve(gram, errors)).T, dim=-1)


CONDITIONS = ("windows", "label_space", "trained_protocol")


def choose_setting(rows: pd.DataFrame, run: int, default: float) -> tuple[float, int]:
    """The nested rule: the setting that does best on average over runs in which this run's target plays no part.

    Args:
        rows: every run's scores with one method, one k and every setting: `run`, `source`, `target` (datasets joined
            by +), `setting`, `macro_f1` and the conditions, `windows`, `label_space` and `trained_protocol`.
        run: the run to choose for.
        default: what serves where no other run may tell.

    Returns:
        The setting, and how many runs it was chosen by (0: the default).
    """
    own = rows[rows["run"] == run].iloc[0]
    target = set(str(own["target"]).split("+"))
    apart = [
        not target & {*str(s).split("+"), *str(t).split("+")}
        for s, t in zip(rows["source"], rows["target"], strict=True)
    ]
    alike = (rows[list(CONDITIONS)] == own[list(CONDITIONS)]).all(axis=1)
    others = rows[np.array(apart) & alike]
    if others.empty:
        return default, 0
    # Each run counts the same.
    means = others.groupby(["setting", "run"])["macro_f1"].mean().groupby(level="setting").mean()
    return float(str(means.idxmax())), int(others["run"].nunique())


def curve(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and sample deviation over draws.

    Returns:
        Columns source, target, seed, method, k, draws, n_windows, and `<score>_mean`, `<score>_std`.
    """
    scores = ("accuracy", "weighted_f1", "macro_f1")
    group = ["source", "target", "seed", "method", "k"]
    statistics: dict[str, Any] = {f"{s}_{how}": (s, how) for s in scores for how in ("mean", "std")}
    grouped = rows.groupby(group, sort=False)
    frame: pd.DataFrame = grouped.agg(draws=("draw", "nunique"), n_windows=("n_windows", "max"), **statistics)
    return frame.reset_index().sort_values(["source", "target", "seed"], kind="stable", ignore_index=True)


def curve_cells(frame: pd.DataFrame, score: str = "macro_f1") -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table: a row a run and method, a column a k; means over several runs at the end."""
    shots: Sequence[int] = sorted(frame["k"].unique())
    rows = []
    for key, own in frame.groupby(["source", "target", "seed", "method"], sort=False):
        cells = dict(zip(own["k"], zip(own[f"{score}_mean"], own[f"{score}_std"], strict=True), strict=True))
        values = [f"{m:.3f}" if pd.isna(s) else f"{m:.3f} ± {s:.3f}" for m, s in (cells[k] for k in shots)]
        rows.append([*map(str, key), *values])
    if len(frame[["source", "target", "seed"]].drop_duplicates()) > 1:
        means = frame.pivot_table(index="method", columns="k", values=f"{score}_mean", sort=False)
        rows += [["mean", "", "", str(name), *(f"{v:.3f}" for v in means.loc[name, shots])] for name in means.index]
    return ["source", "target", "seed", "method", *(f"k = {k}" for k in shots)], rows
