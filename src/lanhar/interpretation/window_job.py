"""What a language model is asked about windows, and how its answers are judged."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.interpretation.filter.filter import Embed, Filter
from lanhar.interpretation.filter.verdict import Answer, Reason
from lanhar.interpretation.judge import Judge
from lanhar.interpretation.parse import ParseError, parse_interpretation
from lanhar.interpretation.prompt import Message, WindowPrompt
from lanhar.interpretation.schema import json_schema
from lanhar.interpretation.store import Attempt
from lanhar.signals.table import PROMPT_FEATURES

CHUNK = 256
"""Windows whose prompts are rendered at once."""


class WindowJob:
    """One task a window.

    Args:
        interpreter: id of model, parameters, prompt and schema.
        rules: the filter.
        filter_id: its id.
        prompt: renders a window's first prompt.
        features: (N, F) of the windows, in the units of `lanhar.signals.table`.
        columns: F feature names.
        groups: (N,) label of a training subject's window, for the outlier rule; "" where it may not be used.
        origin: says where a window comes from; stored, never sent.
        embed: the frozen text encoder, for the outlier rule.
        judge: a second model's opinion; None for none.
        small_model: whether the model needs a schema that ends its lists.
    """

    schema_name = "interpretation"

    def __init__(
        self,
        interpreter: str,
        rules: Filter,
        filter_id: str,
        prompt: WindowPrompt,
        features: NDArray[np.floating],
        columns: Sequence[str],
        groups: NDArray[np.str_],
        origin: Callable[[int], Mapping[str, Any]],
        embed: Embed | None,
        judge: Judge | None = None,
        small_model: bool = False,
    ) -> None:
        self.interpreter = interpreter
        self.filter = filter_id
        self.schema: Mapping[str, Any] = json_schema(bounded=small_model)
        self._rules, self._prompt, self._judge = rules, prompt, judge
        self._features, self._columns = features, list(columns)
        self._groups, self._origin, self._embed = groups, origin, embed
        # Prompts are made for many windows at once, which takes a tenth of the time; tasks run in order.
        self._chunk = lru_cache(maxsize=4)(self._rendered)
        self._measured = [self._columns.index(feature.name) for feature in PROMPT_FEATURES]

    def __len__(self) -> int:
        return len(self._features)

    def messages(self, index: int) -> list[Message]:
        """The first prompt about a window: statistics and instructions, nothing else."""
        first = index - index % CHUNK
        return list(self._chunk(first)[index - first])

    def _rendered(self, first: int) -> list[list[Message]]:
        return list(self._prompt.render(self._features[first : first + CHUNK], self._columns))

    def measured(self, index: int) -> dict[str, float]:
        """A window's prompt features by name."""
        values = self._features[index, self._measured].tolist()
        return {feature.name: value for feature, value in zip(PROMPT_FEATURES, values, strict=True)}

    def text(self, raw: str) -> str:
        """The text that the text encoder reads."""
        return interpretation_text(raw)

    async def judge(self, index: int, attempt: Attempt, messages: Sequence[Message]) -> tuple[Reason, ...]:
        """Reasons against an answer by itself: the rules', then the judge's where they have none."""
        answer = read_answer(attempt.raw, attempt.finish_reason, first_prompt(messages))
        reasons = self._rules.judge(answer, self.measured(index)).reasons
        if reasons or self._judge is None:
            return reasons
        return await self._judge.check(attempt, self.text(attempt.raw), self._features[index], self._columns)

    def judge_population(self, texts: Mapping[int, str]) -> Mapping[int, tuple[Reason, ...]]:
        """Reasons that only all accepted texts together show."""
        rows = list(texts)
        reasons = self._rules.judge_population(
            list(texts.values()), self._features[rows], self._columns, self._groups[rows], self._embed
        )
        return dict(zip(rows, reasons, strict=True))

    def origin(self, index: int) -> Mapping[str, Any]:
        """Where a window comes from."""
        return self._origin(index)


def first_prompt(messages: Sequence[Message]) -> str:
    """What was said before the first answer; a corrected answer may well repeat an earlier one."""
    return "\n".join(message["content"] for message in takewhile(lambda m: m["role"] != "assistant", messages))


def read_answer(raw: str, finish_reason: str | None = None, prompt: str = "") -> Answer:
    """Take a model's answer apart for the rules."""
    try:
        return Answer(raw, parse_interpretation(raw), "", finish_reason, prompt)
    except ParseError as error:
        return Answer(raw, None, str(error), finish_reason, prompt)


def interpretation_text(raw: str) -> str:
    """The text that the text encoder reads; an answer that cannot be taken apart stays as it is."""
    try:
        return parse_interpretation(raw).text
    except ParseError:
        return raw
