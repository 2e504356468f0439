import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanhar.interpretation.llm.limits import Limits, Pace, TokenEstimate


@given(
    per_minute=st.floats(1, 1e4),
    steps=st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 100)), min_size=2, max_size=40),
)
def test_no_minute_takes_more_than_allowed(per_minute, steps):
    """Whatever starts within a minute of another, without the last one, fits into a minute's allowance."""
    pace, now, starts = Pace(per_minute), 0.0, []
    for waited, amount in steps:
        now += waited
        starts.append((pace.reserve(amount, now), amount))
    for first in range(len(starts)):
        within = [amount for start, amount in starts[first:] if start < starts[first][0] + 60]
        assert sum(within[:-1]) <= per_minute * (1 + 1e-6)


def test_without_a_limit_nothing_waits():
    pace = Pace(None)
    assert [pace.reserve(1e9, 3.0) for _ in range(3)] == [3.0] * 3


def test_a_pause_that_comes_while_waiting_is_kept():
    slept: list[float] = []

    async def run() -> None:
        now = 0.0

        async def sleep(seconds: float) -> None:
            nonlocal now
            slept.append(seconds)
            now += seconds
            if len(slept) == 1:
                limits.pause(30.0)

        limits = Limits(60, None, lambda: now, sleep)
        await limits.wait(1)
        await limits.wait(1)
        assert now == 31.0

    asyncio.run(run())
    assert slept == [1.0, 30.0]


def test_the_estimate_of_tokens_follows_what_was_used():
    estimate = TokenEstimate(max_answer_tokens=900)
    assert (estimate.prompt(4000), estimate.answer) == (1000.0, 900.0)
    for _ in range(3):
        estimate.learn(4000, 1500, 300)
    assert estimate.prompt(2000) == pytest.approx(750.0)
    assert estimate.answer == pytest.approx(300.0)


def test_what_was_used_beyond_the_estimate_delays_the_next():
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def run() -> None:
        limits = Limits(None, 60, lambda: sum(slept), sleep)
        await limits.wait(10)
        limits.correct(reserved=10, used=25)
        await limits.wait(10)
        limits.correct(reserved=10, used=4)
        await limits.wait(10)

    asyncio.run(run())
    assert slept == [25.0, 4.0]
