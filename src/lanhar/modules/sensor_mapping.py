from collections.abc import Mapping
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lanhar.datamodules.batches import TARGET, WindowBatch
from lanhar.datamodules.window_batches import WindowTexts
from lanhar.losses import ClipLoss, InformationMaximisation, PrototypeCrossEntropy
from lanhar.models.sensor_encoder import SensorEncoder
from lanhar.modules.schedule import warmup_cosine


class SensorMapping(L.LightningModule):
    """Stage 2: train the sensor encoder into the frozen language space.

    A symmetric CLIP loss between windows as they are and their own interpretations with a learnable scale, virtual
    windows included; the cross-entropy of scaled cosines to the label bank, changed copies included; and, in
    `transductive`, information maximisation on the target's windows, of which no label is known.

    Args:
        sensor_encoder: windows (B, L, 6) → (B, D) unit length, as a fixed part `describe` and a trained part `embed`.
        label_embeddings: (C, D) unit length, the frozen label bank in the label space's order.
        loss: `clip`, `prototype` and `information` with their weights and parameters, see conf/mapping.
        lr: peak learning rate of AdamW.
        weight_decay: of AdamW.
        warmup: share of the steps over which the rate rises, 0 to 1.
        text_projection: whether the text side gets a trained projection too, as in the released code.
    """

    label_embeddings: Tensor

    def __init__(
        self,
        sensor_encoder: SensorEncoder,
        label_embeddings: Tensor,
        loss: Mapping[str, Mapping[str, float]],
        lr: float = 1e-3,
        weight_decay: float = 0.05,
        warmup: float = 0.1,
        text_projection: bool = False,
    ) -> None:
        super().__init__()
        self.sensor_encoder = sensor_encoder
        self.register_buffer("label_embeddings", label_embeddings)
        dim = label_embeddings.shape[1]
        self.text_projection: nn.Module = (
            nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.LayerNorm(dim)) if text_projection else nn.Identity()
        )
        self.weights = {name: float(term["weight"]) for name, term in loss.items()}
        self.clip = ClipLoss(loss["clip"]["soft_targets"])
        self.log_scale = nn.Parameter(torch.tensor(float(loss["clip"]["initial_scale"])).log())
        self.max_scale = float(loss["clip"]["max_scale"])
        self.prototype = PrototypeCrossEntropy(loss["prototype"]["scale"], loss["prototype"]["label_smoothing"])
        self.information = InformationMaximisation(loss["prototype"]["scale"], loss["information"]["diversity"])
        self.optim = {"lr": lr, "weight_decay": weight_decay, "warmup": warmup}

    def bank(self) -> Tensor:
        """Label embeddings (C, D) as stage 2 sees them, unit length."""
        return F.normalize(self.text_projection(self.label_embeddings), dim=-1)

    def forward(self, windows: Tensor) -> Tensor:
        """Cosines (B, C) of windows (B, L, 6) to the label bank."""
        cosines: Tensor = self.sensor_encoder(windows) @ self.bank().T
        return cosines

    def losses(self, batch: WindowBatch) -> dict[str, Tensor]:
        """The unweighted terms of the loss on one batch."""
        sensor = self.sensor_encoder.embed(batch.inputs)
        terms = {}
        own, labelled = batch.has_text, batch.labels >= 0
        if int(own.sum()) > 1:
            texts = F.normalize(self.text_projection(batch.texts[own]), dim=-1)
            terms["clip"] = self.clip(sensor[own], texts, self.log_scale.exp().clamp(max=self.max_scale))
        if bool(labelled.any()):
            terms["prototype"] = self.prototype(sensor[labelled], batch.labels[labelled], self.bank())
        target = batch.labels == TARGET
        if bool(target.any()):
            terms["information"] = self.information(sensor[target], self.bank())
        return terms

    def on_fit_start(self) -> None:
        """Standardise inputs by the source's own windows."""
        if isinstance(self.trainer.datamodule, WindowTexts):  # type: ignore[attr-defined]
            self.sensor_encoder.fit_scaling(self.trainer.datamodule.described)  # type: ignore[attr-defined]

    def training_step(self, batch: WindowBatch, _: int) -> Tensor:
        """Loss of one batch."""
        terms = self.losses(batch)
        total = torch.stack([self.weights[name] * value for name, value in terms.items()]).sum()
        size = len(batch.labels)
        named = {f"mapping/train/{name}": value for name, value in {**terms, "loss": total}.items()}
        self.log_dict(named, on_step=False, on_epoch=True, batch_size=size)
        self.log("loss", total, prog_bar=True, logger=False, on_step=False, on_epoch=True, batch_size=size)
        return total

    def validation_step(self, batch: WindowBatch, _: int) -> None:
        """Accuracy on held-out source subjects, by cosine to the label bank."""
        cosines = self.sensor_encoder.embed(batch.inputs) @ self.bank().T
        accuracy = (cosines.argmax(dim=1) == batch.labels).float().mean()
        self.log("mapping/val/accuracy", accuracy, batch_size=len(batch.labels))
        self.log("held out", accuracy, prog_bar=True, logger=False, batch_size=len(batch.labels))

    def configure_optimizers(self) -> Any:
        """AdamW with warm-up and cosine decay over all steps."""
        parameters = [p for p in self.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=self.optim["lr"], weight_decay=self.optim["weight_decay"])
        return warmup_cosine(optimizer, int(self.trainer.estimated_stepping_batches), self.optim["warmup"])
