"""Comparisons: directions or bands of which one is said to be the larger, or the largest."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from lanhar.interpretation.filter.sentences import AMOUNTS, Mark, Sentence, same_sides
from lanhar.interpretation.filter.statements import Claim, Comparison

_ALONG = frozenset({"in", "along", "about", "around", "the", "for"})
"""Words between a comparison and the direction that it is for."""
_JUDGED = frozenset({"greater", "lesser", "dominates", "mainly", "yields", "verbs", "hedges", "asides", "parts"})
"""Roles beside which the name of a band is part of a comparison."""
_SHARING = frozenset(
    ("make", "makes", "account", "accounts", "carry", "carries", "hold", "holds", "take", "takes", "contain")
) | frozenset(("contains", "contribute", "contributes", "provide", "provides", "comprises", "represents"))
"""Verbs between what has a share and the share: "fast components make up most of the energy"."""
_MARGINS = {
    **dict.fromkeys(("clearly", "considerably", "significantly", "substantially", "markedly", "distinctly"), 1.04),
    **dict.fromkeys(("far", "much", "strongly", "heavily", "vastly", "huge", "enormous", "overwhelming"), 1.15),
}
"""Words beside a comparison and the least ratio that they claim."""
_SOLE = 1.3
"""The least ratio of rotation that is "purely" about one direction."""
_DEFINITE = frozenset({"the", "what", "this", "that", "its"})
"""Before "little" it is all that there is: "the little movement is horizontal"."""
_NEAR = 5
_FAR = 7
"""Words from a verdict to the direction that it is about, and from "more than half" to the one that has it."""
_REST = frozenset({"rest", "remainder", "remaining", "remains", "remain", "otherwise", "left", "else"})
"""Words after which not all of something is spoken of."""
_OTHERS = frozenset({"others", "neither"})
"""Words for what comes last instead of a named direction: "x rules so clearly that the others hardly contribute"."""
_NOBODY = frozenset({"no", "neither", "none"})
"""Words with which it is denied that anything is the larger."""
_DIRECTIONS = frozenset({"", "direction", "axis", "component", "part", "side", "one", "directions", "axes"})
"""What is denied to be the larger where no direction is named: "neither direction dominates", "neither leads"."""
_HAPPENS = frozenset({"goes", "happens", "occurs", "runs", "place"})
"""Words after which rotation is about something: "the rotation takes place about the vertical"."""
_DOMINANCE = frozenset({"dominates", "mainly", "yields"})
_BANDS = {"high_freq": "low_freq", "low_freq": "high_freq"}
"""Each band and the other one."""


def comparisons(s: Sentence) -> Iterator[Claim | Comparison]:
    """Directions or bands of which one is said to be the larger, or the largest."""
    if s.heading not in ("Strength", "Axis dominance", "Shape"):
        return
    handled: set[int] = set()
    compares = not s.roles.isdisjoint(("greater", "lesser"))
    for i, mark in enumerate(s.marks if compares else ()):
        if mark.has("greater") or mark.has("lesser"):
            found = _compared(s, i)
            if found is not None:
                handled.add(mark.clause)
                handled.update(other.clause for other in s.marks[i:] if other.has("than"))
                yield _with_margin(s, found, mark)
    for i, mark in enumerate(s.marks if s.roles & _DOMINANCE else ()):
        decided = mark.clause in handled or _grades_next(s, i) or _leads_nobody(s, mark)
        if mark.roles.grammar & _DOMINANCE and not decided:
            yield from (_with_margin(s, found, mark) for found in _dominance(s, i))
    yield from _undecided(s)
    yield from _predicate_direction(s, handled)
    yield from _mentions(s, handled)


def _grades_next(s: Sentence, i: int) -> bool:
    """Whether an adverb belongs to the comparison after it: "clearly ahead of the vertical"."""
    mark, after = s.marks[i], s.marks[i + 1 : i + 2]
    compared = {"dominates", "yields", "greater", "lesser"}
    return mark.has("mainly") and bool(after) and after[0].start == mark.end and bool(after[0].roles.grammar & compared)


def _undecided(s: Sentence) -> Iterator[Claim]:
    """As in "neither direction dominates", "no single axis takes the lead"."""
    if s.heading == "Axis dominance" and "absences" in s.roles and s.roles & {"dominates", "mainly"}:
        for mark in s.marks:
            if _leads_nobody(s, mark):
                topic = "balance" if s.sensor(mark) == "acc" else "turning_balance"
                yield Claim(topic, ("undecided",), s.quote(mark))


def _leads_nobody(s: Sentence, mark: Mark) -> bool:
    """Whether a word of dominance is one that no direction has."""
    return _is_nobody(s, mark) or _favours_neither(s, mark)


def _is_nobody(s: Sentence, mark: Mark) -> bool:
    """Whether no direction is said to dominate, as in "neither direction clearly prevails"."""
    clause = [other for other in s.marks if other.clause == mark.clause and other.end <= mark.start]
    denial = next((other for other in clause[::-1] if other.has("absences")), None)
    if denial is None or not mark.has("dominates") or s.tokens[denial.start] not in _NOBODY:
        return False
    subject = [word for word in s.tokens[denial.end : mark.start] if not word.endswith("ly")]
    return len(subject) <= 2 and not _DIRECTIONS.isdisjoint(subject or ("",))


def _favours_neither(s: Sentence, mark: Mark) -> bool:
    """As in "favours neither the vertical nor the horizontal"."""
    after = s.tokens[mark.end : mark.end + 1]
    return (mark.has("mainly") or mark.has("dominates")) and after == ["neither"] and "nor" in s.tokens[mark.end :]


def _mentions(s: Sentence, handled: set[int]) -> Iterator[Claim]:
    """A band that is named alone, as in "smooth and low-frequency"."""
    if s.heading != "Shape" or len({mark.roles.subject for mark in s.marks if mark.roles.subject in _BANDS}) != 1:
        return
    for mark in s.marks:
        clause = [other for other in s.marks if other.clause == mark.clause and other != mark]
        if mark.roles.subject not in _BANDS or mark.clause in handled or s.denials(mark):
            continue
        if not any(other.roles.grammar & _JUDGED or other.roles.word in AMOUNTS for other in clause):
            yield Claim(str(mark.roles.subject), ("mentioned",), s.quote(mark))


def _with_margin(s: Sentence, found: Claim | Comparison, mark: Mark) -> Claim | Comparison:
    """A comparison that is said to be a clear or a wide one, and of axes of which sensor."""
    if isinstance(found, Claim):
        return found
    if found.larger[:1] and found.larger[0] in "xyz":
        found = replace(found, either=not s.names_sensor(mark))
    if mark.has("yields"):
        return found
    words = s.tokens[max(0, mark.start - 3) : mark.end + 1]
    margin = max((_MARGINS.get(word, 0.0) for word in words), default=0.0)
    return replace(found, margin=margin) if margin else found


def _compared(s: Sentence, i: int) -> Claim | Comparison | None:
    mark = s.marks[i]
    directed = [(j, other) for j, other in enumerate(s.marks) if _side(s, other)]
    than = next((other for other in s.marks[i + 1 :] if other.has("than")), None)
    if than is None and not mark.has("verbs"):
        return _more_energy(s, mark) or _larger_along(s, mark) or _larger(s, mark)
    if than is not None and than.end < len(s.tokens) and _is_other(s, than.end):
        return _larger_than_others(s, mark)
    border = mark if than is None else than
    rights = [other for _, other in directed if other.start >= border.end and other.start - border.end <= 5]
    between = [other for _, other in directed if mark.end <= other.start < border.start]
    lefts = [other for _, other in directed if other.end <= mark.start]
    if not rights and s.heading == "Shape" and than and border.end < len(s.tokens):
        return _compared_bands(s, mark, s.tokens[border.end])
    if not rights or not (between or lefts) or s.denials(mark) or s.is_static(mark):
        return None
    left, right = _side(s, between[0] if between else lefts[-1]), _side(s, rights[0])
    if left == right or left is None or right is None:
        return None
    larger, smaller = (left, right) if mark.has("greater") else (right, left)
    if {larger, smaller} == {"high_freq", "low_freq"}:
        return Claim(larger, ("dominant",), s.quote(mark)) if s.heading == "Shape" else None
    if "high_freq" in (larger, smaller) or "low_freq" in (larger, smaller):
        return None
    if s.heading not in ("Strength", "Axis dominance"):
        return None
    return Comparison(s.sensor(mark), (larger,), smaller, s.quote(mark))


def _is_other(s: Sentence, place: int) -> bool:
    """Whether something is compared with what is left: "than the other", "than any other axis"."""
    words = s.tokens[place : place + 4]
    return "other" in words or "others" in words


def _larger_than_others(s: Sentence, mark: Mark) -> Comparison | None:
    clause = [other for other in s.marks if other.clause == mark.clause and other.roles.direction]
    before = [other for other in clause if other.end <= mark.start]
    if not before or s.denials(mark) or s.is_static(mark):
        return None
    sides = _together(s, before[-1])
    if len(sides) > 1:
        return None
    larger = sides if mark.has("greater") else other_directions(sides)
    return Comparison(s.sensor(mark), larger, None if mark.has("greater") else sides[0], s.quote(mark))


def _larger_along(s: Sentence, mark: Mark) -> Comparison | None:
    """As in "slightly larger vertically", "larger in the vertical direction"."""
    side = next((other for other in s.marks if other.start >= mark.end and other.roles.direction), None)
    if side is None or side.clause != mark.clause or s.denials(mark) or s.is_static(mark):
        return None
    if any(word not in _ALONG for word in s.tokens[mark.end : side.start]):
        return None
    adverb = s.tokens[side.end - 1].endswith("ly")
    if side.start == mark.end and not adverb:
        return None
    sides = _together(s, side)
    if len(sides) > 1 or s.heading == "Shape":
        return None
    larger = sides if mark.has("greater") else other_directions(sides)
    return Comparison(s.sensor(mark), larger, None if mark.has("greater") else sides[0], s.quote(mark))


def _more_energy(s: Sentence, mark: Mark) -> Claim | None:
    """As in "more energy at low frequencies"."""
    side = next((o for o in s.marks if 0 <= o.start - mark.end <= 5 and o.roles.subject in _BANDS), None)
    if s.heading != "Shape" or side is None or side.clause != mark.clause or s.denials(mark):
        return None
    band = str(side.roles.subject)
    return Claim(band if mark.has("greater") else _BANDS[band], ("dominant",), s.quote(mark))


def _larger(s: Sentence, mark: Mark) -> Comparison | None:
    """As in "the horizontal component is larger"."""
    ends = mark.end == len(s.tokens) or s.tokens[mark.end] in s.grammar.function_words["ends"]
    clause = [other for other in s.marks if other.clause == mark.clause]
    sides = [other.roles.direction for other in clause if other.roles.direction and other.end <= mark.start]
    if s.heading not in ("Axis dominance", "Strength") or not ends or not s.is_predicate(mark) or len(sides) != 1:
        return None
    if any(other.has("parts") or other.has("negators") for other in clause) or s.is_static(mark):
        return None
    side = (sides[0],) if mark.has("greater") else other_directions((sides[0],))
    return Comparison(s.sensor(mark), side, None if mark.has("greater") else sides[0], s.quote(mark))


def _compared_bands(s: Sentence, mark: Mark, other: str) -> Claim | None:
    """As in "more energy above 3 Hz than below"."""
    if other not in ("above", "below") or s.denials(mark):
        return None
    larger = "high_freq" if (other == "below") == mark.has("greater") else "low_freq"
    return Claim(larger, ("dominant",), s.quote(mark))


def _side(s: Sentence, mark: Mark) -> str | None:
    """The direction, or in a Shape section the band, that a phrase names."""
    if mark.roles.subject in ("high_freq", "low_freq") and s.heading == "Shape":
        return mark.roles.subject
    if s.heading == "Shape" and mark.roles.word in ("slow", "fast"):
        return "low_freq" if mark.roles.word == "slow" else "high_freq"
    return mark.roles.direction


def _dominance(s: Sentence, i: int) -> Iterator[Claim | Comparison]:
    mark = s.marks[i]
    sides = [other for other in s.marks if other.clause == mark.clause and _side(s, other)]
    reach = _FAR if s.tokens[mark.end : mark.end + 1] == ["of"] else _NEAR
    after = [other for other in sides if 0 <= other.start - mark.end <= reach]
    before = [other for other in sides if 0 <= mark.start - other.end <= _NEAR]
    graded = [other for other in s.marks if other.clause == mark.clause and other.roles.grammar & _DOMINANCE]
    start = next(other.start for other in s.marks if other.clause == mark.clause)
    others = mark.has("yields") and not _OTHERS.isdisjoint(s.tokens[start : mark.start])
    if others or {"one", "other"} <= set(s.tokens) or (len(sides) > 1 and len(graded) > 1):
        # Of two directions and two verdicts, which belongs to which is unclear; so is which horizontal one is meant.
        return
    rest = next((place for place in range(max(0, mark.start - 3), mark.start) if s.tokens[place] in _REST), 0)
    if any(other.roles.direction and other.end <= rest for other in s.marks):
        # "about half is about the vertical, the rest mostly about x"
        return
    verb = mark.has("dominates") or mark.has("yields") or mark.has("verbs")
    chosen = after[:1] or (before[-1:] if verb else [])
    if verb and (before or mark.has("verbs")) and not mark.has("mainly"):
        chosen = before[-1:]
    if before and any(word in _SHARING for word in s.tokens[before[-1].end : mark.start]):
        chosen = before[-1:]
    if not chosen and mark.has("yields") and not sides:
        earlier = [other for other in s.marks if other.clause == mark.clause - 1 and _side(s, other)]
        chosen = earlier if len(earlier) == 1 and earlier[0].end <= mark.start else []
    if not chosen:
        return
    yield from _largest(s, chosen[0], mark)


def _largest(s: Sentence, chosen: Mark, mark: Mark) -> Iterator[Claim | Comparison]:
    side = _side(s, chosen)
    if side in ("high_freq", "low_freq"):
        if not s.denials(mark):
            yield Claim(side, ("dominant",), s.quote(mark))
    elif side and s.heading in ("Strength", "Axis dominance") and not s.is_static(chosen):
        sensor, together = s.sensor(mark), _together(s, chosen)
        if side in "xyz" and "half" in s.tokens[mark.start : mark.end + 1] and mark.has("yields"):
            # The largest of three may have less than half.
            return
        denials = s.denials(max(mark, chosen, key=lambda other: other.start))
        if denials > 1 or (denials and mark.has("yields")):
            return
        if mark.has("yields") or denials:
            yield Comparison(sensor, other_directions(together), together[0], s.quote(mark))
            return
        alone = any(other.has("solely") for other in s.marks if other.clause == mark.clause)
        rivals, others = _rivals(s, chosen, together), other_directions(together)
        if not rivals:
            return
        if rivals != others:
            yield Comparison(sensor, together, rivals[0], s.quote(mark), s.grammar.slack_alone)
            return
        purely = alone and side not in "xyz" and sensor == "gyro"
        yield Comparison(sensor, together, None, s.quote(mark), _SOLE if purely else 0.0)
        if alone and sensor == "acc" and together in (("vertical",), ("horizontal",)):
            yield Claim(together[0], ("sole",), s.quote(mark))


def _rivals(s: Sentence, chosen: Mark, together: tuple[str, ...]) -> tuple[str, ...]:
    """What else there is where one is the largest: of "the horizontal part", or of "what remains", not all axes."""
    others = other_directions(together)
    if together[0] not in "xyz":
        return others
    before = {other.roles.direction for other in s.marks if other.start < chosen.start}
    clause = {other.roles.direction for other in s.marks if other.clause == chosen.clause}
    if "horizontal" in before | clause and "z" not in together:
        return tuple(axis for axis in others if axis != "z")
    if _REST.isdisjoint(s.tokens):
        return others
    named = before | ({"z"} if "vertical" in before else set())
    return tuple(axis for axis in others if axis not in named)


def _predicate_direction(s: Sentence, handled: set[int]) -> Iterator[Claim | Comparison]:
    """Directions said of the whole movement, as in "the motion is horizontal" under the heading of axes."""
    if s.heading != "Axis dominance":
        return
    for i, mark in enumerate(s.marks):
        side, before = mark.roles.direction, s.marks[i - 1] if i else None
        if side not in ("vertical", "horizontal") or mark.clause in handled or s.is_static(mark):
            continue
        directions = [other for other in s.marks if other.roles.direction]
        alone = mark.end == len(s.tokens) or s.tokens[mark.end] == ":"
        # "Vertical, share 0.92", but not "Vertical, horizontal and rotational"
        alone = alone or (s.tokens[mark.end] == "," and len(directions) == 1)
        if side and _is_turning_about(s, mark):
            denied = s.denials(mark) or _is_little(s, mark)
            turned = other_directions((side,)) if denied else (side,)
            yield Comparison("gyro", turned, side if denied else None, s.quote(mark))
            continue
        if mark.start == 0 and mark.end == 1 and alone:
            yield Comparison("acc", (side,), None, s.quote(mark))
        if before is None:
            continue
        clause = [other for other in s.marks if other.clause == mark.clause]
        adverbs = all(token.endswith("ly") for token in s.tokens[before.end : mark.start])
        if not before.has("copulas") or not adverbs or any(_is_part(s, other) for other in clause):
            continue
        last = all(other.end <= mark.end or not (other.roles.word or other.roles.direction) for other in clause)
        if any(other.has("yields") for other in clause):
            continue
        if last and _is_little(s, before):
            yield Comparison(s.sensor(mark), other_directions((side,)), side, s.quote(mark))
        elif last and not any(other.has("negators") for other in clause):
            yield Comparison(s.sensor(mark), (side,), None, s.quote(mark))
            if any(other.has("solely") for other in clause) and s.sensor(mark) == "acc":
                yield Claim(side, ("sole",), s.quote(mark))


def _is_little(s: Sentence, mark: Mark) -> bool:
    """Whether next to nothing is spoken of: "hardly any of the acceleration is vertical"."""
    clause = [other for other in s.marks if other.clause == mark.clause and other.end <= mark.start]
    return any(
        other.roles.word in ("none", "minimal")
        and s.tokens[max(0, other.start - 1)] not in _DEFINITE
        and (s.tokens[other.end] == "of" or s.tokens[other.end - 1] in ("any", "no", "little"))
        for other in clause
    )


def _is_part(s: Sentence, mark: Mark) -> bool:
    """Whether only a part is spoken of: "half is vertical", but not "the little energy is vertical"."""
    return mark.has("parts") and s.tokens[mark.start] != "little"


def _is_turning_about(s: Sentence, mark: Mark) -> bool:
    """Whether the rotation is said to be about a direction: "the rotation is hardly ever about the vertical"."""
    clause = [other for other in s.marks if other.clause == mark.clause]
    about = next((i for i in range(mark.start - 1, max(-1, mark.start - 4), -1) if s.tokens[i] == "about"), None)
    if about is None or len(_together(s, mark)) > 1:
        return False
    if not (s.has_copula(max(0, about - 3), about) or s.tokens[about - 1] in _HAPPENS):
        return False
    graded = {"parts", "mainly", "dominates", "yields", "verbs"}
    roles = frozenset().union(*(other.roles.grammar for other in clause))
    return "rotation" in roles and not roles & graded


def _together(s: Sentence, mark: Mark) -> tuple[str, ...]:
    """A direction and those joined to it: "x and z"."""
    place = s.marks.index(mark)
    joined = [mark]
    for other in s.marks[place + 1 :]:
        if _same_kind(other, mark) and _joins(s, s.tokens[joined[-1].end : other.start]):
            joined.append(other)
    for other in s.marks[:place][::-1]:
        if _same_kind(other, mark) and _joins(s, s.tokens[other.end : joined[0].start]):
            joined.insert(0, other)
    if not any({"and", "or"} & set(s.tokens[left.end : right.start]) for left, right in pairwise(joined)):
        # "about the x axis, y contributing little" is no list.
        joined = [mark]
    if len(joined) == 2 and {",", "and"} <= set(s.tokens[joined[0].end : joined[1].start]):
        # "about the vertical axis, and the horizontal axes contribute nothing"
        joined = [mark]
    gaps = [s.tokens[left.end : right.start] for left, right in pairwise(joined)]
    if sum("and" in gap for gap in gaps) > 1:
        # In "between x and z, and the y axis", a second "and" after a comma begins anew.
        groups = [[joined[0]]]
        for gap, other in zip(gaps, joined[1:], strict=True):
            if {",", "and"} <= set(gap):
                groups.append([])
            groups[-1].append(other)
        joined = next(group for group in groups if mark in group)
    return tuple(side for side in (other.roles.direction for other in joined) if side)


def _joins(s: Sentence, gap: Sequence[str]) -> bool:
    """Whether words between two directions only join them."""
    return len(gap) <= 3 and all(word in s.grammar.joiners for word in gap)


def other_directions(sides: tuple[str, ...]) -> tuple[str, ...]:
    """Directions beside these: the other of two, or the other axes."""
    if sides[0] in ("vertical", "horizontal"):
        return ("horizontal" if sides[0] == "vertical" else "vertical",)
    return tuple(axis for axis in "xyz" if axis not in sides)


def _same_kind(left: Mark, right: Mark) -> bool:
    """Whether both name axes, or both name directions."""
    return same_sides(left.roles.direction, right.roles.direction)
