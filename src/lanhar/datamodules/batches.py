from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass  # not frozen: the trainer moves its tensors to the device field by field
class TextBatch:
    """Texts of one training step of stage 1.

    Attributes:
        sensor_ids: (B, T) token ids of sensor interpretations; `sensor_mask` (B, T) marks tokens.
        sensor_labels: (B,) activity indices.
        label_ids: (M, T') token ids of label interpretations, at least one an activity; `label_mask` likewise.
        label_labels: (M,) activity indices.
        sensor_tokens: (B, T) the decoder's own indices of the sensor interpretations.
        label_tokens: (M, T') the decoder's own indices of the label interpretations.
    """

    sensor_ids: Tensor
    sensor_mask: Tensor
    sensor_labels: Tensor
    label_ids: Tensor
    label_mask: Tensor
    label_labels: Tensor
    sensor_tokens: Tensor
    label_tokens: Tensor


@dataclass  # not frozen: the trainer moves its tensors to the device field by field
class WindowBatch:
    """Windows of one training step of stage 2.

    Attributes:
        inputs: (B, ...) what the sensor encoder's fixed part makes of the windows; (B, L, 6) where it has none.
        texts: (B, D) unit-length embeddings of the windows' own interpretations.
        labels: (B,) activity indices; -1 for a target window, whose label training never sees.
    """

    inputs: Tensor
    texts: Tensor
    labels: Tensor


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
