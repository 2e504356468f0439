"""What a text claims about the movement: classes of words, said of subjects, clause by clause."""

from collections.abc import Iterable, Iterator

from lanhar.interpretation.filter.comparisons import comparisons
from lanhar.interpretation.filter.degrees import classes_of, is_word, trails
from lanhar.interpretation.filter.grammar import Grammar
from lanhar.interpretation.filter.sentences import AHEAD, AMOUNTS, VERBS, Mark, Run, Sentence, read_sentences
from lanhar.interpretation.filter.statements import Claim, Comparison
from lanhar.interpretation.filter.topics import is_bound, named_of, topic_of
from lanhar.signals.table import Heading

_COUPLING = frozenset({"coupled", "uncoupled", "equal", "unequal"})
"""Classes whose words come in pairs."""
_ALIKE = frozenset({"equally", "similarly", "comparably", "identically"})
"""Adverbs after which it is not said how much: "equally strong"."""
_WITHOUT = frozenset({"without", "free"})
"""Words that a denied noun follows: "without any sharp edges"."""
_NET_REACH = 5
"""Words from "net" to what is said of it."""
_FACING = frozenset({"facing", "faces", "opposite"})
"""Words that speak of where a turn has led to, also beside the sum of all turns."""
_NET = frozenset({"cancels", "straight", "one_way"})
"""Classes that are about the net turn also beside the sum of all turns."""
_PORTIONS = frozenset(
    {"most", "much", "some", "part", "rest", "half", "remainder", "majority", "bulk", "largely", "mostly"}
)
"""Words for a part of the turning, beside which what is left may be a turn."""
_APART = frozenset({"between", "among", "about", "for", "that", "which", "who"})
"""Words between a negation and a subject that is not what it denies: "no relation that could have a delay"."""
_NUMBER_REACH = 3
"""Words from a verb to its own number: "drifting by only 0.2°"."""


def read_claims(text: str, heading: Heading, grammar: Grammar) -> Iterator[Claim | Comparison]:
    """What a text under a heading claims.

    Args:
        text: a conclusion, with or without numbers.
        heading: where it stands.
        grammar: from `load_grammar`.

    Yields:
        Claims and comparisons, sentence by sentence.
    """
    for sentence in read_sentences(text, heading, grammar):
        yield from word_claims(sentence)
        yield from absences(sentence)
        yield from comparisons(sentence)


def word_claims(s: Sentence) -> Iterator[Claim]:
    """Words of claims with what they are said of."""
    words = [(i, s.marks[i]) for i in s.words if is_word(s, s.marks[i])]
    joined: dict[str, list[str]] = {}
    for at, (i, mark) in enumerate(words):
        if s.is_adverb(i) or trails(s, i) or _is_standard(s, mark) or _is_qualified(s, i) or _completes(s, i):
            continue
        classes = [] if _is_of_one_sensor(s, mark) else classes_of(s, i)
        topic = topic_of(s, mark, classes[0]) if classes else None
        if topic and _is_left_open(s, mark, topic):
            topic = None
        if not classes or topic is None:
            joined = {}
            continue
        before = words[at - 1][1] if at else None
        linked = before is not None and _linked(s, before, mark)
        if linked and topic in joined:
            classes = joined[topic] + classes
        classes = [name for name in classes if _grades_topic(s, topic, classes[0], name)]
        following = words[at + 1][1] if at + 1 < len(words) else None
        joined = {topic: classes}
        if following is None or not _linked(s, mark, following):
            named = named_of(s, mark, topic, classes[0])
            doubts = (not is_bound(s, mark, topic)) + (mark.clause in s.strange)
            yield Claim(topic, tuple(classes), s.quote(mark), _is_near(s, mark), named, doubts)


def _grades_topic(s: Sentence, topic: str, name: str, milder: str) -> bool:
    """Whether a milder class is about the same measure: "fairly irregular" says nothing of strength."""
    own, other = s.grammar.limits(topic, name), s.grammar.limits(topic, milder)
    return name == milder or not own or bool(other and own.keys() & other.keys())


def _is_left_open(s: Sentence, mark: Mark, topic: str) -> bool:
    """Whether the clause hedges, gives a number instead, or speaks of a total where the net turn is judged."""
    hedged = "hedges" in s.roles and any(other.has("hedges") and other.clause == mark.clause for other in s.marks)
    if hedged or s.is_aside(mark.start, mark.clause):
        return True
    totals = any(other.has("totals") and other.clause <= mark.clause for other in s.marks)
    totals = totals or any(token.startswith("total") for token in s.tokens[: mark.end])
    if mark.roles.word in _NET and topic in ("turning", "heading"):
        totals = False
    if mark.roles.word == "cancels" and not _PORTIONS.isdisjoint(s.tokens[: mark.start]):
        # "most of the turning is swinging that cancels out"
        return True
    final = mark.roles.word in ("left", "right") or not _FACING.isdisjoint(s.tokens[mark.start : mark.end])
    if topic in ("turning", "heading") and totals and not final:
        # The net turn is judged beside totals only where it is called so.
        start = next(other.start for other in s.marks if other.clause == mark.clause)
        return "net" not in s.tokens[max(start - 1, mark.start - _NET_REACH, 0) : mark.end + 2]
    if mark.roles.word not in VERBS or not _has_number(s, mark):
        return False
    return not any(other.has("raisers") and other.clause == mark.clause for other in s.marks)


def _has_number(s: Sentence, mark: Mark) -> bool:
    """Whether a verb comes with its own number, beyond which it claims nothing: "drifting by 0.2°"."""
    words = s.tokens[mark.end : mark.end + _NUMBER_REACH]
    place = words.index("0") if "0" in words else -1
    return place > 0 and words[0] in ("by", "about", "around", "only", "just", "some", "roughly", "through")


def _is_near(s: Sentence, mark: Mark) -> bool:
    """Whether a particle before the word puts it at the edge of its class: "almost flat"."""
    return "edges" in s.roles and any(
        other.has("edges") and other.clause == mark.clause and 0 <= mark.start - other.end <= 1 for other in s.marks
    )


def _is_of_one_sensor(s: Sentence, mark: Mark) -> bool:
    """Whether a rhythm is that of the rotation alone, which is not measured."""
    return s.heading == "Rhythm" and any(
        (m.has("rotation") or m.roles.subject == "rotation") and m.clause == mark.clause for m in s.marks
    )


def _linked(s: Sentence, left: Mark, right: Mark) -> bool:
    """Whether two words share a place: "moderate to strong"."""
    between = s.tokens[left.end : right.start]
    amounts = left.roles.word in AMOUNTS and right.roles.word in AMOUNTS
    return 0 < len(between) <= 2 and (between[0] == "or" or (between[0] == "to" and amounts))


def _is_standard(s: Sentence, mark: Mark) -> bool:
    """Whether something is only compared with what the word describes: "far above those of gentle motion"."""
    if mark.roles.word in ("left", "right"):
        return False
    return not s.roles.isdisjoint(("than", "verbs")) and any(
        (other.has("than") or other.has("verbs")) and other.clause == mark.clause and other.end <= mark.start
        for other in s.marks
    )


def _completes(s: Sentence, i: int) -> bool:
    """Whether the word belongs to the one before it: "related in phase", "equally strong", "without sharp edges"."""
    if not i:
        return False
    mark = s.marks[i]
    before = next((other for other in s.marks[:i][::-1] if not other.roles.direction), mark)
    if before.clause != mark.clause or before.roles.word is None:
        return False
    if mark.roles.word == "active_some" and before.roles.word in AMOUNTS:
        # "a faint horizontal stir"
        return mark.start - before.end <= 1
    if before.end != mark.start:
        return False
    if s.tokens[before.start] in _WITHOUT and before.end - before.start > 1:
        return True
    if s.tokens[before.end - 1] in _ALIKE or (s.tokens[mark.start] == "in" and before.roles.subject):
        return True
    return not s.is_adverb(i - 1) and before.roles.word in _COUPLING and mark.roles.word in _COUPLING


def _is_qualified(s: Sentence, i: int) -> bool:
    """Whether another word of the clause decides, as in "rhythmic activity is not evident"."""
    mark = s.marks[i]
    others = [j for j in s.words if j != i and s.marks[j].clause == mark.clause]
    if mark.roles.subject and mark.roles.word != "none" and any(j > i and s.is_predicate(s.marks[j]) for j in others):
        # "its regularity is only fair"
        return True
    if mark.roles.word in AMOUNTS and s.tokens[mark.end : mark.end + 1] in (["compared"], ["relative"]):
        # "small compared with the total rotation"
        return True
    if mark.roles.word == "none" and any(j < i for j in others) and s.tokens[mark.start - 1] not in ("and", "but"):
        # "a strong correlation is absent", "smoothness is missing"
        return True
    if mark.roles.word in ("present", "marked"):
        if any(_is_absence(s, m) and m.clause == mark.clause and m.start < mark.start - 1 for m in s.marks[:i]):
            return True
        return any(
            s.marks[j].roles.word in ("none", "minimal", "weak", "mild")
            or (j < i and s.marks[j].roles.word not in AMOUNTS and s.denials(s.marks[j]))
            for j in others
        )
    later = [j for j in others if j > i + 1]
    return any(
        s.marks[j].roles.word == "none"
        or (s.marks[j].roles.word in ("present", "marked") and s.marks[j - 1].has("negators"))
        for j in later
    )


def _is_absence(s: Sentence, mark: Mark) -> bool:
    return mark.has("absences") or s.tokens[mark.start] in ("no", "without", "hardly", "barely", "scarcely")


def absences(s: Sentence) -> Iterator[Claim]:
    """Subjects that are said to be missing: "no rhythm", "without drift"."""
    for i, mark in enumerate(s.marks if "absences" in s.roles else ()):
        if not mark.has("absences"):
            continue
        rest = [other for other in s.marks[i + 1 :] if other.clause == mark.clause]
        found = next((other.end for other in rest if other.has("finds")), None)
        if found is None and s.tokens[mark.start] == "neither":
            yield from _both_absent(s, mark)
            continue
        start = found or mark.end
        run = next((run for run in s.runs if run.clause == mark.clause and run.start >= start), None)
        if run is None or run.topic is None or run.start - start > AHEAD or _is_of_one_sensor(s, mark):
            continue
        if any(token in _APART for token in s.tokens[start : run.start]):
            continue
        # An adjective or a comparison is denied, not the subject.
        if any(_decides(s, mark, other, run) for other in rest):
            continue
        direct = run.start == mark.end
        if (direct or not mark.has("direct")) and s.grammar.limits(run.topic, "none") is not None:
            # "no hump to speak of" may be a small one.
            nearly = mark.has("nearly") or _is_faintly_there(rest)
            missing = ("minimal", "none") if nearly else ("none",)
            yield Claim(run.topic, missing, s.quote(mark), doubts=1 + (mark.clause in s.strange))


def _is_faintly_there(marks: Iterable[Mark]) -> bool:
    """Whether something is only denied to be worth mentioning."""
    return any(other.roles.word == "present" and other.end - other.start > 1 for other in marks)


def _both_absent(s: Sentence, mark: Mark) -> Iterator[Claim]:
    """As in "there is neither movement nor rotation", where nothing else is denied."""
    rest = [other for other in s.marks if other.clause == mark.clause]
    runs = [run for run in s.runs if run.clause == mark.clause and run.start >= mark.end][:2]
    compared = {"dominates", "greater", "lesser", "yields", "mainly"}
    decided = any(m.roles.grammar & compared or m.roles.word not in (None, "present", "marked") for m in rest)
    if decided or len(runs) < 2 or "nor" not in s.tokens[runs[0].end : runs[1].start]:
        return
    for run in runs:
        if run.topic and s.grammar.limits(run.topic, "none") is not None:
            yield Claim(run.topic, ("none",), s.quote(mark), doubts=1 + (mark.clause in s.strange))


def _decides(s: Sentence, absence: Mark, mark: Mark, run: Run) -> bool:
    """Whether an adjective or a comparison is denied rather than a subject: "no strong link", "no beat is even"."""
    if mark.has("greater") or mark.has("lesser"):
        return True
    if mark.roles.word is None or mark.has("neutral"):
        return False
    if mark.start == run.start and mark.end - mark.start > 1 and not absence.has("direct"):
        # "without a steady beat", but "never repeats itself"
        return True
    return mark.start < run.start or (mark.roles.word not in ("present", "marked") and s.is_predicate(mark))
