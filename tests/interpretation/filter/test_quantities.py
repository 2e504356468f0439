"""Numbers in prose; the sentences were written by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanhar.interpretation.filter.quantities import extract, unit_of


def found(text: str) -> list[tuple[float, str | None]]:
    return [(round(q.number * q.factor, 4), q.unit) for q in extract(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vertical RMS of 2.28 m/s² [ACC]", [(2.28, "m/s²")]),
        ("12.4 m/s^2, 12.4 ms⁻², 12.4 m·s⁻², 12.4 meters per second squared", [(12.4, "m/s²")] * 4),
        ("93.5 m/s³ and 1,469.3 m/s^3", [(93.5, "m/s³"), (1469.3, "m/s³")]),
        ("1.04 g", [(10.1989, "m/s²")]),
        ("20 °/s or 20 deg/s", [(0.3491, "rad/s")] * 2),
        ("1.69 Hz, 1.69 steps per second, 102 steps/min", [(1.69, "Hz"), (1.69, "Hz"), (1.7, "Hz")]),
        ("5.2 1/s, 5.2 s⁻¹, 5.2 per second", [(5.2, "1/s")] * 3),
        ("a lag of −0.09 s, or -90 ms", [(-0.09, "s"), (-0.09, "s")]),
        ("crossing zero 2.8, 4.5 and 6.5 times per second", [(2.8, "1/s"), (4.5, "1/s"), (6.5, "1/s")]),
        ("1.69 steps a second", [(1.69, "Hz")]),
        ("it extends over 12.34 m/s²", [(12.34, "m/s²")]),
        ("a harmonic ratio of 0.86 and 23.9 m/s³", [(0.86, None), (23.9, "m/s³")]),
        ("43% and 43 percent", [(0.43, "1"), (0.43, "1")]),
        ("a drift of 5.2° or 5.2 degrees", [(5.2, "°"), (5.2, "°")]),
        ("regularity 0.57", [(0.57, None)]),
        ("5 m/s", [(5.0, "")]),
        ("x 1.5, y 3.4 and z 1.7 rad/s", [(1.5, "rad/s"), (3.4, "rad/s"), (1.7, "rad/s")]),
        ("x/y/z = 0.12/0.15/0.73", [(0.12, None), (0.15, None), (0.73, None)]),
        ("gravity (0.92, -0.36, −0.14)", [(0.92, None), (-0.36, None), (-0.14, None)]),
    ],
)
def test_value_and_unit_are_read_however_they_are_spelt(text: str, expected: list[tuple[float, str | None]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "the 6 s window",
        "a 6-second window of 300 samples at 50 Hz sampling",
        "above the 1.5 m/s² threshold",
        "stays below 0.1",
        "less than 3 Hz",
        "in the 0.5–4 Hz range",
        "close to 1",
        "gravity of 9.81 m/s²",
        "the 95th percentile",
        "about 1.5 times as strong, a 2-fold rise, 3x the rest",
        "3 axes and 7 steps",
        "the hardest 5 %",
        "5 % of the time",
        "over 12 m/s²",
        "the vertical-to-horizontal ratio of 1.27",
    ],
)
def test_what_measures_nothing_is_left_out(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("text", ["between 8.1 and 12.4 m/s²", "8.1–12.4 m/s²", "from 8.1 m/s² to 12.4 m/s²"])
def test_a_range_has_two_ends_in_one_unit(text: str) -> None:
    assert [(q.number, q.unit, q.role) for q in extract(text)] == [(8.1, "m/s²", "low"), (12.4, "m/s²", "high")]


def test_a_spread_lends_its_unit_to_the_number_before() -> None:
    assert [(q.number, q.unit, q.role) for q in extract("every 0.68 ± 0.05 s")] == [
        (0.68, "s", "value"),
        (0.05, "s", "spread"),
    ]


def test_marks_and_hedges_are_noted() -> None:
    marked, hedged, close = extract("2.28 m/s² [ACC, GYRO], roughly 1.5 Hz, just under 2.3 m/s²")
    assert extract("1.50 Hz [ACC] and [GYRO]")[0].origins == ("ACC", "GYRO")
    assert marked.origins == ("ACC", "GYRO") and not marked.approximate
    assert hedged.approximate and close.approximate


@pytest.mark.parametrize(
    ("written", "base", "factor"),
    [
        ("m/s^2", "m/s²", 1.0),
        ("m·s⁻²", "m/s²", 1.0),
        ("deg/s", "rad/s", 0.0174533),
        ("rad", "°", 57.29578),
        ("ms", "s", 0.001),
        ("bpm", "Hz", 1 / 60),
        ("", "1", 1.0),
        ("unitless", "1", 1.0),
        ("dB", "", 1.0),
    ],
)
def test_a_unit_is_known_by_any_spelling(written: str, base: str, factor: float) -> None:
    unit = unit_of(written)
    assert unit is not None and unit.base == base and unit.factor == pytest.approx(factor, rel=1e-5)


def test_nonsense_is_no_unit() -> None:
    assert unit_of("blorps") is None


@given(st.text(max_size=200))
def test_any_text_is_read_and_places_lie_within_it(text: str) -> None:
    for quantity in extract(text):
        assert 0 <= quantity.start < quantity.end <= len(text)
        assert quantity.written in text


@given(st.floats(-999, 999).map(lambda x: round(x, 2)), st.sampled_from(["m/s²", "rad/s", "Hz", "s", "°", "m/s³"]))
def test_a_number_with_unit_is_read_back(value: float, unit: str) -> None:
    text = f"The level was {value:.2f}{'' if unit == '°' else ' '}{unit} here."
    if f"{value:.2f}" == "9.81":
        return
    (quantity,) = extract(text)
    assert (quantity.number, quantity.unit, quantity.step) == (value, unit, 0.01)
