"""Which measured feature a number in prose claims to be, by the words around it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache, lru_cache, reduce
from importlib.resources import files
from operator import or_
from typing import Any, Literal, NamedTuple

import yaml

from lanhar.errors import LanharError
from lanhar.interpretation.filter.quantities import Quantity, Role, plain
from lanhar.signals.table import PROMPT_FEATURES, Feature, Heading

Aspect = Literal["name", "what", "how", "axis", "sensor"]
ASPECTS: tuple[Aspect, ...] = ("name", "what", "how", "axis", "sensor")
_TELLING: frozenset[Aspect] = frozenset({"name", "what", "how"})
FeatureSet = int
"""A set of prompt features: bit i stands for `PROMPT_FEATURES[i]`."""
ALL: FeatureSet = (1 << len(PROMPT_FEATURES)) - 1


class Phrase(NamedTuple):
    """A word or phrase that speaks of features: those it names, and those it names or may stand for.

    `parts` are the phrases of the list, such as `x, y and z`, that it is one of and stands for.
    """

    aspect: Aspect
    means: FeatureSet
    may_mean: FeatureSet
    parts: tuple["Phrase", ...] = ()


class Break(NamedTuple):
    """A comma or conjunction, or the stop of a clause.

    `coordinates` is said of those that make one list of two words, `introduces` of those before a number in
    `vertical RMS (2.28` and `vertical RMS: 2.28`, `closes` of the bracket behind it, `compares` of `2.28 against 1.05`.
    """

    stop: bool
    coordinates: bool
    introduces: bool
    closes: bool
    compares: bool


class Word(NamedTuple):
    """A word that says nothing of features."""


class Mark(NamedTuple):
    """The mark of a sensor, such as `[ACC]`, and its features."""

    features: FeatureSet


Token = Phrase | Break | Mark | Word


class Reference(NamedTuple):
    """What a number refers to.

    Attributes:
        clear: features that the words around it name, read as a person would; any of them may be meant.
        loose: features that the words next to it do not rule out.
        told: whether words next to it say what it is, rather than heading and unit alone.
    possible: features of its heading and mark that are left where words are few or speak of its neighbours.
    """

    clear: FeatureSet
    loose: FeatureSet
    told: bool
    possible: Callable[[], FeatureSet] = int


def select(keep: Iterable[Feature]) -> FeatureSet:
    """The set of the given features; those that no text speaks of are left out."""
    wanted = {feature.name for feature in keep}
    return sum(1 << i for i, feature in enumerate(PROMPT_FEATURES) if feature.name in wanted)


def matching(patterns: Iterable[str]) -> FeatureSet:
    """The set of prompt features whose names fit any of the glob patterns.

    Raises:
        LanharError: a pattern fits none.
    """
    chosen = 0
    for pattern in patterns:
        found = select(f for f in PROMPT_FEATURES if fnmatchcase(f.name, pattern))
        if not found:
            raise LanharError(f"pattern '{pattern}' fits no prompt feature; names stand in docs/features.md")
        chosen |= found
    return chosen


def members(chosen: FeatureSet) -> list[Feature]:
    """The features of a set, in the order of the table."""
    return [PROMPT_FEATURES[bit.bit_length() - 1] for bit in _bits(chosen)]


def agreeing(chosen: FeatureSet, agrees: Callable[[Feature], bool]) -> FeatureSet:
    """Those features of a set of which something holds."""
    return sum(bit for bit in _bits(chosen) if agrees(PROMPT_FEATURES[bit.bit_length() - 1]))


def _bits(chosen: FeatureSet) -> Iterator[int]:
    while chosen:
        lowest = chosen & -chosen
        yield lowest
        chosen ^= lowest


def _by(key: str) -> Mapping[Any, FeatureSet]:
    values = {getattr(feature, key) for feature in PROMPT_FEATURES}
    return {value: select(f for f in PROMPT_FEATURES if getattr(f, key) == value) for value in values}


_BY_UNIT: Mapping[str, FeatureSet] = _by("unit")
BY_ORIGIN: Mapping[str, FeatureSet] = _by("origin")
"""The features of each sensor."""
_BY_HEADING: Mapping[Heading, FeatureSet] = _by("heading")
ANY_UNIT = "*"
"""Stands for the unit of a number to ask what it would refer to in any unit."""
# A rate per second and a frequency have the same dimension, and people write either.
_COMPARABLE: Mapping[str, FeatureSet] = {
    **_BY_UNIT,
    **dict.fromkeys(("Hz", "1/s"), _BY_UNIT["Hz"] | _BY_UNIT["1/s"]),
    ANY_UNIT: ALL,
}


def comparable(unit: str) -> FeatureSet:
    """Features whose unit measures the same as the given one of the table."""
    return _COMPARABLE.get(unit, 0)


class Lexicon:
    """Phrases that speak of features.

    Attributes:
        version: of the file.
        alone: phrases of one word.
        longer: first word → second word → (the words from the second on, phrase), longest first.
        defaults: features meant where words leave it open.
    """

    def __init__(self, text: str) -> None:
        """Read phrases from YAML such as data/feature_words.yaml.

        Raises:
            LanharError: a pattern fits no prompt feature.
        """
        content = yaml.safe_load(text)
        entries: dict[tuple[str, ...], Phrase] = {}
        for aspect in ASPECTS[1:]:
            for row in content[aspect]:
                means = matching(row["means"])
                phrase = Phrase(aspect, means, means | matching(row.get("may_mean", [])))
                entries.update({tuple(words.split()): phrase for words in row["words"]})
        entries.update({tuple(words.split()): Phrase("name", 0, 0) for words in content["unmeasured"]})
        for i, feature in enumerate(PROMPT_FEATURES):
            entries[(feature.name,)] = Phrase("name", 1 << i, 1 << i)
        self.version = str(content["version"])
        self.defaults = matching(content["defaults"])
        self.alone: dict[str, Phrase] = {}
        self.longer: dict[str, dict[str, list[tuple[tuple[str, ...], Phrase]]]] = {}
        for (first, *rest), phrase in sorted(entries.items(), key=lambda entry: -len(entry[0])):
            if rest:
                self.longer.setdefault(first, {}).setdefault(rest[0], []).append((tuple(rest), phrase))
            else:
                self.alone[first] = phrase

    def find(self, words: Sequence[str], at: int) -> tuple[Phrase | None, int]:
        """The longest phrase that starts at a place among words, None without one, and how many words it has."""
        for word in _forms(words[at]):
            seconds = self.longer.get(word)
            if seconds is not None and at + 1 < len(words):
                for second in _forms(words[at + 1]):
                    for rest, phrase in seconds.get(second, ()):
                        following = words[at + 1 : at + 1 + len(rest)]
                        if len(following) == len(rest) and all(map(_fits, following, rest)):
                            return phrase, 1 + len(rest)
            if seconds is not None or word in self.alone:
                return self.alone.get(word), 1
        return None, 1


def _forms(word: str) -> tuple[str, ...]:
    """A word, and without its plural s."""
    return (word, word[:-1]) if word[-1] == "s" else (word,)


def _fits(word: str, wanted: str) -> bool:
    return word == wanted or (word[-1] == "s" and word[:-1] == wanted)


@cache
def lexicon() -> Lexicon:
    """The phrases of the package, read once."""
    folder = files("lanhar.interpretation.filter") / "data"
    return Lexicon((folder / "feature_words.yaml").read_text(encoding="utf-8"))


_TOKEN = re.compile(
    r"\[(?:acc|gyro|sync)\b[^\]]{0,20}\]|[a-zσ][a-z0-9_]*|\d+th|[.;!?](?=\s|$)|[\n,()/|:→]|(?<=\s)-+>?(?=\s)"
)
_STOPS = frozenset(".;!?\n")
_COORDINATE = frozenset({",", "/", "and", "or", "nor", "|"})
_JOINING = frozenset(
    [
        *(",", "(", ")", "/", "|", ":", "→", "-", "--", "->"),
        *("and", "or", "nor", "while", "with", "but", "versus", "vs", "whereas", "plus"),
        *("against", "yet", "though", "although", "because", "since", "alongside", "followed", "then", "rather"),
        *("between", "which", "that", "indicating", "showing", "suggesting", "so", "compared", "than", "as", "where"),
        *("indicate", "indicates", "suggest", "suggests", "imply", "implies", "show", "shows", "confirm", "confirms"),
    ]
)
_COMPARING = frozenset({"against", "versus", "vs", "than"})
_BREAKS: Mapping[str, Break] = {
    word: Break(word in _STOPS, word in _COORDINATE, word in "(:", word == ")", word in _COMPARING)
    for word in sorted(_STOPS | _JOINING)
}
_WORD = Word()


_LISTED: frozenset[Aspect] = frozenset({"axis", "sensor", "how"})


@lru_cache(maxsize=4096)
def tokens(gap: str) -> list[Token]:
    """The phrases, breaks and other words of a stretch of plain text, in order."""
    words: list[str] = []
    for word in _TOKEN.findall(gap):
        if "_" in word and word not in lexicon().alone:
            words.extend(filter(None, word.split("_")))
        else:
            words.append(word)
    found: list[Token] = []
    at = axes = 0
    while at < len(words):
        token, length = _token(words, at)
        axes += isinstance(token, Phrase) and token.aspect in _LISTED
        found.append(token)
        at += length
    return _coordinated(found) if axes > 1 else found


def _token(words: Sequence[str], at: int) -> tuple[Token, int]:
    alone = _alone(words[at])
    if alone is not None:
        return alone, 1
    phrase, length = lexicon().find(words, at)
    return (_BREAKS.get(words[at], _WORD) if phrase is None else phrase), length


@lru_cache(maxsize=4096)
def _alone(word: str) -> Token | None:
    """What a word is, whatever follows it; None where a phrase of several words may begin with it."""
    if word[0] == "[":
        return Mark(sum(BY_ORIGIN[origin] for origin in BY_ORIGIN if origin.lower() in word))
    if any(form in lexicon().longer for form in _forms(word)):
        return None
    return lexicon().find([word], 0)[0] or _BREAKS.get(word, _WORD)


def _coordinated(found: list[Token]) -> list[Token]:
    """Join `x, y and z` and `vertical and horizontal`: each of them then names all."""
    run: list[int] = []
    for i, token in enumerate(found):
        if isinstance(token, Phrase) and token.aspect in _LISTED:
            first = found[run[0]] if run else token
            run = [*run, i] if isinstance(first, Phrase) and first.aspect == token.aspect else [i]
            joined = [phrase for place in run if isinstance(phrase := found[place], Phrase)]
            means, may_mean = 0, 0
            for phrase in joined:
                means, may_mean = means | phrase.means, may_mean | phrase.may_mean
            parts = tuple(phrase.parts[k] if phrase.parts else phrase for k, phrase in enumerate(joined))
            for place in run if len(run) > 1 else ():
                found[place] = Phrase(token.aspect, means, may_mean, parts)
        elif not (isinstance(token, Break) and token.coordinates):
            run = []
    return found


_EXACT: Mapping[str, Reference] = {
    feature.name: Reference(1 << i, 1 << i, True) for i, feature in enumerate(PROMPT_FEATURES)
}


def refer_by_name(words: str, unit: str | None, heading: Heading) -> Reference:
    """What a name refers to, such as a feature's own or `vertical RMS`.

    Args:
        words: the name.
        unit: the unit of the table to choose among, None for any.
        heading: what it stands under.

    Returns:
        The reference; it is empty where no word is known.
    """
    if words in _EXACT:
        return _EXACT[words]
    found = [token for token in tokens(plain(words).replace("-", " ")) if isinstance(token, Phrase)]
    if not found:
        return Reference(0, 0, False)
    name = next((phrase for phrase in found if phrase.aspect == "name"), None)
    if name is not None:
        return Reference(name.means, name.means, True)
    among = ALL if unit is None else comparable(unit) or ALL
    clear = _read(among, found[::-1], (), heading, 0)
    return Reference(clear, _allowed(among, found), any(phrase.aspect in _TELLING for phrase in found))


def refer(text: str, quantities: Sequence[Quantity], heading: Heading) -> list[Reference]:
    """What each number of a text refers to.

    Args:
        text: the prose that the numbers were extracted from.
        quantities: its numbers, in order.
        heading: what the text stands under.

    Returns:
        A reference for each number.
    """
    if not quantities:
        return []
    lower = plain(text)
    edges = [0, *(place for q in quantities for place in (q.start, q.end)), len(text)]
    gaps = [tokens(lower[start:end]) for start, end in zip(edges[0::2], edges[1::2], strict=True)]
    marks = _marks(quantities, gaps)
    runs = _runs(gaps)
    return [
        _reference(quantities, i, _around(gaps, quantities, i, run), heading, mark)
        for i, (mark, run) in enumerate(zip(marks, runs, strict=True))
    ]


def _runs(gaps: Sequence[list[Token]]) -> list[tuple[int, int]]:
    """For each number its place in its list, of numbers with commas or `and` between them, and that list's length."""
    runs: list[tuple[int, int]] = []
    first = 0
    for i in range(1, len(gaps)):
        if i == len(gaps) - 1 or not _coordinates(gaps[i]):
            runs.extend((place, i - first) for place in range(i - first))
            first = i
    return runs


def _coordinates(gap: Sequence[Token]) -> bool:
    return bool(gap) and all(isinstance(token, Break) and token.coordinates for token in gap)


def _paired(phrases: Sequence[Phrase], run: tuple[int, int]) -> list[Phrase]:
    """Phrases where those of a list as long as that of the numbers stand for the one in the number's place."""
    place, length = run
    return [phrase.parts[place] if len(phrase.parts) == length > 1 else phrase for phrase in phrases]


def _marks(quantities: Sequence[Quantity], gaps: Sequence[list[Token]]) -> list[FeatureSet]:
    """Features of the sensor whose mark stands behind a number, or further behind it in the same clause."""
    found = [0] * (len(quantities) + 1)
    for i in range(len(quantities) - 1, -1, -1):
        for origin in quantities[i].origins:
            found[i] |= BY_ORIGIN[origin]
        if not found[i]:
            found[i] = _mark_in(gaps[i + 1], found[i + 1])
    return found[:-1]


def _mark_in(gap: Sequence[Token], beyond: FeatureSet) -> FeatureSet:
    """Features of the marks, side by side, in a gap; those beyond it where no stop ends the clause before."""
    features = 0
    for token in gap:
        if isinstance(token, Mark):
            features |= token.features
        elif features or (isinstance(token, Break) and token.stop):
            return features
    return features or beyond


def _extreme(*patterns: str) -> Phrase:
    return Phrase("how", matching(patterns), matching(patterns))


_EXTREMES: Mapping[Role, Phrase] = {
    "low": _extreme("acc_*_min"),
    "high": _extreme("acc_*_max"),
    "spread": _extreme("acc_*_std", "acc_beat_std_s"),
}


class _Around(NamedTuple):
    """Phrases around a number.

    `own` says that no other number stands between it and the nearest stretch before, `behind` that this stretch
    stands right behind another number.
    """

    left: "_Left"
    right: list[Phrase]
    own: bool
    behind: bool


def _around(gaps: Sequence[list[Token]], quantities: Sequence[Quantity], i: int, run: tuple[int, int]) -> _Around:
    left, right = _left(quantities, gaps, i), _right(gaps, i)
    own, behind = _owns(gaps[i], left.near), i > 0 and _begins(gaps[i], left.near)
    if run[1] > 1:
        left, right = left._replace(near=_paired(left.near, run), far=_paired(left.far, run)), _paired(right, run)
    if run[1] == 2 or _compares(gaps[i]) or _compares(gaps[i + 1]):
        left = _either_axis(left)
    return _Around(left._replace(near=left.near[:_FAR]), right, own, behind)


def _compares(gap: Sequence[Token]) -> bool:
    return len(gap) == 1 and isinstance(gap[0], Break) and gap[0].compares


def _either_axis(left: "_Left") -> "_Left":
    """Words before one of two numbers, of which either may be its axis: "y beats x (1.8 against 0.9)"."""
    axes = [phrase for phrase in (*left.near, *left.far) if phrase.aspect == "axis"][:2]
    if len(axes) < 2 or axes[0].parts:
        return left
    both = Phrase("axis", axes[0].means | axes[1].means, axes[0].may_mean | axes[1].may_mean)
    near = [phrase for phrase in left.near if phrase.aspect != "axis"]
    return left._replace(near=[*near, both], far=[phrase for phrase in left.far if phrase.aspect != "axis"])


def _reference(
    quantities: Sequence[Quantity], i: int, around: _Around, heading: Heading, mark: FeatureSet
) -> Reference:
    quantity, role = quantities[i], quantities[i].role
    local = _local(around.left, around.right)
    far = around.left.far
    unit = _unit_set(quantity, local, far)
    if not unit or next((not phrase.means for phrase in local if phrase.aspect in _TELLING), False):
        return Reference(0, 0, bool(local))
    # Where several words say what was measured, or which statistic, any of them may be the one.
    first: list[Phrase | None] = [phrase for phrase in local if phrase.aspect in _TELLING]
    if role != "value":
        local.append(_EXTREMES[role])
        first = [_EXTREMES[role]] if role == "spread" else [*first, _EXTREMES[role]]
    clear = 0
    for phrase in first or [None]:
        clear |= _read(unit, local if phrase is None else [phrase, *local], far, heading, mark)

    def possible() -> FeatureSet:
        found = _possible(unit, around, role, heading, mark)
        if found.bit_count() == 1 and not found & _UNNAMED and len({phrase.aspect for phrase in local}) > 1:
            return found
        others = _unwritten_units(quantities, i, local)
        return reduce(or_, (_possible(other, around, role, heading, mark) for other in others), found)

    return Reference(clear, _allowed(unit, local), bool(local), possible)


def _local(left: "_Left", right: Sequence[Phrase]) -> list[Phrase]:
    """Phrases next to a number, nearest first."""
    if not left.apart:
        return [*left.near, *right]
    # Behind a comma or `and`, what follows the number is nearer to it than what stands before.
    said = {phrase.aspect for phrase in right}
    before = [] if "sensor" in said else left.near
    return [*right, *(phrase for phrase in before if phrase.aspect not in said & _TELLING)]


_ONE_AXIS = matching(["gyro_[xyz]_rms", "gyro_[xyz]_p2p", "gyro_[xyz]_mean"])
_RANGES = matching(["*_p2p"])
# No words tell that a number without unit is one of these: ratios go without, and the others' units are always written.
_UNNAMED = _BY_UNIT["1"] | _BY_UNIT["Hz"] | _BY_UNIT["°"] | _BY_UNIT["s"]


def _possible(unit: FeatureSet, around: _Around, role: Role, heading: Heading, mark: FeatureSet) -> FeatureSet:
    """Every feature that the words bound to a number leave, be they few or its neighbour's in part."""
    if not any(phrase.aspect == "axis" for phrase in (*around.left.near, *around.left.far, *around.right)):
        unit = unit & ~_ONE_AXIS or unit
    in_heading = _BY_HEADING[heading]
    possible = 0
    for phrases in _readings(around):
        allowed = _allowed(unit, phrases if role == "value" else [*phrases, _EXTREMES[role]])
        allowed = allowed & mark or allowed
        # Words that speak of nothing under this heading have hardly been understood.
        possible |= allowed & in_heading or allowed | (unit & in_heading & mark)
    if possible.bit_count() > 1:
        # Not named in full, it may be whatever belongs here, along the axes that are named.
        axes = [phrase for phrase in (*around.left.near, *around.right) if phrase.aspect in ("axis", "sensor")]
        possible |= _allowed(unit & in_heading & (mark or unit), axes)
    return possible


def _readings(around: _Around) -> list[list[Phrase]]:
    """The ways to bind the phrases around a number to it."""
    near, right = around.left.near, around.right
    if near and not around.left.apart and (not right or around.own):
        said = {phrase.aspect for phrase in near}
        both = [*near, *(phrase for phrase in right if phrase.aspect not in said)]
        if said & _TELLING and "axis" not in said:
            both.extend(phrase for phrase in around.left.far if phrase.aspect == "axis")
        return [near, both]
    if right:
        return [right, near] if around.own and not around.behind else [right]
    if around.behind:
        # What stands right behind the number before speaks of that one, and only its subject may be shared.
        shared = [phrase for phrase in near if phrase.aspect in ("name", "what", "sensor")]
        return [[*shared, *(phrase for phrase in around.left.far if phrase.aspect == "how")]]
    return [[phrase for phrase in near if phrase.aspect != "axis"]]


def _unwritten_units(quantities: Sequence[Quantity], i: int, local: Sequence[Phrase]) -> Iterator[FeatureSet]:
    """What a number without unit may be beside what its words say: a ratio, or of the same unit as its neighbours."""
    if quantities[i].unit is not None:
        return
    yield _BY_UNIT["1"]
    if not any(phrase.aspect in _TELLING and phrase.means & _BY_UNIT["1"] for phrase in local):
        for neighbours in (reversed(quantities[max(0, i - _FAR) : i]), quantities[i + 1 : i + 2]):
            other = next((other for other in neighbours if other.unit is not None), None)
            if other is not None and other.unit and other.factor == 1.0:
                yield comparable(other.unit)


def _unit_set(quantity: Quantity, local: Sequence[Phrase], far: Sequence[Phrase]) -> FeatureSet:
    if quantity.unit is not None:
        return comparable(quantity.unit)
    ratios = _BY_UNIT["1"]
    about = [phrase.means for phrase in local if phrase.aspect in _TELLING]
    if local and not about:
        about = [phrase.means for phrase in far if phrase.aspect in _TELLING]
    # A bare number is a ratio, unless the words near it speak of something else: then its unit was left out.
    return ratios if not about or any(means & ratios for means in about) else ALL


def _allowed(unit: FeatureSet, said: Sequence[Phrase]) -> FeatureSet:
    """The features of a unit that phrases do not rule out; of two that say the same aspect, either may hold.

    A lowest and a highest together may also be meant as the range between them.
    """
    allowed = unit
    for aspect in ASPECTS:
        either = 0
        for phrase in said:
            if phrase.aspect == aspect:
                either |= phrase.means if allowed & phrase.means else phrase.may_mean
        if either & _EXTREMES["low"].means and either & _EXTREMES["high"].means:
            either |= _RANGES
        allowed = allowed & either or allowed
    return allowed


def _read(
    unit: FeatureSet, local: Sequence[Phrase], far: Sequence[Phrase], heading: Heading, mark: FeatureSet
) -> FeatureSet:
    """Narrow the features of a unit down by phrases, the nearest first, each only where it leaves some."""
    chosen = unit & mark or unit
    said: set[Aspect] = set()
    for phrase in local:
        narrower = chosen & phrase.means or chosen & phrase.may_mean
        if narrower:
            chosen = narrower
            said.add(phrase.aspect)
    for phrase in far:
        if phrase.aspect not in said and chosen & phrase.means:
            chosen &= phrase.means
            said.add(phrase.aspect)
    if chosen.bit_count() > 1 and not said & {"what", "name"}:
        chosen = chosen & _BY_HEADING[heading] or chosen
    return chosen & lexicon().defaults or chosen


_FAR = 6
"""How many numbers a word may be away from the one it speaks of, and how many such words are heard."""


class _Left(NamedTuple):
    """Phrases before a number, nearest first: those of the nearest stretch that has any, and the others of the clause.

    `apart` says that a break stands between the nearest stretch and the number.
    """

    near: list[Phrase]
    far: list[Phrase]
    apart: bool


def _left(quantities: Sequence[Quantity], gaps: Sequence[list[Token]], i: int) -> _Left:
    """The nearest stretch may lie before an earlier number only where nothing but commas stands between the two."""
    near: list[Phrase] = []
    far: list[Phrase] = []
    into, apart, spoken = near, False, False
    for place in range(i, max(-1, i - _FAR), -1):
        for token in reversed(gaps[place]):
            if token is _WORD:
                spoken = True
            elif isinstance(token, Phrase):
                into.append(token)
            elif isinstance(token, Mark):
                apart = apart or not near
            elif isinstance(token, Break):
                # A sensor's name begins a subject of its own.
                named_sensor = any(phrase.aspect == "sensor" for phrase in (*near, *far))
                if named_sensor or (token.stop and (near or far)):
                    return _Left(near, far, apart)
                apart = apart or (not near and (spoken or not token.introduces))
                into = far if near or token.stop else into
        if place and _other_sensor(quantities[place - 1].unit, quantities[i].unit):
            break
        if near or _WORD in gaps[place]:
            into = far
    return _Left(near, far, apart)


def _owns(gap: Sequence[Token], near: Sequence[Phrase]) -> bool:
    """Whether a stretch of phrases stands in a gap, and not before an earlier number."""
    return any(token is phrase for token in gap for phrase in near[-1:])


def _begins(gap: Sequence[Token], near: Sequence[Phrase]) -> bool:
    """Whether a stretch of phrases is the first in a gap, before any break but a bracket."""
    for token in gap:
        if near and token is near[-1]:
            return True
        if isinstance(token, Mark) or (isinstance(token, Break) and not token.introduces):
            return False
    return False


_SENSOR_OF_UNIT = {"m/s²": "ACC", "m/s³": "ACC", "rad/s": "GYRO"}


def _other_sensor(first: str | None, second: str | None) -> bool:
    sensors = {_SENSOR_OF_UNIT.get(first or ""), _SENSOR_OF_UNIT.get(second or "")}
    return len(sensors) == 2 and None not in sensors


def _right(gaps: Sequence[list[Token]], i: int) -> list[Phrase]:
    """Phrases right behind number i, or behind the list of numbers that it stands in, nearest first."""
    last = min(i + _FAR, len(gaps) - 2)
    while i < last and _coordinates(gaps[i + 1]):
        i += 1
    gap = gaps[i + 1]
    bracketed = any(isinstance(token, Break) and token.closes for token in gap)
    found: list[Phrase] = []
    for place, token in enumerate(gap[:8]):
        if token is _WORD:
            continue
        if isinstance(token, Phrase):
            found.append(token)
        elif isinstance(token, Mark) or (
            isinstance(token, Break) and not (place == 0 and token.introduces and bracketed)
        ):
            return found
    if len(found) > 1 and len(gap) < 8 and i + 2 < len(gaps) and found[-1].aspect in _TELLING:
        # Nothing parts these words from the next number, and the last of them speak of that one.
        found.pop()
    return found
