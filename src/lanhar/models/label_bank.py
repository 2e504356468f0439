from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from lanhar.errors import LanharError


@dataclass(frozen=True)
class LabelBank:
    """Activities, their interpretations and one embedding each, in the label space's order.

    Attributes:
        names: C activity names.
        interpretations: the texts behind each embedding.
        embeddings: (C, D), unit length.
    """

    names: tuple[str, ...]
    interpretations: tuple[tuple[str, ...], ...]
    embeddings: Tensor

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.interpretations) == len(self.embeddings):
            raise LanharError(
                f"label bank has {len(self.names)} names, {len(self.interpretations)} groups of interpretations and "
                f"{len(self.embeddings)} embeddings; there must be one of each per activity"
            )


def class_means(embeddings: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Mean direction per activity.

    Args:
        embeddings: (M, D) unit length.
        labels: (M,) activity indices; every activity must occur.
        classes: C.

    Returns:
        (C, D) unit length.
    """
    onehot = F.one_hot(labels, classes).to(embeddings.dtype)
    return F.normalize(onehot.T @ embeddings, dim=-1)


def build_label_bank(names: Sequence[str], interpretations: Sequence[Sequence[str]], embedded: Tensor) -> LabelBank:
    """Average each activity's embedded interpretations, as zero-shot classifiers do with templates.

    Args:
        names: C activities in the label space's order.
        interpretations: the texts of each activity.
        embedded: (M, D) embeddings of all texts, activity after activity.
    """
    labels = torch.tensor([i for i, texts in enumerate(interpretations) for _ in texts])
    means = class_means(embedded, labels, len(names))
    return LabelBank(tuple(names), tuple(tuple(texts) for texts in interpretations), means)
