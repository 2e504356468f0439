import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MultiPositiveContrastive(nn.Module):
    """Contrastive loss between two sets of texts where every same-activity pair is a match (LanHAR, stage 1).

    For each row the log-probabilities of all its matches are averaged; rows and columns count alike:
    `L = -½ [mean_i mean_{j∈P(i)} log p(j|i) + mean_j mean_{i∈P(j)} log p(i|j)]`, `p = softmax(a·bᵀ / T)`.

    Args:
        temperature: T above 0; the released code uses 0.1.

    Example:
        >>> loss = MultiPositiveContrastive(temperature=0.1)
        >>> a, b = F.normalize(torch.randn(8, 16), dim=-1), F.normalize(torch.randn(4, 16), dim=-1)
        >>> loss(a, torch.arange(8) % 4, b, torch.arange(4)).shape
        torch.Size([])
    """

    def __init__(self, temperature: float = 0.1) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, a: Tensor, a_labels: Tensor, b: Tensor, b_labels: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            a: (B, D) unit-length embeddings.
            a_labels: (B,) activity indices.
            b: (M, D) unit-length embeddings.
            b_labels: (M,) activity indices.

        Returns:
            Scalar; rows and columns without a match are left out.
        """
        logits = a @ b.T / self.temperature
        matches = (a_labels[:, None] == b_labels[None, :]).to(logits.dtype)
        return (self._one_way(logits, matches) + self._one_way(logits.T, matches.T)) / 2

    @staticmethod
    def _one_way(logits: Tensor, matches: Tensor) -> Tensor:
        count = matches.sum(dim=1)
        log_p = F.log_softmax(logits, dim=1)
        per_row = -(log_p * matches).sum(dim=1) / count.clamp(min=1)
        has_match = count > 0
        return per_row[has_match].mean() if bool(has_match.any()) else torch.zeros((), device=logits.device)
