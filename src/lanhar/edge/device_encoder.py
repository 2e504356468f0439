"""What the device runs, as one module: a raw window in its own frame in, its point of the language space out."""

import torch
from torch import Tensor, nn

from lanhar.evaluation.open_set import Neighbours
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


class NeighbourDistance(nn.Module):
    """`Neighbours.score` as a part of the graph, with the training windows in steps of 1/127 of their largest number.

    Args:
        near: the training windows and the neighbour that counts.
    """

    reference: Tensor
    lengths: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, near: Neighbours) -> None:
        super().__init__()
        reference = torch.from_numpy(near.reference)
        self.steps, self.limit, self.rank = 127 / float(reference.abs().max()), near.LIMIT, near.rank
        whole = (reference * self.steps).round()
        self.register_buffer("reference", whole.T.contiguous())
        self.register_buffer("lengths", whole.square().sum(dim=1))
        self.register_buffer("mean", torch.from_numpy(near.mean))
        self.register_buffer("std", torch.from_numpy(near.std))

    def forward(self, x: Tensor) -> Tensor:
        """Distance (B,) of inputs (B, K) to the neighbour that counts."""
        x = ((x - self.mean) / self.std).clamp(-self.limit, self.limit) * self.steps
        squares = x.square().sum(dim=1, keepdim=True) + self.lengths - 2 * (x @ self.reference)
        nearest = squares.topk(self.rank, dim=1, largest=False).values[:, -1]
        return nearest.clamp(min=0).sqrt() / self.steps


class MeasuringEncoder(DeviceEncoder):
    """A `DeviceEncoder` that also says how far a window is from those that trained.

    Args:
        encoder: trained on aligned windows.
        near: the training windows, as the encoder's fixed part makes them, or their embeddings.
        of_embeddings: whether they are embeddings.
    """

    def __init__(self, encoder: SensorEncoder, near: Neighbours, of_embeddings: bool) -> None:
        super().__init__(encoder)
        self.distance, self.of_embeddings = NeighbourDistance(near), of_embeddings

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """The embedding (D,) of one window (L, 6), and its distance, one number."""
        inputs = self.encoder.describe(self.upright(window[None]))
        embedded = self.encoder.embed(inputs)
        distance = self.distance(embedded if self.of_embeddings else inputs.flatten(start_dim=1))
        return embedded[0], distance[0]
