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


@dataclass(frozen=True)
class Texts:
    """Tokenised texts and what they are about.

    Attributes:
        tokens: N lists of token ids.
        labels: (N,) activity indices.
        groups: (N,) subjects, for balanced batches.
    """

    tokens: Sequence[Sequence[int]]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]


class TextPairs(L.LightningDataModule):
    """Batches of stage 1: sensor interpretations balanced over activities and subjects, with label interpretations.

    Args:
        train: sensor interpretations of training subjects.
        validation: those of held-out source subjects; may be empty.
        label_texts: tokenised label interpretations, activity after activity.
        label_labels: (M,) their activity indices.
        to_decoder: maps token ids to the text decoder's own indices (B, T); None where nothing is reconstructed.
        batch_size: sensor interpretations a step.
        label_texts_per_activity: label interpretations of each activity a step.
        seed: fixes the batches.
    """

    def __init__(
        self,
        train: Texts,
        validation: Texts,
        label_texts: Sequence[Sequence[int]],
        label_labels: NDArray[np.int64],
        to_decoder: Callable[[Sequence[Sequence[int]]], Tensor] | None,
        batch_size: int,
        label_texts_per_activity: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.train, self.validation = train, validation
        self.label_texts, self.label_labels = label_texts, label_labels
        self.to_decoder = to_decoder
        self.batch_size = batch_size
        self.label_texts_per_activity = label_texts_per_activity
        self.seed = seed

    def train_dataloader(self) -> DataLoader[TextBatch]:
        """Balanced batches; one epoch draws as many texts as there are."""
        batches = max(1, len(self.train.tokens) // self.batch_size)
        sampler = BalancedBatches(self.train.labels, self.train.groups, self.batch_size, batches, self.seed)
        # As `sampler`, not `batch_sampler`: only there Lightning tells it which epoch begins.
        dataset = _TextDataset(self, self.train, vary_labels=True)
        # A loader that drew from the global generator would shift what a resumed epoch draws.
        return DataLoader(dataset, sampler=sampler, batch_size=None, generator=torch.Generator())

    def val_dataloader(self) -> DataLoader[TextBatch] | list[DataLoader[TextBatch]]:
        """Every validation text once, in order."""
        size = len(self.validation.tokens)
        if not size:
            return []
        rows = [list(range(i, min(i + self.batch_size, size))) for i in range(0, size, self.batch_size)]
        dataset = _TextDataset(self, self.validation, vary_labels=False)
        return DataLoader(dataset, sampler=rows, batch_size=None, generator=torch.Generator())


class _TextDataset(Dataset[TextBatch]):
    """Whole batches by a list of rows."""

    def __init__(self, pairs: TextPairs, texts: Texts, *, vary_labels: bool) -> None:
        self.pairs, self.texts, self.vary_labels = pairs, texts, vary_labels

    def __len__(self) -> int:
        return len(self.texts.tokens)

    def __getitem__(self, rows: list[int]) -> TextBatch:
        sensor = [self.texts.tokens[row] for row in rows]
        label_rows = self._label_rows(rows)
        label = [self.pairs.label_texts[row] for row in label_rows]
        sensor_ids, sensor_mask = pad_tokens(sensor)
        label_ids, label_mask = pad_tokens(label)
        return TextBatch(
            sensor_ids, sensor_mask, torch.from_numpy(self.texts.labels[rows]),
            label_ids, label_mask, torch.from_numpy(self.pairs.label_labels[label_rows]),
            self._own(sensor), self._own(label),
        )  # fmt: skip

    def _label_rows(self, sensor_rows: list[int]) -> list[int]:
        # Drawn from the batch's own rows and not from a running generator, whose state a resume would lose.
        rng = np.random.default_rng([self.pairs.seed, *sensor_rows])
        chosen: list[int] = []
        for label in np.unique(self.pairs.label_labels):
            rows = np.flatnonzero(self.pairs.label_labels == label)
            if self.vary_labels and len(rows) > self.pairs.label_texts_per_activity:
                rows = rng.permutation(rows)[: self.pairs.label_texts_per_activity]
            chosen.extend(rows.tolist())
        return chosen

    def _own(self, texts: Sequence[Sequence[int]]) -> Tensor:
        return self.pairs.to_decoder(texts) if self.pairs.to_decoder is not None else torch.empty(0)
