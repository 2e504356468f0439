import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Knots of the random gain over frequency, Hz: close together between 0.6 and 6 Hz, where gait lives.
KNOTS_HZ = (0.0, 0.6, 1.0, 1.4, 1.9, 2.5, 3.3, 4.5, 6.5, 10.0)
# Which of the four each channel takes: horizontal acc, vertical acc, horizontal gyro, vertical gyro.
GROUP_OF_CHANNEL = (0, 0, 1, 2, 2, 3)


class PhysicalAugmentation(nn.Module):
    """Changes to windows that other people, pockets and phones would make; nothing else.

    Cloth, straps and soft tissue pass some frequencies on and hold others back, differently along the vertical and the
    horizontal and for rotation: a random smooth gain over frequency for each. Steps come faster or slower, the phone
    turns about the vertical, sensors are noisy. Windows are aligned again afterwards.

    Args:
        gain: standard deviation, log scale, of the gain at each knot.
        tempo: half-width of the factor on time, log scale.
        rotate: whether windows turn about the vertical by any angle.
        acc_noise_m_s2: standard deviation of the accelerometer's noise and offset, m/s².
        gyro_noise_rad_s: the same of the gyroscope, rad/s.
        rate_hz: samples per second.
    """

    def __init__(
        self,
        gain: float = 0.9,
        tempo: float = 0.14,
        rotate: bool = True,
        acc_noise_m_s2: float = 0.1,
        gyro_noise_rad_s: float = 0.03,
        rate_hz: float = 50.0,
    ) -> None:
        super().__init__()
        self.gain, self.tempo, self.rotate = gain, tempo, rotate
        self.acc_noise, self.gyro_noise, self.rate_hz = acc_noise_m_s2, gyro_noise_rad_s, rate_hz

    def forward(self, windows: Tensor) -> Tensor:
        """Augment windows (B, L, 6) in m/s² and rad/s; the shape stays."""
        count = len(windows)
        x = stretch(windows, ((torch.rand(count, device=windows.device) * 2 - 1) * self.tempo).exp())
        x = transmit(x, torch.randn(count, len(KNOTS_HZ), 4, device=x.device) * self.gain, self.rate_hz)
        x = upright(x + self._noise(x))
        return turn(x, torch.rand(count, device=x.device) * 2 * torch.pi) if self.rotate else x

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
    mean = windows.mean(dim=1, keepdim=True)
    # Room for what a filter smears over the end, which would else come back at the beginning.
    padded = round(1.2 * windows.shape[1])
    spectrum = torch.fft.rfft(windows - mean, n=padded, dim=1)
    gain = (interpolation(spectrum.shape[1], rate_hz / padded).to(windows) @ log_gain).exp()
    changed: Tensor = torch.fft.irfft(spectrum * gain[..., list(GROUP_OF_CHANNEL)], n=padded, dim=1)
    return mean + changed[:, : windows.shape[1]]


def interpolation(bins: int, step_hz: float) -> Tensor:
    """Weights (bins, knots) that interpolate values at `KNOTS_HZ` linearly; the last knot holds beyond itself."""
    frequency = torch.arange(bins) * step_hz
    knots = torch.tensor(KNOTS_HZ)
    frequency = frequency.clamp(max=float(knots[-1]))
    upper = torch.bucketize(frequency, knots, right=True).clamp(1, len(knots) - 1)
    share = (frequency - knots[upper - 1]) / (knots[upper] - knots[upper - 1])
    weights = torch.zeros(bins, len(knots))
    weights[torch.arange(bins), upper - 1] = 1 - share
    weights[torch.arange(bins), upper] += share
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
