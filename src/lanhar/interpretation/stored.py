"""An interpreter whose texts a language model wrote earlier: it reads the store and asks nobody."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lanhar.interpretation.prompt import LabelPrompt, WindowPrompt
from lanhar.interpretation.regeneration import task_key
from lanhar.interpretation.store import Outcome, Store


class StoredInterpreter:
    """Looks interpretations up by what was asked, so that texts of two interpreters can never mix.

    Args:
        store: where they are.
        interpreter: id of model, parameters, prompt and schema.
        filter_id: id of the filter that judged them.
        prompt: the prompt about windows.
        unaccepted: give rejected texts too.
    """

    def __init__(
        self, store: Store, interpreter: str, filter_id: str, prompt: WindowPrompt, unaccepted: bool = False
    ) -> None:
        self._store, self._interpreter, self._filter = store, interpreter, filter_id
        self._prompt, self._unaccepted = prompt, unaccepted

    def interpret(self, features: NDArray[np.floating], columns: Sequence[str]) -> list[str | None]:
        """Texts of windows.

        Args:
            features: (N, F), one row a window, in the units of `lanhar.signals.table`.
            columns: F feature names.

        Returns:
            N texts, None where there is none that may be used.
        """
        tasks = [task_key(self._interpreter, messages) for messages in self._prompt.render(features, columns)]
        outcomes = self._store.outcomes(tasks, self._filter)
        return [usable_text(outcomes.get(task), self._unaccepted) for task in tasks]


def stored_label_texts(
    store: Store, interpreter: str, filter_id: str, prompt: LabelPrompt, activity: str, variations: int
) -> list[str]:
    """A language model's accepted label interpretations of an activity, as many of the variations as there are."""
    tasks = [task_key(interpreter, prompt.messages(activity, k, variations)) for k in range(1, variations + 1)]
    outcomes = store.outcomes(tasks, filter_id)
    texts = (usable_text(outcomes.get(task), unaccepted=False) for task in tasks)
    return [text for text in texts if text is not None]


def usable_text(outcome: Outcome | None, unaccepted: bool) -> str | None:
    """The text of an outcome where training may use it."""
    if outcome is None or not outcome.text:
        return None
    return outcome.text if unaccepted or outcome.status == "accepted" else None
