from dataclasses import dataclass

import torch
from torch import Tensor

from lanhar.signals.units import STANDARD_GRAVITY_M_S2


@dataclass(frozen=True)
class Channels:
    """A window's signals split by what gravity tells: vertical and horizontal, but no heading.

    Attributes:
        vertical: (..., T) vertical acceleration without gravity, m/s².
        horizontal: (..., T, 2) horizontal acceleration without its mean, m/s².
        turn: (..., T) angular rate about the vertical, rad/s.
        swing: (..., T, 2) angular rate about the horizontal axes, rad/s.
    """

    vertical: Tensor
    horizontal: Tensor
    turn: Tensor
    swing: Tensor


def split_channels(windows: Tensor) -> Channels:
    """Split aligned windows (..., T, 6) into vertical and horizontal signals."""
    horizontal = windows[..., :2]
    return Channels(
        windows[..., 2] - STANDARD_GRAVITY_M_S2,
        horizontal - horizontal.mean(dim=-2, keepdim=True),
        windows[..., 5],
        windows[..., 3:5],
    )


def signed_log(x: Tensor, scale: float) -> Tensor:
    """sign(x)·log(1 + |x| / scale): linear below the scale, compressed above it."""
    return torch.sign(x) * torch.log1p(x.abs() / scale)


def length(x: Tensor) -> Tensor:
    """Euclidean length over the last axis, with a gradient at zero."""
    return (x.square().sum(dim=-1) + 1e-6).sqrt()


def centred(x: Tensor) -> Tensor:
    """Without the mean over the last axis."""
    return x - x.mean(dim=-1, keepdim=True)


def rms(x: Tensor, floor: float) -> Tensor:
    """Root mean square over the last axis, with a floor (in the signal's unit, squared) against noise."""
    return (x.square().mean(dim=-1) + floor).sqrt()
