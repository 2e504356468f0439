"""What a language model is sent: prompts for windows and labels, feedback after a rejection, a judge's question."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lanhar.activities import REGISTRY, Activity
from lanhar.errors import LanharError
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.prompt_template import FilledPrompt, Message, PromptTemplate, prompt_names

__all__ = ["LabelPrompt", "Message", "WindowPrompt", "feedback", "judge_messages", "prompt_version"]

LONGEST_PREVIOUS = 6000
"""Characters of a rejected answer that go back to the model; a whole one has about half of that."""
_TEXT = "\ue002"


class WindowPrompt:
    """The prompt for windows. It knows a window's statistics, never its label, file, subject, dataset or placement.

    Attributes:
        name: as given.
        version: version that the file declares, and a digest of all files that it is made of.
        feature_names: features whose numbers it lists, in order.
    """

    def __init__(
        self,
        name: Literal["paper", "compact"] | str,
        window_seconds: float,
        rate_hz: float,
        candidates: Sequence[str] = (),
    ) -> None:
        """Read the prompt and render all of it that no window changes.

        Args:
            name: `paper` (all statistics, about 4,800 tokens), `compact` (1,200 at most), or the path of one's own
                `.j2` file with the blocks `system` and `user`.
            window_seconds: length of the windows.
            rate_hz: samples per second.
            candidates: activities to choose from, canonical names or one's own. Empty by default: a model that is
                told them knows a prior that a window alone does not hold, and results with them leak it.

        Raises:
            LanharError: there is no such prompt, or its file is malformed or names an unknown feature.
        """
        self.name = name
        template = _window_template(name)
        self.version = template.version
        self._prompt = FilledPrompt(
            template.render(
                window_seconds=window_seconds,
                rate_hz=rate_hz,
                samples=round(window_seconds * rate_hz),
                candidates=[_named(candidate).title for candidate in candidates],
            )
        )
        self.feature_names = self._prompt.feature_names
        if not self.feature_names:
            raise LanharError(
                f"prompt {name} lists no statistics; write {{{{ feature('acc_vertical_rms').quantity }}}}"
            )

    def messages(self, features: NDArray[np.floating], columns: Sequence[str]) -> list[Message]:
        """The prompt for one window.

        Args:
            features: (F,) in the units of `lanhar.signals.table`.
            columns: F feature names, in any order.

        Raises:
            LanharError: as `render`.
        """
        return next(self.render(np.asarray(features)[None], columns))

    def render(self, features: NDArray[np.floating], columns: Sequence[str]) -> Iterator[list[Message]]:
        """The prompts for many windows, made while they are taken.

        Args:
            features: (N, F), one row a window, in the units of `lanhar.signals.table`.
            columns: F feature names, in any order.

        Returns:
            N lists of messages; what all windows share comes first, their numbers last.

        Raises:
            LanharError: at once where columns do not fit the array, one that the prompt lists is missing, or a value
                is not finite.
        """
        return self._prompt.fill(features, columns)


def _window_template(name: str) -> PromptTemplate:
    if name in prompt_names():
        return PromptTemplate(name)
    file = Path(name).expanduser()
    if file.suffix == ".j2" and file.is_file():
        return PromptTemplate(name, file)
    raise LanharError(f"unknown prompt '{name}'; write {', '.join(prompt_names())} or the path of a .j2 file")


class LabelPrompt:
    """The prompt for label interpretations.

    Attributes:
        version: version that the file declares, and a digest of all files that it is made of.
    """

    def __init__(self) -> None:
        """Read the prompt."""
        self._template = PromptTemplate("label")
        self.version = self._template.version

    def messages(self, activity: str, variation: int, variations: int) -> list[Message]:
        """Ask for one text about an activity; placement, pace and wording go with the variation.

        Args:
            activity: canonical name, or the words for one's own activity.
            variation: 1 to `variations`.
            variations: how many texts are asked for in all; 60 differ in what they ask for.

        Raises:
            LanharError: `variation` lies outside.
        """
        if not 1 <= variation <= variations:
            raise LanharError(f"label variation {variation} of {variations}; write 1 to {variations}")
        known = _named(activity)
        words = dict.fromkeys((known.title, *known.words))
        return self._template.render(title=known.title, words=list(words), variation=variation, variations=variations)


def _named(activity: str) -> Activity:
    """The registry's activity of that name; one's own activity is what it is called."""
    return REGISTRY.get(activity) or Activity(activity, " ".join(activity.replace("_", " ").split()), ())


@cache
def _template(name: Literal["feedback", "judge"]) -> PromptTemplate:
    return PromptTemplate(name)


@cache
def _judge() -> FilledPrompt:
    return FilledPrompt(_template("judge").render(text=_TEXT))


def prompt_version(name: Literal["feedback", "judge"]) -> str:
    """Version of the feedback or of the judge's question, as `WindowPrompt.version`."""
    return _template(name).version


def feedback(previous: str, reasons: Sequence[Reason]) -> list[Message]:
    """What follows a rejected answer in the conversation: the answer, and why it does not pass.

    Args:
        previous: the rejected answer as it came; cut to `LONGEST_PREVIOUS` characters.
        reasons: what the filter has against it; each detail is told once.
    """
    # Providers refuse an empty message.
    answer = previous.strip() or "(no answer)"
    if len(answer) > LONGEST_PREVIOUS:
        answer = answer[:LONGEST_PREVIOUS] + " …"
    details = list(dict.fromkeys(" ".join(reason.detail.split()) for reason in reasons))
    return [{"role": "assistant", "content": answer}, *_template("feedback").render(details=details)]


def judge_messages(features: NDArray[np.floating], columns: Sequence[str], text: str) -> list[Message]:
    """Ask a model whether an interpretation is true of a window; it answers `{"acceptable": …, "problem": …}`.

    Args:
        features: (F,) in the units of `lanhar.signals.table`.
        columns: F feature names, in any order.
        text: the interpretation.

    Raises:
        LanharError: as `WindowPrompt.render`.
    """
    filled = next(_judge().fill(np.asarray(features)[None], columns))
    return [{**message, "content": message["content"].replace(_TEXT, text)} for message in filled]
