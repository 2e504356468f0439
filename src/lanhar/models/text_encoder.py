from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F


class TextEncoder(nn.Module):
    """A pre-trained language model that turns texts into unit-length embeddings by mean pooling.

    Args:
        backbone: a BERT-like `transformers` model (its layers in `backbone.encoder.layer`).
        trainable_layers: how many of the topmost layers train in stage 1; None trains everything, embeddings too.

    Attributes:
        dim: D, length of an embedding.
    """

    def __init__(self, backbone: Any, trainable_layers: int | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.dim = int(backbone.config.hidden_size)
        # A pooler is never used by mean pooling.
        if getattr(backbone, "pooler", None) is not None:
            backbone.pooler.requires_grad_(False)
        if trainable_layers is not None:
            backbone.requires_grad_(False)
            layers = backbone.encoder.layer
            for layer in layers[len(layers) - trainable_layers :] if trainable_layers else []:
                layer.requires_grad_(True)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embed tokens.

        Args:
            input_ids: (B, T) token ids.
            attention_mask: (B, T), 1 for a token and 0 for padding.

        Returns:
            (B, D), unit length.
        """
        hidden = self.backbone(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        return F.normalize(pooled, dim=-1)
