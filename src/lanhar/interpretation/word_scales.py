"""From measured values to graded words; thresholds and their sources live in data/rule_words.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from lanhar.errors import LanharError
from lanhar.signals.table import BY_NAME

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Condition:
    """A state of a window in which some words mean nothing: `feature` lies `below` a value in its unit."""

    feature: str
    below: float
    source: str

    def __post_init__(self) -> None:
        _check_origin(self.feature, self.source)


@dataclass(frozen=True)
class WordScale:
    """Words for the ranges of one feature.

    Attributes:
        feature: name in the feature table.
        edges: K rising values in the feature's unit; a value at an edge belongs above it.
        words: K + 1 words, lowest range first.
        when: condition → the word to use where it holds, whatever the value; the first that holds wins.
        source: where the edges come from.
    """

    feature: str
    edges: tuple[float, ...]
    words: tuple[str, ...]
    when: Mapping[str, str]
    source: str

    def __post_init__(self) -> None:
        _check_origin(self.feature, self.source)
        if not np.all(np.diff(self.edges) > 0):
            raise LanharError(f"word scale of '{self.feature}': edges {list(self.edges)} must rise")
        if len(self.words) != len(self.edges) + 1:
            raise LanharError(
                f"word scale of '{self.feature}': {len(self.edges)} edges need "
                f"{len(self.edges) + 1} words, found {len(self.words)}"
            )

    def name(self, values: Column, holds: Mapping[str, NDArray[np.bool_]]) -> list[str]:
        """Words (N,) for values (N,); `holds` says of every condition in which windows (N,) it is met."""
        named = np.array(self.words, dtype=object)[np.searchsorted(self.edges, values, side="right")]
        for condition, word in reversed(list(self.when.items())):
            named[holds[condition]] = word
        words: list[str] = named.tolist()
        return words


def _check_origin(feature: str, source: str) -> None:
    if feature not in BY_NAME or BY_NAME[feature].heading is None:
        raise LanharError(f"rule of '{feature}': no such prompt feature; names stand in docs/features.md")
    if not source.strip():
        raise LanharError(f"rule of '{feature}': a threshold without a source; write where it comes from")


@dataclass(frozen=True)
class WordScales:
    """All scales and the conditions that they refer to, by name."""

    version: str
    conditions: Mapping[str, Condition]
    scales: Mapping[str, WordScale]

    def __post_init__(self) -> None:
        for scale in self.scales.values():
            unknown = set(scale.when) - set(self.conditions)
            if unknown:
                raise LanharError(
                    f"word scale of '{scale.feature}': unknown condition "
                    f"{', '.join(sorted(unknown))}; write {', '.join(self.conditions)}"
                )


def read_word_scales(text: str) -> WordScales:
    """Read scales from YAML.

    Args:
        text: content of a file like data/rule_words.yaml.

    Returns:
        The scales, checked.

    Raises:
        LanharError: a rule is for an unknown feature or condition, its edges do not rise, words are too few
            or too many, or it names no source.
    """
    content: dict[str, Any] = yaml.safe_load(text)
    conditions = {
        name: Condition(row["feature"], row["below"], row.get("source", ""))
        for name, row in content["conditions"].items()
    }
    scales = {
        feature: WordScale(
            feature, tuple(row["edges"]), tuple(row["words"]), row.get("when", {}), row.get("source", "")
        )
        for feature, row in content["scales"].items()
    }
    return WordScales(content["version"], conditions, scales)
