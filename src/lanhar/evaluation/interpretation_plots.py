"""Pictures of the interpretation report as SVG: light enough for hundreds in one file, coloured by its style sheet."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

SIZE = (440, 150)
MARGIN = {"left": 46, "right": 8, "top": 16, "bottom": 32}
BUCKETS = 75
"""Each is drawn as its smallest and its largest sample, so that no peak is lost."""
LEAST_SPAN = {"acc": 4.0, "gyro": 1.0}
"""m/s² and rad/s: what lies still is not blown up to look like motion."""
LABELS = {"acc": "acc, m/s²", "gyro": "gyro, rad/s"}
MAP_SIZE = (640, 400)
COLOURS = 8
"""Colours of the style sheet; further activities repeat them as squares."""


def signal_plot(samples: NDArray[np.floating], rate_hz: float, sensor: Literal["acc", "gyro"]) -> Markup:
    """Draw the three axes of one sensor over time.

    Args:
        samples: (L, 6) acc m/s², gyro rad/s.
        rate_hz: samples per second.
        sensor: which one.
    """
    values = np.asarray(samples, dtype=np.float64)[:, slice(0, 3) if sensor == "acc" else slice(3, 6)]
    seconds = len(values) / rate_hz
    low, high = float(values.min()), float(values.max())
    middle, half = (low + high) / 2, 0.54 * max(high - low, LEAST_SPAN[sensor])
    frame = _Frame(SIZE, (0.0, seconds), (middle - half, middle + half))
    lines = [
        f'<polyline class="s {axis}" points="{frame.path(np.arange(len(values)) / rate_hz, values[:, i])}"/>'
        for i, axis in enumerate("xyz")
    ]
    legend = "".join(
        f'<text class="l {axis}" x="{SIZE[0] - 60 + 18 * i}" y="11">{axis}</text>' for i, axis in enumerate("xyz")
    )
    label = f"{LABELS[sensor]} over {seconds:g} seconds"
    body = f"{frame.axes('s', LABELS[sensor])}{''.join(lines)}{legend}"
    return Markup(f'<svg viewBox="0 0 {SIZE[0]} {SIZE[1]}" role="img" aria-label="{escape(label)}">{body}</svg>')


def map_plot(
    points: NDArray[np.float64],
    activities: Sequence[int],
    hollow: Sequence[bool],
    titles: Sequence[str],
    links: Sequence[str],
) -> Markup:
    """Draw texts as points of the plane.

    Args:
        points: (P, 2).
        activities: P indices, which choose colours.
        hollow: P, whether a mark is not filled.
        titles: P tooltips.
        links: P ids of the elements that they lead to.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    pad = 0.06 * np.maximum(high - low, 1e-9)
    frame = _Frame(MAP_SIZE, (low[0] - pad[0], high[0] + pad[0]), (low[1] - pad[1], high[1] + pad[1]))
    marks = []
    for (x, y), activity, empty, title, link in zip(points, activities, hollow, titles, links, strict=True):
        at = frame.at(x, y)
        style = f'class="m c{activity % COLOURS}{" h" if empty else ""}"'
        shape = (
            f'<circle {style} cx="{at[0]}" cy="{at[1]}" r="4.5">'
            if activity < COLOURS
            else f'<rect {style} x="{at[0] - 4}" y="{at[1] - 4}" width="8" height="8">'
        )
        name = "circle" if activity < COLOURS else "rect"
        marks.append(f'<a href="#{escape(link)}">{shape}<title>{escape(title)}</title></{name}></a>')
    body = frame.axes("component 1", "component 2", ticks=False) + "".join(marks)
    size = f"0 0 {MAP_SIZE[0]} {MAP_SIZE[1]}"
    return Markup(f'<svg viewBox="{size}" role="group" aria-label="map of the text embeddings">{body}</svg>')


class _Frame:
    """Where values lie in a picture of a size, in pixels."""

    def __init__(self, size: tuple[int, int], x: tuple[float, float], y: tuple[float, float]) -> None:
        self.left, self.right = MARGIN["left"], size[0] - MARGIN["right"]
        self.top, self.bottom = MARGIN["top"], size[1] - MARGIN["bottom"]
        self.x, self.y = x, y

    def at(self, x: float, y: float) -> tuple[float, float]:
        across, up = (x - self.x[0]) / (self.x[1] - self.x[0]), (y - self.y[0]) / (self.y[1] - self.y[0])
        return (
            round(float(self.left + across * (self.right - self.left)), 1),
            round(float(self.bottom - up * (self.bottom - self.top)), 1),
        )

    def path(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
        rows = _kept(y)
        return " ".join("{:g},{:g}".format(*self.at(x[i], y[i])) for i in rows)

    def axes(self, across: str, up: str, ticks: bool = True) -> str:
        """Lines, numbers and names of both axes."""
        middle = (self.left + self.right) / 2, (self.top + self.bottom) / 2
        parts = [f'<path class="f" d="M{self.left} {self.top}V{self.bottom}H{self.right}"/>']
        for value in _ticks(*self.x) if ticks else ():
            at = self.at(value, self.y[0])[0]
            parts.append(f'<text class="t" x="{at}" y="{self.bottom + 13}" text-anchor="middle">{value:g}</text>')
        for value in _ticks(*self.y) if ticks else ():
            at = self.at(self.x[0], value)[1]
            parts.append(f'<path class="g" d="M{self.left} {at}H{self.right}"/>')
            parts.append(f'<text class="t" x="{self.left - 5}" y="{at + 3.5}" text-anchor="end">{value:g}</text>')
        parts.append(
            f'<text class="t" x="{middle[0]}" y="{self.bottom + 27}" text-anchor="middle">{escape(across)}</text>'
        )
        turned = f'transform="translate(12 {middle[1]}) rotate(-90)"'
        parts.append(f'<text class="t" {turned} text-anchor="middle">{escape(up)}</text>')
        return "".join(parts)


def _kept(values: NDArray[np.float64]) -> list[int]:
    """Rows of the smallest and the largest value of each bucket, in order."""
    if len(values) <= 2 * BUCKETS:
        return list(range(len(values)))
    edges = np.linspace(0, len(values), BUCKETS + 1).astype(int)
    kept = {0, len(values) - 1}
    for start, end in pairwise(edges.tolist()):
        kept |= {start + int(values[start:end].argmin()), start + int(values[start:end].argmax())}
    return sorted(kept)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers within a range, two to six of them."""
    rough = (high - low) / 5
    scale = 10.0 ** np.floor(np.log10(rough))
    step = float(scale * min((m for m in (1, 2, 5, 10) if m * scale >= rough), default=10))
    first = np.ceil(low / step)
    return [round(float(k * step), 6) + 0.0 for k in np.arange(first, np.floor(high / step) + 1)]
