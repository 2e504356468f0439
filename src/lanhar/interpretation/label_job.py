"""What a language model is asked about activities, and how its answers are judged."""

from collections.abc import Mapping, Sequence
from typing import Any

from lanhar.interpretation.filter.filter import Filter
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.prompt import LabelPrompt, Message
from lanhar.interpretation.schema import label_json_schema
from lanhar.interpretation.store import Attempt
from lanhar.interpretation.window_job import first_prompt, interpretation_text, read_answer

LABEL_RULES = ("form",)
"""Rules that make sense for a text about an activity: there is no window to compare it with."""


class LabelJob:
    """One task for each variation of each activity's label interpretation.

    Args:
        interpreter: id of model, parameters, prompt and schema.
        rules: the filter; of its rules, `LABEL_RULES` apply.
        filter_id: its id.
        prompt: renders a task's first prompt.
        activities: registry names.
        variations: texts an activity.
    """

    schema_name = "label_interpretation"

    def __init__(
        self,
        interpreter: str,
        rules: Filter,
        filter_id: str,
        prompt: LabelPrompt,
        activities: Sequence[str],
        variations: int,
    ) -> None:
        self.interpreter = interpreter
        self.filter = filter_id
        self.schema: Mapping[str, Any] = label_json_schema()
        self._rules = Filter(tuple(rule for rule in rules.rules if rule.name in LABEL_RULES))
        self._prompt, self._variations = prompt, variations
        self.tasks = [(name, k) for name in activities for k in range(1, variations + 1)]

    def __len__(self) -> int:
        return len(self.tasks)

    def messages(self, index: int) -> list[Message]:
        """The first prompt about an activity."""
        name, variation = self.tasks[index]
        return self._prompt.messages(name, variation, self._variations)

    def text(self, raw: str) -> str:
        """The text that the text encoder reads."""
        return interpretation_text(raw)

    async def judge(self, index: int, attempt: Attempt, messages: Sequence[Message]) -> tuple[Reason, ...]:  # noqa: ARG002
        """Reasons against an answer by itself."""
        answer = read_answer(attempt.raw, attempt.finish_reason, first_prompt(messages))
        # What is expected of an activity need not have numbers; what was measured has.
        return tuple(reason for reason in self._rules.judge(answer, {}).reasons if reason.code != "no_numbers")

    def judge_population(self, texts: Mapping[int, str]) -> Mapping[int, tuple[Reason, ...]]:
        """Texts that repeat an earlier one, of the same activity or of another."""
        seen: dict[str, int] = {}
        repeated: dict[int, tuple[Reason, ...]] = {}
        for index in sorted(texts):
            words = " ".join(texts[index].lower().split())
            if words in seen:
                detail = "the text repeats that of another variation word for word; write it in other words"
                repeated[index] = (Reason("duplicate", "repeated", detail),)
            seen.setdefault(words, index)
        return repeated

    def origin(self, index: int) -> Mapping[str, Any]:
        """The activity and the variation."""
        name, variation = self.tasks[index]
        return {"activity": name, "variation": variation}
