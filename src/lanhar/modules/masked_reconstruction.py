from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch.nn import functional as F

from lanhar.datamodules.batches import WindowBatch
from lanhar.datamodules.window_batches import WindowTexts
from lanhar.models.networks.masked import MaskedEncoder, span_mask
from lanhar.modules.schedule import warmup_cosine


class MaskedReconstruction(L.LightningModule):
    """Pre-train an encoder to fill in masked spans of windows; activities play no part.

    Args:
        network: its classifier is left alone.
        name: stands before the curves' names.
        mask_share: share of a window's tokens that is hidden, 0 to 1.
        mask_span: tokens in a row that are hidden together.
        lr: peak learning rate of AdamW.
        weight_decay: of AdamW.
        warmup: share of the steps over which the rate rises, 0 to 1.
    """

    def __init__(
        self,
        network: MaskedEncoder,
        name: str,
        mask_share: float,
        mask_span: int,
        lr: float,
        weight_decay: float,
        warmup: float,
    ) -> None:
        super().__init__()
        self.network = network
        self.curves = f"baseline/{name}/pretraining"
        self.mask_share, self.mask_span = mask_share, mask_span
        self.optim = {"lr": lr, "weight_decay": weight_decay, "warmup": warmup}

    def on_fit_start(self) -> None:
        """Standardise signals by the source's own windows."""
        if isinstance(self.trainer.datamodule, WindowTexts):  # type: ignore[attr-defined]
            self.network.fit_scaling(self.trainer.datamodule.described)  # type: ignore[attr-defined]

    def loss(self, inputs: Tensor, masked: Tensor) -> Tensor:
        """Smooth L1 error of standardised signals over hidden tokens alone: impacts would rule a squared one.

        Args:
            inputs: signals (B, T, K).
            masked: (B, P), true where a token is hidden.
        """
        filled, true = self.network.fill_in(inputs, masked)
        return F.smooth_l1_loss(filled[masked], true[masked])

    def _step(self, batch: WindowBatch) -> Tensor:
        masked = span_mask(len(batch.inputs), self.network.transformer.n_tokens, self.mask_share, self.mask_span)
        return self.loss(batch.inputs, masked.to(batch.inputs.device))

    def training_step(self, batch: WindowBatch, _: int) -> Tensor:
        """Loss of one batch under a new mask."""
        loss, size = self._step(batch), len(batch.inputs)
        self.log(f"{self.curves}/train/loss", loss, on_step=False, on_epoch=True, batch_size=size)
        self.log("loss", loss, prog_bar=True, logger=False, on_step=False, on_epoch=True, batch_size=size)
        return loss

    def validation_step(self, batch: WindowBatch, _: int) -> None:
        """The same loss on held-out source subjects; it is watched and picks nothing."""
        loss, size = self._step(batch), len(batch.inputs)
        self.log(f"{self.curves}/val/loss", loss, batch_size=size)
        self.log("held out", loss, prog_bar=True, logger=False, batch_size=size)

    def configure_optimizers(self) -> Any:
        """AdamW on all but the classifier, with warm-up and cosine decay over all steps."""
        parts = [self.network.transformer, self.network.reconstruct]
        parameters = [p for part in parts for p in part.parameters()]
        optimizer = torch.optim.AdamW(parameters, lr=self.optim["lr"], weight_decay=self.optim["weight_decay"])
        return warmup_cosine(optimizer, int(self.trainer.estimated_stepping_batches), self.optim["warmup"])
