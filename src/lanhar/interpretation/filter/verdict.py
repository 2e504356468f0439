"""What the filter says of an interpretation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from lanhar.interpretation.schema import Interpretation


@dataclass(frozen=True)
class Reason:
    """Why an interpretation is rejected.

    Attributes:
        rule: the rule that found it: `form`, `leak`, `grounding`, `consistency`, `outlier`, `duplicate`, `judge`.
        code: the kind of fault, in snake case, such as `wrong_number`; statistics count by it.
        detail: one line for a person and for the model that writes again: what was found, where, what is true instead.
    """

    rule: str
    code: str
    detail: str


@dataclass(frozen=True)
class Verdict:
    """Accepted where there is no reason against it.

    Attributes:
        reasons: why it is rejected; empty for an accepted one.
    """

    reasons: tuple[Reason, ...]

    @property
    def accepted(self) -> bool:
        """Whether nothing speaks against the interpretation."""
        return not self.reasons


@dataclass(frozen=True)
class Answer:
    """A model's answer as the rules see it.

    Attributes:
        raw: what the model wrote.
        interpretation: the same taken apart; None where that failed, and only `form` has something to say.
        problem: why it could not be taken apart, one line; "" where it could.
        finish_reason: the provider's: `stop`, `length` (cut off), `content_filter`, ...; None where unknown.
        prompt: the prompt that was answered, for finding echoes of it.
    """

    raw: str
    interpretation: Interpretation | None
    problem: str = ""
    finish_reason: str | None = None
    prompt: str = ""


class Rule(Protocol):
    """A rule that judges one answer by itself; population rules (`outlier`, `duplicate`) have their own shape.

    Attributes:
        name: the key that switches it in the config.
        version: raised whenever it can judge otherwise than before; part of the filter's identity.
    """

    name: ClassVar[str]
    version: ClassVar[str]

    def check(self, answer: Answer, features: Mapping[str, float]) -> Sequence[Reason]:
        """Reasons against the answer; none where it passes.

        Args:
            answer: what the model wrote.
            features: the window's measured prompt features by name, in the units of `lanhar.signals.table`.
        """
        ...
