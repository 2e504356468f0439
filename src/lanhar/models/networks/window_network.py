from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from lanhar.signals.units import STANDARD_GRAVITY_M_S2

CHANNELS = {"raw": 6, "invariant": 5}


class WindowNetwork(nn.Module, ABC):
    """A classifier of raw windows: a fixed part, `describe`, that training computes once a window, and a trained part.

    Args:
        channels: `raw`, the six of the window; or `invariant`, five that stay when the device turns about the vertical
            and when left and right are exchanged: vertical acceleration, lengths of the horizontal and of the whole
            one, and sizes of the angular rate about the vertical and about the horizontal axes.
        downsample: samples that are averaged into one.

    Raises:
        ValueError: there are no such channels.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, channels: str, downsample: int) -> None:
        super().__init__()
        if channels not in CHANNELS:
            raise ValueError(f"unknown channels '{channels}': write {' or '.join(CHANNELS)}")
        self.channels, self.downsample = channels, downsample
        self.n_channels = CHANNELS[channels]
        self.register_buffer("mean", torch.zeros(self.n_channels))
        self.register_buffer("std", torch.ones(self.n_channels))

    def describe(self, windows: Tensor) -> Tensor:
        """The fixed part: windows (B, L, 6), acc in m/s² with +z up and gyro in rad/s, to signals (B, T, K)."""
        size = windows.shape[1] // self.downsample
        parts = windows[:, : size * self.downsample].reshape(len(windows), size, self.downsample, 6)
        signals = parts.mean(dim=2)
        return invariant_channels(signals) if self.channels == "invariant" else signals

    @torch.no_grad()
    def fit_scaling(self, inputs: Tensor) -> None:
        """Take each channel's mean and deviation over training signals (N, T, K) into the weights."""
        self.mean.copy_(inputs.mean(dim=(0, 1)))
        self.std.copy_(inputs.std(dim=(0, 1)).clamp(min=1e-3))

    def standardise(self, inputs: Tensor) -> Tensor:
        """Signals (B, T, K) in units of the training windows' deviations."""
        return (inputs - self.mean) / self.std

    @abstractmethod
    def classify(self, inputs: Tensor) -> Tensor:
        """The trained part: signals (B, T, K) to logits (B, C)."""

    def forward(self, windows: Tensor) -> Tensor:
        """Logits (B, C) of windows (B, L, 6), each on its own."""
        return self.classify(self.describe(windows))


def invariant_channels(signals: Tensor) -> Tensor:
    """Aligned signals (..., 6) to the (..., 5) that stay when they are turned about the vertical or mirrored.

    Were the angular rate about the vertical signed, a network would learn which way round the source's staircase goes.
    """
    acc, gyro = signals[..., :3], signals[..., 3:]
    return torch.stack(
        [
            acc[..., 2] - STANDARD_GRAVITY_M_S2,
            acc[..., :2].norm(dim=-1),
            acc.norm(dim=-1) - STANDARD_GRAVITY_M_S2,
            gyro[..., 2].abs(),
            gyro[..., :2].norm(dim=-1),
        ],
        dim=-1,
    )
