"""The few-shot curve: score against labelled windows per activity, a panel a source and target."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lanhar.evaluation.figures import COLOURS, DPI, MARKERS
from lanhar.evaluation.tables import TITLES

METHOD_TITLES = {
    "lanhar": "lanhar, label bank moved",
    "lanhar_fine_tuned": "lanhar, encoder fine-tuned",
    "logistic_regression": "logistic regression",
}
COLUMNS = 3


def plot_curves(frame: pd.DataFrame, path: Path, note: str, score: str = "macro_f1") -> Path:
    """Draw mean ± deviation over draws; of several seeds the means of both.

    Args:
        frame: rows of `lanhar.evaluation.few_shot.curve`.
        path: PNG file to write.
        note: what was run, above the panels.
        score: `accuracy`, `weighted_f1` or `macro_f1`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pairs = list(dict.fromkeys(zip(frame["source"], frame["target"], strict=True)))
    columns = min(COLUMNS, len(pairs))
    lines = -(-len(pairs) // columns)
    figure = Figure(figsize=(max(6.4, 3.5 * columns), 0.9 + 3.0 * lines), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(lines, columns, sharey=True, squeeze=False).ravel()
    for panel, (source, target) in zip(panels, pairs, strict=False):
        _draw(panel, frame[(frame["source"] == source) & (frame["target"] == target)], score)
        panel.set_title(f"{source} → {target}", fontsize=10)
    for panel in panels[len(pairs) :]:
        panel.set_visible(False)
    for panel in panels[::columns]:
        panel.set_ylabel(TITLES[score])
    for panel in panels[max(0, len(pairs) - columns) : len(pairs)]:
        panel.set_xlabel("labelled windows per activity")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9)
    figure.suptitle(note, fontsize=9, wrap=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
    return path


def _draw(panel: Any, frame: pd.DataFrame, score: str) -> None:
    shots = sorted(frame["k"].unique())
    places = np.arange(len(shots))
    for m, (method, own) in enumerate(frame.groupby("method", sort=False)):
        over_seeds = own.groupby("k")[[f"{score}_mean", f"{score}_std"]].mean().loc[shots]
        # A little apart, so that no bar hides another.
        panel.errorbar(
            places + 0.06 * (m - 1), over_seeds[f"{score}_mean"], yerr=over_seeds[f"{score}_std"].fillna(0.0),
            color=COLOURS[m], marker=MARKERS[m], capsize=3, linewidth=1.4, markersize=5,
            label=METHOD_TITLES.get(str(method), str(method)),
        )  # fmt: skip
    panel.set_xticks(places, [str(k) for k in shots])
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis="y", alpha=0.3)
