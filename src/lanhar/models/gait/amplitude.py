import torch
from torch import Tensor

from lanhar.models.gait.channels import GRAVITY_M_S2, Channels, length, signed_log

QUANTILES = (0.02, 0.10, 0.25, 0.50, 0.75, 0.90, 0.98)


def amplitudes(c: Channels, windows: Tensor, rate_hz: float) -> Tensor:
    """How strong each heading-free signal is: deviation, ranges between quantiles, extremes; log-compressed.

    Args:
        c: signals of (..., T) samples.
        windows: the same windows, (..., T, 6).
        rate_hz: samples per second.

    Returns:
        (..., K).
    """
    jerk = (windows[..., 1:, :3] - windows[..., :-1, :3]) * rate_hz
    signals = [
        (c.vertical, 0.3),
        (length(c.horizontal), 0.3),
        (length(windows[..., :3]) - GRAVITY_M_S2, 0.3),
        (length(c.swing), 0.1),
        (length(windows[..., 3:]), 0.1),
        (length(jerk), 5.0),
        (jerk[..., 2], 5.0),
    ]
    parts = [_spread(signal, scale) for signal, scale in signals]
    parts += [_level(signal, scale) for signal, scale in signals]
    # A turn to the left is no other activity than one to the right: only spreads.
    parts.append(_spread(c.turn, 0.1))
    return torch.cat(parts, dim=-1)


def _spread(x: Tensor, scale: float) -> Tensor:
    q = _quantiles(x)
    deviation = (x.var(dim=-1, correction=0) + 1e-6).sqrt()
    return signed_log(torch.stack([deviation, q[6] - q[0], q[5] - q[1], q[4] - q[2]], dim=-1), scale)


def _level(x: Tensor, scale: float) -> Tensor:
    q = _quantiles(x)
    mean = x.mean(dim=-1)
    absolute = (x - mean[..., None]).abs().mean(dim=-1)
    return signed_log(torch.stack([q[0], q[3], q[6], absolute, mean], dim=-1), scale)


def _quantiles(x: Tensor) -> list[Tensor]:
    ordered = x.sort(dim=-1).values
    # Rounding keeps 0.02 and 0.98 equally far from the ends, so that a mirrored signal has the same ranges.
    return [ordered[..., round(q * (x.shape[-1] - 1))] for q in QUANTILES]
