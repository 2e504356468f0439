import torch
from torch import Tensor

X, Y, Z, GYRO_X, GYRO_Y, GYRO_Z = range(6)
"""Channels of an aligned window: acceleration, +z up, then angular rate. Without x and y there is no heading."""


def centred_channels(windows: Tensor) -> Tensor:
    """Channels (..., 6, T) of windows (..., T, 6) without their means: gravity, too, is gone."""
    return centred(windows.transpose(-1, -2))


def by_direction(channels: Tensor) -> Tensor:
    """Sum squares or powers of channels over directions that a heading mixes.

    Args:
        channels: (..., 6, K), in the order of a window's channels.

    Returns:
        (..., 4, K): vertical and horizontal acceleration, angular rate about horizontal axes and about the vertical.
    """
    rows = [[Z], [X, Y], [GYRO_X, GYRO_Y], [GYRO_Z]]
    directions = torch.tensor([[float(channel in row) for channel in range(6)] for row in rows])
    return directions.to(channels) @ channels


def signed_log(x: Tensor, scale: float | Tensor) -> Tensor:
    """sign(x)·log(1 + |x| / scale): linear below the scale, compressed above it."""
    return torch.sign(x) * torch.log1p(x.abs() / scale)


def length(x: Tensor, dim: int = -1) -> Tensor:
    """Euclidean length over an axis, with a gradient at zero."""
    return (x.square().sum(dim=dim) + 1e-6).sqrt()


def centred(x: Tensor) -> Tensor:
    """Without the mean over the last axis."""
    return x - x.mean(dim=-1, keepdim=True)
