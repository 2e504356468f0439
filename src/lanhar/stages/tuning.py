"""Plain steps on a sensor encoder's trained part, outside stage 2."""

from collections.abc import Iterable

import torch
from torch import Tensor

from lanhar.losses import PrototypeCrossEntropy
from lanhar.models.sensor_encoder import SensorEncoder


def tune(
    encoder: SensorEncoder,
    batches: Iterable[tuple[Tensor, Tensor]],
    bank: Tensor,
    loss: PrototypeCrossEntropy,
    lr: float,
    seed: int,
) -> SensorEncoder:
    """Train an encoder, in place, with the cross-entropy of its cosines to a fixed label bank.

    Args:
        encoder: left in eval mode.
        batches: inputs (B, ...) as `describe` makes them and labels (B,), one batch a step.
        bank: (C, D) unit length.
        loss: of stage 2.
        lr: of AdamW.
        seed: fixes dropout and noise.
    """
    encoder.requires_grad_(True).train()
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=lr)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for inputs, labels in batches:
            optimizer.zero_grad()
            loss(encoder.embed(inputs), labels, bank).backward()
            optimizer.step()
    encoder.requires_grad_(False).eval()
    return encoder
