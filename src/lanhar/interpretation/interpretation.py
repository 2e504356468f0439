"""The form that all interpretations share: seven headings in one order, a line each."""

import re
from collections.abc import Mapping

from lanhar.errors import LanharError
from lanhar.signals.table import HEADINGS, Heading

_START = re.compile("^(" + "|".join(map(re.escape, HEADINGS)) + "): ", re.MULTILINE)


def render(sections: Mapping[Heading, str]) -> str:
    """Write the seven sections as one text, a line each, in the order of `HEADINGS`."""
    return "\n".join(f"{heading}: {sections[heading]}" for heading in HEADINGS)


def sections(text: str) -> dict[Heading, str]:
    """Take a text apart again.

    Args:
        text: an interpretation.

    Returns:
        What stands under each heading.

    Raises:
        LanharError: a heading is missing, doubled, empty or out of order, or text stands before the first.
    """
    before, *parts = _START.split(text)
    found = parts[0::2]
    if before.strip() or found != list(HEADINGS):
        raise LanharError(f"interpretation has the headings {found}; write {list(HEADINGS)}, a line each")
    bodies = {heading: body.strip() for heading, body in zip(HEADINGS, parts[1::2], strict=True)}
    empty = [heading for heading, body in bodies.items() if not body]
    if empty:
        raise LanharError(f"interpretation says nothing under {empty}; write something there")
    return bodies
