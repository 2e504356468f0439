import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lanhar.models.sensor_encoder import SensorEncoder


class TransformerEncoder(SensorEncoder):
    """A Transformer over patches of the raw window (LanHAR's sensor encoder, with a patch length of its own).

    `patch=1, dim=768, layers=3, heads=2, feedforward=1024, pool="sum"` is the released code's shape (12.4 M
    parameters).

    Args:
        embedding_dim: D of the language space.
        window_length: L samples of a window.
        patch: samples that become one token.
        dim: width.
        layers: Transformer layers.
        heads: attention heads.
        feedforward: width of the feed-forward part.
        dropout: 0 to below 1.
        pool: `mean` or `sum` over time.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        embedding_dim: int,
        window_length: int,
        patch: int = 10,
        dim: int = 128,
        layers: int = 3,
        heads: int = 4,
        feedforward: int = 256,
        dropout: float = 0.1,
        pool: str = "mean",
    ) -> None:
        super().__init__()
        if patch > window_length:
            raise ValueError(f"a patch of {patch} samples does not fit into a window of {window_length}")
        self.patch = patch
        self.pool = pool
        self.register_buffer("mean", torch.zeros(6))
        self.register_buffer("std", torch.ones(6))
        self.embed_patch = nn.Linear(6 * patch, dim)
        self.position = nn.Parameter(torch.randn(window_length // patch, dim) * 0.02)
        layer = nn.TransformerEncoderLayer(dim, heads, feedforward, dropout, batch_first=True)
        self.blocks = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.project = nn.Sequential(nn.Linear(dim, embedding_dim), nn.GELU(), nn.LayerNorm(embedding_dim))

    @torch.no_grad()
    def fit_scaling(self, inputs: Tensor) -> None:
        """Take channel means and deviations of training windows (N, L, 6) into the weights."""
        self.mean.copy_(inputs.mean(dim=(0, 1)))
        self.std.copy_(inputs.std(dim=(0, 1)).clamp(min=1e-3))

    def embed(self, inputs: Tensor) -> Tensor:
        """Embed windows (B, L, 6), acc in m/s² with +z up and gyro in rad/s: (B, D), unit length."""
        x = (inputs - self.mean) / self.std
        tokens = len(self.position)
        x = x[:, : tokens * self.patch].reshape(len(x), tokens, -1)
        x = self.blocks(self.embed_patch(x) + self.position)
        x = x.sum(dim=1) if self.pool == "sum" else x.mean(dim=1)
        return F.normalize(self.project(x), dim=-1)
