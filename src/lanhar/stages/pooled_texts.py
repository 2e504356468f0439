"""Texts as a frozen language model pools them, read once on a machine and kept: no run can change them."""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lanhar.datamodules.batches import pad_tokens
from lanhar.models.text_encoder import TextEncoder
from lanhar.progress import progress_bar

FLUSH = 256
PATIENCE_S = 60.0


@dataclass(frozen=True)
class PooledTexts:
    """What `TextEncoder.pool` makes of texts, from a file where it is there already.

    Texts are read one by one: in batches, the last digits of a text would depend on which others were read with it, and
    so on what earlier runs left in the file.

    Attributes:
        encoder: its backbone is frozen.
        file: one for each language model as published; several processes may share it.
    """

    encoder: TextEncoder
    file: Path

    def of(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """(N, H) pooled texts of N lists of token ids."""
        keys = [hashlib.sha256(np.asarray(ids, dtype=np.int32).tobytes()).digest() for ids in tokens]
        wanted = dict(zip(keys, tokens, strict=True))
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.file, timeout=PATIENCE_S)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS pooled (text BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
            found = {key: vector for key in wanted if (vector := _vector(connection, key)) is not None}
            missing = [key for key in wanted if key not in found]
            starts = range(0, len(missing), FLUSH)
            for start in progress_bar(starts, "Reading texts", len(starts)) if missing else []:
                new = {key: self._read(wanted[key]) for key in missing[start : start + FLUSH]}
                connection.executemany("INSERT OR IGNORE INTO pooled VALUES (?, ?)", new.items())
                connection.commit()
                found |= new
        return torch.from_numpy(np.stack([np.frombuffer(found[key], dtype=np.float32) for key in keys]))

    @torch.no_grad()
    def _read(self, ids: Sequence[int]) -> bytes:
        return bytes(self.encoder.eval().pool(*pad_tokens([ids]))[0].numpy().astype(np.float32).tobytes())


def _vector(connection: sqlite3.Connection, key: bytes) -> bytes | None:
    row = connection.execute("SELECT vector FROM pooled WHERE text = ?", (key,)).fetchone()
    return None if row is None else row[0]
