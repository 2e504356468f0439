from collections.abc import Callable, Sequence
from dataclasses import dataclass

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lanhar.datamodules.batches import TextBatch, pad_tokens
from lanhar.datamodules.sampling import BalancedBatches
from lanhar.models.text_encoder import TextInput

Tokens = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Texts:
    """Tokenised texts and what they are about.

    Attributes:
        tokens: N lists of token ids.
        labels: (N,) activity indices.
        groups: (N,) subjects, for balanced batches.
    """

    tokens: Tokens
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]


class TextPairs(L.LightningDataModule):
    """Batches of stage 1: sensor interpretations balanced over activities and subjects, with label interpretations.

    Args:
        train: sensor interpretations of training subjects.
        validation: those of held-out source subjects; may be empty.
        label_texts: label interpretations, activity after activity.
        to_decoder: maps token ids to the text decoder's own indices (B, T); None where nothing is reconstructed.
        batch_size: sensor interpretations a step.
        label_texts_per_activity: label interpretations of each activity a step.
        seed: fixes the batches.
        virtual: tokens of the texts about virtual windows; empty for none.
        virtual_batch: texts about virtual windows a step.
        pool: tokens of N texts → (N, H), the fixed part of a text encoder whose backbone is frozen, which then runs
            once a text; None where the backbone trains.
    """

    def __init__(
        self,
        train: Texts,
        validation: Texts,
        label_texts: Texts,
        to_decoder: Callable[[Tokens], Tensor] | None,
        batch_size: int,
        label_texts_per_activity: int,
        seed: int,
        virtual: Tokens = (),
        virtual_batch: int = 0,
        pool: Callable[[Tokens], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.train, self.validation, self.label_texts, self.virtual = train, validation, label_texts, virtual
        self.to_decoder = to_decoder
        self.batch_size, self.virtual_batch = batch_size, virtual_batch
        self.label_texts_per_activity = label_texts_per_activity
        self.seed = seed
        self._pool = pool
        self._pooled: dict[int, Tensor] = {}

    def setup(self, stage: str) -> None:  # noqa: ARG002
        """Pool every text once, where the text encoder's backbone stays as it is."""
        if self._pool is None or self._pooled:
            return
        parts = [tokens for tokens in self._all_tokens() if len(tokens)]
        pooled = self._pool([ids for tokens in parts for ids in tokens])
        rows = torch.split(pooled, [len(tokens) for tokens in parts])
        self._pooled = {id(tokens): part for tokens, part in zip(parts, rows, strict=True)}

    def _all_tokens(self) -> list[Tokens]:
        return [self.train.tokens, self.validation.tokens, self.label_texts.tokens, self.virtual]

    @property
    def pooled(self) -> Tensor | None:
        """(N, H) pooled texts about training and virtual windows; None where nothing is pooled beforehand."""
        parts = [self._pooled[id(tokens)] for tokens in (self.train.tokens, self.virtual) if id(tokens) in self._pooled]
        return torch.cat(parts) if parts else None

    def inputs(self, tokens: Tokens, rows: Sequence[int]) -> TextInput:
        """Texts of some rows as the text encoder takes them."""
        pooled = self._pooled.get(id(tokens))
        return pad_tokens([tokens[row] for row in rows]) if pooled is None else pooled[list(rows)]

    def train_dataloader(self) -> DataLoader[TextBatch]:
        """Balanced batches; one epoch draws as many texts as there are."""
        batches = max(1, len(self.train.tokens) // self.batch_size)
        sampler = BalancedBatches(self.train.labels, self.train.groups, self.batch_size, batches, self.seed)
        # As `sampler`, not `batch_sampler`: only there Lightning tells it which epoch begins.
        dataset = _TextDataset(self, self.train, training=True)
        # A loader that drew from the global generator would shift what a resumed epoch draws.
        return DataLoader(dataset, sampler=sampler, batch_size=None, generator=torch.Generator())

    def val_dataloader(self) -> DataLoader[TextBatch] | list[DataLoader[TextBatch]]:
        """Every validation text once, in order."""
        size = len(self.validation.tokens)
        if not size:
            return []
        rows = [list(range(i, min(i + self.batch_size, size))) for i in range(0, size, self.batch_size)]
        dataset = _TextDataset(self, self.validation, training=False)
        return DataLoader(dataset, sampler=rows, batch_size=None, generator=torch.Generator())


class _TextDataset(Dataset[TextBatch]):
    """Whole batches by a list of rows; label texts vary, and virtual texts join, while training only."""

    def __init__(self, pairs: TextPairs, texts: Texts, *, training: bool) -> None:
        self.pairs, self.texts, self.training = pairs, texts, training

    def __len__(self) -> int:
        return len(self.texts.tokens)

    def __getitem__(self, rows: list[int]) -> TextBatch:
        # Drawn from the batch's own rows and not from a running generator, whose state a resume would lose.
        rng = np.random.default_rng([self.pairs.seed, *rows])
        pairs, labels = self.pairs, self.pairs.label_texts
        label_rows = self._label_rows(rng)
        return TextBatch(
            pairs.inputs(self.texts.tokens, rows), torch.from_numpy(self.texts.labels[rows]),
            pairs.inputs(labels.tokens, label_rows), torch.from_numpy(labels.labels[label_rows]),
            self._own([self.texts.tokens[row] for row in rows]), self._own([labels.tokens[row] for row in label_rows]),
            self._virtual(rng),
        )  # fmt: skip

    def _label_rows(self, rng: np.random.Generator) -> list[int]:
        labels, count = self.pairs.label_texts.labels, self.pairs.label_texts_per_activity
        chosen: list[int] = []
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            if self.training and len(rows) > count:
                rows = rng.permutation(rows)[:count]
            chosen.extend(rows.tolist())
        return chosen

    def _virtual(self, rng: np.random.Generator) -> TextInput | None:
        virtual = self.pairs.virtual
        if not self.training or not len(virtual):
            return None
        rows = rng.choice(len(virtual), min(self.pairs.virtual_batch, len(virtual)), replace=False)
        return self.pairs.inputs(virtual, rows.tolist())

    def _own(self, texts: Tokens) -> Tensor:
        return self.pairs.to_decoder(texts) if self.pairs.to_decoder is not None else torch.empty(0)
