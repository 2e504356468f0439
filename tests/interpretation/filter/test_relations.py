import math

import pytest

from lanhar.interpretation.filter.relations import Order, Ratio, read_relations
from lanhar.signals.table import Heading


@pytest.mark.parametrize(
    ("heading", "text", "numerator", "denominator", "true", "false"),
    [
        ("Rhythm", "The dominant frequency is twice the step rate.", "acc_dominant_hz", "acc_step_hz", 2.0, 0.5),
        ("Rhythm", "The step rate is half the dominant frequency.", "acc_step_hz", "acc_dominant_hz", 0.5, 2.0),
        ("Vertical impact", "The strongest are three times the median.", "impact_p95", "impact_median", 3.0, 1.2),
        ("Vertical impact", "The hardest lie far above the median.", "impact_p95", "impact_median", 2.0, 1.0),
        ("Vertical impact", "The upper ones are more than twice the median.", "impact_p95", "impact_median", 5.0, 1.2),
        (
            "Strength",
            "Horizontal movement is strong and about twice the vertical.",
            "acc_horizontal_rms",
            "acc_vertical_rms",
            2.0,
            1.0,
        ),
    ],
)
def test_factors_are_read_with_what_stands_on_either_side(
    heading: Heading, text: str, numerator: str, denominator: str, true: float, false: float
) -> None:
    (found,) = read_relations(text, heading)
    assert isinstance(found, Ratio)
    assert (found.numerator, found.denominator) == (numerator, denominator)
    assert found.low <= true <= found.high
    assert not found.low <= false <= found.high


@pytest.mark.parametrize(
    ("text", "share", "rest", "true", "false"),
    [
        ("The vertical accounts for two thirds of the energy.", "acc_vertical_share", False, 0.65, 0.33),
        ("The horizontal direction takes more than half of it.", "acc_vertical_share", True, 0.7, 0.4),
        ("About half of the rotation is about the y axis.", "gyro_y_energy_share", False, 0.55, 0.1),
        ("Only a quarter of the energy is vertical.", "acc_vertical_share", False, 0.2, 0.7),
    ],
)
def test_shares_in_words_are_those_of_a_direction(text: str, share: str, rest: bool, true: float, false: float) -> None:
    (found,) = read_relations(text, "Axis dominance")
    assert isinstance(found, Ratio)
    assert (found.numerator, found.denominator, found.rest) == (share, None, rest)
    assert found.low <= true <= found.high
    assert not found.low <= false <= found.high


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("The rotation leads the acceleration.", True),
        ("Coupled, the gyroscope lagging slightly.", False),
        ("The acceleration comes first.", False),
        ("The acceleration trails the rotation.", True),
    ],
)
def test_the_order_of_the_sensors_is_that_of_the_rotation(text: str, leads: bool) -> None:
    (found,) = read_relations(text, "Gyro-acc sync")
    assert isinstance(found, Order)
    assert found.leads is leads


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("Rhythm", "The dominant frequency is not twice the step rate."),
        ("Rhythm", "Half of the peaks are weak."),
        ("Axis dominance", "Two thirds of the rotation is shared by x and y."),
        ("Gyro-acc sync", "Neither leads."),
        ("Posture / drift", "It turns by half a circle, twice the tilt."),
    ],
)
def test_what_relates_nothing_is_left_alone(heading: Heading, text: str) -> None:
    assert list(read_relations(text, heading)) == []


def test_more_than_a_factor_has_no_upper_limit() -> None:
    (found,) = read_relations("The upper ones are more than twice the median.", "Vertical impact")
    assert isinstance(found, Ratio) and math.isinf(found.high)
