from torch import Tensor, nn

from lanhar.models.networks.window_network import WindowNetwork


class DeepConvLstm(WindowNetwork):
    """Convolutions along each channel, two LSTM layers over time, and a linear layer on their last or mean step.

    Ordóñez and Roggen, "Deep convolutional and LSTM recurrent neural networks for multimodal wearable activity
    recognition", Sensors 16(1), 2016: four layers of 64 filters over 5 samples, no norm, 128 units, the last step.

    Args:
        n_activities: C.
        window_length: L samples of a window.
        channels: `raw` or `invariant`.
        downsample: samples that are averaged into one.
        filters: of each convolution.
        layers: convolutions.
        kernel: samples that a filter spans.
        norm: after each convolution, `none` or `group` (one group: over all filters and samples of a window).
        units: of each LSTM layer.
        readout: the step that the linear layer reads, `last` or `mean`.
        dropout: before each LSTM layer and before the linear one, 0 to below 1.
    """

    def __init__(
        self,
        n_activities: int,
        window_length: int,
        channels: str = "invariant",
        downsample: int = 2,
        filters: int = 16,
        layers: int = 4,
        kernel: int = 5,
        norm: str = "none",
        units: int = 64,
        readout: str = "last",
        dropout: float = 0.5,
    ) -> None:
        super().__init__(channels, downsample)
        if window_length // downsample <= layers * (kernel - 1):
            raise ValueError(f"{layers} convolutions of {kernel} leave nothing of a window of {window_length} samples")
        convolutions: list[nn.Module] = []
        for layer in range(layers):
            convolutions += [nn.Conv2d(filters if layer else 1, filters, (kernel, 1))]
            convolutions += [nn.GroupNorm(1, filters)] if norm == "group" else []
            convolutions += [nn.ReLU()]
        self.readout = readout
        self.convolutions = nn.Sequential(*convolutions)
        self.drop = nn.Dropout(dropout)
        self.lstm = nn.LSTM(filters * self.n_channels, units, num_layers=2, dropout=dropout, batch_first=True)
        self.head = nn.Linear(units, n_activities)

    def classify(self, inputs: Tensor) -> Tensor:
        """Signals (B, T, K) to logits (B, C)."""
        maps = self.convolutions(self.standardise(inputs)[:, None])
        steps = self.drop(maps.permute(0, 2, 1, 3).flatten(2))
        states, _ = self.lstm(steps)
        read = states.mean(dim=1) if self.readout == "mean" else states[:, -1]
        logits: Tensor = self.head(self.drop(read))
        return logits
