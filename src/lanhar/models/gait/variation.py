import torch
from torch import Tensor

from lanhar.models.gait.channels import by_direction, signed_log
from lanhar.models.gait.coupling import couplings
from lanhar.models.gait.rhythm import autocorrelations


def subwindows(windows: Tensor, length: int) -> Tensor:
    """Parts of windows (B, L, 6) of `length` samples that overlap by half: (B, P, length, 6)."""
    starts = range(0, windows.shape[1] - length + 1, max(1, length // 2))
    return torch.stack([windows[:, start : start + length] for start in starts], dim=1)


def variation(windows: Tensor, length: int, rate_hz: float) -> Tensor:
    """How much the gait changes within windows. Level walking is even; stairs have landings and turns.

    The standard deviation over sub-windows of how the signals go together and of how they repeat themselves, and how
    far sub-windows drift apart. Strength and heading rate vary for other reasons too (a hurried step, a bend in the
    path), and are left out.

    Args:
        windows: (B, L, 6) aligned windows, acc in m/s² and gyro in rad/s.
        length: samples of a sub-window, at most L; drifts are also taken over sub-windows of half the length.
        rate_hz: samples per second.

    Returns:
        (B, K).
    """
    parts = subwindows(windows, length)
    measures = torch.cat([couplings(parts), autocorrelations(parts, rate_hz)], dim=-1)
    spread = (measures.var(dim=1, correction=0) + 1e-8).sqrt()
    return torch.cat([spread, drifts(windows, length), drifts(windows, length // 2)], dim=-1)


def drifts(windows: Tensor, length: int) -> Tensor:
    """How far the means of sub-windows lie apart, RMS, log-compressed.

    Args:
        windows: (B, L, 6) aligned windows.
        length: samples of a sub-window.

    Returns:
        (B, 3): horizontal acceleration (a posture that leans one way, then another), vertical acceleration, angular
        rate about the horizontal.
    """
    means = subwindows(windows, length).mean(dim=2)
    square = (means - means.mean(dim=1, keepdim=True)).square().mean(dim=1)
    vertical, horizontal, swing, _ = torch.split(by_direction(square[..., None]), 1, dim=1)
    apart = (torch.cat([horizontal, vertical, swing], dim=1)[..., 0] + 1e-8).sqrt()
    return signed_log(apart, torch.tensor([0.3, 0.3, 0.1]).to(apart))
