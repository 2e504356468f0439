"""The text encoder of a run as an 8-bit graph, for labels that are described in words away from PyTorch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lanhar.edge.bundle import TEXT_ENCODER, TOKENIZER
from lanhar.edge.graphs import quantise, write_graph
from lanhar.edge.labels import LabelEncoder
from lanhar.errors import LanharError
from lanhar.pretrained import resolve_text_encoder
from lanhar.stages.loading import LoadedRun

LEAST_COSINE = 0.97
"""Between a label's embedding by the graph and the run's own."""


class LabelText(nn.Module):
    """Texts of one label to its embedding, as the run makes its label bank.

    Args:
        encoder: tokens to embeddings, unit length.
        projection: what stage 2 put behind it, or the identity.
    """

    def __init__(self, encoder: nn.Module, projection: nn.Module) -> None:
        super().__init__()
        self.encoder, self.projection = encoder, projection

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embed the tokens (B, T) of B texts about one label: (D,), unit length."""
        mean = F.normalize(self.encoder(input_ids, attention_mask).mean(dim=0, keepdim=True), dim=-1)
        embedded: Tensor = F.normalize(self.projection(mean), dim=-1)
        return embedded[0]


def write_text_encoder(run: LoadedRun, folder: Path) -> float:
    """Write the graph and its tokenizer into a bundle.

    Returns:
        The least cosine between a label of the run and what the graph makes of its interpretations.

    Raises:
        LanharError: the graph is further than allowed from the run's own embeddings.
    """
    from transformers import AutoTokenizer

    encoder = run.alignment.text_encoder
    encoder.backbone.set_attn_implementation("eager")
    module = LabelText(encoder, run.mapping.module.text_projection)
    tokenizer = AutoTokenizer.from_pretrained(resolve_text_encoder(run.cfg.text_encoder.name)).backend_tokenizer
    longest = min(int(run.cfg.text_encoder.max_tokens), int(encoder.backbone.config.max_position_embeddings))
    tokenizer.enable_truncation(longest)
    tokenizer.enable_padding()
    tokenizer.save(str(folder / TOKENIZER))
    example = torch.ones(2, 8, dtype=torch.int64)
    axes = {name: {0: "texts", 1: "tokens"} for name in ("input_ids", "attention_mask")}
    exact = folder / "text_encoder.onnx"
    write_graph(module, (example, example), list(axes), exact, axes)
    quantise(exact, module, folder / TEXT_ENCODER)
    exact.unlink()
    return _checked(LabelEncoder(folder), run.bank.interpretations, run.bank.embeddings.numpy())


def _checked(encoder: LabelEncoder, texts: Sequence[Sequence[str]], embeddings: np.ndarray) -> float:
    rows = [float(encoder.embed(group) @ expected) for group, expected in zip(texts, embeddings, strict=True)]
    if not min(rows) >= LEAST_COSINE:
        raise LanharError(
            f"{TEXT_ENCODER} gives a label a cosine of {min(rows):.3f} to the run's own embedding, less than "
            f"{LEAST_COSINE}; nothing was written, write words=false to leave it out"
        )
    return min(rows)
