import torch
from torch import Tensor

from lanhar.models.gait.channels import Channels, centred

LAGS = tuple(range(4, 76, 6))


def autocorrelations(c: Channels) -> Tensor:
    """How far each signal repeats itself after 0.08 to 1.4 s: (B, 4 × lags), each -1 to 1.

    Args:
        c: signals of whole windows, (B, L), at 50 Hz.
    """
    signals = [
        (centred(c.vertical)[..., None], 0.05),
        (c.horizontal, 0.05),
        (c.swing - c.swing.mean(dim=-2, keepdim=True), 0.01),
        (centred(c.turn)[..., None], 0.01),
    ]
    return torch.cat([_repeats(signal, floor) for signal, floor in signals], dim=-1)


def _repeats(x: Tensor, floor: float) -> Tensor:
    energy = x.square().sum(-1).mean(-1) + floor
    rows = [(x[:, lag:] * x[:, :-lag]).sum(-1).mean(-1) / energy for lag in LAGS]
    return torch.stack(rows, dim=-1)
