import math

import torch
from torch import Tensor, nn

from lanhar.models.augment import KNOTS_HZ, stretch, transmit, turn, upright

LEAST_CADENCE_HZ = 0.8
FACTORS = (0.5, 2.2)


class VirtualMotion(nn.Module):
    """Windows of a movement that was never recorded: real ones, played at another cadence and strength.

    Unlike an augmentation it goes further than an activity's label would survive. Which movement comes out is only
    known by measuring it, so such windows have texts and no label. Physics is kept: angular rates grow with the tempo,
    accelerations with its square, and what nothing holds up is in free fall and cannot be pulled down faster.

    Args:
        cadence_hz: lowest and highest wanted cadence, drawn evenly on a log scale. The default is a round
            range about human walking and running, not a measured one.
        bounce_m_s2: lowest and highest wanted RMS of the vertical acceleration without gravity, likewise.
        gain: standard deviation, log scale, of a random smooth gain over frequency.
        acc_noise_m_s2: standard deviation of the accelerometer's noise, m/s².
        gyro_noise_rad_s: the same of the gyroscope, rad/s.
        rate_hz: samples per second.
    """

    def __init__(
        self,
        cadence_hz: tuple[float, float] = (1.0, 3.2),
        bounce_m_s2: tuple[float, float] = (0.3, 15.0),
        gain: float = 0.3,
        acc_noise_m_s2: float = 0.05,
        gyro_noise_rad_s: float = 0.015,
        rate_hz: float = 50.0,
    ) -> None:
        super().__init__()
        self.cadence, self.bounce, self.gain = tuple(cadence_hz), tuple(bounce_m_s2), gain
        self.noise = [acc_noise_m_s2] * 3 + [gyro_noise_rad_s] * 3
        self.rate_hz = rate_hz

    def forward(self, windows: Tensor, cadence_hz: Tensor) -> Tensor:
        """Make one virtual window of each.

        Args:
            windows: (B, L, 6), acc in m/s² with +z up, gyro in rad/s; moving ones.
            cadence_hz: (B,) their measured cadence.

        Returns:
            (B, L, 6), aligned.
        """
        count = len(windows)
        wanted_hz = _log_uniform(count, *self.cadence)
        x = stretch(windows, (wanted_hz / cadence_hz.clamp(min=LEAST_CADENCE_HZ)).clamp(*FACTORS))
        x = transmit(x, self._log_gain(wanted_hz), self.rate_hz)
        x = self._strengthen(x, _log_uniform(count, *self.bounce))
        x = upright(x + torch.randn_like(x) * torch.tensor(self.noise))
        return turn(x, torch.rand(count) * 2 * torch.pi)

    def _log_gain(self, wanted_hz: Tensor) -> Tensor:
        """(B, knots, 4): random, and falling above the cadence by a random slope, so that shapes differ too."""
        random = torch.randn(len(wanted_hz), len(KNOTS_HZ), 4) * self.gain
        above = (torch.tensor(KNOTS_HZ) / wanted_hz[:, None]).clamp(min=1.0).log()
        slope = torch.rand(len(wanted_hz), 1) * 2
        return random - (slope * above)[..., None]

    @staticmethod
    def _strengthen(windows: Tensor, bounce: Tensor) -> Tensor:
        """Scale to a vertical RMS (B,), the horizontal and the rotation each by about as much."""
        gravity = windows.mean(dim=1, keepdim=True)
        moved = windows - gravity
        factor = bounce / moved[..., 2].square().mean(dim=1).sqrt().clamp(min=1e-6)
        horizontal, rotation = ((torch.randn(len(windows)) * 0.5).exp() for _ in range(2))
        # Rotation grows more slowly than acceleration: an angle's second derivative against its first.
        acc = torch.stack([factor * horizontal, factor * horizontal, factor], dim=1)
        gyro = (factor.sqrt() * rotation)[:, None].expand(-1, 3)
        return _airborne(gravity + moved * torch.cat([acc, gyro], dim=1)[:, None])


def _airborne(windows: Tensor) -> Tensor:
    """Vertical acceleration, gravity's reaction included, at 0 and above with its mean kept."""
    up = windows[..., 2]
    mean = up.mean(dim=1, keepdim=True)
    for _ in range(6):
        up = up.clamp(min=0.0)
        up = up - (up.mean(dim=1, keepdim=True) - mean)
    return torch.cat([windows[..., :2], up.clamp(min=-1.0)[..., None], windows[..., 3:]], dim=-1)


def _log_uniform(count: int, low: float, high: float) -> Tensor:
    return (math.log(low) + torch.rand(count) * math.log(high / low)).exp()
