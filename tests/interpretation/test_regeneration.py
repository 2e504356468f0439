import asyncio
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanhar.errors import LanharError
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.llm.client import Reply, Request
from lanhar.interpretation.llm.errors import BudgetSpent, RequestFailed, RunStopped
from lanhar.interpretation.regeneration import Regeneration, State, Watch, Writer, attempt_key
from lanhar.interpretation.store import Attempt, Store

BAD = Reason("form", "bad", "the text is bad")


class WordJob:
    """Tasks whose answers are single words: a text starting with `bad` is rejected, and so is a crowd of `odd` ones."""

    interpreter, filter, schema, schema_name = "model", "filter", {"type": "object"}, "word"

    def __init__(self, size: int) -> None:
        self.size = size
        self.populations: list[set[int]] = []

    def __len__(self) -> int:
        return self.size

    def messages(self, index: int) -> list[dict[str, str]]:
        return [{"role": "user", "content": f"task {index}"}]

    def text(self, raw: str) -> str:
        return raw

    async def judge(self, index: int, attempt: Attempt, messages: Any) -> tuple[Reason, ...]:
        return (BAD,) * attempt.raw.count("bad")

    def judge_population(self, texts: Mapping[int, str]) -> Mapping[int, tuple[Reason, ...]]:
        self.populations.append(set(texts))
        return {i: (Reason("outlier", "odd", "it lies apart"),) for i, text in texts.items() if text == "odd"}

    def origin(self, index: int) -> Mapping[str, Any]:
        return {"index": index}


class ScriptedClient:
    """Answers a task's n-th request with the n-th entry of its script, the last one for ever; counts its charges."""

    def __init__(self, script: Mapping[int, list[str | Exception]], budget: int | None = None) -> None:
        self.script, self.budget = script, budget
        self.asked: Counter[int] = Counter()
        self.requests: list[Request] = []
        self.paid = 0

    async def complete(self, request: Request) -> Reply:
        index = int(request.messages[0]["content"].split()[1])
        for _ in range(10):  # an answer takes longer than a look into the store
            await asyncio.sleep(0)
        if self.budget is not None and self.paid >= self.budget:
            raise BudgetSpent("max_tokens reached")
        entries = self.script.get(index, ["good"])
        entry = entries[min(self.asked[index], len(entries) - 1)]
        self.asked[index] += 1
        self.requests.append(request)
        if isinstance(entry, Exception):
            raise entry
        self.paid += 1
        return Reply(entry, "stop", "model-1", "text", 10, 5, None, 0.1, 0)


def write(
    folder: Path, job: WordJob, client: ScriptedClient, rounds: int = 2, workers: int = 3, watch: Watch | None = None
) -> list[State]:
    with Store(folder) as store:
        writer = Writer(job, client, store, Regeneration(rounds, (0.0, 0.5)), watch or Watch())  # type: ignore[arg-type]
        return asyncio.run(writer.run(workers))


def outcomes(folder: Path, states: list[State]) -> dict[int, Any]:
    with Store(folder, create=False) as store:
        found = store.outcomes([state.task for state in states], "filter")
    return {i: found[state.task] for i, state in enumerate(states) if state.task in found}


def test_a_rejected_text_goes_back_with_its_reasons_and_rising_temperature(tmp_path: Path) -> None:
    client = ScriptedClient({0: ["bad", "good"]})
    states = write(tmp_path, WordJob(1), client)
    first, second = client.requests
    assert states[0].status == "accepted" and states[0].rounds == 2
    assert (first.temperature, second.temperature) == (0.0, 0.5)
    assert second.messages[0] == first.messages[0]
    assert second.messages[1] == {"role": "assistant", "content": "bad"}
    assert BAD.detail in second.messages[-1]["content"]


def test_the_attempt_with_the_fewest_reasons_is_kept_and_marked(tmp_path: Path) -> None:
    states = write(tmp_path, WordJob(1), ScriptedClient({0: ["bad bad", "bad", "bad bad bad"]}))
    ended = outcomes(tmp_path, states)[0]
    assert (ended.status, ended.text, ended.rounds) == ("rejected", "bad", 3)
    assert ended.reasons == (BAD,)


def test_outliers_are_written_again_and_the_population_is_judged_until_nothing_changes(tmp_path: Path) -> None:
    job = WordJob(4)
    states = write(tmp_path, job, ScriptedClient({2: ["odd", "good"], 3: ["odd", "odd", "odd"]}))
    assert [state.status for state in states] == ["accepted", "accepted", "accepted", "rejected"]
    assert job.populations[0] == {0, 1, 2, 3}
    assert job.populations[-1] >= {0, 1, 2}
    assert outcomes(tmp_path, states)[3].reasons[0].rule == "outlier"


def test_the_same_job_again_asks_nothing(tmp_path: Path) -> None:
    script: dict[int, list[str | Exception]] = {0: ["bad", "good"], 1: ["odd", "good"], 2: ["bad"]}
    first, again = ScriptedClient(script), ScriptedClient(script)
    states = write(tmp_path, WordJob(3), first)
    repeated = write(tmp_path, WordJob(3), again)
    assert first.paid == 7 and again.paid == 0
    assert [s.status for s in repeated] == [s.status for s in states]


def test_an_unusable_model_stops_the_run_and_keeps_what_was_answered(tmp_path: Path) -> None:
    client = ScriptedClient({5: [RunStopped("the key is wrong")]})
    with pytest.raises(RunStopped, match="key is wrong"):
        write(tmp_path, WordJob(10), client, workers=1)
    assert client.paid == 5
    with Store(tmp_path, create=False) as store:
        kept = [attempt_key("model", WordJob(10).messages(i), 0.0, 0) for i in range(5)]
        assert all(store.attempt(key) is not None for key in kept)


def test_a_budget_stops_and_the_next_run_goes_on(tmp_path: Path) -> None:
    watch, client = Watch(), ScriptedClient({}, budget=4)
    states = write(tmp_path, WordJob(9), client, workers=2, watch=watch)
    assert "max_tokens" in watch.stopping
    assert Counter(state.status for state in states) == {"accepted": 4, "pending": 5}
    rest = ScriptedClient({})
    assert all(state.status == "accepted" for state in write(tmp_path, WordJob(9), rest))
    assert rest.paid == 5


def test_two_writers_at_once_pay_once(tmp_path: Path) -> None:
    clients = [ScriptedClient({}), ScriptedClient({})]

    async def both() -> list[list[State]]:
        with Store(tmp_path) as one, Store(tmp_path) as two:
            writers = [
                Writer(WordJob(40), client, store, Regeneration(0, (0.0,)), Watch())  # type: ignore[arg-type]
                for client, store in zip(clients, (one, two), strict=True)
            ]
            return list(await asyncio.gather(*(writer.run(4) for writer in writers)))

    both_states = asyncio.run(both())
    assert all(state.status == "accepted" for states in both_states for state in states)
    assert clients[0].paid + clients[1].paid == 40
    assert min(clients[0].paid, clients[1].paid) > 0


entry = st.sampled_from(["good", "bad", "bad bad", "odd", RequestFailed("the server is down")])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=st.dictionaries(st.integers(0, 7), st.lists(entry, min_size=1, max_size=4)),
    budget=st.none() | st.integers(0, 12),
    rounds=st.integers(0, 2),
    workers=st.integers(1, 4),
)
def test_whatever_happens_every_task_ends_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, script: Any, budget: int | None, rounds: int, workers: int
) -> None:
    folder, client, watch = tmp_path_factory.mktemp("store"), ScriptedClient(script, budget), Watch()
    states = write(folder, WordJob(8), client, rounds, workers, watch)
    ended = outcomes(folder, states)
    for index, state in enumerate(states):
        assert state.status != "pending" or watch.stopping
        if state.status == "pending":
            continue
        outcome = ended[index]
        assert outcome.status == state.status
        assert (outcome.reasons == ()) == (outcome.status == "accepted")
        assert (outcome.text == "") == (outcome.status == "failed")
    with Store(folder, create=False) as store:
        assert sum(len(store.attempts_of(state.task)) for state in states) == client.paid
    if budget is not None:
        assert client.paid <= budget + workers


@pytest.mark.parametrize(("rounds", "temperature"), [(-1, (0.0,)), (1, ()), (1, (-0.5,))])
def test_impossible_settings_are_refused(rounds: int, temperature: tuple[float, ...]) -> None:
    with pytest.raises(LanharError, match="regeneration"):
        Regeneration(rounds, temperature)
