"""What a person is shown of interpretations: windows with what was written about them, and sums over many."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lanhar.activities import REGISTRY
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.store import Attempt

Status = Literal["accepted", "rejected", "failed", "unfinished", "not written"]
STATUSES: tuple[Status, ...] = ("accepted", "rejected", "failed", "unfinished", "not written")
"""`unfinished`: there are answers, but this filter has not come to an end with them."""


@dataclass(frozen=True)
class Usage:
    """What answers took.

    Attributes:
        answers: how many.
        prompt_tokens: sum over those that tell.
        completion_tokens: sum over those that tell.
        unknown_tokens: answers that lack either count.
        known_cost_usd: sum over those whose cost is known, US dollars.
        unknown_cost: answers whose cost is unknown.
        latency_s: their median, seconds; None without answers.
    """

    answers: int
    prompt_tokens: int
    completion_tokens: int
    unknown_tokens: int
    known_cost_usd: float
    unknown_cost: int
    latency_s: float | None

    @property
    def tokens(self) -> str:
        """Tokens of prompts and answers for a person."""
        return partly_known(f"{self.prompt_tokens + self.completion_tokens:,}", self.answers, self.unknown_tokens)

    @property
    def cost(self) -> str:
        """The cost for a person; what is unknown is never 0."""
        return partly_known(dollars(self.known_cost_usd), self.answers, self.unknown_cost)


@dataclass(frozen=True)
class AttemptView:
    """One answer of a language model.

    Attributes:
        round: 0 for the first prompt, then counting the re-generations.
        text: the interpretation, or the answer as it came where it holds none.
        reasons: against it; None where this filter has not judged it.
        chosen: whether it is the one that was kept.
        model: the provider's own id of the model.
        prompt_tokens: None where unknown.
        completion_tokens: None where unknown.
        cost_usd: US dollars; None where unknown.
        latency_s: seconds from request to answer.
    """

    round: int
    text: str
    reasons: tuple[Reason, ...] | None
    chosen: bool
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    latency_s: float


@dataclass(frozen=True)
class WindowView:
    """A window beside what was written about it.

    Attributes:
        samples: (L, 6) acc m/s² with +z up, gyro rad/s.
        rate_hz: samples per second.
        features: the prompt's features by name, in the units of `lanhar.signals.table`.
        activity: registry name, for the person who looks; it was in no prompt.
        dataset: its key.
        subject: who.
        recording: index of the recording within its dataset.
        start_s: start of the window within it, seconds.
        placement: where the device was worn.
        interpreter: who wrote.
        status: where the text stands.
        text: the interpretation kept; "" where there is none.
        reasons: against it.
        attempts: all answers in the order of rounds; none for the rules.
        position: which of how many windows this is, one line.
    """

    samples: NDArray[np.float32]
    rate_hz: float
    features: Mapping[str, float]
    activity: str
    dataset: str
    subject: str
    recording: int
    start_s: float
    placement: str
    interpreter: str
    status: Status
    text: str
    reasons: tuple[Reason, ...]
    attempts: tuple[AttemptView, ...]
    position: str

    @property
    def title(self) -> str:
        """The activity's title."""
        return REGISTRY[self.activity].title

    @property
    def origin(self) -> str:
        """Where the window comes from."""
        return f"{self.subject}, {self.placement}, recording {self.recording} from {self.start_s:g} s"

    @property
    def usage(self) -> Usage:
        """What all its answers took."""
        return usage_of(self.attempts)


@dataclass(frozen=True)
class ReasonCount:
    """How often one kind of fault was found.

    Attributes:
        kind: `rule.code`.
        answers: in answers of each round, the first first; empty where there are no rounds.
        windows: in the texts of windows that ended unaccepted.
    """

    kind: str
    answers: tuple[int, ...]
    windows: int


@dataclass(frozen=True)
class Corpus:
    """Sums over windows.

    Attributes:
        scope: which windows, one line.
        by_activity: registry name → status → windows.
        reasons: most frequent first.
        rounds: answers needed → windows that ended accepted.
        usage: what the interpreter's answers took.
        judge: what the judge's answers took; None without a judge.
    """

    scope: str
    by_activity: Mapping[str, Mapping[Status, int]]
    reasons: Sequence[ReasonCount]
    rounds: Mapping[int, int]
    usage: Usage
    judge: Usage | None

    @property
    def status(self) -> dict[Status, int]:
        """Windows by status."""
        return {status: sum(counts.get(status, 0) for counts in self.by_activity.values()) for status in STATUSES}


@dataclass(frozen=True)
class TextMap:
    """Embeddings of the shown texts in the plane.

    Attributes:
        points: (P, 2).
        windows: P indices of the windows shown.
        variance: share of the variance, 0..1, along each axis.
        encoder: the text encoder's name.
    """

    points: NDArray[np.float64]
    windows: Sequence[int]
    variance: tuple[float, float]
    encoder: str


def usage_of(answers: Sequence[AttemptView | Attempt]) -> Usage:
    """Sum up answers."""
    unknown_tokens = sum(a.prompt_tokens is None or a.completion_tokens is None for a in answers)
    return Usage(
        answers=len(answers),
        prompt_tokens=sum(a.prompt_tokens or 0 for a in answers),
        completion_tokens=sum(a.completion_tokens or 0 for a in answers),
        unknown_tokens=unknown_tokens,
        known_cost_usd=sum(a.cost_usd or 0.0 for a in answers),
        unknown_cost=sum(a.cost_usd is None for a in answers),
        latency_s=statistics.median([a.latency_s for a in answers]) if answers else None,
    )


def partly_known(known: str, answers: int, unknown: int) -> str:
    """A sum over those answers that tell, and how many do not."""
    if not answers:
        return "–"
    if unknown == answers:
        return "unknown"
    return f"{known} + {unknown:,} unknown" if unknown else known


def dollars(value: float) -> str:
    """An amount with as many digits as it needs."""
    return f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.4f}"
