"""Form of answers; the texts were written by hand."""

from dataclasses import replace
from typing import Any

import pytest

from lanhar.interpretation.filter.form import FormRule
from lanhar.interpretation.filter.verdict import Answer
from lanhar.interpretation.schema import FIELDS, Evidence, Interpretation, Section

GOOD = {
    "strength": "The vertical movement is strong, with an RMS of 2.28 m/s² [ACC].",
    "axis_dominance": "Most of the energy, 0.66, is vertical [ACC].",
    "rhythm": "A steady rhythm of 1.69 Hz with a regularity of 0.57 [ACC].",
    "shape": "The waveform is smooth with a jerk RMS of 50.0 m/s³ [ACC].",
    "posture_drift": "The device keeps its orientation within 1.7° [ACC].",
    "gyro_acc_sync": "Rotation and acceleration are coupled with a consistency of 0.74 [SYNC].",
    "vertical_impact": "The impacts are soft with a median of 4.74 m/s² [ACC].",
}
TERSE = {
    "strength": "moderate bounce 2.28 m/s² [ACC], modest rotation 0.50 rad/s [GYRO]",
    "axis_dominance": "balanced 0.50 [ACC], vertical rotation axis",
    "rhythm": "brisk tempo 1.86 Hz [ACC], even beats",
    "shape": "smooth, lower-frequency 3.14 [ACC]",
    "posture_drift": "upright, swaying 4.5° [ACC], turning",
    "gyro_acc_sync": "loose 0.22 [SYNC]",
    "vertical_impact": "firm 7.40 m/s² [ACC]",
}


def answer(prompt: str = "", finish_reason: str | None = "stop", **sections: str) -> Answer:
    written = {**GOOD, **sections}
    interpretation = Interpretation(**{key: Section(conclusion=text) for key, text in written.items()})
    return Answer(interpretation.text, interpretation, finish_reason=finish_reason, prompt=prompt)


def codes(judged: Answer, **settings: Any) -> list[str]:
    return [reason.code for reason in FormRule(**settings).check(judged, {})]


@pytest.mark.parametrize("sections", [GOOD, TERSE], ids=["sentences", "terse"])
def test_good_form_passes(sections: dict[str, str]) -> None:
    assert codes(answer(**sections)) == []


@pytest.mark.parametrize(
    ("raw", "finish_reason", "code"),
    [
        ("I'm sorry, but I can't help with that.", "stop", "refusal"),
        ("As an AI language model, I cannot determine this.", "stop", "refusal"),
        ("", "content_filter", "refusal"),
        ('{"error": {"message": "overloaded"}}', "stop", "error_text"),
        ("<html><head><title>502 Bad Gateway</title>", None, "error_text"),
        ('{"strength": {"evidence": [', "length", "truncated"),
    ],
)
def test_an_unreadable_answer_says_what_it_is_instead(raw: str, finish_reason: str | None, code: str) -> None:
    assert codes(Answer(raw, None, "no JSON", finish_reason)) == [code, "unparsable"]


def test_the_parser_s_problem_goes_back_to_the_model() -> None:
    (reason,) = FormRule().check(Answer("Hello", None, "no headings"), {})
    assert (reason.rule, reason.code) == ("form", "unparsable") and "no headings" in reason.detail


@pytest.mark.parametrize(
    ("sections", "code"),
    [
        ({"rhythm": " – "}, "empty_section"),
        ({"rhythm": "I'm sorry, I am unable to judge 1.69 Hz."}, "refusal"),
        ({"vertical_impact": "The impacts are soft with a median of 4.74 m/s² and the"}, "truncated"),
        ({"vertical_impact": "The impacts are soft (median 4.74 m/s²"}, "truncated"),
        (
            {"vertical_impact": "The impacts are soft with a median of 4.74 m/s² which tells of very gentle conta"},
            "truncated",
        ),
        ({"shape": "The jerk RMS is <value> m/s³."}, "prompt_echo"),
        ({"shape": "The jerk RMS is {acc_jerk_rms} m/s³."}, "prompt_echo"),
        ({"shape": "..."}, "empty_section"),
        ({"shape": "It is smooth 1. It is smooth 1. It is smooth 1. It is smooth 1."}, "repetition"),
        ({"shape": "and the jerk is 50.0 so " * 6 + "on it goes."}, "repetition"),
        (
            dict.fromkeys(
                ("strength", "shape"), "The movement was measured as 2.28 m/s² and it is quite strong all in all."
            ),
            "repetition",
        ),
        ({"rhythm": "1.69 Hz. " + "steady and even and calm " * 200}, "too_long"),
    ],
)
def test_a_fault_in_a_section_is_found(sections: dict[str, str], code: str) -> None:
    assert code in codes(answer(**sections))


def test_the_answer_cut_at_the_limit_of_tokens_is_truncated_although_it_can_be_read() -> None:
    assert codes(answer(finish_reason="length")) == ["truncated"]


def test_a_whole_without_a_number_is_rejected_and_evidence_is_a_number() -> None:
    words = dict.fromkeys(FIELDS.values(), "There is a movement of a kind that words describe.")
    words = {key: f"{text} ({key})." for key, text in words.items()}
    assert "no_numbers" in codes(answer(**words))
    judged = answer(**words)
    assert judged.interpretation is not None
    evidence = [Evidence(feature="acc_step_hz", value=1.7, unit="Hz", origin="ACC")]
    rhythm = judged.interpretation.rhythm.model_copy(update={"evidence": evidence})
    judged = replace(judged, interpretation=judged.interpretation.model_copy(update={"rhythm": rhythm}))
    assert "no_numbers" not in codes(judged)


def test_too_few_words_are_rejected_below_the_set_number() -> None:
    short = dict.fromkeys(FIELDS.values(), "low 1")
    assert codes(answer(**short)) == ["too_short"]
    assert codes(answer(**short), min_words=10) == []


FOREIGN = {
    "de": ("Die vertikale Bewegung ist kräftig und misst 2.28 m/s².", "Der Rhythmus ist gleichmäßig bei 1.69 Hz."),
    "fr": ("Le mouvement vertical est fort, avec 2.28 m/s².", "Le rythme est régulier à 1.69 Hz."),
    "es": ("El movimiento vertical es fuerte, con 2.28 m/s².", "El ritmo es regular a 1.69 Hz."),
    "it": ("Il movimento verticale è forte, con 2.28 m/s².", "Il ritmo è regolare a 1.69 Hz."),
    "nl": ("De verticale beweging is sterk en meet 2.28 m/s².", "Het ritme is regelmatig bij 1.69 Hz."),
    "zh": ("垂直方向的运动很强,为2.28 m/s²。", "节奏稳定,频率为1.69 Hz。"),
    "ru": ("Вертикальное движение сильное, 2.28 m/s².", "Ритм ровный, 1.69 Hz."),
}


@pytest.mark.parametrize("language", FOREIGN)
def test_another_language_is_rejected_under_all_headings_or_in_the_second_half(language: str) -> None:
    movement, rhythm = FOREIGN[language]
    whole = {key: f"{movement} {rhythm} ({i})." for i, key in enumerate(FIELDS.values())}
    assert "language" in codes(answer(**whole), min_words=1)
    assert "language" not in codes(answer(**whole), min_words=1, english=False)
    assert "language" in codes(answer(**dict(list(whole.items())[2:])), min_words=1)


def test_a_long_run_of_the_prompt_s_words_is_an_echo_and_its_numbers_are_none() -> None:
    copied = "acc_vertical_rms 2.28 m/s², acc_horizontal_rms 1.96 m/s², acc_vertical_p2p 12.4 m/s², acc_z_std 2.01 m/s²"
    prompt = (
        "Write what the numbers mean under seven headings and never name or hint at what the person might be doing.\n"
        f"[ACC] {copied}"
    )
    echo = "Here I write what the numbers mean under seven headings and never name or hint at 2.28 m/s²."
    assert codes(answer(prompt=prompt, strength=echo)) == ["prompt_echo"]
    copied = (
        "acc_vertical_rms 2.28 m/s², acc_horizontal_rms 1.96 m/s², acc_vertical_p2p 12.4 m/s², acc_mag_std 2.01 m/s²"
    )
    assert codes(answer(prompt=prompt, strength=copied)) == []


def test_details_name_the_heading() -> None:
    (reason,) = FormRule().check(answer(shape="–"), {})
    assert reason.code == "empty_section" and reason.detail.startswith("Shape: ")
