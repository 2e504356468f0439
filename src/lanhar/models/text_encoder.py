from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TextInput = Tensor | tuple[Tensor, Tensor]
"""What stage 1 hands an encoder: pooled texts (B, H) where the backbone is frozen, else token ids and mask (B, T)."""


class TextEncoder(nn.Module):
    """A pre-trained language model that turns texts into unit-length embeddings by mean pooling.

    Like a sensor encoder it has a part that can stay fixed, `pool`, and a part that trains, `project`. A backbone that
    stays fixed is no part of the state dict: it is as it was published.

    Args:
        backbone: a BERT-like `transformers` model (its layers in `backbone.encoder.layer`).
        trainable_layers: how many of the topmost layers train in stage 1; None trains everything, embeddings too.
        projection: D of a linear map behind the pooling; None leaves the pooled text as it is.
        noise: standard deviation, while training, of noise on each number of a pooled text before the linear map.

    Attributes:
        dim: D, length of an embedding.
        frozen: whether nothing of the backbone trains.
    """

    centre: Tensor

    def __init__(
        self, backbone: Any, trainable_layers: int | None = None, projection: int | None = None, noise: float = 0.0
    ) -> None:
        super().__init__()
        self.backbone = backbone
        width = int(backbone.config.hidden_size)
        self.dim = projection or width
        # A pooler is never used by mean pooling.
        if getattr(backbone, "pooler", None) is not None:
            backbone.pooler.requires_grad_(False)
        if trainable_layers is not None:
            backbone.requires_grad_(False)
            layers = backbone.encoder.layer
            for layer in layers[len(layers) - trainable_layers :] if trainable_layers else []:
                layer.requires_grad_(True)
        self.frozen = trainable_layers == 0
        self.linear = nn.Linear(width, projection) if projection else None
        self.noise = noise
        self.register_buffer("centre", torch.zeros(width))
        if self.frozen:
            self.register_state_dict_post_hook(_leave_backbone_out)  # type: ignore[no-untyped-call]
            self.register_load_state_dict_pre_hook(_keep_backbone)  # type: ignore[no-untyped-call]

    def fit_centre(self, pooled: Tensor) -> None:
        """Take what all texts (N, H) share off each, so that the linear map sees how they differ."""
        self.centre.copy_(pooled.mean(dim=0))

    def pool(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Tokens (B, T) to pooled texts (B, H), unit length."""
        hidden = self.backbone(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return F.normalize((hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1), dim=-1)

    def project(self, pooled: Tensor) -> Tensor:
        """Pooled texts (B, H) to embeddings (B, D), unit length."""
        if self.linear is None:
            return pooled
        centred = pooled - self.centre
        if self.training and self.noise:
            centred = centred + torch.randn_like(centred) * self.noise
        return F.normalize(self.linear(centred), dim=-1)

    def embed(self, inputs: TextInput) -> Tensor:
        """What a batch of stage 1 holds of B texts, to embeddings (B, D), unit length."""
        return self.project(inputs if isinstance(inputs, Tensor) else self.pool(*inputs))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embed tokens.

        Args:
            input_ids: (B, T) token ids.
            attention_mask: (B, T), 1 for a token and 0 for padding.

        Returns:
            (B, D), unit length.
        """
        return self.project(self.pool(input_ids, attention_mask))


def _leave_backbone_out(_encoder: nn.Module, state: dict[str, Tensor], prefix: str, _: Any) -> None:
    for key in [key for key in state if key.startswith(f"{prefix}backbone.")]:
        del state[key]


def _keep_backbone(encoder: nn.Module, state: dict[str, Tensor], prefix: str, *_: Any) -> None:
    backbone = encoder.backbone
    assert isinstance(backbone, nn.Module)
    for key, value in backbone.state_dict(prefix=f"{prefix}backbone.").items():
        state.setdefault(key, value)
