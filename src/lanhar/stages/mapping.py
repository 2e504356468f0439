"""Stage 2 of a run: from windows and frozen text embeddings to a trained sensor encoder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from lightning.pytorch.loggers import Logger
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor

from lanhar.datamodules.batches import TARGET, VIRTUAL
from lanhar.datamodules.window_batches import Unlabelled, WindowTexts
from lanhar.keys import code_digest, digest
from lanhar.models.sensor_encoder import SensorEncoder
from lanhar.modules.sensor_mapping import SensorMapping
from lanhar.progress import progress_bar
from lanhar.stages.align import TrainedAlignment, window_texts
from lanhar.stages.data import RunData, balanced_rows
from lanhar.stages.fit import fit
from lanhar.stages.settings import plain
from lanhar.stages.texts import interpret, texts_digest
from lanhar.stages.virtual import virtual_windows


@dataclass(frozen=True)
class TrainedMapping:
    """A finished stage 2.

    Attributes:
        key: identity of the stage.
        folder: where it lives.
        module: trained, in eval mode.
    """

    key: str
    folder: Path
    module: SensorMapping

    @torch.no_grad()
    def predict(self, samples: NDArray[np.float32], batch_size: int = 512) -> tuple[Tensor, Tensor]:
        """Embeddings (N, D) and cosines to the label bank (N, C) of windows (N, L, 6), each on its own."""
        parts = [
            self.module.sensor_encoder(torch.from_numpy(np.array(samples[i : i + batch_size])))
            for i in range(0, len(samples), batch_size)
        ]
        embeddings = torch.cat(parts)
        return embeddings, embeddings @ self.module.bank().T


def mapping_identity(cfg: DictConfig, data: RunData, alignment_key: str) -> dict[str, Any]:
    """What changes the numbers of stage 2; the target is in it only where the protocol lets it be seen."""
    return {
        "stage": "mapping",
        "alignment": alignment_key,
        "sensor_encoder": plain(cfg.sensor_encoder),
        "mapping": plain(cfg.mapping),
        "protocol": cfg.protocol.name,
        "target": _target_identity(cfg, data) if cfg.protocol.name == "transductive" else None,
        "windows": plain(cfg.windows),
        "seed": cfg.seed,
        "code": code_digest(),
    }


def _target_identity(cfg: DictConfig, data: RunData) -> dict[str, Any]:
    texts = texts_digest(interpret(data.target_interpreter, data.unlabelled)) if cfg.mapping.target_texts else None
    return {"windows": data.target_keys, "texts": texts}


def run_mapping(
    cfg: DictConfig, data: RunData, alignment: TrainedAlignment, stages_dir: Path, loggers: list[Logger]
) -> TrainedMapping:
    """Train stage 2, or load it where it is done."""
    identity = mapping_identity(cfg, data, alignment.key)
    key = digest(identity)
    folder = stages_dir / "mapping" / key
    torch.manual_seed(int(cfg.seed))
    encoder: SensorEncoder = instantiate(
        cfg.sensor_encoder, embedding_dim=alignment.bank.embeddings.shape[1], window_length=int(cfg.windows.length)
    )
    batches = _batches(cfg, data, alignment, encoder)
    module = SensorMapping(
        encoder,
        alignment.bank.embeddings,
        plain(cfg.mapping.loss),
        lr=float(cfg.mapping.lr),
        weight_decay=float(cfg.mapping.weight_decay),
        warmup=float(cfg.mapping.warmup),
        text_projection=bool(cfg.mapping.text_projection),
    )
    fit(module, batches, folder, int(cfg.mapping.epochs), cfg, identity, loggers)
    return TrainedMapping(key, folder, module)


def _batches(cfg: DictConfig, data: RunData, alignment: TrainedAlignment, encoder: SensorEncoder) -> WindowTexts:
    unlabelled = []
    if cfg.protocol.name == "transductive":
        texts = None
        if cfg.mapping.target_texts:
            texts = window_texts(data.target_interpreter, alignment, data.unlabelled, "target, without labels")
        unlabelled.append(Unlabelled(data.unlabelled, texts, TARGET))
    virtual = virtual_windows(cfg, data.train)
    if virtual is not None:
        texts = alignment.embed(virtual.texts, "Embedding texts (virtual windows)")
        unlabelled.append(Unlabelled(virtual.windows, texts, VIRTUAL))
    texts, has_text = _own_texts(cfg, data, alignment)
    return WindowTexts(
        data.train,
        texts,
        data.validation,
        data.space,
        int(cfg.mapping.batch_size),
        cfg.mapping.batches_per_epoch,
        int(cfg.seed),
        unlabelled,
        has_text=has_text,
        describe=encoder.describe,
        augment=instantiate(cfg.mapping.augment),
        copies=int(cfg.mapping.augmented_copies),
        clean_share=float(cfg.mapping.clean_share),
        progress=progress_bar,
    )


def _own_texts(cfg: DictConfig, data: RunData, alignment: TrainedAlignment) -> tuple[Tensor, NDArray[np.bool_]]:
    """(N, D) embeddings of the training windows' own texts, and (N,) which of them there are: not all need be read."""
    rows = balanced_rows(data.train, data.space, cfg.mapping.max_texts, int(cfg.seed))
    texts = torch.zeros(len(data.train), alignment.bank.embeddings.shape[1])
    if len(rows):
        texts[rows] = window_texts(data.interpreter, alignment, data.train.select(rows), "source")
    has_text = np.zeros(len(data.train), dtype=bool)
    has_text[rows] = True
    return texts, has_text
