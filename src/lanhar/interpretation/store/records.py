"""What the store keeps of a language model's work: attempts, where tasks ended, and sums over both."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lanhar.interpretation.filter.verdict import Reason

Status = Literal["accepted", "rejected", "failed"]


@dataclass(frozen=True)
class Attempt:
    """One answer of a model, whatever the filter says of it.

    Attributes:
        key: digest of everything that determines the answer.
        task: the task that it is an attempt at.
        round: 0 for the first prompt, then counting the re-generations.
        interpreter: id of model, parameters, prompt version and schema version.
        raw: what the model wrote.
        finish_reason: the provider's; None where unknown.
        model: the provider's own id of the model.
        mode: how a structured answer was asked for.
        prompt_tokens: None where unknown.
        completion_tokens: None where unknown.
        cost_usd: US dollars; None where unknown, never 0 for that.
        latency_s: seconds from request to answer.
        created: UTC, ISO 8601.
    """

    key: str
    task: str
    round: int
    interpreter: str
    raw: str
    finish_reason: str | None
    model: str
    mode: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    latency_s: float
    created: str


@dataclass(frozen=True)
class Outcome:
    """Where a task ended under one filter.

    Attributes:
        task: digest of the first prompt and the interpreter, so that two interpreters never share a task.
        filter: id of the filter.
        status: `accepted`; `rejected`, no attempt passed; `failed`, no answer came.
        key: the attempt chosen; None where there is none.
        text: the interpretation of that attempt; "" where there is none.
        reasons: why it was not accepted.
        rounds: how many rounds it took.
        origin: where the task comes from, plain JSON values.
        updated: UTC, ISO 8601.
    """

    task: str
    filter: str
    status: Status
    key: str | None
    text: str
    reasons: tuple[Reason, ...]
    rounds: int
    origin: Mapping[str, Any]
    updated: str


@dataclass(frozen=True)
class Record:
    """An attempt with all that the store knows of it: what is published and reused.

    Attributes:
        attempt: the answer.
        settings: what its interpreter's id stands for; None where that was never said.
        verdicts: filter → reasons against it, none for an accepted one.
        outcomes: those that chose this attempt, one a filter.
    """

    attempt: Attempt
    settings: Mapping[str, Any] | None
    verdicts: Mapping[str, tuple[Reason, ...]]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class InterpreterSummary:
    """Sums over one interpreter's attempts and outcomes; imported ones count with what they once cost.

    Attributes:
        interpreter: its id; None gathers the tasks that failed before any answer came.
        attempts: how many answers.
        known_prompt_tokens: sum over the attempts that tell.
        known_completion_tokens: sum over the attempts that tell.
        unknown_tokens: attempts that lack either count.
        known_cost_usd: sum over the attempts whose cost is known, US dollars.
        unknown_cost: attempts whose cost is unknown.
        outcomes: filter → status → tasks.
    """

    interpreter: str | None
    attempts: int
    known_prompt_tokens: int
    known_completion_tokens: int
    unknown_tokens: int
    known_cost_usd: float
    unknown_cost: int
    outcomes: Mapping[str, Mapping[Status, int]]

    @property
    def tokens(self) -> int | None:
        """Tokens of prompts and answers; None where any attempt's are unknown."""
        return None if self.unknown_tokens else self.known_prompt_tokens + self.known_completion_tokens

    @property
    def cost_usd(self) -> float | None:
        """US dollars; None where any attempt's cost is unknown."""
        return None if self.unknown_cost else self.known_cost_usd


@dataclass(frozen=True)
class MergeCounts:
    """What became of records from elsewhere.

    Attributes:
        added: attempts that were new.
        present: attempts that were there with the same answer.
        different: attempts that were there with another answer; those here were kept as they are.
    """

    added: int
    present: int
    different: int


def storable(text: str) -> str:
    """The text with lone surrogates, which neither a database nor a file can hold, replaced by U+FFFD.

    They come from answers that were cut inside a JSON escape.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def to_json(value: Any) -> str:
    """One line of JSON, keys in order."""
    return storable(json.dumps(value, ensure_ascii=False, sort_keys=True))


def reasons_to_json(reasons: Sequence[Reason]) -> str:
    """Reasons as JSON."""
    return to_json([[reason.rule, reason.code, reason.detail] for reason in reasons]) if reasons else "[]"


def reasons_from_json(text: str) -> tuple[Reason, ...]:
    """Reasons from JSON."""
    return () if text == "[]" else tuple(Reason(*parts) for parts in json.loads(text))
