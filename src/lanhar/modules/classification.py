from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch.nn import functional as F

from lanhar.datamodules.batches import WindowBatch
from lanhar.datamodules.window_batches import WindowTexts
from lanhar.models.networks.window_network import WindowNetwork
from lanhar.modules.schedule import warmup_cosine


class Classification(L.LightningModule):
    """Train a network of the baselines on windows and their activities.

    Args:
        network: windows (B, L, 6) → logits (B, C), as a fixed part `describe` and a trained part `classify`.
        name: stands before the curves' names.
        lr: peak learning rate of AdamW.
        weight_decay: of AdamW.
        warmup: share of the steps over which the rate rises, 0 to 1.
        label_smoothing: probability that is spread over all activities, 0 to 1.
    """

    def __init__(
        self, network: WindowNetwork, name: str, lr: float, weight_decay: float, warmup: float, label_smoothing: float
    ) -> None:
        super().__init__()
        self.network = network
        self.curves = f"baseline/{name}"
        self.optim = {"lr": lr, "weight_decay": weight_decay, "warmup": warmup}
        self.label_smoothing = label_smoothing

    def forward(self, windows: Tensor) -> Tensor:
        """Logits (B, C) of windows (B, L, 6)."""
        logits: Tensor = self.network(windows)
        return logits

    def on_fit_start(self) -> None:
        """Standardise signals by the source's own windows."""
        if isinstance(self.trainer.datamodule, WindowTexts):  # type: ignore[attr-defined]
            self.network.fit_scaling(self.trainer.datamodule.described)  # type: ignore[attr-defined]

    def training_step(self, batch: WindowBatch, _: int) -> Tensor:
        """Loss of one batch."""
        logits = self.network.classify(batch.inputs)
        loss = F.cross_entropy(logits, batch.labels, label_smoothing=self.label_smoothing)
        self.log(f"{self.curves}/train/loss", loss, on_step=False, on_epoch=True, batch_size=len(logits))
        self.log("loss", loss, prog_bar=True, logger=False, on_step=False, on_epoch=True, batch_size=len(logits))
        return loss

    def validation_step(self, batch: WindowBatch, _: int) -> None:
        """Accuracy on held-out source subjects; it is watched and picks nothing."""
        predicted = self.network.classify(batch.inputs).argmax(dim=1)
        accuracy = (predicted == batch.labels).float().mean()
        self.log(f"{self.curves}/val/accuracy", accuracy, batch_size=len(predicted))
        self.log("held out", accuracy, prog_bar=True, logger=False, batch_size=len(predicted))

    def configure_optimizers(self) -> Any:
        """AdamW on what is not frozen, with warm-up and cosine decay over all steps."""
        parameters = [p for p in self.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=self.optim["lr"], weight_decay=self.optim["weight_decay"])
        return warmup_cosine(optimizer, int(self.trainer.estimated_stepping_batches), self.optim["warmup"])
