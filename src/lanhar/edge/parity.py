"""Whether a graph on the device gives what the trained model gives, on real windows."""

from dataclasses import dataclass
from pathlib import Path

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
    """

    windows: int
    fp32_difference: float
    int8_same_activity: float
    int8_least_cosine: float


def device_frame(windows: Windows, rows: NDArray[np.int64]) -> Array:
    """Windows (N, L, 6) as the device measured them, before they were turned upright.

    Args:
        windows: aligned windows, each with its gravity in the device's frame.
        rows: which ones.
    """
    aligned = np.array(windows.samples[rows])
    rotation = upright_rotation(np.array(windows.gravity[rows])).astype(np.float32)
    return np.concatenate([aligned[:, :, :3] @ rotation, aligned[:, :, 3:] @ rotation], axis=2)


def embed_with(graph: Path, windows: Array, progress: Progress, what: str) -> Array:
    """(N, D) embeddings of raw windows (N, L, 6), one by one as a device runs them."""
    session = open_graph(graph)
    rows = [session.run(None, {"window": window})[0] for window in progress(windows, what, len(windows))]
    return np.stack(rows)


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
