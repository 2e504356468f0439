import pytest

from lanhar.interpretation.filter.relations import read_orders
from lanhar.signals.table import Heading


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
    assert [found.leads for found in read_orders(text, "Gyro-acc sync")] == [leads]


@pytest.mark.parametrize(
    ("heading", "text"),
    [("Gyro-acc sync", "Neither leads."), ("Rhythm", "The rotation leads the acceleration.")],
)
def test_what_orders_nothing_is_left_alone(heading: Heading, text: str) -> None:
    assert list(read_orders(text, heading)) == []
