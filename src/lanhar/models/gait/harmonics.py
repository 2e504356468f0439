import math

import torch
from torch import Tensor, nn

from lanhar.models.gait.pairs import Pair

STEP_HZ = (1.2, 2.8)
GRID = 65
# Multiples of the step rate: halves belong to the stride, which is two steps.
MULTIPLES = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
HALF, ONE, TWO, THREE = 0, 1, 3, 5
ACC_X, ACC_Y, ACC_Z, GYRO_X, GYRO_Y, GYRO_Z = range(6)


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

    cos: Tensor
    sin: Tensor
    grid_hz: Tensor
    floor: Tensor

    def __init__(self, length: int, rate_hz: float) -> None:
        super().__init__()
        grid = torch.linspace(*STEP_HZ, GRID)
        frequency = (grid[:, None] * torch.tensor(MULTIPLES)).flatten()
        time = (torch.arange(length) - length / 2) / rate_hz
        taper = torch.hann_window(length)
        angle = 2 * math.pi * time[:, None] * frequency
        weight = (2 * taper / taper.sum())[:, None]
        self.register_buffer("grid_hz", grid, persistent=False)
        self.register_buffer("cos", weight * angle.cos(), persistent=False)
        self.register_buffer("sin", -weight * angle.sin(), persistent=False)
        # (m/s²)² and (rad/s)² below which a harmonic is noise.
        self.register_buffer("floor", torch.tensor([1e-2, 1e-2, 1e-3, 1e-3])[:, None], persistent=False)

    def forward(self, parts: Tensor) -> Tensor:
        """Harmonics of sub-windows (B, P, T, 6) of aligned windows: (B, P, K)."""
        step_hz, h = self._at_step_rate(parts - parts.mean(dim=2, keepdim=True))
        power = h.power()
        x, y, z, gx, gy, gz = power.unbind(dim=2)
        strength = torch.stack([z, x + y, gx + gy, gz], dim=2)
        level = torch.log(strength + self.floor)
        relative = level - torch.log(strength.sum(dim=-1, keepdim=True) + self.floor)
        rate = step_hz.log()[:, None, None].expand(-1, parts.shape[1], 1)
        return torch.cat([rate, level.flatten(2), relative.flatten(2), _phases(h, power)], dim=2)

    def _at_step_rate(self, centred: Tensor) -> tuple[Tensor, Pair]:
        """Step rate (B,) in Hz, and every channel's harmonics (B, P, 6, M) of it."""
        shape = (*centred.shape[:2], 6, GRID, len(MULTIPLES))
        signals = centred.transpose(-1, -2)
        h = Pair((signals @ self.cos).view(shape), (signals @ self.sin).view(shape))
        power = h.power().sum(dim=1)
        score = (
            power[:, ACC_Z, :, ONE]
            + power[:, ACC_Z, :, TWO]
            + 0.5 * (power[:, ACC_X, :, ONE] + power[:, ACC_Y, :, ONE])
            + 0.5 * (power[:, GYRO_X, :, HALF] + power[:, GYRO_Y, :, HALF])
        )
        best = score.argmax(dim=1)
        index = best[:, None, None, None, None].expand(-1, *shape[1:3], 1, len(MULTIPLES))
        return self.grid_hz[best], Pair(h.re.gather(3, index)[..., 0, :], h.im.gather(3, index)[..., 0, :])


def _phases(h: Pair, power: Tensor) -> Tensor:
    """Cosine and sine, weighted by how clear they are, of phases between harmonics (..., 6, M): (..., 2 × 9)."""

    def at(channel: int, multiple: int) -> Pair:
        return Pair(h.re[..., channel, multiple], h.im[..., channel, multiple])

    def size(channel: int, multiple: int) -> Tensor:
        return (power[..., channel, multiple] + 1e-6).sqrt()

    def plane(x: int, multiple: int) -> Tensor:
        return power[..., x, multiple] + power[..., x + 1, multiple]

    def square(x: int) -> Pair:
        """Sum of the squared stride harmonics of a horizontal pair: it runs at the step rate and has no heading."""
        return at(x, HALF).times(at(x, HALF)).plus(at(x + 1, HALF).times(at(x + 1, HALF)))

    step = at(ACC_Z, ONE)
    rows = [
        _clear(at(ACC_Z, TWO).times(step.times(step).conj()), size(ACC_Z, TWO) * size(ACC_Z, ONE) ** 2),
        _clear(
            at(ACC_Z, THREE).times(step.times(at(ACC_Z, TWO)).conj()),
            size(ACC_Z, TWO) * size(ACC_Z, ONE) * size(ACC_Z, THREE),
        ),
    ]
    for m in (HALF, ONE, TWO):
        cross = at(ACC_X, m).times(at(GYRO_Y, m).conj()).minus(at(ACC_Y, m).times(at(GYRO_X, m).conj()))
        rows.append(_clear(cross, (plane(ACC_X, m) * plane(GYRO_X, m) + 1e-12).sqrt()))
    rows += [_clear(square(x).times(step.conj()), size(ACC_Z, ONE) * plane(x, HALF)) for x in (ACC_X, GYRO_X)]
    mixed = at(ACC_X, HALF).times(at(GYRO_Y, HALF)).minus(at(ACC_Y, HALF).times(at(GYRO_X, HALF)))
    mixed_size = (plane(ACC_X, HALF) * plane(GYRO_X, HALF) + 1e-12).sqrt()
    rows.append(_clear(mixed.times(step.conj()), size(ACC_Z, ONE) * mixed_size))
    turn = at(GYRO_Z, HALF).times(at(GYRO_Z, HALF))
    rows.append(_clear(turn.times(step.conj()), size(ACC_Z, ONE) * power[..., GYRO_Z, HALF]))
    return torch.cat(rows, dim=-1)


def _clear(product: Pair, size: Tensor) -> Tensor:
    return torch.stack([product.re, product.im], dim=-1) / (size + 1e-2)[..., None]
