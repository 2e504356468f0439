from torch import Tensor, nn
from torch.nn import functional as F


class PrototypeCrossEntropy(nn.Module):
    """Cross-entropy of scaled cosines to one prototype per activity (LanHAR's released stage 1, scale 30).

    Args:
        scale: what cosines are multiplied with before the softmax.
        label_smoothing: probability mass spread over all activities, 0 to below 1.

    Example:
        >>> import torch
        >>> loss = PrototypeCrossEntropy(scale=30.0)
        >>> z = F.normalize(torch.randn(8, 16), dim=-1)
        >>> loss(z, torch.arange(8) % 4, z[:4]).shape
        torch.Size([])
    """

    def __init__(self, scale: float = 30.0, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.scale = scale
        self.label_smoothing = label_smoothing

    def forward(self, embeddings: Tensor, labels: Tensor, prototypes: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            embeddings: (B, D) unit length.
            labels: (B,) activity indices 0..C-1.
            prototypes: (C, D) unit length, in the label space's order.

        Returns:
            Scalar.
        """
        return F.cross_entropy(self.scale * embeddings @ prototypes.T, labels, label_smoothing=self.label_smoothing)
