import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lanhar.models.gait.amplitude import amplitudes
from lanhar.models.gait.coupling import couplings
from lanhar.models.gait.harmonics import GaitHarmonics
from lanhar.models.gait.rhythm import autocorrelations
from lanhar.models.gait.spectrum import GaitSpectrum
from lanhar.models.gait.variation import subwindows, variation
from lanhar.models.sensor_encoder import SensorEncoder


class GaitDescriptors(nn.Module):
    """Fixed, differentiable measures of an aligned window that no heading of the device changes.

    Amplitudes, couplings, spectra and harmonics of the step rate are means over sub-windows that overlap by half;
    autocorrelations are taken over the whole window; how much the gait varies is measured between sub-windows (of a
    window that is no longer than one: between its halves and the half between them).

    Args:
        window_length: L samples.
        rate_hz: samples per second.
        subwindow_s: length of a sub-window, seconds.
    """

    def __init__(self, window_length: int, rate_hz: float = 50.0, subwindow_s: float = 2.4) -> None:
        super().__init__()
        self.rate_hz = rate_hz
        self.subwindow = min(round(subwindow_s * rate_hz), window_length)
        several = window_length >= self.subwindow + self.subwindow // 2
        self.varying = self.subwindow if several else self.subwindow // 2
        self.spectrum = GaitSpectrum(self.subwindow, rate_hz)
        self.harmonics = GaitHarmonics(self.subwindow, rate_hz)

    def forward(self, windows: Tensor) -> Tensor:
        """Describe windows (B, L, 6), acc in m/s² with +z up and gyro in rad/s: (B, K)."""
        parts = subwindows(windows, self.subwindow)
        local = [amplitudes(parts, self.rate_hz), couplings(parts), self.spectrum(parts), self.harmonics(parts)]
        average = torch.cat(local, dim=-1).mean(dim=1)
        rhythm = autocorrelations(windows, self.rate_hz)
        return torch.cat([average, rhythm, variation(windows, self.varying, self.rate_hz)], dim=-1)


class GaitEncoder(SensorEncoder):
    """Gait descriptors, standardised, and a small network into the language space.

    Raw-signal networks learn the source's pockets; this one can only learn from measures that survive a change of
    pocket, and noise and dropout on them keep it from leaning on any one.

    Args:
        embedding_dim: D of the language space.
        window_length: L samples of a window.
        rate_hz: samples per second.
        hidden: width of the network.
        dropout: of hidden units, 0 to below 1.
        descriptor_noise: standard deviation of noise on standardised descriptors while training.
        descriptor_dropout: share of descriptors left out while training, 0 to below 1.
    """

    mean: Tensor
    std: Tensor
    LIMIT = 5.0

    def __init__(
        self,
        embedding_dim: int,
        window_length: int,
        rate_hz: float = 50.0,
        hidden: int = 128,
        dropout: float = 0.3,
        descriptor_noise: float = 0.25,
        descriptor_dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.descriptors = GaitDescriptors(window_length, rate_hz)
        size = self.descriptors(torch.zeros(1, window_length, 6)).shape[1]
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("std", torch.ones(size))
        self.noise, self.drop = descriptor_noise, descriptor_dropout
        self.network = nn.Sequential(
            nn.Linear(size, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, embedding_dim),
        )

    def describe(self, windows: Tensor) -> Tensor:
        """Gait descriptors (B, K) of windows (B, L, 6)."""
        described: Tensor = self.descriptors(windows)
        return described

    @torch.no_grad()
    def fit_scaling(self, inputs: Tensor) -> None:
        """Take means and deviations of training descriptors (N, K) into the weights."""
        self.mean.copy_(inputs.mean(dim=0))
        self.std.copy_(inputs.std(dim=0) + 1e-3)

    def embed(self, inputs: Tensor) -> Tensor:
        """Standardise descriptors (B, K) and map them to (B, D), unit length."""
        x = ((inputs - self.mean) / self.std).clamp(-self.LIMIT, self.LIMIT)
        if self.training:
            x = x + torch.randn_like(x) * self.noise
            x = x * (torch.rand_like(x) > self.drop)
        return F.normalize(self.network(x), dim=-1)
