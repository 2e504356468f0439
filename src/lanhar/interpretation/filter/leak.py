"""Texts about windows that name an activity: a word for it, a synonym, a translation, however spelt."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, ClassVar

import yaml

from lanhar.activities import REGISTRY
from lanhar.interpretation.filter.lexicon import Lexicon
from lanhar.interpretation.filter.verdict import Answer, Reason
from lanhar.interpretation.schema import Section

_LOOKALIKES = str.maketrans(
    "аеорсухікјѕԁһӏԛԝьвмтнгпαεορτυχικνγωβηµμ" + "ıȷɑɡⅼ",
    "aeopcyxikjsdhlqwbbmthrnaeoptuxikvywbnuu" + "ijagl",
)
"""Cyrillic, Greek and other letters that pass for Latin ones."""
_DIGITS = str.maketrans("01345789@$", "oleastbgas")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_WORD = re.compile(r"[^\W_]+(?:['’]s\b)?")
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_][\s.\-_*·|/]{1,3}){3,}[^\W\d_](?![^\W_])")
_COMPOUND = re.compile(r"[^\W\d_]+(?:[-‐‑.*·|][^\W\d_]+)+")
_JOINT = re.compile(r"[-‐‑.*·|](?<=[^\W\d_].)(?=[^\W\d_])")
_UNSPACED = re.compile("[\u0600-\u06ff\u0900-\u097f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LONG = 5
"""Letters from which on an accented word is also looked for without its accents."""


@dataclass(frozen=True)
class Named:
    """An entry of the list: its spelling and the reason's code."""

    entry: str
    code: str


@dataclass(frozen=True)
class LeakWords:
    """What names an activity.

    Attributes:
        lexicon: words and phrases in scripts that put spaces between words.
        unspaced: all those of other scripts, in one pattern.
        only: entry → patterns of which one must hold around it.
        allow: entry → patterns that excuse it.
    """

    lexicon: Lexicon[Named]
    unspaced: re.Pattern[str]
    only: Mapping[str, re.Pattern[str]]
    allow: Mapping[str, re.Pattern[str]]


@lru_cache(maxsize=1)
def load_leak_words() -> LeakWords:
    """The registry's words and data/leak_words.yaml, read once."""
    text = (files("lanhar.interpretation.filter") / "data" / "leak_words.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    named: dict[str, Named] = {}
    for activity in REGISTRY.values():
        for word in (*activity.words, activity.title.lower(), activity.name.replace("_", " ")):
            named.setdefault(word.lower(), Named(word.lower(), "activity"))
    for word in content["synonyms"]:
        named.setdefault(word, Named(word, "synonym"))
    anywhere: list[str] = []
    for word in (word for words in content["translations"].values() for word in words):
        if _UNSPACED.search(word):
            anywhere.append(word)
            continue
        for spelling in {word, _plain(word)} if len(word) >= _LONG else {word}:
            named.setdefault(spelling, Named(spelling, "translation"))
    # "still" by itself is how a device lies, not what somebody does.
    named.pop("still", None)
    return LeakWords(
        Lexicon.of({tuple(word.split()): entry for word, entry in named.items()}),
        re.compile("|".join(map(re.escape, anywhere))),
        *({entry: _pattern(rows, content["who"]) for entry, rows in content[key].items()} for key in ("only", "allow")),
    )


def _pattern(rows: Sequence[str], who: str) -> re.Pattern[str]:
    # An empty list excuses nothing, and requires what never holds.
    return re.compile("|".join(row.replace("WHO", rf"\b{who}") for row in rows) or r"(?!)")


@dataclass(frozen=True)
class LeakRule:
    """Rejects a sensor interpretation that names an activity, also where it denies it."""

    name: ClassVar[str] = "leak"
    version: ClassVar[str] = "2"

    def check(self, answer: Answer, features: Mapping[str, float]) -> Sequence[Reason]:  # noqa: ARG002
        """A reason for every word that names an activity; which one is not said."""
        if answer.interpretation is None:
            return ()
        words = load_leak_words()
        sections = {heading: _text(section) for heading, section in answer.interpretation.sections.items()}
        # Nearly all texts name nothing, so they are looked through once as a whole.
        if next(_leaks(" ; ".join(sections.values()), words), None) is None:
            return ()
        found: dict[tuple[str, str], Reason] = {}
        for heading, text in sections.items():
            for word, code in _leaks(text, words):
                detail = f'{heading}: the word "{word}" names an activity; describe the signal only, without such words'
                found.setdefault((heading, word), Reason(self.name, code, detail))
        return tuple(found.values())


def _text(section: Section) -> str:
    return " ; ".join([section.conclusion, *(f"{row.feature} {row.unit}" for row in section.evidence)])


def _leaks(raw: str, words: LeakWords) -> Iterator[tuple[str, str]]:
    """Words of a text that name an activity, with the reason's code."""
    text = raw.lower() if raw.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFKC", raw)).lower()
    tokens = _WORD.findall(text)
    yield from _listed(tokens, words)
    if not text.isascii():
        plain = [token if token.isascii() else _plain(token.translate(_LOOKALIKES)) for token in tokens]
        if plain != tokens:
            yield from _listed(plain, words)
        if _UNSPACED.search(text):
            yield from ((match.group(), "translation") for match in words.unspaced.finditer(text))
    for word in _compounds(text):
        yield from _listed([re.sub(r"[\W\d_]", "", word)], words)
    # Four single letters in a row are rare, and the pattern for them is slow.
    lengths = list(map(len, tokens))
    if lengths.count(1) >= 4 and "1111" in "".join("1" if length == 1 else "0" for length in lengths):
        for match in _SPACED.finditer(text):
            yield from _hidden(re.sub(r"[\W\d_]", "", match.group()), words)
    for token in tokens:
        if not token.isalpha() and not token.isdigit():
            yield from _listed([token.translate(_DIGITS)], words)


def _compounds(text: str) -> Iterator[str]:
    """Words with signs between their letters; only around such a sign is the text searched, for speed."""
    end = 0
    for joint in _JOINT.finditer(text):
        if joint.start() >= end:
            end = (text.find(" ", joint.end()) + 1 or len(text) + 1) - 1
            yield from _COMPOUND.findall(text, text.rfind(" ", 0, joint.start()) + 1, end)


def _listed(tokens: Sequence[str], words: LeakWords) -> Iterator[tuple[str, str]]:
    context: str | None = None
    for place, size, named in words.lexicon.find(tokens):
        only, allow = words.only.get(named.entry), words.allow.get(named.entry)
        if only or allow:
            context = context or " ".join(tokens)
            start = len(" ".join(tokens[:place])) + (place > 0)
            end = start + len(" ".join(tokens[place : place + size]))
            if (only and not _covered(only, context, start, end)) or (allow and _covered(allow, context, start, end)):
                continue
        yield " ".join(tokens[place : place + size]), named.code


def _covered(pattern: re.Pattern[str], text: str, start: int, end: int) -> bool:
    near = max(0, start - 60)
    return any(near + m.start() <= start and end <= near + m.end() for m in pattern.finditer(text[near : end + 60]))


def _hidden(letters: str, words: LeakWords) -> Iterator[tuple[str, str]]:
    """A word written letter by letter, perhaps with single letters of the text around it."""
    for start in range(len(letters)):
        for end in range(len(letters), start + 3, -1):
            for _, _, named in words.lexicon.find([letters[start:end]]):
                yield letters[start:end], named.code
                return


def _plain(word: str) -> str:
    """Without accents."""
    return "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
