from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn


class TextDecoder(nn.Module):
    """A small causal Transformer that writes an interpretation back from its embedding (LanHAR, stage 1).

    The embedding stands before the text as its first token. Part of the input tokens is hidden while training, so that
    the decoder has to read the embedding instead of the words just before. It speaks only the tokens of its corpus,
    which keeps the output layer small.

    Args:
        embedding_dim: D of the text encoder.
        vocabulary: token ids of the text encoder's tokenizer that occur in the corpus.
        dim: width of the decoder.
        heads: attention heads.
        layers: Transformer layers.
        max_tokens: longest text.
        token_dropout: share of input tokens hidden while training, 0 to 1.

    Attributes:
        pad: own index of padding.
    """

    pad = 0
    unknown = 1

    def __init__(
        self,
        embedding_dim: int,
        vocabulary: Iterable[int],
        dim: int = 128,
        heads: int = 4,
        layers: int = 1,
        max_tokens: int = 128,
        token_dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self._own_index = {token: i + 2 for i, token in enumerate(sorted(set(vocabulary)))}
        self.token_dropout = token_dropout
        self.max_tokens = max_tokens
        self.prefix = nn.Linear(embedding_dim, dim)
        self.embed = nn.Embedding(len(self._own_index) + 2, dim, padding_idx=self.pad)
        self.position = nn.Parameter(torch.randn(max_tokens, dim) * 0.02)
        layer = nn.TransformerEncoderLayer(dim, heads, 2 * dim, dropout=0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.out = nn.Linear(dim, len(self._own_index) + 2)

    def encode(self, token_ids: Sequence[Sequence[int]]) -> Tensor:
        """Map the tokenizer's ids to the decoder's own, (B, T), padded with `pad`."""
        rows = [[self._own_index.get(t, self.unknown) for t in ids[: self.max_tokens]] for ids in token_ids]
        length = max(len(row) for row in rows)
        return torch.tensor([row + [self.pad] * (length - len(row)) for row in rows])

    def forward(self, embedding: Tensor, tokens: Tensor) -> Tensor:
        """Predict every token from the embedding and the tokens before it.

        Args:
            embedding: (B, D) unit length.
            tokens: (B, T) own token indices from `encode`.

        Returns:
            (B, T, V) logits.
        """
        inputs = tokens[:, :-1]
        if self.training and self.token_dropout > 0:
            hidden = torch.rand(inputs.shape, device=inputs.device) < self.token_dropout
            inputs = inputs.masked_fill(hidden, self.unknown)
        x = torch.cat([self.prefix(embedding)[:, None], self.embed(inputs)], dim=1)
        x = x + self.position[: x.shape[1]]
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], device=x.device)
        logits: Tensor = self.out(self.blocks(x, mask=mask, is_causal=True))
        return logits
