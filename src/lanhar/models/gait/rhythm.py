import torch
from torch import Tensor

from lanhar.models.gait.channels import Channels, centred

LAGS_S = tuple(round(0.08 + 0.12 * i, 2) for i in range(12))


def autocorrelations(c: Channels, rate_hz: float) -> Tensor:
    """How far each signal repeats itself after 0.08 to 1.4 s: (..., 4 × lags), each -1 to 1.

    Lags that reach beyond the signals are left out.

    Args:
        c: signals of (..., T) samples.
        rate_hz: samples per second.
    """
    signals = [
        (centred(c.vertical)[..., None], 0.05),
        (c.horizontal, 0.05),
        (c.swing - c.swing.mean(dim=-2, keepdim=True), 0.01),
        (centred(c.turn)[..., None], 0.01),
    ]
    lags = [round(lag * rate_hz) for lag in LAGS_S]
    lags = [lag for lag in lags if lag < c.vertical.shape[-1]]
    return torch.cat([_repeats(signal, floor, lags) for signal, floor in signals], dim=-1)


def _repeats(x: Tensor, floor: float, lags: list[int]) -> Tensor:
    energy = x.square().sum(-1).mean(-1) + floor
    rows = [(x[..., lag:, :] * x[..., :-lag, :]).sum(-1).mean(-1) / energy for lag in lags]
    return torch.stack(rows, dim=-1)
