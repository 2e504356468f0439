import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ClipLoss(nn.Module):
    """Symmetric contrastive loss between windows and their own texts, with a logit scale (LanHAR, stage 2).

    The softmax runs over the batch. Windows whose texts say the same can be told to share the match:
    with `soft_targets` above 0, the target distribution mixes the identity with the softmax of the texts' own cosines.

    Args:
        soft_targets: weight of the texts' own similarity in the target, 0 (plain CLIP) to 1.
        text_temperature: temperature of that similarity.

    Example:
        >>> z = F.normalize(torch.randn(8, 16), dim=-1)
        >>> ClipLoss()(z, z, torch.tensor(10.0)).shape
        torch.Size([])
    """

    def __init__(self, soft_targets: float = 0.0, text_temperature: float = 0.05) -> None:
        super().__init__()
        self.soft_targets = soft_targets
        self.text_temperature = text_temperature

    def forward(self, sensor: Tensor, text: Tensor, logit_scale: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            sensor: (B, D) unit-length embeddings of windows.
            text: (B, D) unit-length embeddings of the same windows' interpretations.
            logit_scale: scalar above 0 that multiplies cosines.

        Returns:
            Scalar.
        """
        logits = logit_scale * sensor @ text.T
        target = torch.eye(len(logits), device=logits.device)
        if self.soft_targets > 0:
            similarity = F.softmax(text.detach() @ text.detach().T / self.text_temperature, dim=1)
            target = (1 - self.soft_targets) * target + self.soft_targets * similarity
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target.T)) / 2
