from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lanhar.models.text_encoder import TextInput

VIRTUAL, TARGET = -1, -2
"""Labels of windows that have none: virtual ones, and the target's, whose labels training never sees."""


@dataclass  # not frozen: the trainer moves its tensors to the device field by field
class TextBatch:
    """Texts of one training step of stage 1.

    Attributes:
        sensor: B sensor interpretations, as the text encoder takes them.
        sensor_labels: (B,) activity indices.
        label: M label interpretations, at least one an activity.
        label_labels: (M,) activity indices.
        sensor_tokens: (B, T) the decoder's own indices of the sensor interpretations.
        label_tokens: (M, T') the decoder's own indices of the label interpretations.
        virtual: K texts about virtual windows, which have no activity; None where there are none.
    """

    sensor: TextInput
    sensor_labels: Tensor
    label: TextInput
    label_labels: Tensor
    sensor_tokens: Tensor
    label_tokens: Tensor
    virtual: TextInput | None = None


@dataclass  # not frozen: the trainer moves its tensors to the device field by field
class WindowBatch:
    """Windows of one training step of stage 2.

    Attributes:
        inputs: (B, ...) what the sensor encoder's fixed part makes of the windows; (B, L, 6) where it has none.
        texts: (B, D) unit-length embeddings of the windows' own interpretations.
        labels: (B,) activity indices, `VIRTUAL` or `TARGET`.
        has_text: (B,) whether `texts` says what `inputs` shows; false for changed copies.
    """

    inputs: Tensor
    texts: Tensor
    labels: Tensor
    has_text: Tensor


def pad_tokens(token_ids: Sequence[Sequence[int]], pad_id: int = 0) -> tuple[Tensor, Tensor]:
    """Pad token lists to the longest of them.

    Returns:
        (B, T) ids and (B, T) mask, 1 for a token.
    """
    length = max(len(ids) for ids in token_ids)
    ids = torch.full((len(token_ids), length), pad_id, dtype=torch.long)
    mask = torch.zeros((len(token_ids), length), dtype=torch.long)
    for row, tokens in enumerate(token_ids):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
    return ids, mask


def token_batches(tokens: Sequence[Sequence[int]], batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Padded (ids, mask) batches of texts, in order."""
    for start in range(0, len(tokens), batch_size):
        yield pad_tokens(tokens[start : start + batch_size])
