"""Pictures of a run and of a study, as PNG files.

Colours: Okabe & Ito, "Color universal design" (2008), readable with every common colour blindness; marker
shapes say the same again.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lanhar.errors import LanharError
from lanhar.evaluation.tables import TITLES, method_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7F7F7F")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DPI = 160
MAX_POINTS = 2000


def plot_confusion(confusion: ArrayLike, names: Sequence[str], title: str, path: Path) -> Path:
    """Draw a confusion matrix: colour and percentage = share of the true activity, below it the window count.

    Args:
        confusion: (C, C) window counts, rows = truth.
        names: C titles in the same order.
        title: what was run; the parts between ` · ` are wrapped to the width of the figure.
        path: PNG file to write.
    """
    counts = np.asarray(confusion)
    support = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(support, 1)
    C = len(names)
    side = 2.6 + (0.95 if C <= 6 else 0.75) * C
    figure = _figure(max(side, 5.6), side)
    axes = figure.add_subplot()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i in range(C):
        for j in range(C):
            text = f"{share[i, j]:.0%}\n{counts[i, j]:,}" if support[i, 0] else "–"
            colour = "white" if share[i, j] > 0.55 else "black"
            axes.text(j, i, text, ha="center", va="center", fontsize=9, color=colour)
    axes.set_xticks(range(C), names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(C), names)
    axes.set_xlabel("predicted activity")
    axes.set_ylabel("true activity")
    _caption(figure, title)
    return _save(figure, path)


def plot_embedding(
    embeddings: ArrayLike,
    targets: ArrayLike,
    prototypes: ArrayLike,
    names: Sequence[str],
    title: str,
    path: Path,
    seed: int = 0,
) -> Path:
    """Draw windows and label prototypes in the plane of their first two principal components.

    Args:
        embeddings: (N, D) of the target's windows; at most `MAX_POINTS`, drawn with `seed`, are shown.
        targets: (N,) label-space indices of the truth, which colour the points.
        prototypes: (C, D) of the label bank, drawn as stars.
        names: C titles in the label space's order.
        title: what was run; the parts between ` · ` are wrapped to the width of the figure.
        path: PNG file to write.
        seed: seed of the choice of points.
    """
    windows, truth = np.asarray(embeddings, dtype=np.float64), np.asarray(targets)
    if len(windows) > MAX_POINTS:
        shown = np.random.default_rng(seed).choice(len(windows), MAX_POINTS, replace=False)
        windows, truth = windows[np.sort(shown)], truth[np.sort(shown)]
    points, variance = principal_plane(np.vstack([windows, np.asarray(prototypes, dtype=np.float64)]))
    windows, stars = points[: len(windows)], points[len(windows) :]
    figure = _figure(8.4, 6.0)
    axes = figure.add_subplot()
    for c, name in enumerate(names):
        colour, marker = COLOURS[c % len(COLOURS)], MARKERS[c % len(MARKERS)]
        own = windows[truth == c]
        if len(own):
            axes.scatter(own[:, 0], own[:, 1], s=14, c=colour, marker=marker, alpha=0.55, linewidths=0, label=name)
        axes.scatter(
            stars[c, 0],
            stars[c, 1],
            s=320,
            c=colour,
            marker="*",
            edgecolors="black",
            linewidths=1.0,
            zorder=5,
        )
    axes.set_xlabel(f"component 1 ({variance[0]:.0%} of the variance)")
    axes.set_ylabel(f"component 2 ({variance[1]:.0%})")
    axes.margins(0.08)
    axes.scatter([], [], s=80, c="white", marker="*", edgecolors="black", label="label prototype")
    axes.legend(
        title=f"true activity\n({len(windows):,} windows shown)",
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        markerscale=1.6,
        frameon=False,
        alignment="left",
    )
    _caption(figure, title)
    _name_stars(figure, axes, stars, names)
    return _save(figure, path)


def principal_plane(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Project (N, D) on its first two principal components; deterministic, signs included.

    Returns:
        coordinates (N, 2) and the share of the variance, 0..1, along each of the two.
    """
    centred = points - points.mean(axis=0)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    plane = directions[:2]
    largest = plane[np.arange(2), np.abs(plane).argmax(axis=1)]
    plane = plane * np.where(largest < 0, -1.0, 1.0)[:, None]
    return centred @ plane.T, singular[:2] ** 2 / max(float((singular**2).sum()), np.finfo(float).tiny)


def plot_methods(frame: pd.DataFrame, path: Path, score: str = "macro_f1", title: str = "") -> Path:
    """Draw one group of bars a source → target, one bar a method; error bars are the deviation over seeds.

    Args:
        frame: rows of `sweep_frame`.
        path: PNG file to write.
        score: `accuracy`, `weighted_f1` or `macro_f1`.
        title: what was run.

    Raises:
        LanharError: a method has two rows for one source → target.
    """
    repeated = frame[frame.duplicated(["method", "source", "target"])]
    if len(repeated):
        method, source, target = repeated[["method", "source", "target"]].iloc[0]
        raise LanharError(f"{method} has several rows for {source} → {target}: draw one setting at a time")
    pairs = list(dict.fromkeys(zip(frame["source"], frame["target"], strict=True)))
    methods = list(dict.fromkeys(frame["method"]))
    width = 0.8 / len(methods)
    figure = _figure(max(5.6, 1.6 + len(pairs) * (0.5 + 0.62 * len(methods))), 4.4)
    axes = figure.add_subplot()
    for m, method in enumerate(methods):
        rows = frame[frame["method"] == method].set_index(["source", "target"])
        at = [i + (m - (len(methods) - 1) / 2) * width for i, pair in enumerate(pairs) if pair in rows.index]
        own = rows.loc[[pair for pair in pairs if pair in rows.index]]
        deviation = own[f"{score}_std"].fillna(0.0)
        bars = axes.bar(
            at, own[f"{score}_mean"], width * 0.94, yerr=deviation if deviation.any() else None,
            color=COLOURS[m % len(COLOURS)], capsize=3, label=method_title(method),
        )  # fmt: skip
        axes.bar_label(bars, fmt="%.2f", padding=2, fontsize=9)
    axes.set_xticks(range(len(pairs)), [f"{source}\n→ {target}" for source, target in pairs])
    axes.set_ylim(0, 1.08)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_ylabel(TITLES[score])
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    _caption(figure, title)
    return _save(figure, path)


def plot_study(frame: pd.DataFrame, path: Path, score: str = "macro_f1", title: str = "") -> Path:
    """Draw one line a method: a mark for each source → target and a bar at the mean, methods from best to worst.

    Args:
        frame: rows of `lanhar.evaluation.study.study_frame`; seeds are averaged.
        path: PNG file to write.
        score: `accuracy`, `weighted_f1` or `macro_f1`.
        title: what was run.
    """
    means = frame.groupby(["method", "source", "target"], sort=False)[score].mean()
    order = means.groupby("method").mean().sort_values()
    pairs = list(dict.fromkeys(zip(frame["source"], frame["target"], strict=True)))
    figure = _figure(8.2, 1.6 + 0.42 * len(order))
    axes = figure.add_subplot()
    for p, pair in enumerate(pairs):
        found = [(means[m, *pair], y) for y, m in enumerate(order.index) if (m, *pair) in means.index]
        colour, marker = COLOURS[p % len(COLOURS)], MARKERS[p % len(MARKERS)]
        axes.scatter(
            [x for x, _ in found], [y for _, y in found], s=36, zorder=3,
            color=colour, marker=marker, label=f"{pair[0]} → {pair[1]}",
        )  # fmt: skip
    axes.scatter(order, range(len(order)), marker="|", s=420, linewidths=2.5, color="black", label="mean", zorder=2)
    axes.set_yticks(range(len(order)), [f"{method_title(str(m))}  {mean:.3f}" for m, mean in order.items()])
    axes.set_xlabel(TITLES[score])
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    _caption(figure, title)
    return _save(figure, path)


def _figure(width: float, height: float) -> "Figure":
    """A figure (inches) on the Agg canvas, without pyplot's global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _caption(figure: "Figure", title: str) -> None:
    """Set the figure's title, broken between its ` · ` parts so that no line is wider than the figure."""
    longest = int(figure.get_figwidth() * 11.5)
    lines: list[str] = []
    for part in title.split(" · "):
        if lines and len(lines[-1]) + len(part) + 3 <= longest:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    if title:
        figure.suptitle("\n".join(lines), fontsize=10)


def _name_stars(figure: "Figure", axes: "Axes", stars: NDArray[np.float64], names: Sequence[str]) -> None:
    """Write each name beside its star, pushed up where it would lie on another name or another star."""
    from matplotlib.transforms import Bbox

    figure.canvas.draw()
    axes.autoscale(False)
    half = 11 * figure.dpi / 72
    centres = axes.transData.transform(stars)
    boxes = [Bbox.from_extents(x - half, y - half, x + half, y + half) for x, y in centres]
    taken: list[Any] = []
    for c in np.argsort(stars[:, 1], kind="stable"):
        right = axes.transAxes.inverted().transform(axes.transData.transform(stars[c]))[0] > 0.7
        text = axes.annotate(
            names[c],
            stars[c],
            xytext=(-11 if right else 11, 0),
            textcoords="offset points",
            ha="right" if right else "left",
            va="center",
            fontsize=10,
            fontweight="bold",
            zorder=4,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.8, "linewidth": 0},
        )
        others = [box for other, box in enumerate(boxes) if other != c]
        while any(text.get_window_extent().overlaps(box) for box in [*taken, *others]):
            x, y = text.get_position()
            text.set_position((x, y + 2))
        taken.append(text.get_window_extent())


def _save(figure: "Figure", path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
    return path
