import torch
from torch import Tensor
from torch.nn import functional as F

from lanhar.models.gait.channels import by_direction, centred_channels

LAGS_S = tuple(round(0.08 + 0.12 * i, 2) for i in range(12))
FLOORS = (0.05, 0.05, 0.01, 0.01)
"""(m/s²)² and (rad/s)² below which a movement is noise and repeats nothing."""


def autocorrelations(windows: Tensor, rate_hz: float) -> Tensor:
    """How far each signal repeats itself after 0.08 to 1.4 s: (..., 4 × lags), each -1 to 1.

    Lags that reach beyond the signals are left out.

    Args:
        windows: (..., T, 6) aligned windows, acc in m/s² and gyro in rad/s.
        rate_hz: samples per second.
    """
    size = int(windows.shape[-2])
    lags = [lag for lag in (round(lag * rate_hz) for lag in LAGS_S) if lag < size]
    x = centred_channels(windows)
    # Beyond the end there are zeros, which add nothing.
    padded = F.pad(x, (0, max(lags)))[..., None, :]
    later = torch.cat([padded[..., lag : lag + size] for lag in lags], dim=-2)
    products = (later @ x[..., None])[..., 0] / (size - torch.tensor(lags)).to(x)
    floors = torch.tensor(FLOORS).to(x)[:, None]
    energy = by_direction(x.square().mean(dim=-1, keepdim=True)) + floors
    return (by_direction(products) / energy).flatten(-2)
