"""New labels in words, away from PyTorch: a bundle's own text encoder, by onnxruntime and tokenizers.

`recogniser.add_label("rope skipping", LabelEncoder("bundle").embed("quick, even jumps in place, ..."))`
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lanhar.edge.bundle import MANIFEST, TEXT_ENCODER, TOKENIZER, read_bundle
from lanhar.edge.runtime import open_graph
from lanhar.errors import LanharError


class LabelEncoder:
    """Embeds descriptions of activities where the bundle's label bank lies.

    Args:
        folder: of a bundle that was exported with `words=true`.

    Raises:
        LanharError: the bundle holds no text encoder, a file is not what it was, or `tokenizers` is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        if (folder / MANIFEST).is_file():
            read_bundle(folder)
        if not ((folder / TEXT_ENCODER).is_file() and (folder / TOKENIZER).is_file()):
            raise LanharError(f"the bundle '{folder}' has no text encoder; export the run with words=true")
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise LanharError("labels in words need tokenizers; run: pip install 'lanhar[words]'") from None
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._session = open_graph(folder / TEXT_ENCODER)

    def embed(self, texts: str | Sequence[str]) -> NDArray[np.float32]:
        """The embedding (D,), unit length, of one text about an activity, or of several together.

        Raises:
            LanharError: there is no text.
        """
        texts = [texts] if isinstance(texts, str) else list(texts)
        if not texts or not all(text.strip() for text in texts):
            raise LanharError("a label needs a text that describes it; write some words")
        encoded = self._tokenizer.encode_batch(texts)
        inputs = {
            "input_ids": np.array([text.ids for text in encoded], dtype=np.int64),
            "attention_mask": np.array([text.attention_mask for text in encoded], dtype=np.int64),
        }
        embedding: NDArray[np.float32] = self._session.run(None, inputs)[0]
        return embedding
