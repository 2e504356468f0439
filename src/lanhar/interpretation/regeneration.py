"""Write, judge, write again: the loop that turns tasks into accepted interpretations."""

import asyncio
import hashlib
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from lanhar.errors import LanharError
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.llm.client import Reply, Request
from lanhar.interpretation.llm.errors import BudgetSpent, RequestFailed, RunStopped
from lanhar.interpretation.llm.on_demand import Answering
from lanhar.interpretation.prompt import Message, feedback
from lanhar.interpretation.store import Attempt, Outcome, Store


class AskedElsewhereError(Exception):
    """Another process is asking the same question; its answer will be in the store."""


Status = Literal["pending", "accepted", "rejected", "failed"]
POLL_S = 0.5
"""How long to wait, seconds, before looking again for an answer that another process is asking for."""
RENEW_S = 10.0
"""How often this process says that it still works on what it claimed."""


class Job(Protocol):
    """What is to be written: one task a window, or one a label text.

    Attributes:
        interpreter: id of model, parameters, prompt and schema.
        filter: id of the filter.
        schema: JSON schema of an answer.
        schema_name: its name.
    """

    interpreter: str
    filter: str
    schema: Mapping[str, Any]
    schema_name: str

    def __len__(self) -> int:
        """Number of tasks."""
        ...

    def messages(self, index: int) -> list[Message]:
        """The first prompt of a task."""
        ...

    def text(self, raw: str) -> str:
        """The text that the text encoder reads; what cannot be taken apart is given back as it is."""
        ...

    async def judge(self, index: int, attempt: Attempt, messages: Sequence[Message]) -> tuple[Reason, ...]:
        """Reasons against an answer to `messages` by itself."""
        ...

    def judge_population(self, texts: Mapping[int, str]) -> Mapping[int, tuple[Reason, ...]]:
        """Reasons that only all accepted texts together show, by task."""
        ...

    def origin(self, index: int) -> Mapping[str, Any]:
        """Where the task comes from, for the store alone; never sent."""
        ...


@dataclass(frozen=True)
class Regeneration:
    """How often and how a rejected text is written again.

    Attributes:
        rounds: R, how many times after the first.
        temperature: sampling temperature of each round; the last one repeats.
    """

    rounds: int
    temperature: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.rounds < 0:
            raise LanharError(f"regeneration.rounds is {self.rounds}; write 0 or more")
        if not self.temperature or min(self.temperature) < 0:
            raise LanharError(
                f"regeneration.temperature is {list(self.temperature)}; write one value of 0 or more for each round"
            )

    def temperature_of(self, number: int) -> float:
        """Temperature of a round."""
        return self.temperature[min(number, len(self.temperature) - 1)]


@dataclass
class State:
    """How far a task has come.

    Attributes:
        task: digest of interpreter and first prompt.
        status: where it stands.
        rounds: attempts made.
        best: key of the attempt with the fewest reasons against it.
        reasons: those reasons.
        last: key of the newest attempt.
        objections: reasons against the newest attempt.
    """

    task: str
    status: Status = "pending"
    rounds: int = 0
    best: str | None = None
    reasons: tuple[Reason, ...] = ()
    last: str | None = None
    objections: tuple[Reason, ...] = ()


@dataclass
class RoundCount:
    """What one round came to.

    Attributes:
        accepted: answers that passed.
        rejected: answers that did not.
        failed: requests without an answer.
        reasons: `rule.code` → answers it was found in.
        asked: answers paid for now; the others were in the store.
        tokens: prompt and completion tokens of those.
        cost_usd: their cost where it is known.
        unpriced: how many of those have no known cost.
    """

    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0


@dataclass
class Watch:
    """What the rest of the program sees of a running job, and how it stops it.

    Attributes:
        rounds: counts by round.
        stopping: why no new request may start; "" while it may.
        changed: called after every change.
    """

    rounds: dict[int, RoundCount] = field(default_factory=dict)
    stopping: str = ""
    changed: Callable[[], None] = lambda: None

    def stop(self, why: str) -> None:
        """Start nothing new; what is in flight is finished and kept."""
        self.stopping = self.stopping or why
        self.changed()

    def of(self, number: int) -> RoundCount:
        """Counts of a round."""
        return self.rounds.setdefault(number, RoundCount())


class Writer:
    """Runs one job against one model and one store."""

    def __init__(self, job: Job, client: Answering, store: Store, settings: Regeneration, watch: Watch) -> None:
        self.job = job
        self.client = client
        self.store = store
        self.settings = settings
        self.watch = watch
        self.states = [State(task_key(job.interpreter, job.messages(i))) for i in range(len(job))]
        self._error: RunStopped | None = None

    async def run(self, workers: int) -> list[State]:
        """Write, judge and write again until nothing changes, then store where every task ended.

        Args:
            workers: tasks at work at the same time.

        Raises:
            RunStopped: the model cannot be used; what was answered is stored.
        """
        heartbeat = asyncio.create_task(self._renew())
        pending: Sequence[int] = range(len(self.states))
        try:
            while pending and not self.watch.stopping:
                await self._write_all(pending, workers)
                flagged = self._judge_population()
                pending = [i for i in flagged if self.states[i].rounds <= self.settings.rounds]
        finally:
            heartbeat.cancel()
            self._settle()
        if self._error is not None:
            raise self._error
        return self.states

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            self.store.renew()

    async def _write_all(self, pending: Iterable[int], workers: int) -> None:
        waiting, postponed = deque(pending), set[int]()

        async def work() -> None:
            while waiting and not self.watch.stopping:
                index = waiting.popleft()
                try:
                    await self._write(index)
                except AskedElsewhereError:
                    waiting.append(index)
                    await asyncio.sleep(POLL_S if index in postponed else 0)
                    postponed.add(index)

        await asyncio.gather(*(work() for _ in range(workers)))

    async def _write(self, index: int) -> None:
        """Take one task through its rounds until a text passes or none is left."""
        state = self.states[index]
        while not self.watch.stopping and state.rounds <= self.settings.rounds:
            try:
                messages = self._messages(index, state)
                attempt = await self._attempt(messages, state)
                reasons = await self.job.judge(index, attempt, messages)
            except BudgetSpent as spent:
                return self.watch.stop(str(spent))
            except RunStopped as error:
                self._error = self._error or error
                return self.watch.stop(str(error))
            except RequestFailed as failed:
                return self._fail(state, str(failed))
            self._note(state, attempt, reasons)
            if not reasons:
                return None
        return None

    def _messages(self, index: int, state: State) -> list[Message]:
        messages = self.job.messages(index)
        if state.last is None:
            return messages
        previous = self.store.attempt(state.last)
        return [*messages, *feedback(previous.raw if previous else "", state.objections)]

    async def _attempt(self, messages: Sequence[Message], state: State) -> Attempt:
        temperature = self.settings.temperature_of(state.rounds)
        key = attempt_key(self.job.interpreter, messages, temperature, state.rounds)
        ask = Request(tuple(messages), self.job.schema, self.job.schema_name, temperature)
        return await ask_once(
            self.store,
            key,
            lambda: self.client.complete(ask),
            lambda reply: self._paid(attempt_of(reply, key, state.task, state.rounds, self.job.interpreter)),
        )

    def _paid(self, attempt: Attempt) -> Attempt:
        count = self.watch.of(attempt.round)
        count.asked += 1
        count.tokens += (attempt.prompt_tokens or 0) + (attempt.completion_tokens or 0)
        count.cost_usd += attempt.cost_usd or 0.0
        count.unpriced += attempt.cost_usd is None
        return attempt

    def _note(self, state: State, attempt: Attempt, reasons: tuple[Reason, ...]) -> None:
        self.store.judge(attempt.key, self.job.filter, reasons)
        count = self.watch.of(state.rounds)
        count.accepted += not reasons
        count.rejected += bool(reasons)
        count.reasons.update({f"{reason.rule}.{reason.code}" for reason in reasons})
        state.status = "rejected" if reasons else "accepted"
        state.rounds += 1
        state.last, state.objections = attempt.key, reasons
        if not reasons or state.best is None or len(reasons) < len(state.reasons):
            state.best, state.reasons = attempt.key, reasons
        self.watch.changed()

    def _fail(self, state: State, why: str) -> None:
        self.watch.of(state.rounds).failed += 1
        if state.best is None:
            state.status, state.reasons = "failed", (Reason("request", "failed", why),)
        self.watch.changed()

    def _judge_population(self) -> list[int]:
        """Judge all accepted texts together; tasks that are rejected by it."""
        accepted = {i: s.best for i, s in enumerate(self.states) if s.status == "accepted" and s.best is not None}
        texts = {i: self._text(key) for i, key in accepted.items()}
        flagged = {i: reasons for i, reasons in self.job.judge_population(texts).items() if reasons}
        for index, reasons in flagged.items():
            state = self.states[index]
            count = self.watch.of(state.rounds - 1)
            count.accepted -= 1
            count.rejected += 1
            count.reasons.update({f"{reason.rule}.{reason.code}" for reason in reasons})
            state.status, state.reasons, state.objections = "rejected", reasons, reasons
            state.last = state.best
        self.watch.changed()
        return sorted(flagged)

    def _text(self, key: str) -> str:
        attempt = self.store.attempt(key)
        return self.job.text(attempt.raw) if attempt else ""

    def _settle(self) -> None:
        ended = [(i, state) for i, state in enumerate(self.states) if state.status != "pending"]
        for start in range(0, len(ended), 1000):
            self.store.settle([self._outcome(i, state) for i, state in ended[start : start + 1000]])

    def _outcome(self, index: int, state: State) -> Outcome:
        assert state.status != "pending"
        return Outcome(
            task=state.task,
            filter=self.job.filter,
            status=state.status,
            key=state.best,
            text=self._text(state.best) if state.best else "",
            reasons=state.reasons,
            rounds=state.rounds,
            origin=self.job.origin(index),
            updated=now(),
        )


async def ask_once(
    store: Store, key: str, ask: Callable[[], Awaitable[Reply]], as_attempt: Callable[[Reply], Attempt]
) -> Attempt:
    """The answer to a question that no process may pay for twice.

    Args:
        store: where answers are kept.
        key: of the attempt.
        ask: sends the question.
        as_attempt: turns the reply into what is stored.

    Raises:
        AskedElsewhereError: another process is asking it.
    """
    found = store.attempt(key)
    if found is None and not store.claim(key):
        # Answered between the two looks, or being asked.
        found = store.attempt(key)
        if found is None:
            raise AskedElsewhereError
    if found is not None:
        return found
    try:
        attempt = as_attempt(await ask())
        store.save(attempt)
    except BaseException:
        store.release(key)
        raise
    return attempt


def attempt_of(reply: Reply, key: str, task: str, number: int, interpreter: str) -> Attempt:
    """A reply as the store keeps it.

    Args:
        reply: what came.
        key: of the attempt.
        task: the task that it is an attempt at.
        number: its round.
        interpreter: id of who was asked.
    """
    return Attempt(
        key=key,
        task=task,
        round=number,
        interpreter=interpreter,
        raw=reply.text,
        finish_reason=reply.finish_reason,
        model=reply.model,
        mode=reply.mode,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        cost_usd=reply.cost_usd,
        latency_s=reply.latency_s,
        created=now(),
    )


def task_key(interpreter: str, messages: Sequence[Message]) -> str:
    """Digest of an interpreter and the first prompt of a task."""
    return _sha256({"interpreter": interpreter, "messages": list(messages)})


def attempt_key(interpreter: str, messages: Sequence[Message], temperature: float, number: int) -> str:
    """Digest of everything that determines an answer: interpreter, whole conversation, temperature, round."""
    return _sha256(
        {"interpreter": interpreter, "messages": list(messages), "temperature": temperature, "round": number}
    )


def now() -> str:
    """The time, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
