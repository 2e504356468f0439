"""What a word is said of: the noun after it, the subject before it, the heading, or what it belongs to."""

from lanhar.interpretation.filter.sentences import AHEAD, AMOUNTS, Mark, Run, Sentence

_JOINERS = frozenset({",", "and", "or"})
_REPEATED = ("repeat", "repetit", "recur", "periodic", "unrepeat")
"""Words that are about the repetition, whatever they are said of: "strictly repeated beats"."""
_CORRELATED = ("correlat", "uncorrelat")
"""Words that are about the correlation alone where they deny it or grade it down."""
_SLIGHT = frozenset({"uncoupled", "none", "minimal", "weak", "mild"})
_RELATIONS = frozenset({"none", "equal", "unequal", "far_apart", "coupled", "uncoupled"})
"""Classes that are about what the heading asks."""
_QUANTITIES = frozenset({"movement", "vertical", "rotation", "rhythm", "tempo", "impact", "jerk"})
"""Subjects that are quantities by themselves."""
_CONTRASTS = frozenset({"difference", "differences", "gap", "distance", "contrast", "margin", "lead", "edge"})
_DIFFERING = frozenset({"differ", "differs", "differing"})
"""What stands after and before an amount that is one of a difference."""
_AGREEING = frozenset({"coupled", "uncoupled", "equal", "unequal"})
"""Classes of words for an agreement or the want of one."""
_OBJECTS = frozenset({"on", "in", "about", "over", "regarding", "concerning"})
"""Between an agreement and what alone it is about."""
_BESIDES = frozenset({"with", "at", "in", "by", "of", "for", "from", "between", "given", "under", "during", "without"})
"""Prepositions after which no subject stands."""


def topic_of(s: Sentence, mark: Mark, name: str) -> str | None:
    """What a class is said of: the noun after it, the subject before it, the heading, or what it belongs to."""
    if s.heading == "Rhythm" and s.tokens[mark.end - 1].startswith(_REPEATED):
        return "rhythm"
    if s.heading == "Rhythm" and "spaced" in s.tokens[mark.end - 1 : mark.end + 1]:
        return "spacing"
    if s.heading == "Gyro-acc sync" and s.tokens[mark.end - 1].startswith(_CORRELATED) and name in _SLIGHT:
        # "coupled in phase, but weakly correlated"
        return "correlation"
    if s.heading == "Strength" and name in ("equal", "unequal", "far_apart"):
        return "balance" if _names_both(s, mark) else None
    if name in AMOUNTS and (_is_attribute(s, mark) or _is_contrast(s, mark)):
        return None
    for run in _subjects_of(s, mark):
        topic = run.topic
        if topic is None:
            if run.named and run.end <= mark.start and s.is_predicate(mark) and not _is_own(s, name):
                # "the rotation is slight" under a heading that does not ask for it
                return None
            elsewhere = run.named and s.grammar.limits(run.named, name)
            if elsewhere or name in AMOUNTS or s.grammar.homes.get(name) == "movement":
                return None
            continue
        if topic in ("vertical_part", "horizontal_part") and (s.sensor(mark) == "gyro" or s.is_static(mark)):
            if name in AMOUNTS:
                return None
            continue
        if s.grammar.limits(topic, name) is not None:
            return topic
        if not _is_own(s, name):
            # "the heading swings" is nothing that is said of headings, nor of the tilt.
            return None
    if mark.clause in s.conceded:
        return None
    default = s.reading.topic
    if default == "balance" and name in ("equal", "unequal", "far_apart"):
        return _balance(s, mark)
    if s.grammar.limits(default, name) is not None:
        return default
    home = s.grammar.homes.get(name)
    return s.reading.about(home) if home else None


def named_of(s: Sentence, mark: Mark, topic: str, name: str) -> str | None:
    """What the subject is by itself where the heading reads it as something else: "the rotation is strong".

    None for words that are the heading's own, which are about its topic whatever they are said of.
    """
    if _is_own(s, name):
        return None
    run = _subject(s, mark, topic)
    return run.named if run and run.named != topic and run.named in _QUANTITIES else None


def is_bound(s: Sentence, mark: Mark, topic: str) -> bool:
    """Whether grammar ties the word to its subject: "a strong impact", "impacts are strong"."""
    run = _subject(s, mark, topic)
    if run is None or run.clause != mark.clause:
        return False
    return 0 <= run.start - mark.end <= 1 or (run.end <= mark.start and s.is_predicate(mark))


def _subject(s: Sentence, mark: Mark, topic: str) -> Run | None:
    return next((run for run in _subjects_of(s, mark) if run.topic == topic), None)


def _is_own(s: Sentence, name: str) -> bool:
    """Whether a class is about what the heading asks, whatever it is said of."""
    return name in _RELATIONS or s.grammar.homes.get(name) in s.reading.own


def _names_both(s: Sentence, mark: Mark) -> bool:
    """Whether vertical and horizontal acceleration are what a clause speaks of."""
    sides = {other.roles.direction for other in s.marks if other.start < mark.start or other.clause == mark.clause}
    both = {"both", "two"} & set(s.tokens) and {"components", "directions", "parts"} & set(s.tokens)
    return ({"vertical", "horizontal"} <= sides or bool(both)) and s.sensor(mark) == "acc"


def _is_attribute(s: Sentence, mark: Mark) -> bool:
    """Whether the word stands before a noun that means nothing here: "a weak second hump"."""
    several = mark.end - mark.start > 1 and s.tokens[mark.end - 1] not in ("any", "no")
    if mark.end == len(s.tokens) or several or s.is_predicate(mark):
        return False
    following = s.tokens[mark.end]
    words = s.grammar.function_words
    if not following.isalpha() or following in words["prepositions"] or following in words["transparent"]:
        return False
    return not any(0 <= other.start - mark.end <= AHEAD and other.clause == mark.clause for other in s.marks)


def _is_contrast(s: Sentence, mark: Mark) -> bool:
    """Whether an amount is that of a difference between directions: "next to no difference", "differ by little"."""
    if s.heading not in ("Strength", "Axis dominance"):
        return False
    before, after = s.tokens[max(0, mark.start - 2) : mark.start], s.tokens[mark.end : mark.end + 1]
    return not _CONTRASTS.isdisjoint(after) or not _DIFFERING.isdisjoint(before)


def _balance(s: Sentence, mark: Mark) -> str | None:
    """Whose split is called even; unclear where single axes are named, or no directions at all."""
    if any(other.roles.direction in ("x", "y") for other in s.marks if other.clause == mark.clause):
        return None
    named = any(other.roles.direction for other in s.marks) or "rotation" in s.roles
    if not named and "balances" not in mark.roles.grammar:
        return None
    return "balance" if s.sensor(mark) == "acc" else "turning_balance"


def _subjects_of(s: Sentence, mark: Mark) -> list[Run]:
    """What a phrase may be said of, the likeliest first."""
    if mark.start not in s.subjects:
        s.subjects[mark.start] = _candidates(s, mark)
    return s.subjects[mark.start]


def _candidates(s: Sentence, mark: Mark) -> list[Run]:
    same = [run for run in s.runs if run.clause == mark.clause]
    before = [run for run in same if run.end <= mark.start][::-1]
    after = [run for run in same if run.start >= mark.end and not s.has_copula(mark.end, run.start)]
    # "hardly any preference between vertical and horizontal"
    after = [run for run in after if "between" not in s.tokens[mark.end : run.start]]
    inside = [run for run in same if run.start == mark.start]
    if inside and mark.roles.subject:
        return [*inside[:1], *before]
    near = [run for run in after if run.start - mark.end <= AHEAD]
    quantified = s.tokens[mark.end - 1] in ("no", "any") and near and near[0].start == mark.end
    if quantified and near[0].named != "movement":
        return near[:1]
    if _is_listed(s, mark):
        return [run for run in s.runs if 0 <= run.start - mark.end <= AHEAD][:1]
    if mark.roles.word in _AGREEING and near and s.tokens[mark.end] in _OBJECTS:
        # "the sensors agree on the step rate"
        return near[:1]
    attribute = (
        near[:1] and near[0].start == mark.end and {"a", "an"} & set(s.tokens[max(0, mark.start - 2) : mark.start])
    )
    # "peaks exist at a quick rate" is about the peaks
    alone = s.tokens[mark.end : mark.end + 1] and s.tokens[mark.end] in s.grammar.function_words["prepositions"]
    beside = before[:1] if alone and before and before[0].end == mark.start else []
    chosen = _subjects(s, before) if s.is_predicate(mark) and before and not attribute else []
    chosen = chosen or [*beside, *near[:1], *before, *after]
    if not same and mark.roles.word in ("coupled", "uncoupled"):
        # "The sensors disagree on the rate, though they are coupled" is about the sensors again.
        return []
    if not same:
        earlier = [run for run in s.runs if run.clause < mark.clause and run.end <= mark.start][::-1]
        later = [run for run in s.runs if run.start > mark.end + 1 and _is_list(s, mark, run)]
        chosen = [*earlier[:1], *later[:1]]
    return chosen


def _subjects(s: Sentence, before: list[Run]) -> list[Run]:
    """Runs before a predicate, nearest first; those after a preposition come last: "rates of the two sensors"."""
    verbs = {place for mark in s.marks if mark.has("finds") for place in range(mark.start, mark.end)}
    heads = []
    for run in before:
        near = range(max(0, run.start - 3, *(place + 1 for place in verbs if place < run.start)), run.start)
        if not any(s.tokens[place] in _BESIDES for place in near):
            heads.append(run)
    return [*heads, *(run for run in before if run not in heads)]


def _is_listed(s: Sentence, mark: Mark) -> bool:
    """Whether the word is the first of several before a noun: "a weak, rounded signal"."""
    before, after = s.tokens[mark.start - 1 : mark.start], s.tokens[mark.end : mark.end + 1]
    return (
        before in (["a"], ["an"])
        and after == [","]
        and any(other.start == mark.end + 1 and other.roles.word for other in s.marks)
    )


def _is_list(s: Sentence, mark: Mark, run: Run) -> bool:
    """Whether a word and others after it stand before a noun: "brisk, even beats"."""
    between = s.tokens[mark.end : run.start]
    if not 0 < len(between) <= AHEAD or between[0] not in _JOINERS:
        return False
    others = {place for other in s.marks if other.roles.word for place in range(other.start, other.end)}
    return between[-1] not in _JOINERS and all(
        word in _JOINERS or place in others for place, word in enumerate(between, mark.end)
    )
