"""What the device runs, as one module: a raw window in its own frame in, its point of the language space out."""

import torch
from torch import Tensor, nn

from lanhar.models.sensor_encoder import SensorEncoder


class Upright(nn.Module):
    """Turn a window upright by its own mean acceleration, as `lanhar.signals.align` does in training."""

    def forward(self, windows: Tensor) -> Tensor:
        """Rotate windows (B, L, 6), acc in m/s² and gyro in rad/s, so that +z is up; the heading stays free."""
        mean = windows[..., :3].mean(dim=-2)
        strength = mean.square().sum(dim=-1, keepdim=True).sqrt()
        x, y, z = torch.split(mean / strength.clamp(min=1e-12), 1, dim=-1)
        # Without acceleration there is nothing to turn.
        z = torch.where(strength > 0, z, torch.ones_like(z))
        # (1 - z) / (x² + y²) = 1 / (1 + z), without the cancellation near z = -1 and without squares that vanish.
        largest = torch.maximum(x.abs(), y.abs()).clamp(min=1e-37)
        u, v = x / largest, y / largest
        flat = u * u + v * v
        lower, upper = (1 - z) / flat.clamp(min=1e-30), 1 / (1 + z.clamp(min=0))
        xx, xy, yy = (
            torch.where(z < 0, lower * a * b, upper * c * d)
            for a, b, c, d in ((u, u, x, x), (u, v, x, y), (v, v, y, y))
        )
        # Exactly face-down: half a turn about x.
        yy = torch.where((z < 0) & (flat == 0), 2 * torch.ones_like(z), yy)
        columns = [1 - xx, -xy, x, -xy, 1 - yy, y, -x, -y, z]
        rotation = torch.cat(columns, dim=-1).reshape(-1, 3, 3)
        return torch.cat([windows[..., :3] @ rotation, windows[..., 3:] @ rotation], dim=-1)


class DeviceEncoder(nn.Module):
    """Alignment and sensor encoder, for one window at a time.

    Args:
        encoder: trained on aligned windows.
    """

    def __init__(self, encoder: SensorEncoder) -> None:
        super().__init__()
        self.upright = Upright()
        self.encoder = encoder

    def forward(self, window: Tensor) -> Tensor:
        """Embed one window (L, 6), acc in m/s² with gravity and gyro in rad/s, device frame: (D,), unit length."""
        embedded: Tensor = self.encoder(self.upright(window[None]))
        return embedded[0]
