"""What a text claims about the movement: classes of words, said of subjects, clause by clause."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from lanhar.interpretation.filter.grammar import Grammar, Roles, Sensor
from lanhar.signals.table import Heading

_MARK = re.compile(r"\[[^\]\d]{0,20}\]|\*+|`|[\"“”]")
_SPOKEN = re.compile(r"\b(?:i\.e\.|e\.g\.|approx\.|vs\.|cf\.|resp\.)", re.IGNORECASE)
_TOKEN = re.compile(
    r"[a-z]+(?:'[a-z]+)?|(?P<number>(?<![a-z])[-+−±~≈]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?"
    r"\s*(?:m/s\^?[23]?|rad/s|°|deg(?:rees)?\b|1/s|(?:s|g)\b)?)"
    r"|=>|->|[%<>,:()→]|(?P<end>[.!?;\n]+)|\s-\s|[—–]"
)
_SAME = {"-": ",", "—": ",", "–": ",", "=>": "→", "->": "→"}
"""Tokens that mean the same as another."""
_BORDERS = frozenset(",:→()")
"""Tokens at which a clause ends."""
_AHEAD = 3
"""Words between an adjective and the noun that it stands before."""
_REACH = 7
"""Words from a negation to what it denies."""
_NUMBER_REACH = 3
"""Words from a verb to its own number: "drifting by only 0.2°"."""
_AMOUNTS = {
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

_VERBS = (
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
)
"""Classes with verbs that an adverb may follow: "follows loosely", "shifts imperceptibly"."""


@dataclass(frozen=True)
class Claim:
    """A class of words said of a topic.

    Attributes:
        topic: what it is said of.
        classes: what is said; one of them being true suffices ("moderate to strong").
        clause: the words around it.
        near: whether only the edge of the class is claimed ("almost flat").
    """

    topic: str
    classes: tuple[str, ...]
    clause: str
    near: bool = False


@dataclass(frozen=True)
class Comparison:
    """One direction said to be larger than another.

    Attributes:
        sensor: whose directions.
        larger: directions, one of which being the larger suffices.
        smaller: what it is compared with; None for all others.
        clause: the words around it.
    """

    sensor: Sensor
    larger: tuple[str, ...]
    smaller: str | None
    clause: str


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


def read_claims(text: str, heading: Heading, grammar: Grammar) -> Iterator[Claim | Comparison]:
    """What a text under a heading claims.

    Args:
        text: a conclusion, with or without numbers.
        heading: where it stands.
        grammar: from `load_grammar`.

    Yields:
        Claims and comparisons, sentence by sentence.
    """
    plain = _plain(text)
    for tokens in _sentences(plain):
        sentence = _Sentence(plain, tokens, heading, grammar)
        yield from sentence.claims()
        yield from sentence.absences()
        yield from sentence.comparisons()


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
    plain = _SPOKEN.sub(" ", plain)
    return plain if len(plain.lower()) == len(plain) else plain.lower()


class _Sentence:
    """A sentence's tokens and the phrases found among them."""

    def __init__(self, text: str, tokens: Sequence[re.Match[str]], heading: Heading, grammar: Grammar) -> None:
        self.text = text
        self.spans = tokens
        self.tokens = [_known(token) for token in tokens]
        self.heading = heading
        self.reading = grammar.headings[heading]
        self.grammar = grammar
        self.marks = self._find_marks()
        self.roles = frozenset().union(*(mark.roles.grammar for mark in self.marks))
        self.words = [i for i, mark in enumerate(self.marks) if mark.roles.word]
        self.runs = self._find_runs()
        self.trailing = self._find_trailing()

    def _find_marks(self) -> list[Mark]:
        """Phrases in order; brackets are clauses of their own, after which the clause around goes on."""
        marks: list[Mark] = []
        clause, count, around, denied, free = 0, 0, [], -1, 0
        found = {place: (size, roles) for place, size, roles in self.reading.lexicon.find(self.tokens)}
        for place, token in enumerate(self.tokens):
            if token in _BORDERS:
                if token == "(":
                    around.append(clause)
                count += token != ")"
                clause = (around.pop() if around else clause) if token == ")" else count
            if place < free or place not in found:
                continue
            size, roles = found[place]
            free = place + size
            if "breaks" in roles.grammar and not ("reports" in roles.grammar and denied == clause):
                count += 1
                clause = count
            if "negators" in roles.grammar:
                denied = clause
            marks.append(Mark(roles, place, free, clause))
        return marks

    def _find_runs(self) -> list[Run]:
        """Subjects; "rhythm of the vertical acceleration" is about the rhythm."""
        runs: list[Run] = []
        for mark in self.marks:
            named = mark.roles.subject
            if (named is None and not mark.has("ignored")) or (mark.roles.direction and mark.has("neutral")):
                continue
            if self._is_aside(mark.start, mark.clause):
                continue
            topic = self.reading.about(named) if named else None
            last = runs[-1] if runs else None
            if last and last.clause == mark.clause and last.end == mark.start:
                specific = last if topic == "movement" else Run(topic, named, 0, 0, 0)
                runs[-1] = Run(specific.topic, specific.named, last.start, mark.end, mark.clause)
            elif not (last and last.clause == mark.clause and self._belongs(last.end, mark.start)):
                runs.append(Run(topic, named, mark.start, mark.end, mark.clause))
        return runs

    def _belongs(self, end: int, start: int) -> bool:
        """Whether between two subjects stands "of the" or the like."""
        between = self.tokens[end:start]
        words = self.grammar.function_words
        return bool(between) and between[0] in words["of"] and all(word in words["articles"] for word in between[1:])

    def claims(self) -> Iterator[Claim]:
        """Words of claims with what they are said of."""
        words = [(i, self.marks[i]) for i in self.words if self._is_word(self.marks[i])]
        joined: dict[str, list[str]] = {}
        for at, (i, mark) in enumerate(words):
            if self._is_adverb(i) or self._trails(i) or self._is_standard(mark) or self._is_qualified(i):
                continue
            classes = [] if self._is_of_one_sensor(mark) else self._classes(i)
            topic = self._topic(mark, classes[0]) if classes else None
            if topic and self._is_left_open(mark, topic):
                topic = None
            if not classes or topic is None:
                joined = {}
                continue
            before = words[at - 1][1] if at else None
            linked = before is not None and self._linked(before, mark)
            if linked and topic in joined:
                classes = joined[topic] + classes
            following = words[at + 1][1] if at + 1 < len(words) else None
            joined = {topic: classes}
            if following is None or not self._linked(mark, following):
                yield Claim(topic, tuple(classes), self._quote(mark), self._is_near(mark))

    def _is_left_open(self, mark: Mark, topic: str) -> bool:
        """Whether the clause hedges, gives a number instead, or speaks of a total where the net turn is judged."""
        clause = [other for other in self.marks if other.clause == mark.clause and other != mark]
        if any(other.has("hedges") for other in clause) or self._is_aside(mark.start, mark.clause):
            return True
        if topic == "turning" and "totals" in self.roles and mark.roles.word not in ("left", "right"):
            return True
        return mark.roles.word in _VERBS and self._has_number(mark) and not any(m.has("raisers") for m in clause)

    def _is_aside(self, start: int, clause: int) -> bool:
        """Whether a place belongs to what is excepted or conceded: "apart from the turn", "despite strong swings"."""
        return "asides" in self.roles and any(
            other.has("asides") and other.clause == clause and 0 <= start - other.end <= _AHEAD for other in self.marks
        )

    def _has_number(self, mark: Mark) -> bool:
        """Whether a verb comes with its own number, beyond which it claims nothing: "drifting by 0.2°"."""
        words = self.tokens[mark.end : mark.end + _NUMBER_REACH]
        place = words.index("0") if "0" in words else -1
        return place > 0 and words[0] in ("by", "about", "around", "only", "just", "some", "roughly", "through")

    def _is_near(self, mark: Mark) -> bool:
        """Whether a particle before the word puts it at the edge of its class: "almost flat"."""
        return any(
            other.has("edges") and other.clause == mark.clause and 0 <= mark.start - other.end <= 1
            for other in self.marks
        )

    def _is_word(self, mark: Mark) -> bool:
        """Whether a phrase claims something; "still" does so only at the end of a clause."""
        if mark.roles.word is None or mark.has("neutral"):
            return False
        if mark.has("final") and not self._is_final(mark):
            return False
        if mark.roles.word in _AMOUNTS and self.tokens[mark.end : mark.end + 1] in (["that"], ["which"]):
            # "little that would count as vigorous"
            return False
        return not self._is_unreached(mark)

    def _is_of_one_sensor(self, mark: Mark) -> bool:
        """Whether a rhythm is that of the rotation alone, which is not measured."""
        return (
            self.heading == "Rhythm"
            and "rotation" in self.roles
            and any(m.has("rotation") and m.clause == mark.clause for m in self.marks)
        )

    def _is_final(self, mark: Mark) -> bool:
        """Whether "still" is what something is, not "all the same" or "as before"."""
        words = self.grammar.function_words
        ends = mark.end == len(self.tokens) or self.tokens[mark.end] in words["ends"]
        before = self.tokens[mark.start - 1] if mark.start else ""
        return ends and (before in words["copulas"] or before in words["raisers"] or before in words["before_final"])

    def _is_unreached(self, mark: Mark) -> bool:
        """Whether something falls short of the word, or is left open: "too weak to be regular", "whether it is"."""
        words = self.tokens[: mark.start]
        if "whether" in words:
            return True
        if "too" not in words and "enough" not in words:
            return False
        start = max(i for i, word in enumerate(words) if word in ("too", "enough"))
        # After "too" stands an adjective.
        return any(word in ("to", "for") for word in words[start + 1 + (words[start] == "too") :])

    def _linked(self, left: Mark, right: Mark) -> bool:
        """Whether two words share a place: "moderate to strong"."""
        between = self.tokens[left.end : right.start]
        amounts = left.roles.word in _AMOUNTS and right.roles.word in _AMOUNTS
        return 0 < len(between) <= 2 and (between[0] == "or" or (between[0] == "to" and amounts))

    def _is_adverb(self, i: int) -> bool:
        """Whether the word only grades the next one."""
        mark = self.marks[i]
        following = self.marks[i + 1] if i + 1 < len(self.marks) else None
        if following is None or following.start != mark.end or following.clause != mark.clause:
            return False
        if following.has("greater") or following.has("lesser"):
            # "moderately above the median" grades the comparison.
            return mark.end - mark.start == 1 and (
                mark.roles.word in _AMOUNTS or self.tokens[mark.start].endswith("ly")
            )
        if following.roles.word is None or following.has("neutral"):
            return False
        return mark.has("raisers") or mark.has("softeners") or self._grades(mark)

    def _is_standard(self, mark: Mark) -> bool:
        """Whether something is only compared with what the word describes: "far above those of gentle motion"."""
        return not self.roles.isdisjoint(("than", "verbs")) and any(
            (other.has("than") or other.has("verbs")) and other.clause == mark.clause and other.end <= mark.start
            for other in self.marks
        )

    def _is_qualified(self, i: int) -> bool:
        """Whether another word of the clause decides, as in "rhythmic activity is not evident"."""
        mark = self.marks[i]
        if len(self.words) < 2:
            return False
        others = [j for j in self.words if j != i and self.marks[j].clause == mark.clause]
        if mark.roles.word in ("present", "marked"):
            return any(
                self.marks[j].roles.word in ("minimal", "weak", "mild")
                or (j < i and self.marks[j].roles.word not in _AMOUNTS and self._denials(self.marks[j]))
                for j in others
            )
        later = [j for j in others if j > i + 1]
        return any(
            self.marks[j].roles.word == "none"
            or (self.marks[j].roles.word in ("present", "marked") and self.marks[j - 1].has("negators"))
            for j in later
        )

    def _trails(self, i: int) -> bool:
        """Whether the word grades a verb before it: "follows only loosely"."""
        mark = self.marks[i]
        if i in self.trailing.values():
            return True
        swallowed = self._grades(mark) or (mark.roles.word == "exact" and self._denials(mark))
        return bool(swallowed) and any(
            self._is_word(other) and other.clause == mark.clause and 0 <= mark.start - other.end <= _AHEAD
            for other in self.marks[:i]
        )

    def _find_trailing(self) -> dict[int, int]:
        """Place of a verb → place of the adverb after it in its clause that grades it."""
        found: dict[int, int] = {}
        for i, j in pairwise(self.words):
            verb, adverb = self.marks[i], self.marks[j]
            graded = verb.roles.word in _VERBS and adverb.clause == verb.clause and self._grades(adverb)
            if graded and not self._is_adverb(j):
                found[i] = j
        return found

    def _grades(self, mark: Mark) -> bool:
        last = self.tokens[mark.end - 1]
        return mark.roles.word in _AMOUNTS and (last.endswith("ly") or last in ("well", "little", "any", "no"))

    def _classes(self, i: int) -> list[str]:
        """The word's class after its adverbs and negations; none where these leave no claim."""
        changes = self.grammar.changes
        mark = self.marks[i]
        name: str | None = mark.roles.word
        denied = 0
        softened = False
        j = i - 1
        while j >= 0 and self.marks[j].clause == mark.clause and self.marks[j].end == self.marks[j + 1].start:
            adverb = self.marks[j]
            graded = _AMOUNTS.get(adverb.roles.word or "") if self._grades(adverb) else None
            if adverb.has("softeners") or graded == "softened":
                softened = True
            elif adverb.has("raisers") or graded == "raised":
                name = changes["raised"].get(name, name) if name else None
            elif graded == "denied":
                denied += 1
            elif not adverb.has("negators"):
                break
            j -= 1
        trailing = self.marks[self.trailing[i]] if i in self.trailing else None
        effect = _AMOUNTS.get(trailing.roles.word or "") if trailing else None
        denied += effect == "denied"
        softened = softened or effect == "softened"
        if trailing and trailing.roles.word in ("strong", "extreme") and name:
            name = changes["raised"].get(name, name)
        denied += sum(
            other.has("negators") and other.clause == mark.clause and 0 <= mark.start - other.end <= _REACH
            for other in self.marks[:i]
        )
        softened = softened or self._softened_after(i)
        if name is None or denied > 1:
            return []
        if denied and name in ("weak", "minimal", "none") and self._is_neither(mark):
            return []
        if denied and "either" in self.tokens[mark.end :]:
            # "not calm, but not vigorous either"
            return []
        if denied and name in ("weak", "minimal", "mild", "soft") and i and self.marks[i - 1].has("nearly"):
            # "barely faint" is the lower edge of faint.
            return ["minimal", "weak"]
        if denied:
            name = changes["denied"].get(name)
            if name == "weak" and mark.roles.word == "present" and i and self.marks[i - 1].has("nearly"):
                name = "minimal"
            return [name, "mild"] if name == "weak" else [name] if name else []
        if softened:
            milder = changes["softened"].get(name)
            return [name, milder] if milder else [name]
        return [name]

    def _softened_after(self, i: int) -> bool:
        """Whether a verb's adverb follows it: "tips slightly"."""
        mark, after = self.marks[i], self.marks[i + 1 : i + 2]
        near = bool(after) and after[0].clause == mark.clause and after[0].start - mark.end <= 1
        return near and mark.roles.word in _VERBS and after[0].has("softeners")

    def _is_neither(self, mark: Mark) -> bool:
        """Whether both ends are denied, which leaves open what is between or below."""
        return any(token in ("neither", "nor") for token in self.tokens[: mark.start])

    def _topic(self, mark: Mark, name: str) -> str | None:
        """What a class is said of: the noun after it, the subject before it, the heading, or what it belongs to."""
        if name in _AMOUNTS and self._is_attribute(mark):
            return None
        for run in self._candidates(mark):
            topic = run.topic
            if topic is None:
                elsewhere = run.named and self.grammar.limits(run.named, name)
                if elsewhere or name in _AMOUNTS or self.grammar.homes.get(name) == "movement":
                    return None
                continue
            if topic in ("vertical_part", "horizontal_part") and (
                self._sensor(mark) == "gyro" or self._is_static(mark)
            ):
                if name in _AMOUNTS:
                    return None
                continue
            if self.grammar.limits(topic, name) is not None:
                return topic
        default = self.reading.topic
        if default == "balance" and name == "equal":
            return self._balance(mark)
        if self.grammar.limits(default, name) is not None:
            return default
        home = self.grammar.homes.get(name)
        return self.reading.about(home) if home else None

    def _is_attribute(self, mark: Mark) -> bool:
        """Whether the word stands before a noun that means nothing here: "a weak second hump"."""
        if mark.end == len(self.tokens) or mark.end - mark.start > 1 or self._predicate(mark):
            return False
        following = self.tokens[mark.end]
        words = self.grammar.function_words
        if not following.isalpha() or following in words["prepositions"] or following in words["transparent"]:
            return False
        return not any(0 <= other.start - mark.end <= _AHEAD and other.clause == mark.clause for other in self.marks)

    def _balance(self, mark: Mark) -> str | None:
        """Whose split is called even; unclear where single axes are named, or no directions at all."""
        if any(other.roles.direction in ("x", "y") for other in self.marks):
            return None
        named = any(other.roles.direction for other in self.marks) or "rotation" in self.roles
        if not named and "balances" not in mark.roles.grammar:
            return None
        return "balance" if self._sensor(mark) == "acc" else "turning_balance"

    def _candidates(self, mark: Mark) -> list[Run]:
        same = [run for run in self.runs if run.clause == mark.clause]
        before = [run for run in same if run.end <= mark.start][::-1]
        after = [run for run in same if run.start >= mark.end and not self._copula(mark.end, run.start)]
        inside = [run for run in same if run.start == mark.start]
        if inside and mark.roles.subject:
            return inside[:1]
        near = [run for run in after if run.start - mark.end <= _AHEAD]
        quantified = self.tokens[mark.end - 1] in ("no", "any") and near and near[0].start == mark.end
        if quantified and near[0].named != "movement":
            return near[:1]
        if self._is_listed(mark):
            return [run for run in self.runs if 0 <= run.start - mark.end <= _AHEAD][:1]
        chosen = before if self._predicate(mark) and before else [*near[:1], *before, *after]
        if not same:
            earlier = [run for run in self.runs if run.clause < mark.clause and run.end <= mark.start][::-1]
            later = [run for run in self.runs if run.start > mark.end + 1 and self._coordinated(mark.end, run.start)]
            chosen = [*earlier[:1], *later[:1]]
        return chosen

    def _is_listed(self, mark: Mark) -> bool:
        """Whether the word is the first of several before a noun: "a weak, rounded signal"."""
        before, after = self.tokens[mark.start - 1 : mark.start], self.tokens[mark.end : mark.end + 1]
        return (
            before in (["a"], ["an"])
            and after == [","]
            and any(other.start == mark.end + 1 and other.roles.word for other in self.marks)
        )

    def _predicate(self, mark: Mark) -> bool:
        """Whether "is" or the like stands before the word, adverbs between them aside."""
        copulas = self.grammar.function_words["copulas"]
        for token in self.tokens[max(0, mark.start - 3) : mark.start][::-1]:
            if token in copulas:
                return True
            if token in ("at", "with", "by", "for", "from", "without", "in", "of"):
                return False
        return False

    def _copula(self, start: int, end: int) -> bool:
        copulas = self.grammar.function_words["copulas"]
        return any(token in copulas for token in self.tokens[start:end])

    def _coordinated(self, end: int, start: int) -> bool:
        between = self.tokens[end:start]
        return 0 < len(between) <= _AHEAD and between[0] in ("and", "or", ",") and "but" not in between

    def absences(self) -> Iterator[Claim]:
        """Subjects that are said to be missing: "no rhythm", "without drift"."""
        for i, mark in enumerate(self.marks if "absences" in self.roles else ()):
            if not mark.has("absences"):
                continue
            rest = [other for other in self.marks[i + 1 :] if other.clause == mark.clause]
            found = next((other.end for other in rest if other.has("finds")), None)
            if found is None and self.tokens[mark.start] == "neither":
                continue
            start = found or mark.end
            run = next((run for run in self.runs if run.clause == mark.clause and run.start >= start), None)
            if run is None or run.topic is None or run.start - start > _AHEAD or self._is_of_one_sensor(mark):
                continue
            if any(token in ("between", "among", "about", "for") for token in self.tokens[start : run.start]):
                continue
            # An adjective or a comparison is denied, not the subject.
            if any(other.roles.word or other.has("greater") or other.has("lesser") for other in rest):
                continue
            direct = run.start == mark.end
            if (direct or not mark.has("direct")) and self.grammar.limits(run.topic, "none") is not None:
                yield Claim(run.topic, ("none",), self._quote(mark))

    def comparisons(self) -> Iterator[Claim | Comparison]:
        """Directions or bands of which one is said to be the larger, or the largest."""
        if self.heading not in ("Strength", "Axis dominance", "Shape"):
            return
        handled: set[int] = set()
        compares = not self.roles.isdisjoint(("greater", "lesser"))
        for i, mark in enumerate(self.marks if compares else ()):
            if mark.has("greater") or mark.has("lesser"):
                found = self._compared(i)
                if found is not None:
                    handled.add(mark.clause)
                    handled.update(other.clause for other in self.marks[i:] if other.has("than"))
                    yield found
        dominance = {"dominates", "mainly", "yields", "verbs"}
        for i, mark in enumerate(self.marks if self.roles & dominance else ()):
            if mark.clause not in handled and mark.roles.grammar & dominance:
                yield from self._dominance(i)
        yield from self._predicate_direction(handled)

    def _compared(self, i: int) -> Claim | Comparison | None:
        mark = self.marks[i]
        directed = [(j, other) for j, other in enumerate(self.marks) if self._side(other)]
        than = next((other for other in self.marks[i + 1 :] if other.has("than")), None)
        if than is None and not mark.has("verbs"):
            return self._larger(mark)
        border = mark if than is None else than
        rights = [other for _, other in directed if other.start >= border.end and other.start - border.end <= 5]
        between = [other for _, other in directed if mark.end <= other.start < border.start]
        lefts = [other for _, other in directed if other.end <= mark.start]
        if not rights and self.heading == "Shape" and than and border.end < len(self.tokens):
            return self._compared_bands(mark, self.tokens[border.end])
        if not rights or not (between or lefts) or self._denials(mark) or self._is_static(mark):
            return None
        left, right = self._side(between[0] if between else lefts[-1]), self._side(rights[0])
        if left == right or left is None or right is None:
            return None
        larger, smaller = (left, right) if mark.has("greater") else (right, left)
        if {larger, smaller} == {"high_freq", "low_freq"}:
            return Claim(larger, ("dominant",), self._quote(mark)) if self.heading == "Shape" else None
        if "high_freq" in (larger, smaller) or "low_freq" in (larger, smaller):
            return None
        if self.heading not in ("Strength", "Axis dominance"):
            return None
        return Comparison(self._sensor(mark), (larger,), smaller, self._quote(mark))

    def _larger(self, mark: Mark) -> Comparison | None:
        """As in "the horizontal component is larger"."""
        ends = mark.end == len(self.tokens) or self.tokens[mark.end] in self.grammar.function_words["ends"]
        clause = [other for other in self.marks if other.clause == mark.clause]
        sides = [other.roles.direction for other in clause if other.roles.direction and other.end <= mark.start]
        if self.heading != "Axis dominance" or not ends or not self._predicate(mark) or len(sides) != 1:
            return None
        if any(other.has("parts") or other.has("negators") for other in clause) or self._is_static(mark):
            return None
        side = (sides[0],) if mark.has("greater") else other_directions((sides[0],))
        return Comparison(self._sensor(mark), side, None if mark.has("greater") else sides[0], self._quote(mark))

    def _compared_bands(self, mark: Mark, other: str) -> Claim | None:
        """As in "more energy above 3 Hz than below"."""
        if other not in ("above", "below") or self._denials(mark):
            return None
        larger = "high_freq" if (other == "below") == mark.has("greater") else "low_freq"
        return Claim(larger, ("dominant",), self._quote(mark))

    def _side(self, mark: Mark) -> str | None:
        """The direction, or in a Shape section the band, that a phrase names."""
        if mark.roles.subject in ("high_freq", "low_freq") and self.heading == "Shape":
            return mark.roles.subject
        if self.heading == "Shape" and mark.roles.word in ("slow", "fast"):
            return "low_freq" if mark.roles.word == "slow" else "high_freq"
        return mark.roles.direction

    def _dominance(self, i: int) -> Iterator[Claim | Comparison]:
        mark = self.marks[i]
        sides = [other for other in self.marks if other.clause == mark.clause and self._side(other)]
        after = [other for other in sides if 0 <= other.start - mark.end <= 5]
        before = [other for other in sides if 0 <= mark.start - other.end <= 5]
        verb = mark.has("dominates") or mark.has("yields") or mark.has("verbs")
        chosen = after[:1] or (before[-1:] if verb else [])
        if verb and (before or mark.has("verbs")) and not mark.has("mainly"):
            chosen = before[-1:]
        if not chosen:
            return
        yield from self._largest(chosen[0], mark)

    def _largest(self, chosen: Mark, mark: Mark) -> Iterator[Claim | Comparison]:
        side = self._side(chosen)
        if side in ("high_freq", "low_freq"):
            if not self._denials(mark):
                yield Claim(side, ("dominant",), self._quote(mark))
        elif side and self.heading in ("Strength", "Axis dominance") and not self._is_static(chosen):
            sensor, together = self._sensor(mark), self._together(chosen)
            denials = self._denials(max(mark, chosen, key=lambda other: other.start))
            if denials > 1 or (denials and mark.has("yields")):
                return
            if mark.has("yields") or denials:
                yield Comparison(sensor, other_directions(together), together[0], self._quote(mark))
                return
            yield Comparison(sensor, together, None, self._quote(mark))
            alone = any(other.has("solely") for other in self.marks if other.clause == mark.clause)
            if alone and sensor == "acc" and together in (("vertical",), ("horizontal",)):
                yield Claim(together[0], ("sole",), self._quote(mark))

    def _predicate_direction(self, handled: set[int]) -> Iterator[Comparison]:
        """Directions said of the whole movement, as in "the motion is horizontal" under the heading of axes."""
        if self.heading != "Axis dominance":
            return
        for i, mark in enumerate(self.marks):
            side, before = mark.roles.direction, self.marks[i - 1] if i else None
            if side not in ("vertical", "horizontal") or mark.clause in handled or self._is_static(mark):
                continue
            alone = mark.end == len(self.tokens) or self.tokens[mark.end] == ":"
            if side and self._is_turning_about(mark):
                turned = (side,) if not self._denials(mark) else other_directions((side,))
                yield Comparison("gyro", turned, side if self._denials(mark) else None, self._quote(mark))
                continue
            if mark.start == 0 and mark.end == 1 and alone:
                yield Comparison("acc", (side,), None, self._quote(mark))
            if before is None:
                continue
            clause = [other for other in self.marks if other.clause == mark.clause]
            if not before.has("copulas") or before.end != mark.start or any(other.has("parts") for other in clause):
                continue
            last = all(other.end <= mark.end or not (other.roles.word or other.roles.direction) for other in clause)
            if last and not any(other.has("negators") for other in clause):
                yield Comparison(self._sensor(mark), (side,), None, self._quote(mark))

    def _is_turning_about(self, mark: Mark) -> bool:
        """Whether the rotation is said to be about a direction: "the rotation is hardly ever about the vertical"."""
        clause = [other for other in self.marks if other.clause == mark.clause]
        about = next((i for i in range(mark.start - 1, max(-1, mark.start - 4), -1) if self.tokens[i] == "about"), None)
        if about is None or not self._copula(max(0, about - 3), about) or len(self._together(mark)) > 1:
            return False
        graded = {"parts", "mainly", "dominates", "yields", "verbs"}
        roles = frozenset().union(*(other.roles.grammar for other in clause))
        return "rotation" in roles and not roles & graded

    def _together(self, mark: Mark) -> tuple[str, ...]:
        """A direction and those joined to it: "x and z"."""
        joined = [mark]
        for other in self.marks[self.marks.index(mark) + 1 :]:
            gap = self.tokens[joined[-1].end : other.start]
            if other.roles.direction and len(gap) <= 3 and all(w in self.grammar.joiners for w in gap):
                joined.append(other)
        for other in self.marks[: self.marks.index(mark)][::-1]:
            gap = self.tokens[other.end : joined[0].start]
            if other.roles.direction and len(gap) <= 3 and all(w in self.grammar.joiners for w in gap):
                joined.insert(0, other)
        return tuple(side for side in (other.roles.direction for other in joined) if side)

    def _sensor(self, mark: Mark) -> Sensor:
        """Gyroscope where the clause, or else the last clause that says so, speaks of rotation."""
        clause = [other for other in self.marks if other.clause == mark.clause]
        if any(other.has("rotation") for other in clause):
            return "gyro"
        if any(other.roles.subject == "movement" for other in clause):
            return "acc"
        turned = any(other.roles.direction and self._turned(other) for other in clause)
        return "gyro" if turned or any(m.has("rotation") and m.start < mark.start for m in self.marks) else "acc"

    def _turned(self, direction: Mark) -> bool:
        """Whether something goes about a direction, not along it."""
        before = self.tokens[max(0, direction.start - 2) : direction.start]
        return "about" in before or "around" in before

    def _denials(self, mark: Mark) -> int:
        if "negators" not in self.roles:
            return 0
        return sum(m.has("negators") and m.clause == mark.clause and m.end <= mark.start for m in self.marks)

    def _is_static(self, mark: Mark) -> bool:
        """Whether a clause or what it is compared with is about gravity, means or ranges, which follow no movement."""
        if "about" not in self.roles:
            return False
        return any(m.has("about") and mark.clause <= m.clause <= mark.clause + 1 for m in self.marks)

    def _quote(self, mark: Mark) -> str:
        """The text around a phrase as it was written."""
        shown = self.spans[max(0, mark.start - 5) : mark.end + 6]
        return " ".join(self.text[shown[0].start() : shown[-1].end()].split())


def other_directions(sides: tuple[str, ...]) -> tuple[str, ...]:
    """Directions beside these: the other of two, or the other axes."""
    if sides[0] in ("vertical", "horizontal"):
        return ("horizontal" if sides[0] == "vertical" else "vertical",)
    return tuple(axis for axis in "xyz" if axis not in sides)
