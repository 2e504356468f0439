from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from lanhar.models.networks.window_network import WindowNetwork


class Cnn(WindowNetwork):
    """Convolutions over time, the mean over time, and a linear layer.

    Args:
        n_activities: C.
        window_length: L samples of a window.
        channels: `raw` or `invariant`.
        downsample: samples that are averaged into one.
        filters: of each block; all but the last halve the rate.
        kernel: samples that a filter spans, odd.
        norm: `batch` or `group` (one group: over all filters and samples of a window).
        dropout: before the linear layer, 0 to below 1.
    """

    def __init__(
        self,
        n_activities: int,
        window_length: int,  # noqa: ARG002 every length goes through
        channels: str = "invariant",
        downsample: int = 2,
        filters: Sequence[int] = (32, 64, 64),
        kernel: int = 7,
        norm: str = "group",
        dropout: float = 0.3,
    ) -> None:
        super().__init__(channels, downsample)
        widths = [self.n_channels, *filters]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.MaxPool1d(2)] if layers else []
            layers += [nn.Conv1d(before, after, kernel, padding=kernel // 2, bias=False)]
            layers += [nn.BatchNorm1d(after) if norm == "batch" else nn.GroupNorm(1, after), nn.ReLU()]
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(widths[-1], n_activities))

    def classify(self, inputs: Tensor) -> Tensor:
        """Signals (B, T, K) to logits (B, C)."""
        maps = self.blocks(self.standardise(inputs).transpose(1, 2))
        logits: Tensor = self.head(maps.mean(dim=2))
        return logits
