from abc import ABC, abstractmethod

from torch import Tensor, nn


class SensorEncoder(nn.Module, ABC):
    """What runs on the device: windows in, points of the language space out.

    An encoder has a fixed part, `describe`, that training computes once for each window, and a trained part, `embed`.
    """

    def describe(self, windows: Tensor) -> Tensor:
        """The fixed part: windows (B, L, 6), acc in m/s² with +z up and gyro in rad/s, to inputs (B, ...)."""
        return windows

    @abstractmethod
    def fit_scaling(self, inputs: Tensor) -> None:
        """Take means and deviations of training inputs (N, ...) into the weights."""

    @abstractmethod
    def embed(self, inputs: Tensor) -> Tensor:
        """The trained part: inputs (B, ...) to (B, D), unit length."""

    def forward(self, windows: Tensor) -> Tensor:
        """Embed windows (B, L, 6): (B, D), unit length."""
        return self.embed(self.describe(windows))
