"""A second language model's opinion of an interpretation that the rules let pass."""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.llm.client import Request
from lanhar.interpretation.llm.on_demand import Answering
from lanhar.interpretation.prompt import judge_messages
from lanhar.interpretation.regeneration import ask_once, attempt_key, attempt_of
from lanhar.interpretation.store import Attempt, Store

SCHEMA = {
    "type": "object",
    "properties": {
        "acceptable": {"type": "boolean", "description": "whether text and numbers agree"},
        "problem": {"type": "string", "description": "what is wrong, one line; empty where nothing is"},
    },
    "required": ["acceptable", "problem"],
    "additionalProperties": False,
}


class Judge:
    """Asks a model whether an interpretation fits the measured features; its answers are kept like any other.

    Args:
        interpreter: id of the judging model, its parameters and its prompt.
        client: asks it.
        store: keeps its answers.
    """

    def __init__(self, interpreter: str, client: Answering, store: Store) -> None:
        self._interpreter, self._client, self._store = interpreter, client, store

    async def check(
        self, attempt: Attempt, text: str, features: NDArray[np.floating], columns: Sequence[str]
    ) -> tuple[Reason, ...]:
        """Reasons against a text; none where the judge has none, or says nothing that can be understood.

        Args:
            attempt: the answer that is judged.
            text: its text.
            features: (F,) of the window, in the units of `lanhar.signals.table`.
            columns: F feature names.
        """
        messages = judge_messages(features, columns, text)
        key = attempt_key(self._interpreter, messages, 0.0, attempt.round)
        ask = Request(tuple(messages), SCHEMA, "judgement", 0.0)
        kept = await ask_once(
            self._store,
            key,
            lambda: self._client.complete(ask),
            lambda reply: attempt_of(reply, key, attempt.task, attempt.round, self._interpreter),
        )
        return _read(kept.raw)


def _read(raw: str) -> tuple[Reason, ...]:
    try:
        said = json.loads(raw[raw.index("{") : raw.rindex("}") + 1])
        acceptable, problem = str(said["acceptable"]).lower() == "true", " ".join(str(said.get("problem", "")).split())
    except (ValueError, KeyError, TypeError):
        return ()
    if acceptable:
        return ()
    return (Reason("judge", "unacceptable", problem[:300] or "the judge found it does not fit the measured numbers"),)
