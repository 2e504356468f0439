"""Whether a graph on the device gives what the trained model gives, on real windows."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lanhar.datamodules.window_set import Windows
from lanhar.datasets.locate import Progress
from lanhar.edge.runtime import open_graph
from lanhar.errors import LanharError
from lanhar.signals.align import upright_rotation

MOST_DIFFERENCE = 1e-4
"""Of any number of an embedding in floating point."""
MOST_DISTANCE_DIFFERENCE = 0.01
"""Of a distance to the training windows in floating point, which is 5 to 30."""
LEAST_SAME = 0.99
"""Share of windows for which the 8-bit graph names the same activity."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Parity:
    """How far graphs and the trained model agree.

    Attributes:
        windows: real windows compared.
        fp32_difference: largest difference of any number of an embedding.
        int8_same_activity: share of windows, 0 to 1.
        int8_least_cosine: between an 8-bit embedding and the trained model's.
        int8_same_unknown: share of windows that both call unknown or both do not, by their distance; None without one.
        distance_difference: largest of a distance.
    """

    windows: int
    fp32_difference: float
    int8_same_activity: float
    int8_least_cosine: float
    int8_same_unknown: float | None = None
    distance_difference: float | None = None


class Outputs(NamedTuple):
    """What a graph gives for N windows.

    Attributes:
        embeddings: (N, D).
        distances: (N,) to the training windows; None where the graph measures none.
    """

    embeddings: Array
    distances: Array | None

    def at(self, rows: NDArray[np.int64]) -> "Outputs":
        """Some of the windows."""
        return Outputs(self.embeddings[rows], None if self.distances is None else self.distances[rows])


def device_frame(windows: Windows, rows: NDArray[np.int64]) -> Array:
    """Windows (N, L, 6) as the device measured them, before they were turned upright.

    Args:
        windows: aligned windows, each with its gravity in the device's frame.
        rows: which ones.
    """
    aligned = np.array(windows.samples[rows])
    rotation = upright_rotation(np.array(windows.gravity[rows])).astype(np.float32)
    return np.concatenate([aligned[:, :, :3] @ rotation, aligned[:, :, 3:] @ rotation], axis=2)


def embed_with(graph: Path, windows: Array, progress: Progress, what: str) -> Outputs:
    """The outputs for raw windows (N, L, 6), one by one as a device runs them."""
    session = open_graph(graph)
    rows = [session.run(None, {"window": window}) for window in progress(windows, what, len(windows))]
    embeddings, *distances = (np.stack(column) for column in zip(*rows, strict=True))
    return Outputs(embeddings, distances[0] if distances else None)


@torch.no_grad()
def compare(model: nn.Module, windows: Array, bank: Array, fp32: Array, int8: Array) -> Parity:
    """Compare the graphs' embeddings with the trained model's.

    Args:
        model: one raw window (L, 6) → (D,).
        windows: (N, L, 6) raw.
        bank: (C, D) label embeddings, unit length.
        fp32: (N, D) of the floating-point graph.
        int8: (N, D) of the 8-bit graph.
    """
    expected = np.stack([model(torch.from_numpy(window)).numpy() for window in windows])
    same = (expected @ bank.T).argmax(axis=1) == (int8 @ bank.T).argmax(axis=1)
    return Parity(
        windows=len(windows),
        fp32_difference=float(np.abs(fp32 - expected).max()),
        int8_same_activity=float(same.mean()),
        int8_least_cosine=float((int8 * expected).sum(axis=1).min()),
    )


def compare_unknown(parity: Parity, expected: NDArray[np.float64], distances: Array, threshold: float) -> Parity:
    """Add how well a graph's distances (N,) agree with those (N,) that set the threshold."""
    same = (expected > threshold) == (distances > threshold)
    furthest = float(np.abs(expected - distances).max())
    return replace(parity, int8_same_unknown=float(same.mean()), distance_difference=furthest)


def require(parity: Parity) -> None:
    """Refuse graphs that do not do what the trained model does.

    Raises:
        LanharError: they differ by more than is allowed, or give no numbers.
    """
    if not parity.fp32_difference <= MOST_DIFFERENCE:
        raise LanharError(
            f"encoder.onnx differs from the trained encoder by {parity.fp32_difference:.2g} on {parity.windows} real "
            f"windows, more than {MOST_DIFFERENCE:g}; nothing was written"
        )
    if not parity.int8_same_activity >= LEAST_SAME:
        raise LanharError(
            f"encoder.int8.onnx names the same activity as the trained encoder for {parity.int8_same_activity:.1%} of "
            f"{parity.windows} real windows, less than {LEAST_SAME:.0%}; nothing was written"
        )
    if parity.int8_same_unknown is not None and not parity.int8_same_unknown >= LEAST_SAME:
        raise LanharError(
            f"encoder.int8.onnx says `unknown` as lanhar.confidence does for {parity.int8_same_unknown:.1%} of "
            f"{parity.windows} real windows, less than {LEAST_SAME:.0%}; nothing was written"
        )
