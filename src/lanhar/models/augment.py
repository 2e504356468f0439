import torch
from torch import Tensor, nn


class PhysicalAugmentation(nn.Module):
    """Changes to windows that other people, pockets and phones would make; nothing else.

    Every window of a batch draws its own: a rotation about the vertical (the pocket turns the phone), a small tilt
    (gravity is estimated, never known), amplitude of the movement (not of gravity), tempo, and sensor bias and noise.

    Args:
        rotate: whether windows turn about the vertical by any angle.
        tilt_deg: standard deviation of the tilt, degrees.
        amplitude: half-width of the factor on movement and rotation, log scale (0.3: 0.74 to 1.35).
        tempo: half-width of the factor on time, log scale; the window is stretched about its centre, edges mirrored.
        acc_noise_m_s2: standard deviation of the noise a sample, m/s².
        gyro_noise_rad_s: the same, rad/s.
        gyro_bias_rad_s: standard deviation of a constant offset of the gyroscope, rad/s.
    """

    def __init__(
        self,
        rotate: bool = True,
        tilt_deg: float = 5.0,
        amplitude: float = 0.3,
        tempo: float = 0.1,
        acc_noise_m_s2: float = 0.1,
        gyro_noise_rad_s: float = 0.03,
        gyro_bias_rad_s: float = 0.02,
    ) -> None:
        super().__init__()
        self.rotate, self.tilt_deg, self.amplitude, self.tempo = rotate, tilt_deg, amplitude, tempo
        self.acc_noise, self.gyro_noise, self.gyro_bias = acc_noise_m_s2, gyro_noise_rad_s, gyro_bias_rad_s

    def forward(self, windows: Tensor) -> Tensor:
        """Augment windows (B, L, 6) in m/s² and rad/s; the shape stays."""
        x = stretch(windows, self._spread(windows, self.tempo))
        rotation = self._rotations(len(x)).to(x)
        acc, gyro = x[..., :3] @ rotation.mT, x[..., 3:] @ rotation.mT
        factor = self._spread(x, self.amplitude)[:, None, None]
        gravity = acc.mean(dim=1, keepdim=True)
        acc = gravity + (acc - gravity) * factor + torch.randn_like(acc) * self.acc_noise
        bias = torch.randn_like(gyro[:, :1]) * self.gyro_bias
        return torch.cat([acc, gyro * factor + bias + torch.randn_like(gyro) * self.gyro_noise], dim=-1)

    @staticmethod
    def _spread(like: Tensor, half_width: float) -> Tensor:
        return torch.exp((torch.rand(len(like), device=like.device) * 2 - 1) * half_width)

    def _rotations(self, count: int) -> Tensor:
        heading = torch.rand(count) * (2 * torch.pi if self.rotate else 0.0)
        about_z = axis_rotation(torch.tensor([0.0, 0.0, 1.0]).expand(count, 3), heading)
        direction = torch.rand(count) * 2 * torch.pi
        horizontal = torch.stack([direction.cos(), direction.sin(), torch.zeros(count)], dim=1)
        tilt = torch.randn(count) * torch.pi * self.tilt_deg / 180
        return axis_rotation(horizontal, tilt) @ about_z


def axis_rotation(axis: Tensor, angle: Tensor) -> Tensor:
    """Rotation matrices by Rodrigues' formula.

    Args:
        axis: (B, 3) unit length.
        angle: (B,) radians.

    Returns:
        (B, 3, 3).
    """
    x, y, z = axis.unbind(dim=1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).view(-1, 3, 3)
    sin, cos = angle.sin()[:, None, None], angle.cos()[:, None, None]
    return torch.eye(3) + sin * cross + (1 - cos) * (cross @ cross)


def stretch(windows: Tensor, factor: Tensor) -> Tensor:
    """Play windows faster (factor above 1) or slower about their centre, mirrored at the edges.

    Angular rates scale with the tempo, since the same angle is turned in less time; accelerations are left to the
    amplitude.

    Args:
        windows: (B, L, 6).
        factor: (B,) above 0.
    """
    length = windows.shape[1]
    centred = torch.arange(length, device=windows.device) - (length - 1) / 2
    position = factor[:, None] * centred + (length - 1) / 2
    period = 2 * (length - 1)
    position = position.remainder(period)
    position = torch.where(position > length - 1, period - position, position)
    low = position.floor().long().clamp(max=length - 2)
    weight = (position - low)[..., None]
    index = low[..., None].expand(-1, -1, windows.shape[2])
    x = windows.gather(1, index) * (1 - weight) + windows.gather(1, index + 1) * weight
    return torch.cat([x[..., :3], x[..., 3:] * factor[:, None, None]], dim=-1)
