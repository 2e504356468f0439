import math

import torch
from torch import Tensor, nn

from lanhar.models.gait.channels import by_direction, centred
from lanhar.models.gait.pairs import Pair

BANDS_HZ = (0.3, 0.7, 1.1, 1.5, 1.9, 2.3, 2.8, 3.5, 4.5, 6.0, 8.0, 11.0, 16.7)
# Below these a band is sensor noise: (m/s²)² and (rad/s)².
ACC_FLOOR, GYRO_FLOOR = 1e-3, 1e-4


class GaitSpectrum(nn.Module):
    """Power of every signal by frequency band.

    The Fourier transform is a product with fixed matrices, so that it exports anywhere.

    Args:
        length: T samples.
        rate_hz: samples per second.
    """

    cos: Tensor
    sin: Tensor
    bands: Tensor

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

    def forward(self, windows: Tensor) -> Tensor:
        """Log band powers of aligned windows (..., T, 6): (..., 4 × bands), of m²/s⁴ and of rad²/s²."""
        power = by_direction(self.transform(windows.transpose(-1, -2)).power())
        floors = torch.tensor([ACC_FLOOR, ACC_FLOOR, GYRO_FLOOR, GYRO_FLOOR]).to(windows)
        return torch.log(power @ self.bands + floors[:, None]).flatten(-2)

    def transform(self, signal: Tensor) -> Pair:
        """Tapered spectrum of signals (..., T) without their mean: (..., F), amplitude of each sinusoid."""
        x = centred(signal)
        return Pair(x @ self.cos, x @ self.sin)
