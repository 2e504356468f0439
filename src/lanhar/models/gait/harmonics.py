import math

import torch
from torch import Tensor, nn

from lanhar.models.gait.channels import GYRO_X, GYRO_Y, GYRO_Z, X, Y, Z, by_direction, centred_channels
from lanhar.models.gait.pairs import Pair

STEP_HZ = (1.2, 2.8)
GRID = 65
# Multiples of the step rate: halves belong to the stride, which is two steps.
MULTIPLES = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
HALF, ONE, TWO, THREE = 0, 1, 3, 5
# What tells the step rate: channels at a multiple of it, and their weights.
EVIDENCE = (
    (HALF, slice(GYRO_X, GYRO_Y + 1), (0.5, 0.5)),
    (ONE, slice(X, Z + 1), (0.5, 0.5, 1.0)),
    (TWO, slice(Z, Z + 1), (1.0,)),
)


class GaitHarmonics(nn.Module):
    """The movement at multiples of the window's own step rate: strengths, and phases against each other.

    The step rate is where the vertical acceleration, helped by the other signals' steps and strides, is strongest on a
    grid from 1.2 to 2.8 Hz, all sub-windows together. Strengths and phases belong to each sub-window: two or three
    strides stay in time with each other, six seconds do not. Phases are products in which time shifts, headings and
    mirror images cancel.

    Args:
        length: T samples of a sub-window.
        rate_hz: samples per second.
    """

    grid_hz: Tensor
    multiples: Tensor
    time_s: Tensor
    taper: Tensor
    waves: Tensor
    floor: Tensor

    def __init__(self, length: int, rate_hz: float) -> None:
        super().__init__()
        taper = torch.hann_window(length)
        self.register_buffer("grid_hz", torch.linspace(*STEP_HZ, GRID), persistent=False)
        self.register_buffer("multiples", torch.tensor(MULTIPLES), persistent=False)
        self.register_buffer("time_s", (torch.arange(length) - length / 2) / rate_hz, persistent=False)
        self.register_buffer("taper", (2 * taper / taper.sum())[:, None], persistent=False)
        # Cosines and sines of every rate on the grid, at the multiples that tell the step rate.
        waves = [torch.cat(self._waves(self.grid_hz * MULTIPLES[multiple]), dim=1) for multiple, _, _ in EVIDENCE]
        self.register_buffer("waves", torch.stack(waves), persistent=False)
        # (m/s²)² and (rad/s)² below which a harmonic is noise.
        self.register_buffer("floor", torch.tensor([1e-2, 1e-2, 1e-3, 1e-3])[:, None], persistent=False)

    def forward(self, parts: Tensor) -> Tensor:
        """Harmonics of sub-windows (B, P, T, 6) of aligned windows: (B, P, K)."""
        signals = centred_channels(parts)
        step_hz = self._step_rate(signals)
        cos, sin = self._waves(step_hz[:, None] * self.multiples)
        h = Pair(signals @ cos[:, None], signals @ sin[:, None])
        power = h.power()
        strength = by_direction(power)
        level = torch.log(strength + self.floor)
        relative = level - torch.log(strength.sum(dim=-1, keepdim=True) + self.floor)
        rate = step_hz.log()[:, None, None].expand(-1, parts.shape[1], 1)
        return torch.cat([rate, level.flatten(2), relative.flatten(2), _phases(h, power)], dim=2)

    def _step_rate(self, signals: Tensor) -> Tensor:
        """Step rate (B,) in Hz of signals (B, P, 6, T)."""
        score = torch.zeros(1)
        for waves, (_, channels, weights) in zip(self.waves.unbind(), EVIDENCE, strict=True):
            power = (signals[:, :, channels] @ waves).square().sum(dim=1)
            score = score.to(power) + (power * torch.tensor(weights).to(power)[:, None]).sum(dim=1)
        return self.grid_hz[(score[:, :GRID] + score[:, GRID:]).argmax(dim=1)]

    def _waves(self, frequency: Tensor) -> tuple[Tensor, Tensor]:
        """Tapered cosines and sines (..., T, F) of frequencies (..., F) in Hz."""
        angle = 2 * math.pi * self.time_s[:, None] * frequency[..., None, :]
        return self.taper * angle.cos(), -self.taper * angle.sin()


def _phases(h: Pair, power: Tensor) -> Tensor:
    """Cosine and sine, weighted by how clear they are, of phases between harmonics (..., 6, M): (..., 2 × 9)."""
    shares = [_step_phases(h, power), _plane_phases(h, power), _stride_phases(h, power)]
    return torch.cat(shares, dim=-2).flatten(-2)


def _step_phases(h: Pair, power: Tensor) -> Tensor:
    """The vertical's second and third harmonic against its first, (..., 2, 2)."""
    size = (power[..., Z, :] + 1e-6).sqrt()
    first = Pair(h.re[..., Z, [ONE, ONE]], h.im[..., Z, [ONE, ONE]])
    before = Pair(h.re[..., Z, [ONE, TWO]], h.im[..., Z, [ONE, TWO]])
    harmonic = Pair(h.re[..., Z, [TWO, THREE]], h.im[..., Z, [TWO, THREE]])
    sizes = size[..., [TWO, THREE]] * size[..., [ONE, TWO]] * size[..., ONE, None]
    return _clear(harmonic.times(first.times(before).conj()), sizes)


def _plane_phases(h: Pair, power: Tensor) -> Tensor:
    """Horizontal acceleration against rotation about horizontal axes, at three multiples, (..., 3, 2)."""
    multiples = [HALF, ONE, TWO]
    re, im, power = h.re[..., multiples], h.im[..., multiples], power[..., multiples]
    acc, gyro = Pair(re[..., :2, :], im[..., :2, :]), Pair(re[..., [GYRO_Y, GYRO_X], :], im[..., [GYRO_Y, GYRO_X], :])
    products = acc.times(gyro.conj())
    cross = Pair(*(part[..., 0, :] - part[..., 1, :] for part in products))
    return _clear(cross, (power[..., :2, :].sum(dim=-2) * power[..., 3:5, :].sum(dim=-2) + 1e-12).sqrt())


def _stride_phases(h: Pair, power: Tensor) -> Tensor:
    """The stride's squared harmonics, which run at the step rate and have no heading, against the step: (..., 4, 2).

    Those of horizontal acceleration, of rotation about horizontal axes, of both together, of rotation about the
    vertical.
    """
    stride, step = Pair(h.re[..., HALF], h.im[..., HALF]), Pair(h.re[..., Z, ONE, None], h.im[..., Z, ONE, None])
    own = [X, Y, GYRO_X, GYRO_Y, GYRO_Z, X, Y]
    other = [X, Y, GYRO_X, GYRO_Y, GYRO_Z, GYRO_Y, GYRO_X]
    squares = Pair(stride.re[..., own], stride.im[..., own]).times(Pair(stride.re[..., other], stride.im[..., other]))
    rows = Pair(*(_of_pairs(part) for part in squares))
    step_size, at_half = (power[..., Z, ONE, None] + 1e-6).sqrt(), power[..., HALF]
    acc, gyro = at_half[..., 0:1] + at_half[..., 1:2], at_half[..., 3:4] + at_half[..., 4:5]
    sizes = torch.cat([acc, gyro, (acc * gyro + 1e-12).sqrt(), at_half[..., 5:6]], dim=-1)
    return _clear(rows.times(step.conj()), step_size * sizes)


def _of_pairs(x: Tensor) -> Tensor:
    """First with second, third with fourth, sixth against seventh, and the fifth: (..., 7) to (..., 4)."""
    return torch.stack([x[..., 0] + x[..., 1], x[..., 2] + x[..., 3], x[..., 5] - x[..., 6], x[..., 4]], dim=-1)


def _clear(product: Pair, size: Tensor) -> Tensor:
    return torch.stack([product.re, product.im], dim=-1) / (size + 1e-2)[..., None]
