"""A picture of predictions over time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lanhar.edge.runtime import Prediction

# Okabe & Ito, "Color universal design" (2008): readable with every common colour blindness.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
UNKNOWN = "#BBBBBB"


def plot_timeline(predictions: Sequence[Prediction], titles: dict[str, str], title: str, path: Path) -> Path:
    """Draw which activity was named when, and how confidently; grey is unknown.

    Args:
        predictions: in order of time, one at least.
        titles: name → what a person reads, from the top down.
        title: what was recognised.
        path: PNG file to write.
    """
    from matplotlib.figure import Figure

    named = list(titles)
    start = predictions[0].time_s
    time_s = np.array([prediction.time_s for prediction in predictions]) - start
    hop_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 1.0
    figure = Figure(figsize=(10, 2.6 + 0.32 * len(named)), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1 + 0.35 * len(named), 2))
    for index, prediction in enumerate(predictions):
        if prediction.activity is None:
            upper.axvspan(time_s[index] - hop_s, time_s[index], color=UNKNOWN, alpha=0.5, linewidth=0)
            continue
        row = named.index(prediction.activity)
        upper.broken_barh([(time_s[index] - hop_s, hop_s)], (row - 0.4, 0.8), color=COLOURS[row % len(COLOURS)])
    upper.set_yticks(range(len(named)), [titles[name] for name in named])
    upper.set_ylim(len(named) - 0.5, -0.5)
    upper.set_title(title, loc="left", fontsize=10)
    lower.step(time_s, [prediction.confidence for prediction in predictions], where="pre", color="black", linewidth=1)
    lower.set_ylim(0, 1.02)
    lower.set_ylabel("confidence")
    lower.set_xlabel(f"seconds after {start:.1f} s; each prediction is of the window that ends there; grey is unknown")
    lower.set_xlim(-hop_s, max(float(time_s[-1]), hop_s))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=140)
    return path
