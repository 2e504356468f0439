import torch
from torch import Tensor, nn

from lanhar.models.networks.transformer import PatchTransformer
from lanhar.models.networks.window_network import WindowNetwork


class MaskedEncoder(WindowNetwork):
    """A Transformer that first learns to fill in masked spans of windows, then gets a small classifier.

    After LIMU-BERT (Xu, Zhou, Tan, Li and Shen, "LIMU-BERT: unleashing the potential of unlabeled data for IMU sensing
    applications", SenSys 2021), whose tokens are single samples at 20 Hz and whose classifier is a GRU.

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
        head: the classifier of the tokens, `gru` or `mean`.
        units: of the GRU.
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
        head: str = "gru",
        units: int = 32,
    ) -> None:
        super().__init__(channels, downsample)
        self.transformer = PatchTransformer(
            self.n_channels, window_length // downsample, patch, dim, layers, heads, feedforward, dropout
        )
        self.reconstruct = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, self.n_channels * patch))
        self.gru = nn.GRU(dim, units, batch_first=True) if head == "gru" else None
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(units if head == "gru" else dim, n_activities))

    def fill_in(self, inputs: Tensor, masked: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruct patches from the others.

        Args:
            inputs: signals (B, T, K).
            masked: (B, P), true for a patch that is hidden.

        Returns:
            (B, P, patch·K) reconstructed and true patches, standardised.
        """
        patches = self.transformer.patches(self.standardise(inputs))
        hidden = patches.masked_fill(masked[..., None], 0.0)
        return self.reconstruct(self.transformer(hidden)), patches

    def classify(self, inputs: Tensor) -> Tensor:
        """Signals (B, T, K) to logits (B, C)."""
        tokens = self.transformer(self.transformer.patches(self.standardise(inputs)))
        pooled = tokens.mean(dim=1) if self.gru is None else self.gru(tokens)[0][:, -1]
        logits: Tensor = self.head(pooled)
        return logits


def span_mask(count: int, n_tokens: int, share: float, span: int) -> Tensor:
    """Hide spans of tokens at random places, until the wanted share of each window is hidden.

    Args:
        count: windows B.
        n_tokens: P.
        share: of the tokens, 0 to 1; at least one is hidden and one is shown.
        span: tokens in a row; the last span of a window may be shorter, and spans may touch.

    Returns:
        (B, P), true where hidden.
    """
    wanted = min(max(1, round(share * n_tokens)), n_tokens - 1)
    # Spans in random order, each token ranked by the earliest span that covers it; the lowest ranks are hidden.
    starts = torch.rand(count, n_tokens).argsort(dim=1).float()
    covered = torch.stack([starts.roll(shift, dims=1) for shift in range(span)]).amin(dim=0)
    order = (covered + torch.arange(n_tokens) / (2 * n_tokens)).argsort(dim=1)
    return torch.zeros(count, n_tokens, dtype=torch.bool).scatter_(1, order[:, :wanted], True)
