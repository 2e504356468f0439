from torch import Tensor, nn
from torch.nn import functional as F


class TokenReconstruction(nn.Module):
    """Cross-entropy of the text decoder's next-token predictions (LanHAR's paper, absent from its released code).

    Args:
        ignore_index: token id of padding, which does not count.

    Example:
        >>> import torch
        >>> TokenReconstruction(ignore_index=0)(torch.randn(2, 5, 11), torch.randint(1, 11, (2, 5))).shape
        torch.Size([])
    """

    def __init__(self, ignore_index: int = 0) -> None:
        super().__init__()
        self.ignore_index = ignore_index

    def forward(self, logits: Tensor, tokens: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            logits: (B, T, V) scores of the token at each position given those before it.
            tokens: (B, T) the text's own tokens, 0..V-1.

        Returns:
            Scalar, nats a token.
        """
        return F.cross_entropy(logits.flatten(0, 1), tokens.flatten(), ignore_index=self.ignore_index)
