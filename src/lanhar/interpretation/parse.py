"""From what a model wrote to an interpretation: strict JSON, JSON in disguise, or prose under seven headings."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, get_args

from lanhar.interpretation.schema import FIELDS, Evidence, Interpretation, Section
from lanhar.signals.table import HEADINGS, Heading, Origin

LONGEST_PREAMBLE = 300
"""Characters that may stand before the first heading of a prose answer."""
LONGEST_EVIDENCE = 300
"""Characters of a piece of evidence that is written as one string."""
MOST_UNKNOWN_KEYS = 3
"""Keys beyond the seven headings that are passed over in a JSON answer."""

_DASH = "‐‑‒–-"
_WORDS: Mapping[Heading, str] = {
    "Strength": "strength",
    "Axis dominance": rf"axis[ _{_DASH}]?dominance|dominant ax[ei]s",
    "Rhythm": "rhythm",
    "Shape": "shape",
    "Posture / drift": rf"posture[ _]?(?:[/&{_DASH}]|and|or)?[ _]?drift",
    "Gyro-acc sync": (
        rf"gyro(?:scope)?[ _]?[/&{_DASH}]?[ _]?acc(?:el(?:eration|erometer)?)?[ _{_DASH}]?sync(?:hron[a-z]{{1,9}})?"
    ),
    "Vertical impact": rf"vertical[ _{_DASH}]?impacts?",
}
"""Heading → how it may be spelt, case-free."""
_SPELT = {heading: re.compile(words, re.IGNORECASE) for heading, words in _WORDS.items()}
# Every repetition is bounded: an answer can be anything, and must not keep the regular expressions busy.
_NUMBERING = r"(?:\(?(?:\d{1,2}|[ivx]{1,4}|[a-g])[.):][ \t]{0,4})?"
_PICTURE = r"(?:[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]{1,3}[ \t]{0,2})?"
_AFTER = r"(?:[:：—–→|]|-(?=\s))"
_UNDERLINE = r"(?:\n[ \t]{0,3}(?:-{3,80}|={3,80})[ \t]*$)?"
_HEADING_LINE = re.compile(
    rf"^[ \t]{{0,8}}(?:\|[ \t]{{0,8}}|[#>]{{1,6}}[ \t]{{0,4}})?(?:[-*+•][ \t]{{1,4}})?{_NUMBERING}{_PICTURE}"
    rf"(?P<em>[*_`]{{0,3}}){_NUMBERING}{_PICTURE}"
    rf"(?:{'|'.join(f'(?P<h{i}>{_WORDS[heading]})' for i, heading in enumerate(HEADINGS))})"
    rf"(?:[ \t]{{0,4}}{_AFTER}[ \t]{{0,4}}(?P=em)|(?P=em)[ \t]{{0,8}}{_AFTER}|(?P=em)[ \t]*#{{0,6}}[ \t]*${_UNDERLINE}"
    # Bold words at the start of a line are a heading, whatever follows.
    rf"|(?P=em)(?<=[*_])(?=[ \t])"
    # A full stop ends a heading only where something sets it off from a sentence's first word.
    rf"|\.(?P=em)(?<=[*_])|(?<=[*_])\.(?=\s))",
    re.IGNORECASE | re.MULTILINE,
)
_QUANTITY = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\s\d=][^\s=]*)?\s*")
_NAMED = re.compile(r"([^=:≈~]+?)\s*(?:=|:|≈|~|\bis\b|\s(?=[+-]?[.\d]))([^=:≈~]+)")
_ORIGIN_MARK = re.compile(r"[\[(](ACC|GYRO|SYNC)[\])]", re.IGNORECASE)
_OBJECT = re.compile(r"\{\s*(?:[\"“”]|\Z)")
_THOUGHT = re.compile(r"\s*<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)


class ParseError(ValueError):
    """An answer that holds no interpretation; the message says why in one line."""


def parse_interpretation(raw: str) -> Interpretation:
    """Take a model's answer apart.

    Accepted are JSON by the schema; JSON in a fence, amid prose, with headings for keys, strings for sections or
    evidence, a wrapper key, trailing commas or typographic quotes; and prose under the seven headings, in any order
    and dress. Prose goes into the conclusions, without evidence.

    Args:
        raw: the answer as it came.

    Returns:
        The interpretation. Whether it is true is the filter's to say.

    Raises:
        ParseError: the answer is empty, cut off or malformed, or a heading is missing, doubled or empty.
    """
    try:
        return _finite(Interpretation.model_validate_json(raw, strict=True))
    except ValueError:
        pass  # Not by the schema: look for what models write instead.
    try:
        interpretation = _parse_loosely(raw)
        interpretation.text.encode()
    except RecursionError:
        raise ParseError("JSON is nested too deeply") from None
    except UnicodeEncodeError:
        raise ParseError("answer holds half a character (a lone surrogate)") from None
    return interpretation


def _parse_loosely(raw: str) -> Interpretation:
    text = _THOUGHT.sub("", raw, count=1) if raw.lstrip()[:7].lower() == "<think>" else raw
    if not text.strip():
        raise ParseError("empty answer")
    start = _OBJECT.search(text)
    if start is None:
        return _from_prose(text)
    try:
        content = _decode(text, start.start())
    except ParseError:
        # Prose may hold a brace; an answer that has no headings in prose was meant as JSON.
        if not _HEADING_LINE.search(text):
            raise
        return _from_prose(text)
    content = _unwrap(content)
    if isinstance(content, str) or (not _by_heading(content)[0] and _HEADING_LINE.search(text)):
        return _from_prose(content if isinstance(content, str) else text)
    return _from_mapping(content)


def _decode(text: str, start: int) -> Any:
    decoder = json.JSONDecoder(strict=False)
    try:
        return decoder.raw_decode(text, start)[0]
    except ValueError:
        repaired = _repair(text[start:])
    try:
        return decoder.raw_decode(repaired)[0]
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated string") or "}" not in repaired[error.pos :]:
            raise ParseError(f"JSON is cut off after {len(text)} characters") from None
        raise ParseError(f"malformed JSON at character {start + error.pos}: {error.msg}") from None
    except ValueError as error:
        raise ParseError(f"malformed JSON: {_short(error)}") from None


def _repair(text: str) -> str:
    """Typographic quotes and minus signs where JSON has plain ones, and no commas before a closing bracket."""
    text = re.sub(r"(?<=[{,:\[\s])[“”„](?=\S)|[“”](?=\s{0,8}[:,}\]])", '"', text)
    return re.sub(r",(?=\s{0,80}[}\]])", "", re.sub(r"−(?=\d)", "-", text))


def _unwrap(content: Any) -> Any:
    """What stands under a single wrapper key, such as `interpretation`."""
    for _ in range(2):
        if not isinstance(content, dict) or _by_heading(content)[0] or len(content) != 1:
            break
        content = next(iter(content.values()))
    return content


def _by_heading(content: Any) -> tuple[dict[Heading, Any], list[str]]:
    """Values by the heading that their key spells, and the keys that spell none."""
    if not isinstance(content, dict):
        return {}, []
    known: dict[Heading, Any] = {}
    unknown: list[str] = []
    for key, value in content.items():
        heading = _heading(key)
        if heading is None:
            unknown.append(key)
        elif heading in known:
            raise ParseError(f"heading '{heading}' stands twice")
        else:
            known[heading] = value
    return known, unknown


def _heading(key: str) -> Heading | None:
    words = re.sub(r"^[\W\d_]+|[\W_]+$", "", key[:80])
    spelt = re.sub(r"\s*([/&-])\s*|\s+", lambda match: match[1] or " ", words)
    return next((heading for heading, pattern in _SPELT.items() if pattern.fullmatch(spelt)), None)


def _from_mapping(content: Any) -> Interpretation:
    if not isinstance(content, dict):
        raise ParseError(f"JSON holds a {type(content).__name__} where the seven headings belong")
    known, unknown = _by_heading(content)
    _check_complete(known)
    if len(unknown) > MOST_UNKNOWN_KEYS:
        raise ParseError(f"{len(unknown)} unknown keys: {', '.join(map(_short, unknown[:5]))}")
    return Interpretation(**{FIELDS[heading]: _section(value, heading) for heading, value in known.items()})


def _check_complete(known: Mapping[Heading, Any]) -> None:
    missing = [heading for heading in HEADINGS if heading not in known]
    if len(missing) == len(HEADINGS):
        raise ParseError("no headings")
    if missing:
        raise ParseError("missing " + ", ".join(f"'{heading}'" for heading in missing))


def _section(value: Any, heading: Heading) -> Section:
    if isinstance(value, str):
        return Section(conclusion=value)
    if not isinstance(value, dict):
        raise ParseError(f"'{heading}' holds a {type(value).__name__}; a section has evidence and a conclusion")
    parts = {str(key).strip().lower(): part for key, part in value.items()}
    conclusion, evidence = parts.get("conclusion"), parts.get("evidence")
    if not isinstance(conclusion, str):
        raise ParseError(f"'{heading}' has no conclusion in words")
    return Section(
        evidence=[_placed_evidence(item, heading) for item in _items(evidence, heading)], conclusion=conclusion
    )


def _items(evidence: Any, heading: Heading) -> list[Any]:
    if evidence is None:
        return []
    if isinstance(evidence, str):
        return [item for item in re.split(r"[;\n]", evidence) if item.strip()]
    if isinstance(evidence, dict):
        return [evidence] if "value" in evidence else [f"{name} = {value}" for name, value in evidence.items()]
    if isinstance(evidence, list):
        return evidence
    raise ParseError(f"evidence under '{heading}' is a {type(evidence).__name__}; a list belongs there")


def _placed_evidence(item: Any, heading: Heading) -> Evidence:
    try:
        return _evidence(item)
    except ParseError as problem:
        raise ParseError(f"evidence {_short(item)} under '{heading}' {problem}") from None


def _evidence(item: Any) -> Evidence:
    if isinstance(item, str):
        named = _NAMED.fullmatch(_without_mark(item)) if len(item) <= LONGEST_EVIDENCE else None
        if named is None:
            raise ParseError("is not 'feature = value unit [ORIGIN]'")
        item = {"feature": named[1].strip("`*-• "), "value": named[2], "origin": _mark(item)}
    if not isinstance(item, dict):
        raise ParseError(f"is a {type(item).__name__}")
    feature, unit = item.get("feature", item.get("name")), item.get("unit") or ""
    if not isinstance(feature, str) or not isinstance(unit, str):
        raise ParseError("has no words for feature or unit")
    value, own_unit = _quantity(item.get("value"))
    if own_unit and unit and own_unit != unit:
        raise ParseError(f"has two units, {_short(own_unit)} and {_short(unit)}")
    origin = _mark(item.get("origin") or item.get("value"))
    if origin is None:
        raise ParseError(f"has no origin; write one of {', '.join(get_args(Origin))}")
    return Evidence(feature=feature, value=value, unit=unit or own_unit, origin=origin)


def _quantity(value: Any) -> tuple[float, str]:
    """A number, and the unit that stands with it where it is written as text."""
    unit = ""
    if isinstance(value, str) and len(value) <= LONGEST_EVIDENCE:
        match = _QUANTITY.fullmatch(_without_mark(value))
        if match is not None:
            value, unit = float(match[1]), match[2] or ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParseError("has no number for a value")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ParseError("has a value that is not finite")
    return number, unit


def _mark(text: Any) -> Origin | None:
    """The sensor of an origin mark: `[ACC]` somewhere in a text, or `acc` alone."""
    if not isinstance(text, str):
        return None
    found = _ORIGIN_MARK.search(text)
    word = (found[1] if found else text.strip()).upper()
    return next((origin for origin in get_args(Origin) if origin == word), None)


def _without_mark(text: str) -> str:
    return _ORIGIN_MARK.sub(" ", text).replace("−", "-").strip()


def _finite(interpretation: Interpretation) -> Interpretation:
    for heading, section in interpretation.sections.items():
        for evidence in section.evidence:
            if not math.isfinite(evidence.value):
                raise ParseError(f"evidence {_short(evidence.feature)} under '{heading}' is not finite")
    return interpretation


def _from_prose(text: str) -> Interpretation:
    text = _unfenced(text.replace("\r\n", "\n").strip())
    found = list(_HEADING_LINE.finditer(text))
    if not found:
        raise ParseError("no headings")
    if found[0].start() > LONGEST_PREAMBLE:
        raise ParseError(f"{found[0].start()} characters stand before the first heading")
    ends = [match.start() for match in found[1:]] + [len(text)]
    bodies: dict[Heading, str] = {}
    for match, end in zip(found, ends, strict=True):
        heading = HEADINGS[int(str(match.lastgroup)[1:])]
        if heading in bodies:
            raise ParseError(f"heading '{heading}' stands twice")
        bodies[heading] = _unruled(text[match.end() : end].strip(), in_table=match[0].lstrip().startswith("|"))
    _check_complete(bodies)
    empty = [f"'{heading}'" for heading, body in bodies.items() if not body]
    if empty:
        raise ParseError(f"nothing stands under {', '.join(empty)}")
    return Interpretation(**{FIELDS[heading]: Section(conclusion=body) for heading, body in bodies.items()})


def _unfenced(text: str) -> str:
    """Without the lines of three backticks around it."""
    if text.startswith("```"):
        text = text.partition("\n")[2]
    return text.removesuffix("```").strip()


def _unruled(body: str, in_table: bool) -> str:
    """Without the end of a table's row, or a line of dashes that parts it from the next section."""
    if in_table:
        return body.removesuffix("|").rstrip()
    before, newline, last = body.rpartition("\n")
    return before.rstrip() if newline and len(last) >= 3 and set(last.strip()) <= set("-*_=") else body


def _short(thing: object) -> str:
    """A piece of an answer for an error message: one line, not long."""
    if isinstance(thing, dict):
        thing = ", ".join(f"{str(key)[:20]}={str(value)[:20]}" for key, value in list(thing.items())[:5])
    words = " ".join(str(thing)[:400].split())
    return repr(words if len(words) <= 60 else words[:57] + "...")
