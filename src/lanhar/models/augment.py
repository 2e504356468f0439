import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lanhar.models.limb_swing import swing

# Knots of the random gain over frequency, Hz: close together between 0.6 and 6 Hz, where gait lives.
KNOTS_HZ = (0.0, 0.6, 1.0, 1.4, 1.9, 2.5, 3.3, 4.5, 6.5, 10.0)
# Which of the four each channel takes: horizontal acc, vertical acc, horizontal gyro, vertical gyro.
GROUP_OF_CHANNEL = (0, 0, 1, 2, 2, 3)


class PhysicalAugmentation(nn.Module):
    """Changes to windows that other people, pockets, limbs and devices would make; nothing else.

    Some devices are worn on a limb that swings with the stride. Steps come faster or slower. Cloth, straps and soft
    tissue pass some frequencies on and hold others back, differently along the vertical and the horizontal and for
    rotation: a random smooth gain over frequency for each. Some devices sample slowly or smooth what they measure.
    Sensors are noisy, and the phone turns about the vertical. Windows are aligned again afterwards.

    Args:
        limb: share of the windows that move to a limb.
        limb_rad: largest amplitude of its swing, rad.
        limb_m: shortest and longest distance from its joint, m.
        tempo: half-width of the factor on time, log scale.
        gain: standard deviation, log scale, of the gain at each knot.
        smooth: share of the windows from a device that holds high frequencies back.
        cutoff_hz: lowest and highest frequency at which it does, Hz.
        rotate: whether windows turn about the vertical by any angle.
        acc_noise_m_s2: standard deviation of the accelerometer's noise and offset, m/s².
        gyro_noise_rad_s: the same of the gyroscope, rad/s.
        rate_hz: samples per second.
    """

    def __init__(
        self,
        limb: float = 0.3,
        limb_rad: float = 0.6,
        limb_m: tuple[float, float] = (0.15, 0.7),
        tempo: float = 0.2,
        gain: float = 0.9,
        smooth: float = 0.4,
        cutoff_hz: tuple[float, float] = (2.5, 20.0),
        rotate: bool = True,
        acc_noise_m_s2: float = 0.1,
        gyro_noise_rad_s: float = 0.03,
        rate_hz: float = 50.0,
    ) -> None:
        super().__init__()
        self.limb, self.limb_rad, self.limb_m = limb, limb_rad, tuple(limb_m)
        self.tempo, self.gain, self.rotate = tempo, gain, rotate
        self.smooth, self.cutoff_hz = smooth, tuple(cutoff_hz)
        self.acc_noise, self.gyro_noise, self.rate_hz = acc_noise_m_s2, gyro_noise_rad_s, rate_hz

    def forward(self, windows: Tensor) -> Tensor:
        """Augment windows (B, L, 6) in m/s² and rad/s; the shape stays."""
        count = len(windows)
        x = self._on_a_limb(windows)
        x = stretch(x, ((torch.rand(count, device=x.device) * 2 - 1) * self.tempo).exp())
        x = transmit(x, torch.randn(count, len(KNOTS_HZ), 4, device=x.device) * self.gain, self.rate_hz)
        x = self._smoothed(x + self._noise(x))
        x = upright(x)
        return turn(x, torch.rand(count, device=x.device) * 2 * torch.pi) if self.rotate else x

    def _on_a_limb(self, x: Tensor) -> Tensor:
        arc, length, second, chosen = torch.rand(4, len(x), device=x.device)
        shortest, longest = self.limb_m
        length = shortest + length * (longest - shortest)
        moved = swing(x, arc * self.limb_rad, length, second * 0.3, self.rate_hz)
        return torch.where((chosen < self.limb)[:, None, None], upright(moved), x)

    def _smoothed(self, x: Tensor) -> Tensor:
        """Some windows as a slow or smoothing device would give them: its accelerometer, its gyroscope or both."""
        at, chosen, which = torch.rand(3, len(x), device=x.device)
        low, high = (math.log(hz) for hz in self.cutoff_hz)
        smoothed = low_pass(x, (low + at * (high - low)).exp(), self.rate_hz)
        acc = (chosen < self.smooth) & (which < 0.8)
        gyro = (chosen < self.smooth) & (which > 0.4)
        return torch.where(torch.stack([acc] * 3 + [gyro] * 3, dim=1)[:, None], smoothed, x)

    def _noise(self, x: Tensor) -> Tensor:
        size = torch.tensor([self.acc_noise] * 3 + [self.gyro_noise] * 3, device=x.device)
        white = torch.randn_like(x) * torch.rand(len(x), 1, 1, device=x.device) / 2
        return (torch.randn_like(x[:, :1]) + white) * size


def stretch(windows: Tensor, factor: Tensor) -> Tensor:
    """Play windows faster (factor above 1) or slower about their centre, mirrored at the edges.

    Angular rates grow with the factor, since the same angle is turned in less time, and accelerations with its square.

    Args:
        windows: (B, L, 6).
        factor: (B,) above 0.
    """
    last = windows.shape[1] - 1
    position = factor[:, None] * (torch.arange(last + 1, device=windows.device) - last / 2) + last / 2
    position = position.remainder(2 * last)
    position = torch.where(position > last, 2 * last - position, position)
    low = position.floor().long().clamp(max=last - 1)
    weight = (position - low)[..., None]
    index = low[..., None].expand(-1, -1, windows.shape[2])
    x = windows.gather(1, index) * (1 - weight) + windows.gather(1, index + 1) * weight
    gravity = x[..., :3].mean(dim=1, keepdim=True)
    f = factor[:, None, None]
    return torch.cat([gravity + (x[..., :3] - gravity) * f**2, x[..., 3:] * f], dim=-1)


def transmit(windows: Tensor, log_gain: Tensor, rate_hz: float) -> Tensor:
    """Multiply each window's spectrum with a smooth gain; means, and so gravity, stay.

    Args:
        windows: (B, L, 6).
        log_gain: (B, knots, 4) log gain at `KNOTS_HZ`: horizontal acc, vertical acc, horizontal gyro, vertical gyro.
        rate_hz: samples per second.
    """
    frequency = _frequencies(windows, rate_hz)
    gain = (interpolation(frequency) @ log_gain).exp()
    return _filtered(windows, gain[..., list(GROUP_OF_CHANNEL)])


def low_pass(windows: Tensor, cutoff_hz: Tensor, rate_hz: float) -> Tensor:
    """Hold back what is faster than a cutoff, in the shape of a fourth-order Butterworth filter without its delay.

    Args:
        windows: (B, L, 6).
        cutoff_hz: (B,) where half of the power is left, Hz.
        rate_hz: samples per second.
    """
    frequency = _frequencies(windows, rate_hz)
    gain = (1 + (frequency / cutoff_hz[:, None]) ** 8).rsqrt()
    return _filtered(windows, gain[..., None])


def _padded(windows: Tensor) -> int:
    """Length with room for what a filter smears over the end, which would else come back at the beginning."""
    return round(1.2 * windows.shape[1])


def _frequencies(windows: Tensor, rate_hz: float) -> Tensor:
    """(bins,) in Hz, of the spectrum of padded windows."""
    frequencies: Tensor = torch.fft.rfftfreq(_padded(windows), 1 / rate_hz, device=windows.device)
    return frequencies


def _filtered(windows: Tensor, gain: Tensor) -> Tensor:
    """Windows (B, L, 6) with their spectrum, means apart, multiplied with a gain (B, bins, 6 or 1)."""
    mean = windows.mean(dim=1, keepdim=True)
    spectrum = torch.fft.rfft(windows - mean, n=_padded(windows), dim=1)
    changed: Tensor = torch.fft.irfft(spectrum * gain, n=_padded(windows), dim=1)
    return mean + changed[:, : windows.shape[1]]


def interpolation(frequency: Tensor) -> Tensor:
    """Weights (bins, knots) that interpolate values at `KNOTS_HZ` linearly; the last knot holds beyond itself."""
    knots = torch.tensor(KNOTS_HZ, device=frequency.device)
    frequency = frequency.clamp(max=float(knots[-1]))
    upper = torch.bucketize(frequency, knots, right=True).clamp(1, len(knots) - 1)
    share = (frequency - knots[upper - 1]) / (knots[upper] - knots[upper - 1])
    bins = torch.arange(len(frequency), device=frequency.device)
    weights = torch.zeros(len(frequency), len(knots), device=frequency.device)
    weights[bins, upper - 1] = 1 - share
    weights[bins, upper] += share
    return weights


def turn(windows: Tensor, heading: Tensor) -> Tensor:
    """Turn windows (B, L, 6) about the vertical by headings (B,), radians."""
    cos, sin = heading.cos()[:, None], heading.sin()[:, None]
    ax, ay, az, gx, gy, gz = windows.unbind(dim=2)
    return torch.stack(
        [cos * ax - sin * ay, sin * ax + cos * ay, az, cos * gx - sin * gy, sin * gx + cos * gy, gz], dim=2
    )


def upright(windows: Tensor) -> Tensor:
    """Align windows (B, L, 6) anew: the smallest rotation that takes the mean acceleration to +z."""
    up = F.normalize(windows[..., :3].mean(dim=1), dim=1)
    x, y, z = up.unbind(dim=1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, zero, -x, zero, zero, -y, x, y, zero], dim=1).view(-1, 3, 3)
    rotation = torch.eye(3, device=up.device) + cross + cross @ cross / (1 + z).clamp(min=1e-3)[:, None, None]
    return torch.cat([windows[..., :3] @ rotation.mT, windows[..., 3:] @ rotation.mT], dim=-1)
