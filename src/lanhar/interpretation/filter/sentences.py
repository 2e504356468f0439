"""Sentences of a conclusion as phrases of the grammar, in clauses."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from lanhar.interpretation.filter.grammar import Grammar, Roles, Sensor
from lanhar.signals.table import Heading

_MARK = re.compile(r"\[[^\]\d]{0,20}\]|\*+|`|[\"“”]")
_SPOKEN = re.compile(r"\b(?:i\.e\.|e\.g\.|approx\.|vs\.|cf\.|resp\.)", re.IGNORECASE)
_INSERTED = re.compile(
    r", (?:however|though|too|in turn|by contrast|in contrast|on the other hand|therefore|thus|indeed|in fact|of course"
    r"|accordingly|likewise|meanwhile|again|for its part|by comparison|moreover|in particular|as a whole|overall),",
    re.IGNORECASE,
)
"""Between commas, these part no clause."""
_TOKEN = re.compile(
    r"[a-z]+(?:'[a-z]+)?|(?P<number>(?<![a-z])[-+−±~≈]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?"
    r"(?: *(?:m/s\^?[23]?|rad/s|°|deg(?:rees)?\b|1/s|(?:s|g)\b))?)"
    r"|=>|->|[%<>,:()→]|(?P<end>[.!?;\n]+)|\s-\s|[—–]"
)
_SAME = {"-": ",", "—": ",", "–": ",", "=>": "→", "->": "→"}
"""Tokens that mean the same as another."""
_BORDERS = frozenset(",:→()")
"""Tokens at which a clause ends."""
_TRANSLATION = frozenset({"acceleration", "accelerations", "translation", "movement", "motion"})
"""Words for what the accelerometer measures."""
AHEAD = 3
"""Words between an adjective and the noun that it stands before."""
_DENIALS = frozenset({"no", "nothing", "none", "not", "never", "without", "hardly", "barely", "scarcely", "neither"})
"""Words with which a phrase denies by itself: "and nothing repeats"."""
_BETWEEN = 4
"""Words from "between" to the "and" that belongs to it."""
AMOUNTS = {
    "none": "denied",
    "minimal": "denied",
    "weak": "denied",
    "uncoupled": "denied",
    "mild": "softened",
    "moderate": "softened",
    "present": "raised",
    "marked": "raised",
    "strong": "raised",
    "extreme": "raised",
}
"""What an adverb of amount does to the word after it."""
VERBS = (
    "coupled",
    "regular",
    "exact",
    "recurring",
    "unstable",
    "moves",
    "active_some",
    "tipping",
    "swaying",
    "turned",
    "active",
    "unequal",
    "irregular",
)
"""Classes with verbs that an adverb may follow: "follows loosely", "shifts imperceptibly"."""


class Mark(NamedTuple):
    """A phrase of a sentence: its roles, its tokens from `start` to before `end`, and the clause it stands in."""

    roles: Roles
    start: int
    end: int
    clause: int

    def has(self, role: str) -> bool:
        """Whether the grammar gives the phrase this role."""
        return role in self.roles.grammar


class Run(NamedTuple):
    """Subjects side by side, such as "vertical impact".

    Attributes:
        topic: of the last that is specific; None where the heading does not judge it.
        named: the same before the heading is asked.
        start: its first token.
        end: the token after it.
        clause: where it stands.
    """

    topic: str | None
    named: str | None
    start: int
    end: int
    clause: int


def read_sentences(text: str, heading: Heading, grammar: Grammar) -> Iterator["Sentence"]:
    """The sentences of a text under a heading, read with its grammar."""
    plain = _plain(text)
    for tokens in _sentences(plain):
        yield Sentence(plain, tokens, heading, grammar)


def _sentences(text: str) -> Iterator[list[re.Match[str]]]:
    """Sentences of a text without marks, as matches of tokens."""
    tokens: list[re.Match[str]] = []
    for match in _TOKEN.finditer(text.lower()):
        if match.lastgroup != "end":
            tokens.append(match)
        elif tokens:
            yield tokens
            tokens = []
    if tokens:
        yield tokens


def _known(match: re.Match[str]) -> str:
    """A token as the grammar knows it, all numbers being "0"."""
    word = match.group()
    return word if word.isalpha() else "0" if match.lastgroup == "number" else _SAME.get(word.strip(), word)


def _plain(text: str) -> str:
    """A text with neither marks nor letters that change their number with their case."""
    plain = unicodedata.normalize("NFKC", _MARK.sub(" ", text)).replace("’", "'").replace("_", " ")
    plain = _INSERTED.sub(" ", _SPOKEN.sub(" ", plain))
    return plain if len(plain.lower()) == len(plain) else plain.lower()


class Sentence:
    """A sentence's tokens and the phrases found among them.

    Attributes:
        tokens: words and signs as the grammar knows them, all numbers being "0".
        marks: phrases in order.
        runs: subjects in order.
        words: places in `marks` of words that claim something.
        roles: all roles that any phrase has.
        conceded: clauses that grant something: "despite the clear beat".
        trailing: place of a verb → place of the adverb after it that grades it.
        strange: clauses with words that the grammar does not know.
        subjects: place of a phrase → what it may be said of, kept by `topics` for the next question about it.
    """

    def __init__(self, text: str, tokens: Sequence[re.Match[str]], heading: Heading, grammar: Grammar) -> None:
        self.text = text
        self.spans = tokens
        self.tokens = [_known(token) for token in tokens]
        self.heading = heading
        self.reading = grammar.headings[heading]
        self.grammar = grammar
        self.marks, self.strange = self._find_marks()
        self.roles = frozenset().union(*(mark.roles.grammar for mark in self.marks))
        self.words = [i for i, mark in enumerate(self.marks) if mark.roles.word]
        self.conceded = {mark.clause for mark in self.marks if mark.has("concessions")}
        self.runs = self._find_runs()
        self.trailing = self._find_trailing()
        self.subjects: dict[int, list[Run]] = {}

    def _find_marks(self) -> tuple[list[Mark], frozenset[int]]:
        """Phrases in order, and clauses with unknown words.

        Brackets are clauses of their own, after which the clause around goes on.
        """
        marks: list[Mark] = []
        strange: set[int] = set()
        plain = self.grammar.plain
        clause, count, around, denied, free = 0, 0, [], -1, 0
        found = {place: (size, roles) for place, size, roles in self.reading.lexicon.find(self.tokens)}
        for place, token in enumerate(self.tokens):
            if token in _BORDERS:
                if token == "(":
                    around.append(clause)
                count += token != ")"
                clause = (around.pop() if around else clause) if token == ")" else count
            if token == "that" and "so" in self.tokens[max(0, place - AHEAD) : place]:
                # "so faint that it hardly leaves the noise"
                count += 1
                clause = count
            if place < free:
                continue
            if place not in found:
                if token not in plain and token.isalpha():
                    strange.add(clause)
                continue
            size, roles = found[place]
            free = place + size
            if "skipped" in roles.grammar:
                continue
            if "breaks" in roles.grammar and not (
                ("reports" in roles.grammar and denied == clause)
                or self._joins_words(marks, found, place)
                or self._is_between(place)
                or self._grades_next(found, place)
                or self._joins_directions(marks, found, place)
            ):
                count += 1
                clause = count
            if "negators" in roles.grammar:
                denied = clause
            marks.append(Mark(roles, place, free, clause))
        return marks, frozenset(strange)

    def _joins_words(self, marks: Sequence[Mark], found: Mapping[int, tuple[int, Roles]], place: int) -> bool:
        """Whether "and" or the like stands between two adjectives: "a large and steady turn"."""
        if self.tokens[place] not in ("and", "but", "yet") or not marks or place + 1 not in found:
            return False
        before, after = marks[-1], found[place + 1][1]
        if self.tokens[place] == "but" and any(m.has("negators") and m.clause == before.clause for m in marks):
            # "not fixed but swaying"
            return False
        if self.tokens[place + 1] in _DENIALS:
            # "no rhythm exists and nothing repeats"
            return False
        return before.end == place and before.roles.word is not None and after.word is not None

    def _grades_next(self, found: Mapping[int, tuple[int, Roles]], place: int) -> bool:
        """Whether "so" belongs to the adjective after it: "so faint that it leaves no trace"."""
        size, roles = found.get(place + 1, (0, None))
        graded = roles is not None and roles.word is not None
        return self.tokens[place] == "so" and graded and self.tokens[place + 1 + size : place + 2 + size] == ["that"]

    def _joins_directions(self, marks: Sequence[Mark], found: Mapping[int, tuple[int, Roles]], place: int) -> bool:
        """Whether "and" stands between two directions: "vertical and horizontal acceleration"."""
        if self.tokens[place] not in ("and", "as") or not marks or marks[-1].end != place:
            return False
        after = next((found[i][1] for i in range(place + 1, place + 4) if i in found and found[i][1].direction), None)
        return after is not None and same_sides(marks[-1].roles.direction, after.direction)

    def _is_between(self, place: int) -> bool:
        """Whether "and" only joins two nouns: "between rotation and acceleration"."""
        return self.tokens[place] == "and" and any(
            word in ("between", "both") for word in self.tokens[max(0, place - _BETWEEN) : place]
        )

    def _find_runs(self) -> list[Run]:
        """Subjects; "rhythm of the vertical acceleration" is about the rhythm."""
        runs: list[Run] = []
        for mark in self.marks:
            named = mark.roles.subject
            if (named is None and not mark.has("ignored")) or (mark.roles.direction and mark.has("neutral")):
                continue
            if self.tokens[mark.start] == "range" and "in" in self.tokens[max(0, mark.start - 4) : mark.start]:
                # "in the moderate range"
                continue
            if self.is_aside(mark.start, mark.clause):
                continue
            topic = self._about(named, mark.clause) if named else None
            last = runs[-1] if runs else None
            if last and last.clause == mark.clause and last.end == mark.start:
                # "tilt change" is about the tilt.
                general = named == "movement" or (named == "posture" and last.topic is not None)
                specific = last if general else Run(topic, named, 0, 0, 0)
                runs[-1] = Run(specific.topic, specific.named, last.start, mark.end, mark.clause)
            elif not (last and last.clause == mark.clause and self._belongs(last.end, mark.start)):
                runs.append(Run(topic, named, mark.start, mark.end, mark.clause))
        return runs

    def _about(self, named: str, clause: int) -> str | None:
        """The topic of a subject; a concession is about nothing that the heading does not judge by that name."""
        topic = self.reading.about(named)
        return topic if topic == named or clause not in self.conceded else None

    def _belongs(self, end: int, start: int) -> bool:
        """Whether between two subjects stands "of the" or the like."""
        between = self.tokens[end:start]
        words = self.grammar.function_words
        return bool(between) and between[0] in words["of"] and all(word in words["articles"] for word in between[1:])

    def is_aside(self, start: int, clause: int) -> bool:
        """Whether a place belongs to what is excepted or conceded: "apart from the turn", "despite strong swings"."""
        return "asides" in self.roles and any(
            other.has("asides") and other.clause == clause and 0 <= start - other.end <= AHEAD for other in self.marks
        )

    def is_adverb(self, i: int) -> bool:
        """Whether the word only grades the next one."""
        mark = self.marks[i]
        following = self.marks[i + 1] if i + 1 < len(self.marks) else None
        if following is None or following.start != mark.end or following.clause != mark.clause:
            return False
        if following.has("greater") or following.has("lesser"):
            # "moderately above the median" grades the comparison.
            return mark.end - mark.start == 1 and (mark.roles.word in AMOUNTS or self.tokens[mark.start].endswith("ly"))
        if following.roles.word is None or following.has("neutral"):
            return False
        return mark.has("raisers") or mark.has("softeners") or self.grades(mark)

    def _find_trailing(self) -> dict[int, int]:
        """Place of a verb → place of the adverb after it in its clause that grades it."""
        found: dict[int, int] = {}
        for i, j in pairwise(self.words):
            verb, adverb = self.marks[i], self.marks[j]
            graded = verb.roles.word in VERBS and adverb.clause == verb.clause and self.grades(adverb)
            if graded and not self.is_adverb(j):
                found[i] = j
        return found

    def grades(self, mark: Mark) -> bool:
        """Whether a word of amount is an adverb."""
        last = self.tokens[mark.end - 1]
        return mark.roles.word in AMOUNTS and (
            last.endswith("ly") or last in ("well", "little", "any", "no", "nothing", "all")
        )

    def is_predicate(self, mark: Mark) -> bool:
        """Whether "is" or the like stands before the word, adverbs between them aside."""
        copulas = self.grammar.function_words["copulas"]
        for token in self.tokens[max(0, mark.start - 3) : mark.start][::-1]:
            if token in copulas:
                return True
            if token in ("at", "with", "by", "for", "from", "without", "in", "of"):
                return False
        return False

    def has_copula(self, start: int, end: int) -> bool:
        """Whether "is" or the like stands between two places."""
        copulas = self.grammar.function_words["copulas"]
        return any(token in copulas for token in self.tokens[start:end])

    def denials(self, mark: Mark) -> int:
        """Negations before a phrase in its clause."""
        if "negators" not in self.roles:
            return 0
        return sum(m.has("negators") and m.clause == mark.clause and m.end <= mark.start for m in self.marks)

    def sensor(self, mark: Mark) -> Sensor:
        """Gyroscope where the clause, or else the last clause that says so, speaks of rotation."""
        clause = [other for other in self.marks if other.clause == mark.clause]
        named = any(word.startswith("rotation") for word in self.tokens[mark.start : mark.end])
        if named or any(other.has("rotation") for other in clause):
            return "gyro"
        words = {word for other in clause for word in self.tokens[other.start : other.end]}
        if not _TRANSLATION.isdisjoint(words):
            return "acc"
        if any(other.roles.direction and self._turned(other) for other in clause):
            return "gyro"
        if any(other.roles.subject == "movement" for other in clause):
            return "acc"
        return "gyro" if any(m.has("rotation") and m.start < mark.start for m in self.marks) else "acc"

    def names_sensor(self, mark: Mark) -> bool:
        """Whether words up to a phrase say which sensor is meant; what is "along" an axis is translation."""
        before = self.tokens[: mark.end]
        return self.sensor(mark) == "gyro" or "along" in before or not _TRANSLATION.isdisjoint(before)

    def _turned(self, direction: Mark) -> bool:
        """Whether something goes about a direction, not along it."""
        before = self.tokens[max(0, direction.start - 2) : direction.start]
        return "about" in before or "around" in before

    def is_static(self, mark: Mark) -> bool:
        """Whether a clause or what it is compared with is about gravity, means or ranges, which follow no movement."""
        if "about" not in self.roles:
            return False
        return any(m.has("about") and mark.clause <= m.clause <= mark.clause + 1 for m in self.marks)

    def quote(self, mark: Mark) -> str:
        """The text around a phrase as it was written."""
        shown = self.spans[max(0, mark.start - 5) : mark.end + 6]
        return " ".join(self.text[shown[0].start() : shown[-1].end()].split())


def same_sides(left: str | None, right: str | None) -> bool:
    """Whether both are axes, or both are directions."""
    return left is not None and right is not None and (left in tuple("xyz")) == (right in tuple("xyz"))
