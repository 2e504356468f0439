import torch
from torch import Tensor, nn

from lanhar.models.networks.window_network import WindowNetwork


class PatchTransformer(nn.Module):
    """Transformer layers over patches of signals, with learned positions.

    Args:
        n_channels: K.
        n_samples: T.
        patch: samples of a patch; patches do not overlap, and what is left over at the end is left out.
        dim: width.
        layers: Transformer layers.
        heads: attention heads.
        feedforward: width of the feed-forward part.
        dropout: 0 to below 1.

    Raises:
        ValueError: not one patch fits.
    """

    def __init__(
        self,
        n_channels: int,
        n_samples: int,
        patch: int,
        dim: int,
        layers: int,
        heads: int,
        feedforward: int,
        dropout: float,
    ) -> None:
        super().__init__()
        if patch > n_samples:
            raise ValueError(f"a patch of {patch} samples does not fit into {n_samples}")
        self.patch = patch
        self.n_tokens = n_samples // patch
        self.embed = nn.Linear(n_channels * patch, dim)
        self.position = nn.Parameter(torch.randn(self.n_tokens, dim) * 0.02)
        layer = nn.TransformerEncoderLayer(dim, heads, feedforward, dropout, "gelu", batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, layers, nn.LayerNorm(dim), enable_nested_tensor=False)

    def patches(self, signals: Tensor) -> Tensor:
        """Cut signals (B, T, K) into patches (B, P, patch·K)."""
        return signals[:, : self.n_tokens * self.patch].reshape(len(signals), self.n_tokens, -1)

    def forward(self, patches: Tensor) -> Tensor:
        """Tokens (B, P, D) of patches (B, P, patch·K)."""
        tokens: Tensor = self.blocks(self.embed(patches) + self.position)
        return tokens


class Transformer(WindowNetwork):
    """A Transformer over patches, the mean over time, and a linear layer.

    Args:
        n_activities: C.
        window_length: L samples of a window.
        channels: `raw` or `invariant`.
        downsample: samples that are averaged into one.
        patch: samples, after that, of a token.
        dim: width.
        layers: Transformer layers.
        heads: attention heads.
        feedforward: width of the feed-forward part.
        dropout: in the layers and before the linear one, 0 to below 1.
    """

    def __init__(
        self,
        n_activities: int,
        window_length: int,
        channels: str = "invariant",
        downsample: int = 2,
        patch: int = 5,
        dim: int = 64,
        layers: int = 2,
        heads: int = 4,
        feedforward: int = 128,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(channels, downsample)
        self.transformer = PatchTransformer(
            self.n_channels, window_length // downsample, patch, dim, layers, heads, feedforward, dropout
        )
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(dim, n_activities))

    def classify(self, inputs: Tensor) -> Tensor:
        """Signals (B, T, K) to logits (B, C)."""
        tokens = self.transformer(self.transformer.patches(self.standardise(inputs)))
        logits: Tensor = self.head(tokens.mean(dim=1))
        return logits
