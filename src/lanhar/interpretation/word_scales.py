"""From measured values to graded words; thresholds and their sources live in data/rule_words.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from lanhar.errors import LanharError
from lanhar.signals.table import BY_NAME, Origin

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Quiet:
    """Where a sensor shows nothing but noise: its `feature` lies `below` this."""

    feature: str
    below: float


@dataclass(frozen=True)
class WordScale:
    """Words for the ranges of one feature.

    Attributes:
        feature: name in the feature table.
        edges: K rising values in the feature's unit; a value at an edge belongs above it.
        words: K + 1 words, lowest range first.
        quiet: the word for windows without movement, where the value means nothing; None to use the ranges there too.
        source: where the edges come from.
    """

    feature: str
    edges: tuple[float, ...]
    words: tuple[str, ...]
    quiet: str | None
    source: str

    def __post_init__(self) -> None:
        where = f"word scale of '{self.feature}'"
        feature = BY_NAME.get(self.feature)
        if feature is None or feature.heading is None:
            raise LanharError(f"{where}: no such prompt feature; names stand in docs/features.md")
        if not np.all(np.diff(self.edges) > 0):
            raise LanharError(f"{where}: edges {list(self.edges)} must rise")
        if len(self.words) != len(self.edges) + 1:
            raise LanharError(f"{where}: {len(self.edges)} edges need {len(self.edges) + 1} words, found {len(self.words)}")
        if not self.source.strip():
            raise LanharError(f"{where}: edges without a source; write where they come from")

    def name(self, values: Column, quiet: NDArray[np.bool_]) -> list[str]:
        """Words (N,) for values (N,); `quiet` (N,) marks windows without movement."""
        named = np.array(self.words, dtype=object)[np.searchsorted(self.edges, values, side="right")]
        if self.quiet is not None:
            named[quiet] = self.quiet
        words: list[str] = named.tolist()
        return words


@dataclass(frozen=True)
class WordScales:
    """All scales, and where each sensor is quiet."""

    version: str
    quiet: Mapping[Origin, Quiet]
    scales: Mapping[str, WordScale]

    def quiet_windows(self, origin: Origin, values: Mapping[str, Column]) -> NDArray[np.bool_]:
        """Windows (N,) in which a sensor is quiet; for what compares the two, in which either is."""
        origins: tuple[Origin, ...] = ("ACC", "GYRO") if origin == "SYNC" else (origin,)
        below = [values[q.feature] < q.below for q in (self.quiet[o] for o in origins)]
        return np.logical_or.reduce(below)


def read_word_scales(text: str) -> WordScales:
    """Read scales from YAML.

    Args:
        text: content of a file like data/rule_words.yaml.

    Returns:
        The scales, checked.

    Raises:
        LanharError: a scale is for an unknown feature, its edges do not rise, words are too few or many, or it names
            no source.
    """
    content: dict[str, Any] = yaml.safe_load(text)
    scales = {
        feature: WordScale(
            feature, tuple(row["edges"]), tuple(row["words"]), row.get("quiet"), row.get("source") or ""
        )
        for feature, row in content["scales"].items()
    }
    quiet: dict[Origin, Quiet] = {
        origin: Quiet(row["feature"], row["below"]) for origin, row in content["quiet"].items()
    }
    return WordScales(content["version"], quiet, scales)
