import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanhar.errors import LanharError
from lanhar.interpretation.interpretation import render, sections
from lanhar.signals.table import HEADINGS

LETTERS = st.characters(categories=("L", "N", "Zs"), include_characters=".,²°[]:")
BODY = st.text(LETTERS, min_size=1).filter(str.strip)


@given(st.lists(BODY, min_size=7, max_size=7))
def test_what_is_rendered_can_be_taken_apart(bodies: list[str]) -> None:
    written = dict(zip(HEADINGS, bodies, strict=True))
    found = sections(render(written))
    assert list(found) == list(HEADINGS)
    assert found == {heading: body.strip() for heading, body in written.items()}


GOOD = [f"{heading}: something" for heading in HEADINGS]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (GOOD[1:], "has the headings"),
        (GOOD[::-1], "has the headings"),
        ([*GOOD, GOOD[0]], "has the headings"),
        (["Of course! Here it is:", *GOOD], "has the headings"),
        ([*GOOD[:-1], f"{HEADINGS[-1]}: "], "says nothing under"),
        ([], "has the headings"),
    ],
)
def test_another_form_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(LanharError, match=message):
        sections("\n".join(lines))
