"""From a prompt's Jinja file to a %-format with places for numbers, so that many windows cost no Jinja."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
import numpy as np
from numpy.typing import NDArray

from lanhar.errors import LanharError
from lanhar.interpretation.rules import DECIMALS, Slot
from lanhar.interpretation.schema import FIELDS
from lanhar.interpretation.word_scales import WordScales, read_word_scales
from lanhar.signals.table import BY_NAME, HEADINGS, PROMPT_FEATURES, Feature

Message = dict[str, str]
"""`role` (`system`, `user` or `assistant`) and `content`."""

CHUNK = 1024
"""Windows whose numbers are held as Python objects at a time."""
_PLACE = re.compile("\ue000([qw]):([a-z0-9_]+)\ue001")
_VERSION = re.compile(r"\A\{#-? version: (\S+) -?#\}")
_ROLES = ("system", "user")


@cache
def word_scales() -> WordScales:
    """The words for ranges, those of the `rules` interpreter."""
    return read_word_scales(_words_source())


def _words_source() -> str:
    return (files("lanhar.interpretation") / "data" / "rule_words.yaml").read_text(encoding="utf-8")


def shown_unit(unit: str) -> str:
    """A unit as it stands behind a number: a ratio has none, only degrees stand without a space."""
    return {"1": "", "°": "°"}.get(unit, f" {unit}")


def prompt_names() -> list[str]:
    """The window prompts in the package."""
    names = {file.name.removesuffix(".j2") for file in (files("lanhar.interpretation") / "prompts").iterdir()}
    return sorted(name for name in names - {"label", "feedback", "judge"} if not name.startswith("_"))


@dataclass(frozen=True)
class Row:
    """A feature as a template sees it.

    Attributes:
        name: as in the feature table.
        unit: "" for a ratio.
        meaning: one line.
        origin: `ACC`, `GYRO` or `SYNC`.
        quantity: the place of its value with unit.
        word: the place of the word for the value's range; "" for a feature without a scale.
    """

    name: str
    unit: str
    meaning: str
    origin: str
    quantity: str
    word: str

    @classmethod
    def of(cls, feature: Feature) -> "Row":
        """The row of a feature of the table."""
        unit = "" if feature.unit == "1" else feature.unit
        word = f"\ue000w:{feature.name}\ue001" if feature.name in word_scales().scales else ""
        return cls(feature.name, unit, feature.meaning, feature.origin, f"\ue000q:{feature.name}\ue001", word)


def _row(name: str) -> Row:
    feature = BY_NAME.get(name)
    if feature is None or feature.heading is None:
        raise LanharError(f"prompt names the feature '{name}'; write one of those with a heading in docs/features.md")
    return Row.of(feature)


class PromptTemplate:
    """A prompt's file.

    Attributes:
        name: of the package's prompt, or the path of one's own file.
        version: the version that the file declares, and a digest of all files that it is made of.
    """

    def __init__(self, name: str, file: Path | None = None) -> None:
        """Read it.

        Args:
            name: of a prompt in the package.
            file: one's own file instead; it may import the package's.

        Raises:
            LanharError: the file is missing or malformed, declares no version or has no block `user`.
        """
        self.name = name if file is None else str(file)
        folders: list[jinja2.BaseLoader] = [jinja2.PackageLoader("lanhar.interpretation", "prompts")]
        if file is not None:
            folders.insert(0, jinja2.FileSystemLoader(file.parent))
        self._loader = jinja2.ChoiceLoader(folders)
        # A prompt is no HTML: nothing to escape.
        self._environment = jinja2.Environment(
            loader=self._loader,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
        )
        entry = f"{name}.j2" if file is None else file.name
        try:
            self.version = self._read_version(entry)
            self._template = self._environment.get_template(entry)
        except (jinja2.TemplateError, OSError, UnicodeDecodeError) as error:
            raise self._error(error) from None
        if "user" not in self._template.blocks:
            raise LanharError(f"prompt {self.name} has no block 'user'; write {{% block user %}} … {{% endblock %}}")

    def _read_version(self, entry: str) -> str:
        sources: dict[str, str] = {}
        queue = [entry]
        while queue:
            name = queue.pop()
            sources[name] = self._loader.get_source(self._environment, name)[0]
            found = jinja2.meta.find_referenced_templates(self._environment.parse(sources[name]))
            queue += [other for other in found if other is not None and other not in sources]
        declared = _VERSION.match(sources[entry])
        if declared is None:
            raise LanharError(f"prompt {self.name} declares no version; begin it with {{# version: 1 #}}")
        parts = [sources[name] for name in sorted(sources)] + [_words_source()]
        return f"{declared[1]}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:8]}"

    def _error(self, error: Exception) -> LanharError:
        line = f", line {error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
        return LanharError(f"prompt {self.name}{line}: {' '.join(str(error).split())}; correct the template")

    def render(self, **variables: Any) -> list[Message]:
        """Its messages, with places where a window's numbers belong.

        Args:
            variables: what the template names beside the features, headings, scales and conditions.

        Raises:
            LanharError: the template names an unknown feature or variable, or computes with a number.
        """
        context = self._template.new_context({**_constants(), **variables})
        messages: list[Message] = []
        try:
            for role in _ROLES:
                if role in self._template.blocks:
                    content = "".join(self._template.blocks[role](context)).strip()
                    messages.append({"role": role, "content": content})
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            raise self._error(error) from None
        return messages


@cache
def _constants() -> Mapping[str, Any]:
    """What every template may name."""
    scales = word_scales()
    rows = {heading: [Row.of(f) for f in PROMPT_FEATURES if f.heading == heading] for heading in HEADINGS}
    return {
        "headings": [{"title": h, "key": FIELDS[h], "features": rows[h]} for h in HEADINGS],
        "feature": _row,
        "scales": [
            {
                "feature": s.feature,
                "unit": _row(s.feature).unit,
                "words": s.words,
                "edges": s.edges,
                "when": s.when,
            }
            for s in scales.scales.values()
        ],
        "conditions": {
            name: {"feature": c.feature, "below": c.below, "unit": shown_unit(BY_NAME[c.feature].unit)}
            for name, c in scales.conditions.items()
        },
    }


@dataclass(frozen=True)
class _Part:
    role: str
    format: str
    first: int
    last: int


class FilledPrompt:
    """Messages with places, ready to be filled with the numbers of many windows.

    Attributes:
        feature_names: features whose numbers stand in it, in order.
    """

    def __init__(self, messages: Sequence[Message]) -> None:
        """Turn messages of `PromptTemplate.render` into %-formats.

        Raises:
            LanharError: the template put a number through a filter.
        """
        self._slots: list[Slot] = []
        self._parts: list[_Part] = []
        for message in messages:
            first = len(self._slots)
            text = _PLACE.sub(self._place, message["content"].replace("%", "%%"))
            if "\ue000" in text:
                raise LanharError("prompt changes the place of a number; write it without a filter")
            self._parts.append(_Part(message["role"], text, first, len(self._slots)))
        self.feature_names = tuple(dict.fromkeys(slot.feature for slot in self._slots if not slot.word))

    def _place(self, place: re.Match[str]) -> str:
        feature = BY_NAME[place[2]]
        self._slots.append(Slot(feature.name, place[1] == "w"))
        return "%s" if place[1] == "w" else f"%.{DECIMALS[feature.unit]}f{shown_unit(feature.unit)}"

    def fill(self, features: NDArray[np.floating], columns: Sequence[str]) -> Iterator[list[Message]]:
        """Messages for every window, a few at a time.

        Args:
            features: (N, F), one row a window, in the units of `lanhar.signals.table`.
            columns: F feature names, in any order.

        Raises:
            LanharError: at once where columns do not fit the array, one that the prompt needs is missing, or a
                value is not finite.
        """
        conditions = word_scales().conditions.values() if any(slot.word for slot in self._slots) else ()
        needed = sorted({slot.feature for slot in self._slots} | {c.feature for c in conditions})
        place = _checked(features, columns, needed)
        return self._filled(features, place)

    def _filled(self, features: NDArray[np.floating], place: Mapping[str, int]) -> Iterator[list[Message]]:
        for start in range(0, len(features), CHUNK):
            chunk = features[start : start + CHUNK]
            for row in self._rows({name: chunk[:, i].astype(np.float64) for name, i in place.items()}, len(chunk)):
                yield [{"role": p.role, "content": p.format % row[p.first : p.last]} for p in self._parts]

    def _rows(self, values: Mapping[str, NDArray[np.float64]], count: int) -> Iterator[tuple[Any, ...]]:
        if not self._slots:
            return iter([()] * count)
        scales = word_scales()
        holds = {n: values[c.feature] < c.below for n, c in scales.conditions.items() if c.feature in values}
        filled: list[list[Any]] = []
        for slot in self._slots:
            value = values[slot.feature]
            if slot.word:
                filled.append(scales.scales[slot.feature].name(value, holds))
            else:
                # Adding 0 turns a rounded -0.0 into 0.0.
                filled.append((np.round(value, DECIMALS[BY_NAME[slot.feature].unit]) + 0.0).tolist())
        return zip(*filled, strict=True)


def _checked(features: NDArray[np.floating], columns: Sequence[str], needed: Sequence[str]) -> dict[str, int]:
    """Where the needed columns stand."""
    if features.ndim != 2 or features.shape[1] != len(columns):
        count = len(columns)
        raise LanharError(f"features have shape {features.shape}; {count} columns need (N, {count})")
    place = {name: i for i, name in enumerate(columns)}
    missing = [name for name in needed if name not in place]
    if missing:
        few = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        raise LanharError(f"features lack {few}; pass the columns of lanhar.signals.table")
    broken = [name for name in needed if not np.isfinite(features[:, place[name]]).all()]
    if broken:
        raise LanharError(f"features {', '.join(broken)} are not all finite; drop those windows first")
    return {name: place[name] for name in needed}
