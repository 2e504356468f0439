"""The same words about windows that clearly differ."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lanhar.errors import LanharError
from lanhar.interpretation.filter.verdict import Reason
from lanhar.signals.table import PROMPT_FEATURES

_NUMBERS = re.compile(r"[-+−±]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_BETWEEN = re.compile(r"[^\w]+")


@dataclass(frozen=True)
class DuplicateRule:
    """Rejects texts whose conclusions another text has word for word though their windows differ.

    Numbers and brackets are left out of the comparison. Of the texts with one wording a first one stays, by the hash
    of its content and not by its place; so do those for windows like it, such as two of a phone that lies still.

    Attributes:
        distance: RMS difference of the signed logarithms of two windows' orientation-free prompt features above which
            they clearly differ. At 0.9 a typical number differs by a factor of 2.5; two windows of one activity lie
            0.2 to 0.5 apart, one of gait and one of rest 1.1 or more.
    """

    name: ClassVar[str] = "duplicate"
    version: ClassVar[str] = "1"

    distance: float = 0.9

    def check(
        self, texts: Sequence[str], features: NDArray[np.floating], columns: Sequence[str]
    ) -> list[tuple[Reason, ...]]:
        """Reasons against each text.

        Args:
            texts: N interpretations.
            features: (N, F) of their windows.
            columns: F feature names, the prompt features among them.

        Raises:
            LanharError: texts, features and columns do not fit together.
        """
        reasons: list[tuple[Reason, ...]] = [()] * len(texts)
        if features.shape != (len(texts), len(columns)):
            raise LanharError(
                f"features have shape {features.shape}; {(len(texts), len(columns))} belongs to the texts"
            )
        groups: dict[str, list[int]] = {}
        for row, text in enumerate(texts):
            groups.setdefault(wording(text), []).append(row)
        if len(groups) == len(texts):
            return reasons
        place = {name: i for i, name in enumerate(columns)}
        used = features[:, [place[f.name] for f in PROMPT_FEATURES if f.orientation_free and f.name in place]].astype(
            np.float64
        )
        logarithms = np.sign(used) * np.log1p(np.abs(used))
        order = _by_content(texts, logarithms)
        rank = np.empty(len(order), dtype=np.intp)
        rank[order] = np.arange(len(order))
        for rows in groups.values():
            first, *others = sorted(rows, key=lambda row: rank[row])
            for row in others:
                if _distance(logarithms[row], logarithms[first]) > self.distance:
                    reasons[row] = (self._reason(texts[row], len(rows)),)
        return reasons

    def _reason(self, text: str, count: int) -> Reason:
        start = " ".join(text.split()[:12])
        detail = (
            f'all headings: the wording that begins "{start} ..." stands {count} times, numbers aside, for windows '
            "that clearly differ; say what this window's own values show"
        )
        return Reason(self.name, "boilerplate", detail)


def wording(text: str) -> str:
    """Digest of a text's words, without numbers, units in brackets and punctuation."""
    bare = _NUMBERS.sub(" ", _BRACKETS.sub(" ", text.lower()))
    return hashlib.sha256(_BETWEEN.sub(" ", bare).strip().encode()).hexdigest()


def _by_content(texts: Sequence[str], values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Rows in an order that depends on what they hold and not on where they stand."""
    rows = zip(texts, values, strict=True)
    digests = [hashlib.sha256(text.encode() + row.round(6).tobytes()).hexdigest() for text, row in rows]
    return np.argsort(np.array(digests), kind="stable")


def _distance(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean((left - right) ** 2)))
