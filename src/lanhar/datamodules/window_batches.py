import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lanhar.activities import LabelSpace
from lanhar.datamodules.batches import WindowBatch
from lanhar.datamodules.sampling import BalancedBatches
from lanhar.datamodules.window_set import LabelledWindows, Windows
from lanhar.errors import LanharError


class _WindowDataset(Dataset[WindowBatch]):
    """Whole batches by a list of rows: one gather from the memory map instead of one per window."""

    def __init__(self, samples: NDArray[np.float32], texts: Tensor, labels: NDArray[np.int64]) -> None:
        self.samples, self.texts, self.labels = samples, texts, torch.from_numpy(labels)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, rows: list[int]) -> WindowBatch:
        return WindowBatch(torch.from_numpy(self.samples[rows]), self.texts[rows], self.labels[rows])


class WindowTexts(L.LightningDataModule):
    """Batches of stage 2: windows with the frozen embeddings of their own interpretations.

    Args:
        train: windows of training subjects.
        train_texts: (N, D) embeddings of their interpretations.
        validation: windows of held-out source subjects; may be empty.
        space: the label space that turns activities into indices.
        batch_size: windows a step.
        batches_per_epoch: steps an epoch; None draws as many windows as there are.
        seed: fixes the batches.
        target: unlabelled target windows (`transductive`); labelled ones are refused.
        target_texts: (M, D) embeddings of their interpretations.
    """

    def __init__(
        self,
        train: LabelledWindows,
        train_texts: Tensor,
        validation: LabelledWindows,
        space: LabelSpace,
        batch_size: int,
        batches_per_epoch: int | None,
        seed: int,
        target: Windows | None = None,
        target_texts: Tensor | None = None,
    ) -> None:
        super().__init__()
        if isinstance(target, LabelledWindows):
            raise LanharError("training was handed labelled target windows; hand it target.without_labels()")
        overlap = set(train.subject) & set(validation.subject)
        if overlap:
            raise LanharError(f"subjects {sorted(overlap)} are in training and in validation; split by subject")
        self.batch_size, self.seed = batch_size, seed
        samples, texts, labels, groups = train.samples, train_texts, train.labels(space), train.subject
        if target is not None and target_texts is not None:
            samples = np.concatenate([samples, target.samples])
            texts = torch.cat([texts, target_texts])
            labels = np.concatenate([labels, np.full(len(target), -1)])
            groups = np.concatenate([groups, np.full(len(target), "target")])
        self.groups = groups
        self.train_set = _WindowDataset(samples, texts, labels)
        val_labels = validation.labels(space)
        self.val_set = _WindowDataset(validation.samples, torch.zeros(len(validation), texts.shape[1]), val_labels)
        self.batches = batches_per_epoch or max(1, len(samples) // batch_size)

    def train_dataloader(self) -> DataLoader[WindowBatch]:
        """Batches balanced over activities and, within each, over subjects."""
        labels = self.train_set.labels.numpy()
        sampler = BalancedBatches(labels, self.groups, self.batch_size, self.batches, self.seed)
        return DataLoader(self.train_set, sampler=sampler, batch_size=None)

    def val_dataloader(self) -> DataLoader[WindowBatch] | list[DataLoader[WindowBatch]]:
        """Every validation window once, in order."""
        size = len(self.val_set)
        if not size:
            return []
        rows = [list(range(i, min(i + 256, size))) for i in range(0, size, 256)]
        return DataLoader(self.val_set, sampler=rows, batch_size=None)
