"""Relations that a text puts in words of its own: times another quantity, a share of the energy, before or after."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lanhar.signals.table import Heading

_FACTORS: Mapping[str, tuple[float, float]] = {
    r"one and a half times": (0.94, 2.4),
    r"(?:twice|double|two times|two-fold)": (1.25, 3.2),
    r"(?:three times|triple|thrice)": (1.87, 4.8),
    r"half(?! \w+er\b)": (0.31, 0.8),
    r"(?:a|one) third(?! of a| \w+er\b| more\b)": (0.2, 0.54),
    r"(?:(?:far|well|much) )(?:above|beyond)": (1.2, float("inf")),
    r"(?:(?:far|well|much) )?(?:below|under)": (0.0, 0.95),
    r"(?:softer|lighter|weaker|gentler|smaller) than": (0.0, 0.95),
}
"""Words of a factor and the ratios that they may stand for, which is 1.6 times either way where they name one."""
_FACTOR = re.compile("|".join(rf"(?P<f{i}>\b{words}\b)" for i, words in enumerate(_FACTORS)))
_FACTOR_WORDS = ("times", "twice", "double", "two-fold", "triple", "thrice", "half", "third", "above", "below", "than")
_LIMITS = tuple(_FACTORS.values())
_SOME = r"strongest|upper|highest|largest|hardest|heaviest|top|95th|p95|single ones|some|a few|extreme|ones"
_QUANTITIES: Mapping[Heading, tuple[tuple[re.Pattern[str], str], ...]] = {
    "Rhythm": (
        (re.compile(r"dominant (?:frequency|rate|component)|(?:main|strongest) frequency|peaks"), "acc_dominant_hz"),
        (re.compile(r"step (?:rate|frequency)|cadence"), "acc_step_hz"),
    ),
    "Gyro-acc sync": (
        (re.compile(r"gyro\w*|rotation"), "gyro_step_hz"),
        (re.compile(r"acceleromet\w*|acceleration"), "acc_step_hz"),
    ),
    "Vertical impact": (
        (re.compile(rf"\b(?:{_SOME})\b"), "impact_p95"),
        (re.compile(r"\b(?:median|typical|ordinary|usual|average)\b"), "impact_median"),
    ),
    "Strength": (
        (re.compile(r"vertical"), "acc_vertical_rms"),
        (re.compile(r"horizontal"), "acc_horizontal_rms"),
    ),
}
"""What is compared under a heading, by what names it."""
_CLAUSE = re.compile(r"[;:.\n]|,? (?:and|but|while|whereas|although|though|yet) |, ")
_SENTENCE = re.compile(r"[;:.\n]\s")
_MORE = re.compile(r"(?:more than|over|well over|at least) (?:\w+ )?$")
_LESS = re.compile(r"(?:less than|under|not even) (?:\w+ )?$")
_DENIED = re.compile(r"\b(?:not|no|never|neither)\b")

_SHARES: Mapping[str, float] = {
    r"nine tenths": 0.9,
    r"three quarters": 0.75,
    r"two thirds": 0.667,
    r"two fifths": 0.4,
    r"half": 0.5,
    r"(?:a|one) third": 0.333,
    r"(?:a|one) quarter": 0.25,
    r"(?:a|one) fifth": 0.2,
    r"(?:a|one) tenth": 0.1,
}
_SHARE = re.compile(
    r"(?P<more>more than |over )?(?P<less>less than |under |only |just |merely |nearly |almost )?"
    + "(?:"
    + "|".join(rf"(?P<s{i}>\b{words}\b)" for i, words in enumerate(_SHARES))
    + ")"
)
_PARTS = tuple(_SHARES.values())
_SHARE_WORDS = ("half", "third", "quarter", "fifth", "tenth")
_TOLERANCE = 0.12
_SIDE = re.compile(r"\b(?:(?P<vertical>vertical|yaw)|(?P<horizontal>horizontal)|(?P<axis>[xyz])(?:[ -]axis)?\b)")
_HAS = re.compile(r"\b(?:account|make|take|carr|hold|contribut|contain|represent|provid|compris|ha[sv]|form|receiv)")
_GOES = re.compile(r"^(?: of (?:the|its|all) [\w-]+)?(?: [\w-]+){0,5}$")
_JOINED = re.compile(r",? (?:and|or|as well as|plus) (?:the )?(?:[xyz]|vertical|horizontal)\b")
_ROTATION = re.compile(r"rotat|turn|gyro|angular|spin")

_GRAVITY = re.compile(
    r"\bgravity\b[^.;,]{0,40}\b(?:most(?:ly)?|mainly|almost entirely|chiefly|largely|nearly all|predominantly"
    r"|primarily)\b[^.;,]{0,25}\b(?P<axis>[xyz])\b(?![ -]axis (?:and|or)| and| or)"
)
_MOST_OF_GRAVITY = 0.45

_FIRST = r"lead|leads|leading|ahead|precedes|preceding|comes first|comes earlier|comes before|runs ahead"
_LAST = r"lags|lagging|trails|trailing|behind|comes last|comes later|comes after|delayed|follows by|following"
_ORDER = re.compile(
    r"\b(?:(?P<rotation>rotation\w*|gyro\w*)|(?P<acceleration>acceleration|accelerometer))"
    rf"(?: (?!and\b|of\b)[\w']+){{0,3}} (?:(?P<first>{_FIRST})|(?P<last>{_LAST}))\b"
)


@dataclass(frozen=True)
class Ratio:
    """A measure said to lie between limits, relative to another where there is one.

    Attributes:
        numerator: feature.
        denominator: feature; None for a share.
        low: smallest ratio with which the words may be true.
        high: largest one.
        clause: the words around it.
        rest: whether what is left of the share is meant, as in "the horizontal has a third".
    """

    numerator: str
    denominator: str | None
    low: float
    high: float
    clause: str
    rest: bool = False


@dataclass(frozen=True)
class Order:
    """Rotation said to come before the acceleration, or after it."""

    leads: bool
    clause: str


def read_relations(text: str, heading: Heading) -> Iterator[Ratio | Order]:
    """Relations that a conclusion claims.

    Args:
        text: a conclusion.
        heading: where it stands.
    """
    lower = text.lower()
    if heading in _QUANTITIES and any(word in lower for word in _FACTOR_WORDS):
        yield from _factors(lower, heading)
    if heading == "Axis dominance" and any(word in lower for word in _SHARE_WORDS):
        yield from _shares(lower)
    if heading == "Posture / drift":
        for match in _GRAVITY.finditer(lower):
            yield Ratio(f"gravity_{match['axis']}", None, _MOST_OF_GRAVITY, 1.0, match.group())
    if heading == "Gyro-acc sync":
        for match in _ORDER.finditer(lower):
            if not _DENIED.search(match.group()):
                yield Order((match["first"] is None) == (match["rotation"] is None), match.group())


def _factors(lower: str, heading: Heading) -> Iterator[Ratio]:
    quantities = _QUANTITIES[heading]
    for match in _FACTOR.finditer(lower):
        sentence = _SENTENCE.split(lower[max(0, match.start() - 90) : match.start()])[-1]
        before = _CLAUSE.split(sentence)[-1]
        after = _CLAUSE.split(lower[match.end() : match.end() + 60])[0]
        left = [(found.start(), name) for words, name in quantities for found in words.finditer(before)]
        # "Horizontal acceleration is strong and twice the vertical": the subject stands before.
        left = left or [(-found.start(), name) for words, name in quantities for found in words.finditer(sentence)]
        right = [(found.start(), name) for words, name in quantities for found in words.finditer(after)]
        if heading == "Vertical impact" and not right and after.startswith(" as "):
            right = [(0, "impact_median")]
        if after.startswith((" of that", " of it", " of this", " that ")):
            continue
        if not left or not right or _DENIED.search(before):
            continue
        numerator, denominator = max(left)[1], min(right)[1]
        order = (match.lastgroup or "f0")[1:]
        if numerator == denominator or (int(order) > 4 and heading != "Vertical impact"):
            continue
        low, high = _LIMITS[int(order)]
        low, high = (0.0 if _LESS.search(before) else low), (float("inf") if _MORE.search(before) else high)
        yield Ratio(numerator, denominator, low, high, f"{before}{match.group()}{after}".strip())


def _shares(lower: str) -> Iterator[Ratio]:
    """As in "the vertical accounts for two thirds of the energy", "about half of the rotation is about y"."""
    for match in _SHARE.finditer(lower):
        before = _CLAUSE.split(lower[max(0, match.start() - 80) : match.start()])[-1]
        after = _CLAUSE.split(lower[match.end() : match.end() + 70])[0]
        left, right = list(_SIDE.finditer(before)), list(_SIDE.finditer(after))
        if _DENIED.search(before) or len(left) + len(right) != 1:
            continue
        if left and not _HAS.search(before, left[0].end()):
            continue
        if right and not _GOES.match(after[: right[0].start()].rstrip()):
            continue
        side = (left or right)[0]
        if right and _JOINED.match(lower, match.end() + side.end()):
            continue
        about = re.search(r"\b(?:about|around)(?: \w+){0,2} $", (before if left else after)[: side.start()]) is not None
        measure = _share_of(side, about or _ROTATION.search(before + after) is not None)
        if measure is None:
            continue
        share = _PARTS[int((match.lastgroup or "s0")[1:])]
        low = 0.0 if match["less"] else share - (0.04 if match["more"] else _TOLERANCE)
        high = 1.0 if match["more"] else share + (0.08 if match["less"] else _TOLERANCE)
        name, rest = measure
        yield Ratio(name, None, low, high, f"{before}{match.group()}{after}".strip(), rest)


def _share_of(side: re.Match[str], rotation: bool) -> tuple[str, bool] | None:
    """The share that a direction has of the movement or the rotation, and whether the rest of it is meant."""
    if side["axis"]:
        return (f"gyro_{side['axis']}_energy_share", False) if rotation else None
    return ("gyro_z_energy_share" if rotation else "acc_vertical_share"), side["horizontal"] is not None
