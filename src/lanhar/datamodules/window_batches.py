from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
from lanhar.datasets.locate import Progress, no_progress
from lanhar.errors import LanharError

Transform = Callable[[Tensor], Tensor]


def as_recorded(windows: Tensor) -> Tensor:
    """No change."""
    return windows


class _WindowDataset(Dataset[WindowBatch]):
    """Whole batches by a list of rows; each row shows one of its views, the first of which is the window itself."""

    def __init__(
        self,
        views: Tensor,
        texts: Tensor,
        labels: NDArray[np.int64],
        has_text: NDArray[np.bool_],
        clean_share: float,
        seed: int,
    ) -> None:
        self.views, self.texts, self.labels = views, texts, torch.from_numpy(labels)
        self.has_text, self.clean_share, self.seed = torch.from_numpy(has_text), clean_share, seed

    def __len__(self) -> int:
        return self.views.shape[1]

    def __getitem__(self, rows: list[int]) -> WindowBatch:
        labels, chosen = self.labels[rows], self._choose(rows)
        # Without a label only the text says what a window shows, and a changed copy may show something else.
        chosen = torch.where(labels < 0, 0, chosen)
        return WindowBatch(self.views[chosen, rows], self.texts[rows], labels, self.has_text[rows] & (chosen == 0))

    def _choose(self, rows: list[int]) -> Tensor:
        copies = len(self.views) - 1
        if copies == 0:
            return torch.zeros(len(rows), dtype=torch.long)
        # Drawn from the batch's own rows and not from a running generator, whose state a resume would lose.
        rng = np.random.default_rng([self.seed, *rows])
        changed = rng.random(len(rows)) >= self.clean_share
        return torch.from_numpy(np.where(changed, rng.integers(1, copies + 1, len(rows)), 0))


@dataclass(frozen=True)
class Unlabelled:
    """Windows without labels, with the embeddings of their interpretations.

    Attributes:
        windows: M windows.
        texts: (M, D); None for windows that take part without.
        label: what stands for an activity, `VIRTUAL` or `TARGET`; batches are balanced over it too.
    """

    windows: Windows
    texts: Tensor | None
    label: int


class WindowTexts(L.LightningDataModule):
    """Batches of stage 2: windows with the frozen embeddings of their own interpretations.

    Args:
        train: windows of training subjects.
        train_texts: (N, D) embeddings of their interpretations; rows of `has_text` false are not looked at.
        validation: windows of held-out source subjects; may be empty.
        space: the label space that turns activities into indices.
        batch_size: windows a step.
        batches_per_epoch: steps an epoch; None draws as many windows as there are.
        seed: fixes the batches.
        unlabelled: further windows, the target's (`transductive`) and virtual ones; labelled ones are refused.
        has_text: (N,) which training windows take part by their texts; None for all.
        describe: the sensor encoder's fixed part; it is the same in every epoch, so it runs once a view.
        augment: makes a changed copy of windows (B, L, 6).
        copies: changed copies of each training window.
        clean_share: share of the windows of a batch that are shown as recorded, 0 to 1.
        progress: wraps the making of the views.
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
        unlabelled: Sequence[Unlabelled] = (),
        *,
        has_text: NDArray[np.bool_] | None = None,
        describe: Transform = as_recorded,
        augment: Transform = as_recorded,
        copies: int = 0,
        clean_share: float = 0.0,
        progress: Progress = no_progress,
    ) -> None:
        super().__init__()
        if any(isinstance(part.windows, LabelledWindows) for part in unlabelled):
            raise LanharError("training was handed labelled target windows; hand it target.without_labels()")
        overlap = set(train.subject) & set(validation.subject)
        if overlap:
            raise LanharError(f"subjects {sorted(overlap)} are in training and in validation; split by subject")
        self.batch_size, self.seed = batch_size, seed
        own = np.ones(len(train), dtype=bool) if has_text is None else has_text
        blank = [train_texts.new_zeros(len(part.windows), train_texts.shape[1]) for part in unlabelled]
        texts = [none if part.texts is None else part.texts for part, none in zip(unlabelled, blank, strict=True)]
        labels = [np.full(len(part.windows), part.label) for part in unlabelled]
        read = [np.full(len(part.windows), part.texts is not None) for part in unlabelled]
        self._samples = np.concatenate([train.samples, *(part.windows.samples for part in unlabelled)])
        self._texts = torch.cat([train_texts, *texts])
        self._labels = np.concatenate([train.labels(space), *labels])
        self._has_text = np.concatenate([own, *read])
        self.groups = np.concatenate([train.subject, np.full(len(self._samples) - len(train), "")])
        self._validation, self._space = validation, space
        self._describe, self._augment, self._copies, self._clean_share = describe, augment, copies, clean_share
        self._progress = progress
        self.batches = batches_per_epoch or max(1, len(self._samples) // batch_size)
        self._n_labelled = len(train)

    def setup(self, stage: str) -> None:  # noqa: ARG002
        """Describe every window, and its changed copies, once."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            views = self._views(self._samples, self._copies)
        self.train_set = _WindowDataset(views, self._texts, self._labels, self._has_text, self._clean_share, self.seed)
        labels = self._validation.labels(self._space)
        held_out = self._views(self._validation.samples, 0) if len(labels) else torch.empty(1, 0)
        texts, without = torch.zeros(len(labels), self._texts.shape[1]), np.zeros(len(labels), dtype=bool)
        self.val_set = _WindowDataset(held_out, texts, labels, without, 1.0, self.seed)

    @property
    def described(self) -> Tensor:
        """(N, ...) what the encoder's fixed part makes of the source's windows as they were recorded."""
        return self.train_set.views[0, : self._n_labelled]

    @torch.no_grad()
    def _views(self, samples: NDArray[np.float32], copies: int) -> Tensor:
        starts = range(0, len(samples), 256)
        jobs = [(copy, start) for copy in range(copies + 1) for start in starts]
        parts = []
        for copy, start in self._progress(jobs, "Describing windows", len(jobs)):
            windows = torch.from_numpy(np.array(samples[start : start + 256]))
            parts.append(self._describe(self._augment(windows) if copy else windows))
        return torch.stack([torch.cat(parts[i : i + len(starts)]) for i in range(0, len(parts), len(starts))])

    def train_dataloader(self) -> DataLoader[WindowBatch]:
        """Batches balanced over activities and, within each, over subjects."""
        labels = self.train_set.labels.numpy()
        sampler = BalancedBatches(labels, self.groups, self.batch_size, self.batches, self.seed)
        # A loader that drew from the global generator would shift what a resumed epoch draws.
        return DataLoader(self.train_set, sampler=sampler, batch_size=None, generator=torch.Generator())

    def val_dataloader(self) -> DataLoader[WindowBatch] | list[DataLoader[WindowBatch]]:
        """Every validation window once, in order."""
        size = len(self.val_set)
        if not size:
            return []
        rows = [list(range(i, min(i + 256, size))) for i in range(0, size, 256)]
        return DataLoader(self.val_set, sampler=rows, batch_size=None, generator=torch.Generator())
