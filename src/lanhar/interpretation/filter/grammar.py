"""The words of claims, their subjects and their limits, as data/claims.yaml has them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from lanhar.interpretation.filter.lexicon import Lexicon, Phrase
from lanhar.signals.table import Heading

TOKEN_ROLES = frozenset({"ends", "articles", "of", "before_final", "prepositions", "transparent", "plain"})
"""Roles of words that matter only beside a phrase, and are no phrases of a sentence by themselves."""
Sensor = Literal["acc", "gyro"]
Limits = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Topic:
    """Something that claims are about.

    Attributes:
        code: the reason's code.
        title: what it is called in a reason.
        shows: features that a reason quotes.
        ranges: class → measure → lowest and highest value with which the class may be true; none if never judged.
    """

    code: str
    title: str
    shows: tuple[str, ...]
    ranges: Mapping[str, Limits]


@dataclass(frozen=True)
class Roles:
    """What a phrase may be in a sentence."""

    word: str | None = None
    subject: str | None = None
    direction: str | None = None
    grammar: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reading:
    """How a heading is read.

    Attributes:
        topic: what a text under it is about where it names nothing.
        own: topics that are judged under it; what is said of others is left alone.
        reads: topics that mean another one under it.
        lexicon: all phrases, those with a meaning of their own under the heading included.
    """

    topic: str
    own: frozenset[str]
    reads: Mapping[str, str]
    lexicon: Lexicon[Roles]

    def about(self, topic: str) -> str | None:
        """What a subject means under the heading; None where it is not judged there."""
        topic = self.reads.get(topic, topic)
        return topic if topic in self.own else None


@dataclass(frozen=True)
class Grammar:
    """Everything that claims.yaml says.

    Attributes:
        topics: by name.
        headings: how each is read.
        changes: `denied`, `raised`, `softened`, `nearest`: class → class.
        homes: class → topic that it belongs to by itself.
        comparisons: sensor → direction → measures.
        slack: factor within which two values count as equal.
        slack_alone: the same where only one of them is named.
        function_words: role → phrases.
        plain: words beside phrases that leave what these claim as it is.
    """

    topics: Mapping[str, Topic]
    headings: Mapping[Heading, Reading]
    changes: Mapping[str, Mapping[str, str | None]]
    homes: Mapping[str, str]
    comparisons: Mapping[Sensor, Mapping[str, tuple[str, ...]]]
    slack: float
    slack_alone: float
    function_words: Mapping[str, frozenset[str]]
    plain: frozenset[str]

    def limits(self, topic: str, name: str) -> Limits | None:
        """Where a class may be true of a topic: empty if that is never judged, None if the topic does not know it."""
        ranges = self.topics[topic].ranges
        if name in ranges:
            return ranges[name]
        near = self.changes["nearest"].get(name)
        return self.limits(topic, near) if near else None

    @property
    def joiners(self) -> frozenset[str]:
        """What may stand between directions that are named together."""
        return self.function_words["articles"] | {"and", "or", ","}


@lru_cache(maxsize=1)
def load_grammar() -> Grammar:
    """Read data/claims.yaml, once."""
    text = (files("lanhar.interpretation.filter") / "data" / "claims.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    comparisons = dict(content["comparisons"])
    roles = {role: frozenset(phrases) for role, phrases in content["grammar"].items()}
    slack, slack_alone = comparisons.pop("slack"), comparisons.pop("slack_alone")
    return Grammar(
        topics={name: _topic(row) for name, row in content["topics"].items()},
        headings={name: _reading(row, content) for name, row in content["headings"].items()},
        changes={change: content[change] for change in ("denied", "raised", "softened", "nearest")},
        homes=content["homes"],
        comparisons={
            sensor: {key: tuple(measures) for key, measures in rows.items()} for sensor, rows in comparisons.items()
        },
        slack=slack,
        slack_alone=slack_alone,
        function_words=roles,
        plain=frozenset().union(*(roles[role] for role in ("plain", "copulas", "articles", "of", "prepositions"))),
    )


def _topic(row: Mapping[str, Any]) -> Topic:
    ranges = {
        name: {measure: (float(low), float(high)) for measure, (low, high) in limits.items()}
        for names, limits in row["ranges"].items()
        for name in names.split(", ")
    }
    return Topic(row["code"], row["title"], tuple(row["shows"]), ranges)


def _reading(row: Mapping[str, Any], content: Mapping[str, Any]) -> Reading:
    return Reading(row["topic"], frozenset(row["own"]), row["reads"], _lexicon(content, row["words"], row["grammar"]))


def _lexicon(
    content: Mapping[str, Any], own_words: Mapping[str, Iterable[str]], own_grammar: Mapping[str, Iterable[str]]
) -> Lexicon[Roles]:
    """All phrases, of which those of a heading come first."""
    words: dict[Phrase, str] = {}
    subjects: dict[Phrase, str] = {}
    directions: dict[Phrase, str] = {}
    grammar: dict[Phrase, set[str]] = {}
    _enter(words, own_words)
    # A word that is neutral under a heading claims nothing there, whatever it does elsewhere.
    for rows in (content["grammar"], own_grammar):
        for role, entries in rows.items():
            for phrase in _phrases(entries) if role not in TOKEN_ROLES else ():
                grammar.setdefault(phrase, set()).add(role)
    _enter(words, content["words"])
    for phrase, roles in grammar.items():
        rough = "softeners" in roles and words.get(phrase) in ("hard", "sharp")
        if len(phrase) == 1 and ("negators" in roles or rough):
            # "hardly" is no adverb of "hard", nor "roughly" of "rough".
            words.pop(phrase, None)
    _enter(subjects, {name: topic["subjects"] for name, topic in content["topics"].items()})
    _enter(directions, content["directions"])
    found: dict[Phrase, Roles] = {}
    for phrase in {**words, **subjects, **directions, **grammar}:
        found[phrase] = Roles(
            words.get(phrase),
            _role(phrase, subjects) or (_inner(phrase, subjects) if phrase in words else None),
            _role(phrase, directions) or _role(phrase[:1], directions),
            frozenset(grammar.get(phrase, ())),
        )
    return Lexicon.of(found)


def _enter(into: dict[Phrase, str], rows: Mapping[str, Iterable[str]]) -> None:
    for name, entries in rows.items():
        for phrase in _phrases(entries):
            into.setdefault(phrase, name)


def _phrases(entries: Iterable[str]) -> Iterator[Phrase]:
    """Entries of a list as phrases, in all forms of a first word that is marked as a verb or an adjective."""
    for entry in entries:
        first, *rest = entry.split()
        word, _, kind = first.partition("+")
        for form in FORMS[kind](word):
            yield (form, *rest)


def _verb_forms(word: str) -> tuple[str, ...]:
    """As in slip, slips, slipped, slipping; irregular ones are written out in the file."""
    if word.endswith("e"):
        return word, f"{word}s", f"{word}d", f"{word[:-1]}ing"
    if re.search("[^aeiou]y$", word):
        return word, f"{word[:-1]}ies", f"{word[:-1]}ied", f"{word}ing"
    stem = word + word[-1] if re.fullmatch("[^aeiou]*[aeiou][^aeiouwxy]", word) else word
    return word, word + ("es" if re.search("(s|sh|ch|x|z|o)$", word) else "s"), f"{stem}ed", f"{stem}ing"


def _adjective_forms(word: str) -> tuple[str, ...]:
    """As in loose, loosely, looseness."""
    for end, adverb in (("ble", "bly"), ("ple", "ply"), ("tle", "tly"), ("ic", "ically"), ("y", "ily"), ("ll", "lly")):
        if word.endswith(end):
            return word, word.removesuffix(end) + adverb, (f"{word[:-1]}iness" if end == "y" else f"{word}ness")
    return word, f"{word}ly", f"{word}ness"


FORMS: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    "": lambda word: (word,),
    "v": _verb_forms,
    "a": _adjective_forms,
    "n": lambda word: (word, f"{word}s"),
}
"""Mark behind a word → its forms: a verb's, an adjective's, a noun's."""


def _role(phrase: Phrase, table: Mapping[Phrase, str]) -> str | None:
    """What a table says of a phrase, by itself or as one of the words that an entry with `*` stands for."""
    if phrase in table or len(phrase) > 1:
        return table.get(phrase)
    word = phrase[0].rstrip("*")
    return next((table[key] for size in range(len(word), 1, -1) if (key := (f"{word[:size]}*",)) in table), None)


def _inner(phrase: Phrase, subjects: Mapping[Phrase, str]) -> str | None:
    """The subject that a longer phrase begins or ends with, as in "heading stays"."""
    found = (subjects.get(phrase[:1]) or subjects.get(phrase[-1:])) if len(phrase) > 1 else None
    return None if found in ("movement", "posture") else found
