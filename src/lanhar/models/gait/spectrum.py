import math

import torch
from torch import Tensor, nn

from lanhar.models.gait.channels import by_direction, centred
from lanhar.models.gait.pairs import Pair

BANDS_HZ = (0.3, 0.7, 1.1, 1.5, 1.9, 2.3, 2.8, 3.5, 4.5, 6.0, 8.0, 11.0, 16.7)
# Below these a band says nothing of a gait: (m/s²)² and (rad/s)².
ACC_FLOOR, GYRO_FLOOR = 1e-3, 1e-4
# Far below what a person who sits or stands still does.
ACC_REST, GYRO_REST = 1e-5, 1e-7
# Bands that one of sway takes together.
BANDS_OF_SWAY = 3


class GaitSpectrum(nn.Module):
    """Power of every signal by frequency band, and how a person at rest sways.

    A gait's measures end where movement is as weak as noise. Below that, sitting and standing differ: who stands turns
    about the vertical more than about the horizontal. The Fourier transform is a product with fixed matrices, so that
    it exports anywhere.

    Args:
        length: T samples.
        rate_hz: samples per second.
    """

    cos: Tensor
    sin: Tensor
    bands: Tensor
    wide: Tensor

    def __init__(self, length: int, rate_hz: float) -> None:
        super().__init__()
        frequency = torch.arange(1, math.floor(BANDS_HZ[-1] * length / rate_hz) + 1) * (rate_hz / length)
        time = torch.arange(length) / rate_hz
        taper = torch.hann_window(length)
        angle = 2 * math.pi * time[:, None] * frequency
        weight = (2 * taper / taper.sum())[:, None]
        self.register_buffer("cos", weight * angle.cos(), persistent=False)
        self.register_buffer("sin", -weight * angle.sin(), persistent=False)
        low, high = torch.tensor(BANDS_HZ[:-1]), torch.tensor(BANDS_HZ[1:])
        inside = (frequency[:, None] >= low) & (frequency[:, None] < high)
        self.register_buffer("bands", inside.float(), persistent=False)
        wide = torch.eye(len(low) // BANDS_OF_SWAY).repeat_interleave(BANDS_OF_SWAY, dim=0)
        self.register_buffer("wide", wide, persistent=False)

    def forward(self, windows: Tensor) -> Tensor:
        """Logs of powers of aligned windows (..., T, 6), in m²/s⁴ and rad²/s²: (..., 4 × bands + 4 + 4).

        Every direction's by band; rotation about the vertical against that about the horizontal, in wide bands; every
        direction's in all bands together, down to rest.
        """
        power = by_direction(self.transform(windows.transpose(-1, -2)).power()) @ self.bands
        gait = torch.log(power + torch.tensor([ACC_FLOOR, ACC_FLOOR, GYRO_FLOOR, GYRO_FLOOR]).to(windows)[:, None])
        rest = torch.log(power.sum(dim=-1) + torch.tensor([ACC_REST, ACC_REST, GYRO_REST, GYRO_REST]).to(windows))
        rotation = torch.log(power[..., 2:, :] @ self.wide + GYRO_REST)
        sway = rotation[..., 1, :] - rotation[..., 0, :]
        return torch.cat([gait.flatten(-2), sway, rest], dim=-1)

    def transform(self, signal: Tensor) -> Pair:
        """Tapered spectrum of signals (..., T) without their mean: (..., F), amplitude of each sinusoid."""
        x = centred(signal)
        return Pair(x @ self.cos, x @ self.sin)
