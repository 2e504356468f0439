"""Which of two sensors is said to come first, in words of its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lanhar.signals.table import Heading

_FIRST = r"lead|leads|leading|ahead|precedes|preceding|comes first|comes earlier|comes before|runs ahead"
_LAST = r"lags|lagging|trails|trailing|behind|comes last|comes later|comes after|delayed|follows by|following"
_ORDER = re.compile(
    r"\b(?:(?P<rotation>rotation\w*|gyro\w*)|(?P<acceleration>acceleration|accelerometer))"
    rf"(?: (?!(?:and|but|yet|while|which|of)\b)[\w']+){{0,3}} (?:(?P<first>{_FIRST})|(?P<last>{_LAST}))\b"
)
_PRONOUN = re.compile(
    r"^(?:the )?(?:(?P<rotation>rotation\w*|gyro\w*)|(?:vertical |horizontal )?acceleration|accelerometer)"
    r"[^.;:]*?(?:\band|\bbut|\byet|,)(?: [\w']+){0,2}"
    r" (?:(?P<first>lead(?:s|ing)|preced(?:es|ing)|ahead of)|(?P<last>lag(?:s|ging)(?: behind)?|trail(?:s|ing)|behind))"
    r" (?:it|the (?:vertical |horizontal )?(?:acceleration|rotation))\b"
)
"""The first of two sensors goes on as the subject: "rotation is coupled to the acceleration but lags behind it"."""
_DENIED = re.compile(r"\b(?:not|no|never|neither)\b")


@dataclass(frozen=True)
class Order:
    """Rotation said to come before the acceleration, or after it."""

    leads: bool
    clause: str


def read_orders(text: str, heading: Heading) -> Iterator[Order]:
    """Orders that a conclusion claims.

    Args:
        text: a conclusion.
        heading: where it stands.
    """
    if heading != "Gyro-acc sync":
        return
    sentences = re.split(r"(?<=[.;])\s+", text.lower())
    carried = (found for sentence in sentences if (found := _PRONOUN.search(sentence)))
    for match in (*_ORDER.finditer(text.lower()), *carried):
        if not _DENIED.search(match.group()):
            yield Order((match["first"] is None) == (match["rotation"] is None), match.group())
