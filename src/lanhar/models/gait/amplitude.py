import torch
from torch import Tensor

from lanhar.models.gait.channels import GYRO_Z, Z, length, signed_log
from lanhar.signals.units import STANDARD_GRAVITY_M_S2

QUANTILES = (0.02, 0.10, 0.25, 0.50, 0.75, 0.90, 0.98)


def amplitudes(windows: Tensor, rate_hz: float) -> Tensor:
    """How strong each heading-free signal is: deviation, ranges between quantiles, extremes; log-compressed.

    Args:
        windows: (..., T, 6) aligned windows, acc in m/s² and gyro in rad/s.
        rate_hz: samples per second.

    Returns:
        (..., K).
    """
    acc, gyro = windows[..., :3], windows[..., 3:]
    horizontal = acc[..., :2] - acc[..., :2].mean(dim=-2, keepdim=True)
    lengths = [length(x) for x in (horizontal, acc, gyro[..., :2], gyro)]
    rows = [acc[..., Z] - STANDARD_GRAVITY_M_S2, lengths[0], lengths[1] - STANDARD_GRAVITY_M_S2, *lengths[2:]]
    signals = torch.stack([*rows, windows[..., GYRO_Z]], dim=-2)
    jerk = (acc[..., 1:, :] - acc[..., :-1, :]) * rate_hz
    jerks = torch.stack([length(jerk), jerk[..., Z]], dim=-2)
    of_signals = _statistics(signals, (0.3, 0.3, 0.3, 0.1, 0.1, 0.1))
    # A turn to the left is no other activity than one to the right: no levels, only spreads.
    strengths = [of_signals[..., :-1, :], _statistics(jerks, (5.0, 5.0))]
    return torch.cat([torch.cat(strengths, dim=-2).flatten(-2), of_signals[..., -1, :4]], dim=-1)


def _statistics(x: Tensor, scales: tuple[float, ...]) -> Tensor:
    """Four spreads, then five levels, of signals (..., S, T), compressed beyond a scale each: (..., S, 9)."""
    last = int(x.shape[-1]) - 1  # int: a traced shape is a tensor, which cannot be rounded
    # Rounding keeps 0.02 and 0.98 equally far from the ends, so that a mirrored signal has the same ranges.
    places = torch.tensor([round(quantile * last) for quantile in QUANTILES], device=x.device)
    q = x.sort(dim=-1).values[..., places]
    mean = x.mean(dim=-1, keepdim=True)
    apart = x - mean
    deviation = (apart.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt()
    ranges = q[..., [6, 5, 4]] - q[..., [0, 1, 2]]
    rows = [deviation, ranges, q[..., [0, 3, 6]], apart.abs().mean(dim=-1, keepdim=True), mean]
    return signed_log(torch.cat(rows, dim=-1), torch.tensor(scales).to(x)[:, None])
