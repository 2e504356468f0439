import math

import torch
from torch import Tensor, nn

from lanhar.models.gait.channels import Channels
from lanhar.models.gait.pairs import Pair

BANDS_HZ = (0.3, 1.2, 2.4, 3.6, 6.0, 10.0)


class CrossSpectrum(nn.Module):
    """Phase between the push of the body and the swing of the limb, by frequency band.

    The cross product of horizontal acceleration and horizontal angular rate, taken in the frequency domain, stays the
    same when the device is turned in the pocket or worn on the other side. The Fourier transform is a product with
    fixed matrices, so that it exports anywhere.

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

    def forward(self, c: Channels) -> Tensor:
        """Normalised cross-spectra of signals (..., T): (..., 2 × bands), in-phase parts first."""
        a, g = self._transform(c.horizontal), self._transform(c.swing)
        ax, ay = Pair(a.re[..., 0, :], a.im[..., 0, :]), Pair(a.re[..., 1, :], a.im[..., 1, :])
        gx, gy = Pair(g.re[..., 0, :], g.im[..., 0, :]), Pair(g.re[..., 1, :], g.im[..., 1, :])
        cross = ax.times(gy.conj()).minus(ay.times(gx.conj()))
        power = (a.power().sum(-2) @ self.bands) * (g.power().sum(-2) @ self.bands)
        size = (power + 1e-12).sqrt() + 1e-3
        return torch.cat([cross.re @ self.bands / size, cross.im @ self.bands / size], dim=-1)

    def _transform(self, plane: Tensor) -> Pair:
        """(..., T, 2) → (..., 2, F)."""
        signal = (plane - plane.mean(dim=-2, keepdim=True)).mT
        return Pair(signal @ self.cos, signal @ self.sin)
