from typing import Any

import pytest

from lanhar.activities import REGISTRY
from lanhar.interpretation.filter.leak import LeakRule
from lanhar.interpretation.filter.verdict import Answer, Reason
from lanhar.interpretation.parse import parse_interpretation
from lanhar.interpretation.rules import RulesInterpreter
from lanhar.interpretation.schema import FIELDS, Evidence, Interpretation, Section
from lanhar.signals.table import FEATURES


def _check(conclusion: str, evidence: str = "acc_step_hz") -> list[Reason]:
    sections = {key: Section(conclusion="see the numbers") for key in FIELDS.values()}
    row = Evidence(feature=evidence, value=1.0, unit="Hz", origin="ACC")
    sections["rhythm"] = Section(conclusion=conclusion, evidence=[row])
    return list(LeakRule().check(Answer("", Interpretation(**sections)), {}))


# Hand-written.
LEAKS = (
    """
the person is walking|Walking pace|not walking|consistent with WALKING|a strolling pedestrian|typical of ambulation
ambulatory motion|human locomotion|on a treadmill|a staircase|going up stairs|stair-climbing rhythm|stair ascent
climbing motion|the user ascends the steps|going down a flight of steps|the phone of a seated person|sitting posture
lying down|someone in bed|asleep|supine|at a desk|standing still|upright standing posture|a person who stands
cycling motion|pedalling|in a vehicle|a car ride|jogging|a runner|running gait|the subject runs|a fast run
jumping|rope skipping|vacuum cleaning|ironing|taking the elevator|stairs_up|sedentary
""".strip()
    .replace("\n", "|")
    .split("|")
)
DISGUISED = [
    "w a l k i n g",
    "w-a-l-k-i-n-g",
    "s.i.t.t.i.n.g",
    "wal-king",
    "w\u200balking",
    "stan\u00adding",
    "w\u0430lking",
    "\u0455\u0456tting",
    "ｗａｌｋｉｎｇ",
    "w4lking",
]
TRANSLATED = [
    "wie beim Gehen",
    "schnelles Joggen",
    "montée d'escalier",
    "como una persona de pie",
    "il soggetto cammina",
    "alguém sentado",
    "traplopen",
    "osoba siedzi",
    "yürüyor",
    "sitter stilla, springer sedan",
    "человек идёт",
    "людина лежить",
    "يمشي",
    "चल रहा है",
    "正在走路",
    "歩いている",
    "걷고 있다",
]
SIGNAL_TERMS = (
    """
a standing wave|small standard deviation|the running mean|a running average over 1 s|random walk of the bias
the underlying rhythm|a step rate of 1.8 Hz|a regular gait cycle|cycles per second|the values sit near 0|sitting at 0.3
the y axis stands out|it stands at 2.3 m/s²|it lies below 3 Hz|energy lying between 2 and 3 Hz|gravity lies in x
a run of peaks|the device is still|rotation driven by the swing|a clean signal|cleaning up the signal|a lift in energy
a jump in the signal|hop size|driving the rotation|cyclic|at rest|stationary|motionless|resting on edge|upright device
rotation and acceleration run in lockstep|the trace goes up and down|amplitude climbs to 20 m/s²|a descending edge
heel strikes|firm footfalls|a pulse train|prone to noise|limb motion|landing|outstanding|the device lies flat
they run independently of each other|they run in parallel|each cycle runs through the same phases
they lie close together|they sit near zero|they stand in a fixed relation|they jump around|the heading stands still
a hop in the trace
the amplitudes climb and fall|climbing rates|values standing well above noise|the signals walk through the same values
""".strip()
    .replace("\n", "|")
    .split("|")
)


@pytest.mark.parametrize("conclusion", [*LEAKS, *DISGUISED])
def test_words_for_activities_leak(conclusion: str) -> None:
    assert _check(conclusion)


@pytest.mark.parametrize("conclusion", TRANSLATED)
def test_translations_leak(conclusion: str) -> None:
    assert {reason.code for reason in _check(conclusion)} & {"translation", "activity"}


@pytest.mark.parametrize(
    "conclusion", ["they run fast", "they lie down", "they sit still", "the user stands still", "they walk together"]
)
def test_verbs_of_people_leak_where_signals_do_other_things(conclusion: str) -> None:
    assert _check(conclusion)


@pytest.mark.parametrize("conclusion", SIGNAL_TERMS)
def test_signal_terms_do_not_leak(conclusion: str) -> None:
    assert _check(conclusion) == []


@pytest.mark.parametrize("name", [name for name in REGISTRY if name != "still"])
def test_every_activity_of_the_registry_leaks_by_its_title(name: str) -> None:
    assert _check(f"typical of {REGISTRY[name].title} as it often is")


def test_codes_tell_the_kinds_apart() -> None:
    assert [_check(text)[0].code for text in ("it is walking", "a treadmill", "sentado")] == [
        "activity",
        "synonym",
        "translation",
    ]


def test_evidence_is_read_too() -> None:
    assert _check("steady", evidence="walking cadence")


def test_the_reason_names_the_heading_and_the_word_alone() -> None:
    (reason,) = _check("a steady beat, as on a treadmill")
    assert "Rhythm" in reason.detail
    assert '"treadmill"' in reason.detail
    assert not any(word in reason.detail for word in ("walk", "jog", "run"))


def test_texts_of_rules_never_leak(real: Any) -> None:
    columns = [feature.name for feature in FEATURES]
    for detail in ("compact", "full"):
        for text in RulesInterpreter(detail).interpret(real.features, columns):
            assert not LeakRule().check(Answer(text, parse_interpretation(text)), {})


def test_an_answer_that_could_not_be_taken_apart_is_left_to_form() -> None:
    assert not LeakRule().check(Answer("walking", None, "no headings"), {})
