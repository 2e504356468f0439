"""Numbers in prose: value, digits, unit and origin mark, apart from those that measure nothing."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

Role = Literal["value", "low", "high", "spread"]
GRAVITY_MS2 = 9.80665
_DEG_RAD_S = 0.017453292519943295


class Unit(NamedTuple):
    """A unit as written: the table's unit it is compared in ("" for one that no feature has), and the factor to it."""

    base: str
    factor: float


_S = r"s(?:ec(?:onds?|s)?)?"
_M = r"m(?:et(?:er|re)s?)?"
_PER = r"\s?(?:/|per)\s?"
_EACH = r" (?:an?|each|every) "
_ABOUT_AXIS = r" (?:about|around|on|for) (?:the|[xyz])\b"
_STEPS = r"(?:steps?|cycles?|beats?|strides?|oscillations?|peaks?)"
_PATTERNS: tuple[tuple[str, Unit], ...] = (
    (rf"{_M}{_PER}{_S}(?:\^|\*\*)?\{{?3\}}?|{_M}[\s*.]*s\^?\{{?-3\}}?|{_M}{_PER}{_S} cubed", Unit("m/s³", 1)),
    (r"g/s", Unit("m/s³", GRAVITY_MS2)),
    (
        rf"{_M}{_PER}{_S}(?:\^|\*\*)?\{{?2\}}?|{_M}[\s*.]*s\^?\{{?-2\}}?|{_M}/s/s|{_M}{_PER}{_S} squared"
        rf"|{_M}{_PER}square second",
        Unit("m/s²", 1),
    ),
    (r"mg", Unit("m/s²", GRAVITY_MS2 / 1000)),
    (r"g(?:'s)?", Unit("m/s²", GRAVITY_MS2)),
    (rf"rad(?:ians?)?{_PER}{_S}|rad[\s*.]*s\^?\{{?-1\}}?", Unit("rad/s", 1)),
    (rf"(?:°|deg(?:rees?)?){_PER}{_S}|(?:°|deg)[\s*.]*s\^?-1|dps", Unit("rad/s", _DEG_RAD_S)),
    (r"°|deg(?:rees?)?", Unit("°", 1)),
    (r"rad(?:ians?)?", Unit("°", 1 / _DEG_RAD_S)),
    (rf"hz|hertz|{_STEPS}(?:{_PER}|{_EACH}){_S}", Unit("Hz", 1)),
    (rf"{_STEPS}{_PER}min(?:ute)?|bpm|spm|/min", Unit("Hz", 1 / 60)),
    (
        rf"(?:crossings?|changes?|times|reversals?|events?)(?:{_PER}|{_EACH}){_S}|times(?={_ABOUT_AXIS})|{_PER}{_S}"
        rf"|1/s|s\^?-1",
        Unit("1/s", 1),
    ),
    (r"ms|milliseconds?", Unit("s", 0.001)),
    (_S, Unit("s", 1)),
    (r"%|percent|per cent|pct", Unit("1", 0.01)),
    (rf"{_M}{_PER}{_S}|km/h|kmh|mph|db|c|°\s?c|newtons?|n|kg|kcal|cm|mm|km|{_M}|j|w|v|lux|u?t|hpa", Unit("", 1)),
)
# Longer spellings come first: `m/s²` before `m/s`, `rad/s` before `rad`.
_UNITS: Mapping[str, Unit] = {f"u{i}": unit for i, (_, unit) in enumerate(_PATTERNS)}
*_KNOWN, _FOREIGN = (
    # The regular expression of numbers is a verbose one, where plain spaces mean nothing.
    f"(?P<u{i}>{pattern})".replace(" ", r"\ ")
    for i, (pattern, _) in enumerate(_PATTERNS)
)
_UNIT = "|".join(_KNOWN)
_RATIOS = frozenset(
    [
        *(
            "",
            "1",
            "-",
            "none",
            "unitless",
            "dimensionless",
            "ratio",
            "fraction",
            "n/a",
            "na",
            "null",
            "share",
            "index",
        ),
        *("score", "correlation", "coefficient"),
    ]
)
_PLAIN = str.maketrans("−–—‒²³¹⁻º·⋅×≈∼∽µ\u00a0\u202f\u2009[]", "----231-°**x~~~u   []")
_WHOLE_UNIT = re.compile(rf"(?:{_UNIT}|{_FOREIGN})\.?")
_ORIGIN = r"acc|gyro|sync"
_TIMES_A = f"{_EACH}|{_ABOUT_AXIS}".replace(" ", "[ ]")
_NUMBER = re.compile(
    rf"""(?=[-+\d.±])(?:(?P<spread>±\s?|\+/-\s?)|(?<![\w.^])(?<![a-z]/))(?P<sign>(?<![\w)\]%°])[-+])?
    (?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d*\.\d+|\d+)(?P<exponent>e[-+]?\d+)?
    (?:(?P<ordinal>st|nd|rd|th)\b
      |\s?(?P<multiple>x\b(?!\s*(?:=|axis))|times\b(?!\s?/|\ per\s|{_TIMES_A})|-?fold\b|:\s?1\b)
      |[\s-]?(?:{_UNIT})(?![a-z\d²³^/])
      |\s(?:{_FOREIGN})(?![a-z\d²³^/*])
    )?""",
    re.VERBOSE,
)
_MARKS = re.compile(rf"(?:[\s,/&+]*(?:and\s*)?[\[(]\s*(?:{_ORIGIN})(?:\s*[,/&+|]\s*(?:{_ORIGIN}))*\s*[\])])+")
_MARK = re.compile(_ORIGIN)

_REFERENCE_BEFORE = re.compile(
    r"(?:\b(?:below|above|under|over|exceed\w*|beyond|less than|more than|greater than|lower than|higher than"
    r"|smaller than|larger than|at least|at most|no more than|threshold(?: of)?|limit(?: of)?|cut-?off(?: of)?"
    r"|typical of|typically|compared (?:to|with)|expected|factor of|window of|every other|out of|ideal(?: of)?"
    r"|maximum possible(?: of)?)|[<>≤≥#])\s*=?\s*(?:about |the |a |an |~)*$"
)
_CLOSELY = re.compile(
    r"(?:(?:just|slightly|marginally|a little|little|barely|only just)\s+|(?:never|not) (?:\w+ )?)\w+\s*(?:the |~)*$"
)
_APPROXIMATE = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|some|circa|ca\.?|near|close to|on the order of"
    r"|(?:just|slightly|marginally|little|barely) (?:under|over|above|below))|~)\s*(?:a |the )?$"
)
_WORDS = re.compile(r"[a-z][a-z.-]*|[~<>≤≥#=]")
# A look at single words spares most numbers the search.
_REFERENCE_WORDS = frozenset(
    [
        *(
            "below",
            "above",
            "under",
            "over",
            "beyond",
            "than",
            "least",
            "most",
            "threshold",
            "limit",
            "cut-off",
            "cutoff",
        ),
        *("typical", "typically", "compared", "expected", "factor", "window", "other", "out", "ideal", "possible"),
        *("exceed", "exceeds", "exceeded", "exceeding", "<", ">", "≤", "≥", "#", "="),
    ]
)
_APPROXIMATE_WORDS = frozenset(
    [
        *(
            "about",
            "around",
            "roughly",
            "approximately",
            "approx",
            "approx.",
            "nearly",
            "almost",
            "some",
            "circa",
            "ca",
        ),
        *("ca.", "near", "close", "order", "under", "over", "above", "below", "~"),
    ]
)
_BOUND_BEFORE = re.compile(
    r"(?:\b(?:close to|near|nearly|toward|towards|from|to|of|approach\w*|than|about|almost|and|between|=)"
    r"|[~<>(\[-])\s*$"
)
_REFERENCE_AFTER = re.compile(
    r"\s*(?:-|\s)?(?:(?:long )?windows?\b|samples?\b|sampling|(?:long )?(?:segment|recording|epoch|interval window)s?\b"
    r"|axes\b|sensors?\b|thresholds?\b|(?:low|high)-?\s?pass|cut-?off|bands?\b|scale\b|(?:regular |clear |distinct )?"
    r"(?:steps|peaks|beats|cycles|impacts)\b|of the (?:time|samples|duration)\b|thirds?\b"
    r"|standard deviations?\b|sigma\b|gravity\b)"
)
_BAND_AFTER = re.compile(
    r"(?: ?hz)? ?(?:-|to) ?[\d.]+ ?hz (?:band|range)|\s?(?:-|to)\s?1(?![\d.])|\s?(?:-|to|and)\s?15\s?hz"
)
_RANGE_AFTER = re.compile(r" (?:range|region)\b")
_DERIVED_BEFORE = re.compile(
    r"\b(?:vertical|horizontal)(?:-| )(?:to|over|versus)(?:-| )(?:horizontal|vertical)[^.;,]{0,25}$"
)
_ENERGY_BEFORE = re.compile(r"\b(?:3 ?hz|low(?:er)? frequenc\w+|slow\w*|low-frequency)\b[^.;]*$")
_PER_SECOND = re.compile(r"\btimes (?:per|an?|each|every) s")
_DERIVED_AFTER = re.compile(r" (?:more|less|higher|lower|larger|smaller|greater|faster|slower|later|earlier)\b")
_PORTION_BEFORE = re.compile(r"\b(?:hardest|strongest|top|upper|highest|largest|lowest|bottom) (?:about )?$")
_DURATION_BEFORE = re.compile(
    r"(?:\b(?:over|across|in|within|during|throughout|for|of)\b(?: the| this| these| a)?(?: whole| full| entire)?)\s*$"
)
# Between low and high frequencies, where the high ones end, and the rate of the samples.
_BAND_EDGES_HZ = frozenset({"3", "15", "50"})
_GRAVITY_DIGITS = frozenset({"9.8", "9.80", "9.807", "9.80665"})


class Quantity(NamedTuple):
    """A number of a text that claims to be a measurement.

    Attributes:
        written: the number with unit as it stands in the text.
        number: the number alone.
        step: what its last digit is worth.
        unit: the unit of the feature table to compare in, "" for one that no feature has, None where none was written.
        factor: what to multiply `number` and `step` by to have them in `unit`; 0.01 for percent, whose unit is `1`.
        approximate: whether a word such as `about` stands before it.
        role: `low` or `high` end of a range, `spread` after ±, else `value`.
        origins: the sensors of the mark right behind it.
        start: where it begins in the text.
        end: where it and its mark end.
    """

    written: str
    number: float
    step: float
    unit: str | None
    factor: float
    approximate: bool
    role: Role
    origins: tuple[str, ...]
    start: int
    end: int


@lru_cache(maxsize=64)
def plain(text: str) -> str:
    """Lower case with plain digits, dashes, dots and spaces, character by character, so that places stay the same."""
    lower = text.lower()
    if text.isascii():
        return lower
    return (lower if len(lower) == len(text) else text).translate(_PLAIN)


@lru_cache(maxsize=256)
def unit_of(written: str) -> Unit | None:
    """The unit behind a spelling, such as `ms⁻²` or `deg/s`; unit "1" for ratios, None where it cannot be read."""
    spelled = plain(written.strip().strip("[]()"))
    if spelled in _RATIOS:
        return Unit("1", 1)
    match = _WHOLE_UNIT.fullmatch(spelled)
    return _unit(match) if match else None


def _unit(match: re.Match[str]) -> Unit | None:
    return _UNITS.get(match.lastgroup or "")


def digits_step(digits: str) -> float:
    """What the last digit of a written number is worth: 0.01 for `2.28`, 1 for `10`."""
    mantissa, _, exponent = digits.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(10.0 ** (int(exponent or 0) - decimals))


def extract(text: str) -> list[Quantity]:
    """The numbers of a text that claim to be measurements.

    Left out are lengths of windows, sampling rates, counts, ordinals, multiples (`1.5 times`), ends of scales, the
    constant of gravity, and references such as thresholds (`above 1.5 m/s²`).

    Args:
        text: prose.

    Returns:
        Quantities in the order of the text.
    """
    lower = plain(text)
    found = [q for match in _NUMBER.finditer(lower) if (q := _quantity(text, lower, match)) is not None]
    for i in range(len(found) - 1, 0, -1):
        found[i - 1], found[i] = _joined(lower, found[i - 1], found[i])
    return found


def _quantity(text: str, lower: str, match: re.Match[str]) -> Quantity | None:
    before = lower[max(0, match.start() - 40) : match.start()]
    after = lower[match.end() : match.end() + 24]
    unit = _unit(match)
    if match["multiple"] and "." in match["digits"]:
        unit = _counted(lower, match)
    elif match["ordinal"] or match["multiple"] or (unit is None and after[:1].isalpha()):
        return None
    if match["multiple"] and unit is None:
        return None
    digits = match["digits"].replace(",", "")
    words = _WORDS.findall(before, max(0, len(before) - 30))
    if _is_reference(digits, unit, before, after, words):
        return None
    number = digits + (match["exponent"] or "")
    sign = -1.0 if match["sign"] == "-" else 1.0
    mark = _MARKS.match(lower, match.end())
    return Quantity(
        written=text[match.start() : match.end()].strip(),
        number=sign * float(number),
        step=digits_step(number),
        unit=unit.base if unit else None,
        factor=unit.factor if unit else 1.0,
        approximate=not _APPROXIMATE_WORDS.isdisjoint(words) and _APPROXIMATE.search(before) is not None,
        role="spread" if match["spread"] else "value",
        origins=tuple(dict.fromkeys(origin.upper() for origin in _MARK.findall(mark[0]))) if mark else (),
        start=match.start(),
        end=mark.end() if mark else match.end(),
    )


def _counted(lower: str, match: re.Match[str]) -> Unit | None:
    """What `times` counts where it is no comparison: low over high energy, or events per second."""
    if _ENERGY_BEFORE.search(lower, max(0, match.start() - 60), match.start()):
        return Unit("1", 1)
    return Unit("1/s", 1) if _PER_SECOND.search(lower, 0, match.start()) else None


def _is_reference(digits: str, unit: Unit | None, before: str, after: str, words: Sequence[str]) -> bool:
    if unit is not None and not unit.base:
        return False
    if _REFERENCE_AFTER.match(after) or _BAND_AFTER.match(after):
        return True
    if unit is not None and unit.base == "Hz" and (_RANGE_AFTER.match(after) or digits in _BAND_EDGES_HZ):
        return True
    if not _REFERENCE_WORDS.isdisjoint(words) and (reference := _REFERENCE_BEFORE.search(before)):
        # References are round: `over 12.34 m/s²` says where a movement extends.
        exact = len(digits.partition(".")[2]) > 1 and reference[0].startswith(("over", "compared"))
        if not exact and not _CLOSELY.search(before):
            return True
    if ("horizontal" in before and _DERIVED_BEFORE.search(before)) or _DERIVED_AFTER.match(after):
        return True
    if unit is None:
        # A bare 0 or 1 after `close to` is the end of a scale; a bare small integer before a noun counts something.
        return (digits in {"0", "1", "100"} and _BOUND_BEFORE.search(before) is not None) or (
            "." not in digits and re.match(r"\s[a-z]{4,}", after) is not None and len(digits) == 1
        )
    if unit.factor == 0.01:
        return _PORTION_BEFORE.search(before) is not None or (digits == "95" and before.endswith("("))
    if unit.base == "m/s²":
        return (
            digits == "9.81"
            or (digits in _GRAVITY_DIGITS and "gravit" in before + after)
            or (digits in {"1", "1.0"} and unit.factor == GRAVITY_MS2)
        )
    return unit.base == "s" and "." not in digits and _DURATION_BEFORE.search(before) is not None


_RANGE_BETWEEN = re.compile(r"\s?(?:-|to|~|up to)\s?")
_AND_BETWEEN = re.compile(r",?\s?(?:and|&)\s?(?:about |~)?")
_LIST_BETWEEN = re.compile(
    r"[\s,/|&]*(?:(?:and|or|in|on|along|about|for|[xyz]|vs\.?)[\s,/;:=]+)*[\s(]*(?:[xyz]\s*[=:]?\s*)?"
)
_RATIO_BEFORE = re.compile(
    r"\b(?:ratio|share|rhythm strength|regularity|correlation|consistency|cv|fraction|autocorrelation)\W*"
    r"(?:(?:of|is|at|to)\W+)?$"
)
_BETWEEN_BEFORE = re.compile(r"\b(?:between|from)\s*(?:about |~)?$")


def _joined(lower: str, first: Quantity, second: Quantity) -> tuple[Quantity, Quantity]:
    """Two neighbours: the first with the unit that stands behind the second, both as ends where they span a range."""
    between = lower[first.end : second.start]
    if second.role == "spread" and not between.strip():
        return _with_unit(lower, first, second), second
    spans = _RANGE_BETWEEN.fullmatch(between) or (
        _AND_BETWEEN.fullmatch(between) and _BETWEEN_BEFORE.search(lower[max(0, first.start - 20) : first.start])
    )
    if spans and first.unit in (None, second.unit):
        return _with_unit(lower, first, second)._replace(role="low"), second._replace(role="high")
    if first.unit is None and _LIST_BETWEEN.fullmatch(between):
        return _with_unit(lower, first, second), second
    return first, second


def _with_unit(lower: str, first: Quantity, second: Quantity) -> Quantity:
    if first.unit is not None or second.unit is None or _RATIO_BEFORE.search(lower, 0, first.start):
        return first
    return first._replace(unit=second.unit, factor=second.factor, origins=first.origins or second.origins)
