from torch import Tensor, nn
from torch.nn import functional as F


class InformationMaximisation(nn.Module):
    """Unlabelled windows should each be near one activity, and all together near several (Liang et al. 2020, SHOT).

    The mean entropy of the predictions, less `diversity` times the entropy of their mean.

    Args:
        scale: what cosines are multiplied with before the softmax.
        diversity: weight of the second term, 0 or more; at 0 every window may end at one activity.

    Example:
        >>> import torch
        >>> loss = InformationMaximisation(scale=12.0, diversity=0.5)
        >>> z = F.normalize(torch.randn(8, 16), dim=-1)
        >>> loss(z, z[:4]).shape
        torch.Size([])
    """

    def __init__(self, scale: float, diversity: float) -> None:
        super().__init__()
        self.scale, self.diversity = scale, diversity

    def forward(self, embeddings: Tensor, prototypes: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            embeddings: (B, D) unit length.
            prototypes: (C, D) unit length.

        Returns:
            Scalar, between -diversity · log C and log C.
        """
        log_p = F.log_softmax(self.scale * embeddings @ prototypes.T, dim=1)
        p = log_p.exp()
        mean = p.mean(dim=0)
        uncertainty = -(p * log_p).sum(dim=1).mean()
        variety = -(mean * mean.clamp(min=1e-12).log()).sum()
        return uncertainty - self.diversity * variety
