import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lanhar.models.gait.channels import Channels
from lanhar.models.gait.pairs import Pair

POWER_BANDS_HZ = (0.3, 0.7, 1.1, 1.5, 1.9, 2.3, 2.8, 3.5, 4.5, 6.0, 8.0, 11.0, 16.7)
CROSS_BANDS_HZ = (0.3, 1.2, 2.4, 3.6, 6.0, 10.0)
# Below these a band is sensor noise: (m/s²)² and (rad/s)².
ACC_FLOOR, GYRO_FLOOR = 1e-3, 1e-4


class GaitSpectrum(nn.Module):
    """Power of every signal by frequency band, and the phase between the body's push and the limb's swing.

    The cross product of horizontal acceleration and horizontal angular rate, taken in the frequency domain, stays the
    same when the device is turned in the pocket or worn on the other side. The Fourier transform is a product with
    fixed matrices, so that it exports anywhere.

    Args:
        length: T samples.
        rate_hz: samples per second.
    """

    cos: Tensor
    sin: Tensor
    power_bands: Tensor
    cross_bands: Tensor

    def __init__(self, length: int, rate_hz: float) -> None:
        super().__init__()
        frequency = torch.arange(1, math.floor(POWER_BANDS_HZ[-1] * length / rate_hz) + 1) * (rate_hz / length)
        time = torch.arange(length) / rate_hz
        taper = torch.hann_window(length)
        angle = 2 * math.pi * time[:, None] * frequency
        weight = (2 * taper / taper.sum())[:, None]
        self.register_buffer("cos", weight * angle.cos(), persistent=False)
        self.register_buffer("sin", -weight * angle.sin(), persistent=False)
        self.register_buffer("power_bands", _membership(frequency, POWER_BANDS_HZ), persistent=False)
        self.register_buffer("cross_bands", _membership(frequency, CROSS_BANDS_HZ), persistent=False)

    def forward(self, c: Channels) -> Tensor:
        """Log band powers and normalised cross-spectra of signals (..., T): (..., K)."""
        acc, gyro = self._transform(c.horizontal.mT), self._transform(c.swing.mT)
        acc_power, gyro_power = acc.power().sum(-2), gyro.power().sum(-2)
        powers = [
            torch.log(self._transform(c.vertical).power() @ self.power_bands + ACC_FLOOR),
            torch.log(acc_power @ self.power_bands + ACC_FLOOR),
            torch.log(gyro_power @ self.power_bands + GYRO_FLOOR),
            torch.log(self._transform(c.turn).power() @ self.power_bands + GYRO_FLOOR),
        ]
        size = ((acc_power @ self.cross_bands) * (gyro_power @ self.cross_bands) + 1e-12).sqrt() + 1e-3
        cross = _cross(acc, gyro)
        return torch.cat([*powers, cross.re @ self.cross_bands / size, cross.im @ self.cross_bands / size], dim=-1)

    def _transform(self, signal: Tensor) -> Pair:
        """(..., T) → (..., F)."""
        centred = signal - signal.mean(dim=-1, keepdim=True)
        return Pair(centred @ self.cos, centred @ self.sin)


def _cross(a: Pair, b: Pair) -> Pair:
    """Cross product of two planar spectra (..., 2, F): (..., F)."""
    ax, ay = Pair(a.re[..., 0, :], a.im[..., 0, :]), Pair(a.re[..., 1, :], a.im[..., 1, :])
    bx, by = Pair(b.re[..., 0, :], b.im[..., 0, :]), Pair(b.re[..., 1, :], b.im[..., 1, :])
    return ax.times(by.conj()).minus(ay.times(bx.conj()))


def _membership(frequency: Tensor, edges: Sequence[float]) -> Tensor:
    low, high = torch.tensor(edges[:-1]), torch.tensor(edges[1:])
    return ((frequency[:, None] >= low) & (frequency[:, None] < high)).float()
