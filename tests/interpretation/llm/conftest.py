import asyncio
import random
from dataclasses import dataclass, field

import pytest

from lanhar.interpretation.llm.budget import Budget
from lanhar.interpretation.llm.client import Client, Reply, Request
from lanhar.interpretation.llm.settings import ModelSettings
from lanhar.interpretation.schema import json_schema

PROMPT = "[ACC] acc_vertical_rms 1.25 m/s², acc_horizontal_rms 0.75 m/s²"
MESSAGES = ({"role": "system", "content": "You interpret motion data."}, {"role": "user", "content": PROMPT})


@dataclass
class SimulatedTime:
    """A clock that jumps to the end of every sleep."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, until)


class Asker:
    """Asks a server many times through one client, in simulated time."""

    def __init__(self) -> None:
        self.time = SimulatedTime()

    def __call__(
        self,
        url: str,
        requests: int = 1,
        budget: Budget | None = None,
        workers: int = 8,
        schema: bool = True,
        model: str = "openai/m",
        **settings: object,
    ) -> list[Reply | Exception]:
        """What each request ended with, in order."""
        given = ModelSettings(model, **{"api_base": url, "timeout_s": 5.0, "max_retries": 3, **settings})  # type: ignore[arg-type]
        request = Request(MESSAGES, json_schema() if schema else None, "interpretation", 0.2)
        ends: dict[int, Reply | Exception] = {}

        async def run() -> None:
            client = Client(
                given,
                budget or Budget(),
                clock=self.time.clock,
                sleep=self.time.sleep,
                draw=random.Random(0),
            )
            async with client:
                left = iter(range(requests))

                async def worker() -> None:
                    for i in left:
                        try:
                            ends[i] = await client.complete(request)
                        except Exception as error:
                            ends[i] = error

                await asyncio.gather(*(worker() for _ in range(workers)))

        asyncio.run(run())
        return [ends[i] for i in range(requests)]


@pytest.fixture
def ask() -> Asker:
    return Asker()
