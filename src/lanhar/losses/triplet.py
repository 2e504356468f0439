import torch
from torch import Tensor, nn


class BatchTriplet(nn.Module):
    """Triplet loss over all triplets of a batch: same activity closer than another by a margin (LanHAR, stage 1).

    `L = mean max(0, d(a, p) - d(a, n) + margin)` over every (anchor, positive, negative) whose loss is above 0, with
    Euclidean distance d. Triplets are drawn anew in every batch and every activity is its own class.

    Args:
        margin: distance by which a negative must be farther than a positive; unit embeddings are at most 2 apart.

    Example:
        >>> loss = BatchTriplet(margin=1.0)
        >>> loss(torch.eye(4), torch.tensor([0, 0, 1, 1])).item() > 0
        True
    """

    def __init__(self, margin: float = 1.0) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            embeddings: (B, D) unit length.
            labels: (B,) activity indices.

        Returns:
            Scalar; 0 where the batch holds no triplet or all keep the margin.
        """
        # cdist has no useful gradient at 0; the squared form with a floor does.
        distance = (2 - 2 * embeddings @ embeddings.T).clamp(min=1e-8).sqrt()
        same = labels[:, None] == labels[None, :]
        positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        violation = distance[:, :, None] - distance[:, None, :] + self.margin
        active = positive[:, :, None] & ~same[:, None, :] & (violation > 0)
        return violation[active].mean() if bool(active.any()) else embeddings.sum() * 0.0
