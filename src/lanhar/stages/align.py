"""Stage 1 of a run: from texts to a trained text encoder, its label bank and its embeddings of windows' texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig
from torch import Tensor

from lanhar.datamodules.batches import token_batches
from lanhar.datamodules.text_batches import TextPairs, Texts
from lanhar.datamodules.window_set import LabelledWindows, Windows
from lanhar.files import locked
from lanhar.keys import code_digest, digest
from lanhar.models.label_bank import LabelBank, build_label_bank
from lanhar.models.text_decoder import TextDecoder
from lanhar.models.text_encoder import TextEncoder
from lanhar.modules.text_alignment import TextAlignment, embed_tokens
from lanhar.pretrained import Tokenise, load_text_encoder, text_encoder_identity
from lanhar.progress import progress_bar
from lanhar.stages.data import RunData, balanced_windows
from lanhar.stages.fit import fit
from lanhar.stages.pooled_texts import PooledTexts
from lanhar.stages.settings import cache_folder, plain
from lanhar.stages.texts import Interpreter, SpaceTexts, interpret, interpretation_key, label_texts, texts_digest
from lanhar.stages.virtual import virtual_identity, virtual_windows

EMBED_BATCH = 64


@dataclass(frozen=True)
class TrainedAlignment:
    """A finished stage 1.

    Attributes:
        key: identity of the stage.
        folder: where it lives.
        text_encoder: trained, frozen, in eval mode.
        tokenise: texts → token ids.
        bank: the label bank in the label space's order.
        pooled: the file of texts that its frozen backbone has read; None where layers of it were trained.
    """

    key: str
    folder: Path
    text_encoder: TextEncoder
    tokenise: Tokenise
    bank: LabelBank
    pooled: Path | None = None

    def embed(self, texts: Sequence[str], description: str) -> Tensor:
        """(N, D) embeddings of texts, computed once per state of the text encoder and kept beside it."""
        path = self.folder / f"embeddings-{texts_digest(texts)}.npy"
        with locked(self.folder):
            if not path.exists():
                embedded = self._embed(texts, description)
                temporary = path.with_suffix(".partial.npy")
                np.save(temporary, embedded.numpy())
                temporary.replace(path)
        return torch.from_numpy(np.load(path))

    @torch.no_grad()
    def _embed(self, texts: Sequence[str], description: str) -> Tensor:
        tokens = self.tokenise(texts)
        if self.pooled is not None:
            return self.text_encoder.eval().project(PooledTexts(self.text_encoder, self.pooled).of(tokens))
        batches = list(token_batches(tokens, EMBED_BATCH))
        return embed_tokens(self.text_encoder, progress_bar(batches, description, len(batches)))


def alignment_identity(cfg: DictConfig, data: RunData) -> dict[str, Any]:
    """What changes the numbers of stage 1; nothing of the target is in it."""
    return {
        "stage": "alignment",
        "source": data.source_keys,
        "label_space": [data.space.activities, dict(data.space.merges)],
        "split": plain(cfg.split),
        "texts": interpretation_key(cfg, label_texts(cfg, data.space), _window_texts(data)),
        "text_encoder": plain(cfg.text_encoder) | {"name": text_encoder_identity(cfg.text_encoder.name)},
        "alignment": plain(cfg.alignment),
        "virtual_windows": virtual_identity(cfg),
        "trainer": plain(cfg.trainer),
        "seed": cfg.seed,
        "code": code_digest(),
    }


def run_alignment(cfg: DictConfig, data: RunData, stages_dir: Path, loggers: list[Logger]) -> TrainedAlignment:
    """Train stage 1, or load it where it is done."""
    identity = alignment_identity(cfg, data)
    key = digest(identity)
    folder = stages_dir / "alignment" / key
    torch.manual_seed(int(cfg.seed))
    encoder, tokenise = load_text_encoder(**plain(cfg.text_encoder))
    labels = label_texts(cfg, data.space)
    pooled = pooled_file(cfg) if encoder.frozen else None
    pairs, decoder = _pairs(cfg, data, encoder, tokenise, labels, pooled)
    optim = {
        name: float(cfg.alignment[name]) for name in ("lr", "projection_lr", "decoder_lr", "weight_decay", "warmup")
    }
    module = TextAlignment(encoder, decoder, len(data.space), plain(cfg.alignment.loss), **optim)
    fit(module, pairs, folder, int(cfg.alignment.epochs), cfg, identity, loggers)
    encoder.requires_grad_(False).eval()
    embedded = embed_tokens(encoder, token_batches(tokenise(labels.flat), EMBED_BATCH))
    bank = build_label_bank(data.space.activities, labels.per_activity, embedded)
    return TrainedAlignment(key, folder, encoder, tokenise, bank, pooled)


def pooled_file(cfg: DictConfig) -> Path:
    """Where the texts that this text encoder has read are kept, as long as none of its layers trains."""
    identity = {"name": text_encoder_identity(cfg.text_encoder.name), "torch": torch.__version__}
    return cache_folder(cfg) / "pooled_texts" / f"{digest(identity)}.sqlite"


def window_texts(interpreter: Interpreter, alignment: TrainedAlignment, windows: Windows, what: str) -> Tensor:
    """(N, D) frozen embeddings of the windows' interpretations."""
    return alignment.embed(interpret(interpreter, windows), f"Embedding texts ({what})")


def _window_texts(data: RunData) -> list[str]:
    return [text for part in (data.train, data.validation) for text in interpret(data.interpreter, part)]


def _pairs(
    cfg: DictConfig,
    data: RunData,
    encoder: TextEncoder,
    tokenise: Tokenise,
    labels: SpaceTexts,
    pooled: Path | None,
) -> tuple[TextPairs, TextDecoder | None]:
    virtual = virtual_windows(cfg, data.train) if cfg.alignment.loss.virtual.weight > 0 else None
    train = _texts(cfg, data.train, data, tokenise)
    validation = _texts(cfg, data.validation, data, tokenise)
    about_labels = Texts(tokenise(labels.flat), labels.labels, np.array(data.space.activities)[labels.labels])
    decoder = None
    if cfg.alignment.loss.reconstruction.weight > 0:
        vocabulary = {token for tokens in [*train.tokens, *about_labels.tokens] for token in tokens}
        longest = max(len(tokens) for tokens in [*train.tokens, *validation.tokens, *about_labels.tokens])
        decoder = TextDecoder(encoder.dim, vocabulary, max_tokens=longest, **plain(cfg.alignment.decoder))
    batching = {name: int(cfg.alignment[name]) for name in ("batch_size", "label_texts_per_activity", "virtual_batch")}
    pairs = TextPairs(
        train,
        validation,
        about_labels,
        decoder.encode if decoder is not None else None,
        seed=cfg.seed,
        virtual=tokenise(virtual.texts) if virtual is not None else (),
        pool=None if pooled is None else PooledTexts(encoder, pooled).of,
        **batching,
    )
    return pairs, decoder


def _texts(cfg: DictConfig, windows: LabelledWindows, data: RunData, tokenise: Tokenise) -> Texts:
    chosen = balanced_windows(windows, data.space, cfg.alignment.max_windows, int(cfg.seed))
    texts = interpret(data.interpreter, chosen) if len(chosen) else []
    return Texts(tokenise(texts) if texts else [], chosen.labels(data.space), chosen.subject)
