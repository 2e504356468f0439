"""The whole loop over real HTTP against a server that goes wrong in every way it can."""

import asyncio
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faulty_server import CONTENTS, FAULTS, FaultyServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from truthful import truthful_answer

from lanhar.interpretation.filter.filter import make_filter
from lanhar.interpretation.llm.budget import Budget
from lanhar.interpretation.llm.client import Client
from lanhar.interpretation.llm.errors import RunStopped
from lanhar.interpretation.llm.settings import ModelSettings
from lanhar.interpretation.prompt import WindowPrompt
from lanhar.interpretation.regeneration import Regeneration, State, Watch, Writer
from lanhar.interpretation.store import Store
from lanhar.interpretation.window_job import WindowJob
from lanhar.signals.table import FEATURES

COLUMNS = [feature.name for feature in FEATURES]
WINDOWS, CONCURRENT = 8, 4
RULES: dict[str, Any] = {"form": {}, "leak": {}, "grounding": {}, "consistency": {}}
# These end a run, each as it should; mixes of the others must not.
ENDING = {"unknown_model", "bad_key", "no_permission", "no_quota", "context", "redirect"}
TRYING = sorted(set(FAULTS) - ENDING - {"form"})


@pytest.fixture(scope="module")
def features(real: Any) -> np.ndarray:
    moving = [i for i, activity in enumerate(real.activities) if activity in ("walk", "stairs_up", "jog")]
    return np.asarray(real.features)[moving[:WINDOWS]]


async def immediately(seconds: float) -> None:
    """Sleeps of back-off take no time here."""
    await asyncio.sleep(0)


def write(
    server: FaultyServer, folder: Path, features: np.ndarray, budget: Budget, watch: Watch | None = None
) -> list[State]:
    server.answer = lambda body: truthful_answer(body["messages"])
    prompt, rules = WindowPrompt("compact", 6.0, 50.0), make_filter(RULES)
    groups = np.full(len(features), "", dtype=str)
    job = WindowJob("id", rules, "filter", prompt, features, COLUMNS, groups, lambda i: {"index": i}, None)
    model = ModelSettings("openai/m", api_base=server.url, concurrency=CONCURRENT, timeout_s=1.0, max_retries=3)

    async def run() -> list[State]:
        with Store(folder) as store:
            async with Client(model, budget, sleep=immediately, draw=random.Random(0)) as client:
                writer = Writer(job, client, store, Regeneration(1, (0.0, 0.5)), watch or Watch())
                return await writer.run(CONCURRENT)

    return asyncio.run(run())


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=st.dictionaries(st.sampled_from(TRYING), st.floats(0.05, 0.3), max_size=4), seed=st.integers(0, 99))
def test_every_window_ends_and_nothing_is_lost_or_paid_for_twice(
    faulty_server: FaultyServer, tmp_path_factory: pytest.TempPathFactory, features: np.ndarray, faults: Any, seed: int
) -> None:
    faulty_server.reset()
    faulty_server.shares, faulty_server.draw = faults, random.Random(seed)
    folder, budget = tmp_path_factory.mktemp("store"), Budget()
    states = write(faulty_server, folder, features, budget)
    with Store(folder, create=False) as store:
        ended = store.outcomes([state.task for state in states], "filter")
        kept = sum(len(store.attempts_of(state.task)) for state in states)
    assert len(ended) == WINDOWS
    for outcome in ended.values():
        assert outcome.status in ("accepted", "rejected", "failed")
        assert (outcome.status == "accepted") == (outcome.reasons == ())
        assert all(reason.detail for reason in outcome.reasons)
    # Every answer that arrived whole is in the store, once.
    whole = sum(seen.fault in CONTENTS or seen.fault in ("", "no_usage") for seen in faulty_server.requests)
    assert kept == whole
    again = len(faulty_server.requests)
    faulty_server.shares = {}
    repeated = write(faulty_server, folder, features, Budget())
    # What had failed is asked again, and nothing else.
    failed = sum(outcome.status == "failed" for outcome in ended.values())
    assert failed <= len(faulty_server.requests) - again <= 2 * WINDOWS
    assert all(state.status != "failed" for state in repeated)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 9000), seed=st.integers(0, 99))
def test_the_budget_is_passed_by_no_more_than_what_was_in_flight(
    faulty_server: FaultyServer, tmp_path_factory: pytest.TempPathFactory, features: np.ndarray, limit: int, seed: int
) -> None:
    faulty_server.reset()
    faulty_server.shares, faulty_server.draw = {"empty": 0.2, "no_choices": 0.1, "429": 0.1}, random.Random(seed)
    watch = Watch()
    write(faulty_server, tmp_path_factory.mktemp("store"), features, Budget(max_tokens=limit), watch)
    an_answer = 1300
    assert faulty_server.tokens < limit + CONCURRENT * an_answer
    assert watch.stopping or faulty_server.tokens < limit + an_answer


@pytest.mark.parametrize("fault", sorted(ENDING))
def test_what_no_repetition_mends_stops_the_run_with_one_line(
    faulty_server: FaultyServer, tmp_path: Path, features: np.ndarray, fault: str
) -> None:
    faulty_server.script.extend(["", "", ""])
    faulty_server.shares = {fault: 1.0}
    with pytest.raises(RunStopped) as stopped:
        write(faulty_server, tmp_path, features, Budget())
    assert "\n" not in str(stopped.value) and len(str(stopped.value)) > 20
    assert len(faulty_server.requests) <= 3 + 2 * CONCURRENT
    with Store(tmp_path, create=False) as store:
        assert sum(summary.attempts for summary in store.interpreters()) == 3


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("malformed_content", "form.unparsable"),
        ("empty", "form.unparsable"),
        ("refusal", "form.refusal"),
        ("invented_numbers", "grounding.wrong_number"),
        ("label_leak", "leak."),
        ("length", "form.truncated"),
        ("other_language", "form."),
    ],
)
def test_the_filter_finds_the_fault_and_the_second_try_is_accepted(
    faulty_server: FaultyServer, tmp_path: Path, features: np.ndarray, fault: str, rule: str
) -> None:
    faulty_server.script.append(fault)
    watch = Watch()
    states = write(faulty_server, tmp_path, features[:1], Budget(), watch)
    assert states[0].status == "accepted" and states[0].rounds == 2
    assert any(reason.startswith(rule) for reason in watch.rounds[0].reasons)
