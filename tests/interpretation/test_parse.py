"""Answers here were written by hand in the forms that models use."""

import json
import time
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanhar.interpretation.interpretation import render
from lanhar.interpretation.parse import ParseError, parse_interpretation
from lanhar.interpretation.schema import FIELDS, Evidence, Interpretation, Section
from lanhar.signals.table import HEADINGS, Heading, Origin

BODIES: dict[Heading, str] = {
    "Strength": "The vertical movement is moderate.",
    "Axis dominance": "Neither direction dominates: both share the energy.",
    "Rhythm": "Steady beats - one like the other.",
    "Shape": "Smooth changes, *nearly* sine-like.",
    "Posture / drift": "The device keeps its tilt.",
    "Gyro-acc sync": "Both sensors keep time.",
    "Vertical impact": "Soft peaks of one height.",
}
EVIDENCE = {"feature": "acc_vertical_rms", "value": 2.28, "unit": "m/s²", "origin": "ACC"}
ANSWER: dict[str, Any] = {
    FIELDS[heading]: {"evidence": [EVIDENCE], "conclusion": body} for heading, body in BODIES.items()
}
EXPECTED = Interpretation(
    **{
        FIELDS[heading]: Section(
            evidence=[Evidence(feature="acc_vertical_rms", value=2.28, unit="m/s²", origin="ACC")], conclusion=body
        )
        for heading, body in BODIES.items()
    }
)
STRICT = json.dumps(ANSWER)

words = st.text(max_size=40)
sections = st.builds(
    Section,
    evidence=st.lists(
        st.builds(
            Evidence,
            feature=words,
            value=st.floats(allow_nan=False, allow_infinity=False),
            unit=words,
            origin=st.sampled_from(get_args(Origin)),
        ),
        max_size=2,
    ),
    conclusion=words,
)
interpretations = st.builds(Interpretation, **dict.fromkeys(FIELDS.values(), sections))


def changed(**parts: Any) -> str:
    return json.dumps({**ANSWER, **parts})


def conclusions(interpretation: Interpretation) -> dict[Heading, str]:
    return {heading: section.conclusion for heading, section in interpretation.sections.items()}


@given(interpretations)
def test_an_interpretation_survives_json_bare_fenced_and_amid_prose(interpretation: Interpretation) -> None:
    dumped = interpretation.model_dump_json()
    assert parse_interpretation(dumped) == interpretation
    assert parse_interpretation(f"```json\n{dumped}\n```") == interpretation
    assert parse_interpretation(f"Here it is:\n\n{dumped}\n\nAsk me for more.") == interpretation
    assert parse_interpretation(f'{{"interpretation": {dumped}}}') == interpretation


one_line = st.text(min_size=1, max_size=60).map(lambda text: " ".join(text.split())).filter(bool)


@given(st.fixed_dictionaries(dict.fromkeys(HEADINGS, one_line)))
def test_the_seven_bodies_survive_prose(bodies: dict[Heading, str]) -> None:
    assert conclusions(parse_interpretation(render(bodies))) == bodies


@given(st.one_of(st.text(), st.text(alphabet='{}[]":,.#*-_`\n 1eStrengthRhythm/“”')))
def test_any_string_is_an_interpretation_or_a_one_line_problem(raw: str) -> None:
    try:
        parse_interpretation(raw)
    except ParseError as problem:
        assert str(problem) and "\n" not in str(problem)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from([*EVIDENCE, "evidence", "conclusion"]), words), inner, max_size=4),
    ),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS.values(), json_values)))
def test_any_types_are_an_interpretation_or_a_one_line_problem(parts: dict[str, Any]) -> None:
    try:
        parse_interpretation(changed(**parts))
    except ParseError as problem:
        assert "\n" not in str(problem)


@given(st.integers(min_value=1, max_value=len(STRICT) - 1))
def test_json_cut_off_anywhere_is_said_to_be_cut_off(length: int) -> None:
    with pytest.raises(ParseError, match="cut off"):
        parse_interpretation(STRICT[:length])


@pytest.mark.parametrize(
    "raw",
    [
        STRICT,
        json.dumps({heading: ANSWER[FIELDS[heading]] for heading in reversed(HEADINGS)}),
        json.dumps({FIELDS[heading].upper(): ANSWER[FIELDS[heading]] for heading in HEADINGS}),
        json.dumps(
            {f"{i}. {heading.replace(' / ', '/')}:": ANSWER[FIELDS[heading]] for i, heading in enumerate(HEADINGS)}
        ),
        json.dumps({"result": {"interpretation": ANSWER}}),
        changed(notes="none", window=3),
        STRICT.replace("}", ",}").replace("]", ",]"),
        STRICT.replace('"', "“"),
        "<think>{'a': 1} perhaps</think>" + STRICT,
        json.dumps(ANSWER, indent=2).replace("2.28", '"2.28 m/s²"'),
        STRICT.replace(json.dumps(EVIDENCE), json.dumps("acc_vertical_rms = 2.28 m/s² [ACC]")),
        STRICT.replace(json.dumps(EVIDENCE), json.dumps("[acc] acc_vertical_rms: 2.28 m/s²")),
        STRICT.replace(json.dumps(EVIDENCE), json.dumps({"feature": "acc_vertical_rms", "value": "2.28 m/s² [ACC]"})),
        STRICT.replace(json.dumps([EVIDENCE]), json.dumps({"acc_vertical_rms": "2.28 m/s² [ACC]"})),
    ],
)
def test_json_is_read_in_the_forms_that_models_write(raw: str) -> None:
    assert parse_interpretation(raw) == EXPECTED


def test_sections_may_be_strings() -> None:
    read = parse_interpretation(json.dumps({FIELDS[heading]: body for heading, body in BODIES.items()}))
    assert conclusions(read) == BODIES
    assert not any(section.evidence for section in read.sections.values())


@pytest.mark.parametrize(("written", "value"), [("-0.50", -0.5), ("−0.50", -0.5), ("+1.2e1", 12.0), (".5", 0.5)])
def test_numbers_keep_their_sign_in_strings(written: str, value: float) -> None:
    evidence = [f"sync_lag_s = {written} s [SYNC]"]
    read = parse_interpretation(changed(rhythm={"evidence": evidence, "conclusion": "x"}))
    assert read.rhythm.evidence == [Evidence(feature="sync_lag_s", value=value, unit="s", origin="SYNC")]


@pytest.mark.parametrize(
    "dress",
    [
        "{}: {}",
        "**{}**: {}",
        "**{}:** {}",
        "__{}__ — {}",
        "- **{}**: {}",
        "* {} – {}",
        "### {}\n{}",
        "### **{}**\n\n{}\n\n---",
        "## 3. {}\n{}",
        "2) {} — {}",
        "**4. {}:**\n{}",
        "5. **{}** - {}",
        "**{}.** {}",
        "**{}** {}",
        "IV. `{}`: {}",
        "c) {} → {}",
        "{}\n{}\n",
        "{}\n-----\n{}\n",
        "{} ##\n{}",
        "| **{}** | {} |",
        "📈 {}: {}",
    ],
)
@pytest.mark.parametrize(
    "spell",
    [
        str,
        str.upper,
        lambda h: h.replace(" / ", "/").replace("-", "‑"),
        lambda h: h.replace("/", "&").replace("Gyro-acc sync", "Gyroscope–accelerometer synchronization"),
        lambda h: h.replace("impact", "impacts").replace("Axis dominance", "Dominant axes"),
    ],
)
def test_prose_is_read_in_any_common_dress_and_order(dress: str, spell: Any) -> None:
    parts = [dress.format(spell(heading), body) for heading, body in reversed(BODIES.items())]
    assert conclusions(parse_interpretation("Here is the text.\n\n" + "\n".join(parts) + "\n")) == BODIES
    assert conclusions(parse_interpretation("```text\r\n" + "\r\n".join(parts) + "\r\n```")) == BODIES


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("<think>what could it be", "empty"),
        ("I'm sorry, but I can't help with that.", "no headings"),
        ("{}", "no headings"),
        ("[1, 2]", "no headings"),
        (STRICT.replace('"conclusion"', "conclusion", 1), "malformed JSON"),
        (json.dumps({key: value for key, value in ANSWER.items() if key != "rhythm"}), "missing 'Rhythm'"),
        (render(BODIES).replace("Shape:", "Form:"), "missing 'Shape'"),
        (render(BODIES) + "\nShape: again", "'Shape' stands twice"),
        (changed(Strength="again"), "'Strength' stands twice"),
        (render({**BODIES, "Rhythm": ""}), "nothing stands under 'Rhythm'"),
        ("word " * 100 + "\n" + render(BODIES), "before the first heading"),
        (changed(a=1, b=2, c=3, d=4), "4 unknown keys"),
        (changed(rhythm=7), "'Rhythm' holds a int"),
        (changed(rhythm={"evidence": []}), "'Rhythm' has no conclusion"),
        (changed(rhythm={"evidence": 3, "conclusion": "x"}), "under 'Rhythm' is a int"),
        (changed(rhythm={"evidence": [{**EVIDENCE, "value": True}], "conclusion": "x"}), "no number"),
        (changed(rhythm={"evidence": [{**EVIDENCE, "value": "about two"}], "conclusion": "x"}), "no number"),
        (changed(rhythm={"evidence": [{**EVIDENCE, "value": float("nan")}], "conclusion": "x"}), "not finite"),
        (changed(rhythm={"evidence": [{**EVIDENCE, "value": 10**400}], "conclusion": "x"}), "not finite"),
        (changed(rhythm={"evidence": [{**EVIDENCE, "value": "2.28 g"}], "conclusion": "x"}), "two units"),
        (changed(rhythm={"evidence": [{**EVIDENCE, "origin": "MAG"}], "conclusion": "x"}), "no origin"),
        (changed(rhythm={"evidence": ["acc_step_hz = 1.69 Hz"], "conclusion": "x"}), "no origin"),
        (changed(rhythm={"evidence": ["it is fast"], "conclusion": "x"}), "under 'Rhythm'"),
        (changed(rhythm="\ud800"), "half a character"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(raw: str, problem: str) -> None:
    with pytest.raises(ParseError, match=problem) as caught:
        parse_interpretation(raw)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        '{"a":' * 100_000,
        '{"a":' * 900 + "1" + "}" * 900,
        "[" * 100_000,
        '{"strength": ' + "[" * 900 + "]" * 900 + "}",
        "{ " * 100_000,
        '{"strength": ' + "1" * 5000 + "}",
        "\n" * 200_000 + "x",
        "x" + " " * 200_000 + "x",
        "```\n" * 50_000,
        ", " * 100_000 + '{"',
        "Strength: a\n" + " " * 200_000 + "Rhythm",
        "*" * 200_000,
        changed(rhythm={"evidence": ["=" * 100_000, " " * 100_000], "conclusion": "x"}),
    ],
    ids=range(13),
)
def test_hostile_answers_are_refused_quickly(raw: str) -> None:
    start = time.process_time()
    with pytest.raises(ParseError):
        parse_interpretation(raw)
    assert time.process_time() - start < 1.0


def test_a_normal_answer_takes_a_fraction_of_a_millisecond() -> None:
    fenced = f"```json\n{json.dumps(ANSWER, indent=1)}\n```"
    for raw, limit_ms in ((STRICT, 0.3), (fenced, 1.0)):
        start = time.process_time()
        for _ in range(200):
            parse_interpretation(raw)
        assert (time.process_time() - start) / 200 * 1e3 < limit_ms
