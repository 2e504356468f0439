import torch
from torch import Tensor

from lanhar.models.gait.channels import Channels, length, signed_log
from lanhar.signals.units import STANDARD_GRAVITY_M_S2

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
        (length(windows[..., :3]) - STANDARD_GRAVITY_M_S2, 0.3),
        (length(c.swing), 0.1),
        (length(windows[..., 3:]), 0.1),
        (length(jerk), 5.0),
        (jerk[..., 2], 5.0),
    ]
    parts = [_statistics(signal, scale, levels=True) for signal, scale in signals]
    # A turn to the left is no other activity than one to the right: no levels, only spreads.
    parts.append(_statistics(c.turn, 0.1, levels=False))
    return torch.cat(parts, dim=-1)


def _statistics(x: Tensor, scale: float, *, levels: bool) -> Tensor:
    ordered = x.sort(dim=-1).values
    last = int(x.shape[-1]) - 1  # int: a traced shape is a tensor, which cannot be rounded
    # Rounding keeps 0.02 and 0.98 equally far from the ends, so that a mirrored signal has the same ranges.
    q = [ordered[..., round(quantile * last)] for quantile in QUANTILES]
    mean = x.mean(dim=-1)
    deviation = (x.var(dim=-1, correction=0) + 1e-6).sqrt()
    rows = [deviation, q[6] - q[0], q[5] - q[1], q[4] - q[2]]
    if levels:
        rows += [q[0], q[3], q[6], (x - mean[..., None]).abs().mean(dim=-1), mean]
    return signed_log(torch.stack(rows, dim=-1), scale)
