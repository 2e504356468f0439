"""The offline interpreter: measured numbers and fixed rules in, texts out. No language model takes part."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Formatter
from typing import Literal, get_args

import numpy as np
import yaml
from numpy.typing import NDArray

from lanhar.errors import LanharError
from lanhar.interpretation.interpretation import render
from lanhar.interpretation.word_scales import Column, WordScales, read_word_scales
from lanhar.signals.table import BY_NAME, HEADINGS, Heading

Detail = Literal["compact", "full"]
DECIMALS: Mapping[str, int] = {"m/s²": 2, "rad/s": 2, "Hz": 2, "s": 2, "1": 2, "m/s³": 1, "°": 1, "1/s": 1}
"""Digits after the point, by unit."""


@dataclass(frozen=True)
class Slot:
    """A place in the text: the number of a feature, or the word for it."""

    feature: str
    word: bool


def _compile_section(template: str) -> tuple[str, list[Slot]]:
    """A section's template as a %-format and its slots, with units and origin marks written in."""
    pieces: list[str] = []
    slots: list[Slot] = []
    marks: list[tuple[int, str]] = []
    for literal, field, spec, _ in Formatter().parse(template):
        pieces.append(literal.replace("%", "%%"))
        if field is None:
            continue
        if field not in BY_NAME or spec not in ("", "word"):
            raise LanharError(f"template has {{{field}:{spec}}}; write {{feature}} or {{feature:word}}")
        slots.append(Slot(field, spec == "word"))
        if spec == "word":
            pieces.append("%s")
            continue
        unit, origin = BY_NAME[field].unit, str(BY_NAME[field].origin)
        if marks and marks[-1][1] == origin:
            marks.pop()
        marks.append((len(pieces), origin))
        pieces.append(f"%.{DECIMALS[unit]}f" + {"1": "", "°": "°"}.get(unit, f" {unit}"))
    for at, origin in marks:
        pieces[at] += f" [{origin}]"
    return "".join(pieces), slots


class RulesInterpreter:
    """Writes sensor interpretations from features by fixed rules, offline and deterministically.

    Words come from thresholds of the literature (data/rule_words.yaml), sentences from templates
    (data/rule_templates.yaml). It knows nothing of labels, subjects or files.

    Attributes:
        name: `rules`.
        version: version of the rules and a digest of the files that hold them.
        detail: `compact` (at most 128 word pieces) or `full` (at most 400).
        scales: the words and their thresholds.
        format: the text as a %-format.
        slots: what the format's places hold, in order.
    """

    name = "rules"

    def __init__(self, detail: Detail = "compact") -> None:
        """Read the rules.

        Raises:
            LanharError: `detail` is neither `compact` nor `full`.
        """
        if detail not in get_args(Detail):
            raise LanharError(f"interpreter detail '{detail}': write one of {', '.join(get_args(Detail))}")
        folder = files("lanhar.interpretation") / "data"
        words, templates = (
            (folder / f"rule_{part}.yaml").read_text(encoding="utf-8") for part in ("words", "templates")
        )
        content = yaml.safe_load(templates)
        digest = hashlib.sha256((words + templates).encode()).hexdigest()[:8]
        self.detail: Detail = detail
        self.scales: WordScales = read_word_scales(words)
        self.version = f"{self.scales.version}.{content['version']}-{detail}-{digest}"
        self.format, self.slots = self._compile(content[detail])

    def _compile(self, templates: Mapping[Heading, str]) -> tuple[str, tuple[Slot, ...]]:
        compiled = {heading: _compile_section(templates[heading]) for heading in HEADINGS}
        slots = tuple(slot for heading in HEADINGS for slot in compiled[heading][1])
        unnamed = sorted({slot.feature for slot in slots if slot.word} - set(self.scales.scales))
        if unnamed:
            raise LanharError(f"template asks for words of {', '.join(unnamed)}; give them a scale")
        return render({heading: compiled[heading][0] for heading in HEADINGS}), slots

    def interpret(self, features: NDArray[np.floating], columns: Sequence[str]) -> list[str]:
        """Write a text for every window.

        Args:
            features: (N, F), one row a window, in the units of `lanhar.signals.table`.
            columns: F feature names, in any order.

        Returns:
            N texts.

        Raises:
            LanharError: columns do not fit the array, one that the rules need is missing, or a value is not
                finite.
        """
        values = self._columns(features, columns)
        holds = {name: values[c.feature] < c.below for name, c in self.scales.conditions.items()}
        filled: list[list[str] | list[float]] = []
        for slot in self.slots:
            value = values[slot.feature]
            if slot.word:
                filled.append(self.scales.scales[slot.feature].name(value, holds))
            else:
                # Adding 0 turns a rounded -0.0 into 0.0.
                filled.append((np.round(value, DECIMALS[BY_NAME[slot.feature].unit]) + 0.0).tolist())
        return [self.format % row for row in zip(*filled, strict=True)]

    def _columns(self, features: NDArray[np.floating], columns: Sequence[str]) -> dict[str, Column]:
        if features.ndim != 2 or features.shape[1] != len(columns):
            count = len(columns)
            raise LanharError(f"features have shape {features.shape}; {count} columns need (N, {count})")
        needed = {slot.feature for slot in self.slots} | {c.feature for c in self.scales.conditions.values()}
        missing = sorted(needed - set(columns))
        if missing:
            raise LanharError(f"features lack {', '.join(missing)}; pass the columns of lanhar.signals.table")
        place = {name: i for i, name in enumerate(columns)}
        values = {name: features[:, place[name]].astype(np.float64) for name in sorted(needed)}
        broken = [name for name, value in values.items() if not np.isfinite(value).all()]
        if broken:
            raise LanharError(f"features {', '.join(broken)} are not all finite; drop those windows first")
        return values
