import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lanhar.errors import LanharError
from lanhar.interpretation.interpretation import sections
from lanhar.interpretation.rules import DECIMALS, Detail, RulesInterpreter
from lanhar.signals.table import BY_NAME, FEATURES, HEADINGS

COLUMNS = tuple(feature.name for feature in FEATURES)
DETAILS: tuple[Detail, ...] = ("compact", "full")
UNITS = sorted({feature.unit for feature in FEATURES} - {"1"}, key=len, reverse=True)
NUMBER = re.compile(rf"(-?\d+\.\d+)(?: ?({'|'.join(map(re.escape, UNITS))})(?![a-zA-Z/]))?")
MARK = re.compile(r"\[(ACC|GYRO|SYNC)\]")
LONGEST = {"compact": 128, "full": 400}


def row(**values: float) -> np.ndarray:
    features = np.zeros((1, len(COLUMNS)))
    for name, value in values.items():
        features[0, COLUMNS.index(name)] = value
    return features


@pytest.mark.parametrize("detail", DETAILS)
def test_numbers_and_units_of_a_text_are_those_of_the_features(detail: Detail, real: Any) -> None:
    interpreter = RulesInterpreter(detail)
    named = [BY_NAME[slot.feature] for slot in interpreter.slots if not slot.word]
    for text, features in zip(interpreter.interpret(real.features, COLUMNS), real.features, strict=True):
        found = NUMBER.findall(text)
        assert [unit or "1" for _, unit in found] == [feature.unit for feature in named]
        for (number, _), feature in zip(found, named, strict=True):
            half = 0.5 * 10 ** -len(number.split(".")[1])
            assert abs(float(number) - features[COLUMNS.index(feature.name)]) <= half + 1e-6


@pytest.mark.parametrize("detail", DETAILS)
def test_every_number_is_followed_by_the_mark_of_its_sensor(detail: Detail) -> None:
    interpreter = RulesInterpreter(detail)
    (text,) = interpreter.interpret(row(), COLUMNS)
    names = iter(slot.feature for slot in interpreter.slots if not slot.word)
    for heading, body in sections(text).items():
        pieces = MARK.split(body)
        assert not NUMBER.search(pieces[-1]), f"{heading} ends with a number without a mark"
        for before, mark in zip(pieces[0::2], pieces[1::2], strict=False):
            assert NUMBER.search(before)
            for _ in NUMBER.findall(before):
                assert BY_NAME[next(names)].origin == mark


@pytest.mark.parametrize("detail", DETAILS)
def test_every_heading_has_a_number_and_a_conclusion_of_its_own_features(detail: Detail) -> None:
    interpreter = RulesInterpreter(detail)
    for words in (True, False):
        assert {BY_NAME[s.feature].heading for s in interpreter.slots if s.word == words} == set(HEADINGS)
    places = [HEADINGS.index(heading) for s in interpreter.slots if (heading := BY_NAME[s.feature].heading)]
    assert places == sorted(places)


@pytest.mark.parametrize("detail", DETAILS)
def test_order_of_the_columns_does_not_matter(detail: Detail, real: Any) -> None:
    order = np.random.default_rng(0).permutation(len(COLUMNS))
    interpreter = RulesInterpreter(detail)
    permuted = interpreter.interpret(real.features[:, order], [COLUMNS[i] for i in order])
    assert permuted == interpreter.interpret(real.features, COLUMNS)


@pytest.mark.parametrize("detail", DETAILS)
def test_real_windows_fit_the_encoder_and_name_no_activity(
    detail: Detail,
    real: Any,
    count_tokens: Callable[[list[str]], list[int]],
    activity_words: re.Pattern[str],
) -> None:
    texts = RulesInterpreter(detail).interpret(real.features, COLUMNS)
    assert max(count_tokens(texts)) <= LONGEST[detail]
    assert {hit for text in texts for hit in activity_words.findall(text)} == set()


@pytest.mark.parametrize("detail", DETAILS)
def test_the_longest_words_together_fit_the_encoder_and_no_word_names_an_activity(
    detail: Detail, count_tokens: Callable[[list[str]], list[int]], activity_words: re.Pattern[str]
) -> None:
    interpreter = RulesInterpreter(detail)
    scales = interpreter.scales.scales
    choices = {name: (*scale.words, *scale.when.values()) for name, scale in scales.items()}
    longest = {name: max(words, key=lambda word: count_tokens([word])[0]) for name, words in choices.items()}
    (text,) = interpreter.interpret(row(), COLUMNS)
    (plain,) = count_tokens([text])
    used = dict(zip([s.feature for s in interpreter.slots if s.word], _words(interpreter, text), strict=True))
    surplus = sum(count_tokens([longest[name]])[0] - count_tokens([word])[0] for name, word in used.items())
    assert plain + surplus <= LONGEST[detail]
    assert not [word for words in choices.values() for word in words if activity_words.search(word)]


def _words(interpreter: RulesInterpreter, text: str) -> list[str]:
    """The words in a text's slots, found by the format between them."""
    pattern = re.escape(interpreter.format)
    pattern = pattern.replace("%s", "(.+?)")
    pattern = re.sub(r"%\\\.\d+f", r"-?\\d+\\.\\d+", pattern)
    match = re.fullmatch(pattern, text)
    assert match is not None
    return list(match.groups())


def _scale_cases() -> list[tuple[str, float, str]]:
    """Feature, value, the word that a reader of the data file expects."""
    cases = []
    for name, scale in RulesInterpreter().scales.scales.items():
        bounds = [scale.edges[0] - 1, *scale.edges, scale.edges[-1] + 1]
        for low, high, word in zip(bounds[:-1], bounds[1:], scale.words, strict=True):
            cases += [(name, low, word), (name, (low + high) / 2, word)]
    return cases


@pytest.mark.parametrize(("name", "value", "word"), _scale_cases())
def test_a_value_gets_the_word_of_its_range(name: str, value: float, word: str) -> None:
    interpreter = RulesInterpreter("full")
    lively = {c.feature: 10 * c.below for c in interpreter.scales.conditions.values()}
    (text,) = interpreter.interpret(row(**(lively | {name: value})), COLUMNS)
    place = [slot.feature for slot in interpreter.slots if slot.word].index(name)
    expected = word
    for condition, instead in reversed(list(interpreter.scales.scales[name].when.items())):
        limit = interpreter.scales.conditions[condition]
        if limit.feature == name and value < limit.below:
            expected = instead
    assert _words(interpreter, text)[place] == expected


def test_a_motionless_window_is_given_no_rhythm_shape_or_axis() -> None:
    noise = row(
        acc_vertical_rms=0.03,
        acc_dominant_hz=7.0,
        acc_beat_cv=0.5,
        acc_low_high_ratio=0.1,
        acc_vertical_share=0.9,
        gyro_mag_rms=0.01,
        gyro_z_energy_share=0.9,
        sync_phase_consistency=0.9,
        gravity_z=1.0,
    )
    found = sections(RulesInterpreter().interpret(noise, COLUMNS)[0])
    assert found["Strength"].startswith("motionless bounce 0.03 m/s² [ACC]")
    assert "unclear" in found["Axis dominance"] and "no rotation axis" in found["Axis dominance"]
    assert found["Rhythm"].startswith("no tempo") and found["Rhythm"].endswith("no beats")
    assert "noise-like" in found["Shape"]
    assert found["Posture / drift"].startswith("face-up")
    assert found["Gyro-acc sync"].startswith("unrelated")
    assert found["Vertical impact"].startswith("none")


def test_a_frequency_without_repetition_is_called_unstable() -> None:
    moving = {"acc_vertical_rms": 1.0, "acc_dominant_hz": 1.8}
    for rhythm, word in ((0.1, "unstable tempo 1.80 Hz"), (0.7, "brisk tempo 1.80 Hz")):
        (text,) = RulesInterpreter().interpret(row(**moving, acc_rhythm_strength=rhythm), COLUMNS)
        assert sections(text)["Rhythm"].startswith(word)


def test_texts_of_different_activities_differ(real: Any) -> None:
    texts = RulesInterpreter().interpret(real.features, COLUMNS)
    by_activity: dict[str, set[str]] = {}
    for text, activity in zip(texts, real.activities, strict=True):
        by_activity.setdefault(activity, set()).add(text)
    moving = ("walk", "stairs_up", "stairs_down", "jog")
    assert set(moving) <= set(by_activity)
    for i, one in enumerate(moving):
        for other in (*moving[i + 1 :], "sit", "stand", "lie"):
            assert not by_activity[one] & by_activity[other]


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(np.float32, (3, len(COLUMNS)), elements=st.floats(-(2.0**99), 2.0**99, width=32)),
    st.sampled_from(DETAILS),
)
def test_any_finite_features_give_a_well_formed_text(features: Any, detail: Detail) -> None:
    interpreter = RulesInterpreter(detail)
    texts = interpreter.interpret(features, COLUMNS)
    assert len(texts) == 3
    for text in texts:
        assert list(sections(text)) == list(HEADINGS)
        assert "%" not in text and "{" not in text
        assert not re.search(r"-0\.0+(?!\d)", text)
    assert texts == RulesInterpreter(detail).interpret(features, COLUMNS)


def test_nothing_in_gives_nothing_out() -> None:
    assert RulesInterpreter().interpret(np.zeros((0, len(COLUMNS))), COLUMNS) == []


@pytest.mark.parametrize(
    ("features", "columns", "message"),
    [
        (np.zeros((2, 3)), COLUMNS, r"shape \(2, 3\)"),
        (np.zeros((2, len(COLUMNS) - 1)), COLUMNS[1:] + COLUMNS[:1], "shape"),
        (np.zeros((2, 1)), COLUMNS[:1], "features lack .*acc_dominant_hz"),
        (row(impact_median=np.nan), COLUMNS, "impact_median .*not all finite"),
        (row(acc_vertical_rms=np.inf), COLUMNS, "acc_vertical_rms .*not all finite"),
    ],
)
def test_unusable_features_are_refused(features: Any, columns: tuple[str, ...], message: str) -> None:
    with pytest.raises(LanharError, match=message):
        RulesInterpreter().interpret(features, columns)


def test_unknown_detail_is_refused() -> None:
    with pytest.raises(LanharError, match="compact, full"):
        RulesInterpreter("long")  # type: ignore[arg-type]


def test_version_tells_the_details_apart_and_every_unit_has_decimals() -> None:
    assert RulesInterpreter("compact").version != RulesInterpreter("full").version
    assert RulesInterpreter.name == "rules"
    assert set(DECIMALS) >= {feature.unit for feature in FEATURES if feature.heading}
