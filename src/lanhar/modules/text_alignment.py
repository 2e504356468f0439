from collections.abc import Mapping
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn

from lanhar.datamodules.batches import TextBatch
from lanhar.datamodules.text_batches import TextPairs
from lanhar.losses import BatchTriplet, ClipLoss, MultiPositiveContrastive, PrototypeCrossEntropy, TokenReconstruction
from lanhar.models.label_bank import class_means
from lanhar.models.text_decoder import TextDecoder
from lanhar.models.text_encoder import TextEncoder
from lanhar.modules.schedule import warmup_cosine


class TextAlignment(L.LightningModule):
    """Stage 1: fine-tune the text encoder so that sensor and label interpretations of one activity meet.

    The loss is a weighted sum: multi-positive contrastive between the two kinds of text, cross-entropy of sensor texts
    to the label prototypes (which carry no gradient), a triplet loss within each kind, reconstruction of both kinds by
    a text decoder, and a contrastive loss that keeps texts about virtual windows apart from each other, so that room is
    left for what is not trained on. Without the decoder there is no reconstruction.

    Args:
        text_encoder: the pre-trained language model.
        decoder: writes texts back from embeddings; None leaves reconstruction out.
        classes: C, size of the label space.
        loss: per term its `weight` and own parameters, see conf/alignment.
        lr: peak learning rate of AdamW for the language model's own layers.
        projection_lr: that of the linear map behind them, which starts from nothing.
        decoder_lr: that of the decoder, which does too.
        weight_decay: of AdamW.
        warmup: share of the steps over which the rate rises, 0 to 1; a cosine brings it down again.
    """

    def __init__(
        self,
        text_encoder: TextEncoder,
        decoder: TextDecoder | None,
        classes: int,
        loss: Mapping[str, Mapping[str, float]],
        lr: float = 2e-5,
        projection_lr: float = 2e-3,
        decoder_lr: float = 1e-3,
        weight_decay: float = 0.01,
        warmup: float = 0.1,
    ) -> None:
        super().__init__()
        self.text_encoder = text_encoder
        self.decoder = decoder
        self.classes = classes
        self.weights = {name: float(term["weight"]) for name, term in loss.items()}
        self.contrastive = MultiPositiveContrastive(loss["contrastive"]["temperature"])
        self.prototype = PrototypeCrossEntropy(loss["prototype"]["scale"])
        self.sensor_triplet = BatchTriplet(loss["sensor_triplet"]["margin"])
        self.label_triplet = BatchTriplet(loss["label_triplet"]["margin"])
        self.reconstruction = TokenReconstruction(TextDecoder.pad)
        self.virtual, self.virtual_scale = ClipLoss(), 1 / float(loss["virtual"]["temperature"])
        self.rates = {"backbone": lr, "linear": projection_lr, "decoder": decoder_lr}
        self.optim = {"weight_decay": weight_decay, "warmup": warmup}

    def losses(self, batch: TextBatch) -> dict[str, Tensor]:
        """The unweighted terms of the loss on one batch, and the accuracy of texts against prototypes."""
        sensor, label = self.text_encoder.embed(batch.sensor), self.text_encoder.embed(batch.label)
        prototypes = class_means(label, batch.label_labels, self.classes).detach()
        terms = {
            "contrastive": self.contrastive(sensor, batch.sensor_labels, label, batch.label_labels),
            "prototype": self.prototype(sensor, batch.sensor_labels, prototypes),
            "sensor_triplet": self.sensor_triplet(sensor, batch.sensor_labels),
            "label_triplet": self.label_triplet(label, batch.label_labels),
        }
        if self.decoder is not None:
            terms["reconstruction"] = (
                self.reconstruction(self.decoder(sensor, batch.sensor_tokens), batch.sensor_tokens)
                + self.reconstruction(self.decoder(label, batch.label_tokens), batch.label_tokens)
            ) / 2
        if batch.virtual is not None:
            # The noise of the encoder makes two of each.
            first, second = self.text_encoder.embed(batch.virtual), self.text_encoder.embed(batch.virtual)
            terms["virtual"] = self.virtual(first, second, torch.tensor(self.virtual_scale))
        predicted = (sensor @ prototypes.T).argmax(dim=1)
        terms["accuracy"] = (predicted == batch.sensor_labels).float().mean()
        return terms

    def _step(self, batch: TextBatch, split: str) -> Tensor:
        terms = self.losses(batch)
        accuracy = terms.pop("accuracy")
        total = torch.stack([self.weights[name] * value for name, value in terms.items()]).sum()
        size = len(batch.sensor_labels)
        terms |= {"loss": total, "text_accuracy": accuracy}
        named = {f"alignment/{split}/{name}": value for name, value in terms.items()}
        self.log_dict(named, on_step=False, on_epoch=True, batch_size=size)
        # Short names for the bar: it has one line.
        shown = {"loss": total} if split == "train" else {"held out": accuracy}
        self.log_dict(shown, prog_bar=True, logger=False, on_step=False, on_epoch=True, batch_size=size)
        return total

    def training_step(self, batch: TextBatch, _: int) -> Tensor | None:
        """Loss of one batch of texts; None where nothing trains."""
        loss = self._step(batch, "train")
        return loss if loss.requires_grad else None

    def validation_step(self, batch: TextBatch, _: int) -> Tensor:
        """The same on texts of held-out source subjects."""
        return self._step(batch, "val")

    def configure_optimizers(self) -> Any:
        """AdamW on what is not frozen, with warm-up and cosine decay over all steps; None where nothing trains."""
        parts = {"backbone": self.text_encoder.backbone, "linear": self.text_encoder.linear, "decoder": self.decoder}
        groups: list[dict[str, Any]] = [
            {"params": trained, "lr": self.rates[name]}
            for name, part in parts.items()
            if part is not None and (trained := [p for p in part.parameters() if p.requires_grad])
        ]
        if not groups:
            return None
        optimizer = torch.optim.AdamW(groups, weight_decay=self.optim["weight_decay"])
        return warmup_cosine(optimizer, int(self.trainer.estimated_stepping_batches), self.optim["warmup"])

    def on_fit_start(self) -> None:
        """Centre texts by the source's own; switch dropout on, since Lightning keeps a module's own mode."""
        if isinstance(self.trainer.datamodule, TextPairs):  # type: ignore[attr-defined]
            pooled = self.trainer.datamodule.pooled  # type: ignore[attr-defined]
            if pooled is not None:
                self.text_encoder.fit_centre(pooled)
        self.text_encoder.train()


@torch.no_grad()
def embed_tokens(text_encoder: nn.Module, batches: Any) -> Tensor:
    """Embed tokenised texts with the encoder in eval mode, so that dropout never touches a frozen text side.

    Args:
        text_encoder: maps (ids, mask) to (B, D).
        batches: iterable of (ids (B, T), mask (B, T)).

    Returns:
        (N, D) unit length.
    """
    text_encoder.eval()
    return torch.cat([text_encoder(ids, mask) for ids, mask in batches])
