"""Windows of a dataset beside what was written about them, for a person to look at."""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.datamodules.sampling import balanced_subset
from lanhar.datamodules.window_set import LabelledWindows
from lanhar.errors import LanharError
from lanhar.evaluation.interpretation_view import AttemptView, Status, WindowView
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.regeneration import task_key
from lanhar.interpretation.store import Attempt, Outcome, Store
from lanhar.interpretation.window_job import interpretation_text, read_answer
from lanhar.progress import progress_bar
from lanhar.signals.table import PROMPT_FEATURES
from lanhar.stages.interpretation_jobs import COLUMNS, choose_windows, label_space_of
from lanhar.stages.interpreters import (
    LanguageModel,
    is_language_model,
    make_language_model,
    make_rules,
    make_rules_filter,
    window_filter_id,
)
from lanhar.stages.texts import open_store

_UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn")
_MEASURED = [COLUMNS.index(feature.name) for feature in PROMPT_FEATURES]


def shown_windows(cfg: DictConfig, n: int) -> list[WindowView]:
    """Windows with their texts: spread over activities and people for a source, random for a target.

    Args:
        cfg: the config `interpret`.
        n: how many, at most; of a language model those that it wrote about, as long as there are any.

    Raises:
        LanharError: `n` is below 1, or there is no store.
    """
    if not is_language_model(cfg):
        return rules_views(cfg, choose_windows(cfg).windows, n)
    with open_shelf(cfg) as shelf:
        return shelf.views(n)


def rules_views(cfg: DictConfig, windows: LabelledWindows, n: int) -> list[WindowView]:
    """Windows with the texts of the rules, judged one by one; no store is read."""
    rows = _pick(cfg, windows, np.arange(len(windows)), n)
    texts = make_rules(cfg).interpret(windows.features[rows], COLUMNS)
    rules = make_rules_filter(cfg)
    views = []
    for number, (row, text) in enumerate(zip(rows.tolist(), texts, strict=True), start=1):
        verdict = rules.judge(read_answer(text), _measured(windows, row))
        status: Status = "accepted" if verdict.accepted else "rejected"
        position = f"window {number} of {len(rows)}, out of {len(windows):,}"
        views.append(_view(cfg, windows, row, status, text, verdict.reasons, (), position))
    return views


@dataclass(frozen=True)
class Shelf:
    """What the store holds of a dataset's windows, by the config's interpreter and under its filter.

    Attributes:
        cfg: the config `interpret`.
        store: where it is.
        model: who wrote.
        filter: id of the filter.
        windows: all that the config chooses.
        tasks: (N,) each window's task.
        outcomes: task → where it ended.
    """

    cfg: DictConfig
    store: Store
    model: LanguageModel
    filter: str
    windows: LabelledWindows
    tasks: Sequence[str]
    outcomes: dict[str, Outcome]

    def views(self, n: int) -> list[WindowView]:
        """Windows that have an outcome, or any where none has."""
        written = np.flatnonzero([task in self.outcomes for task in self.tasks])
        rows = _pick(self.cfg, self.windows, written if len(written) else np.arange(len(self.windows)), n)
        known = f"the store knows {len(written):,} of {len(self.windows):,}"
        return [
            self.view(row, f"window {number} of {len(rows)}, {known}") for number, row in enumerate(rows.tolist(), 1)
        ]

    def view(self, row: int, position: str) -> WindowView:
        """One window with its outcome and all answers about it."""
        outcome, answers = self.outcomes.get(self.tasks[row]), self.answers(row)
        attempts = tuple(self._attempt(answer, outcome) for answer in answers)
        if outcome is None:
            status: Status = "unfinished" if answers else "not written"
            return _view(self.cfg, self.windows, row, status, "", (), attempts, position)
        return _view(self.cfg, self.windows, row, outcome.status, outcome.text, outcome.reasons, attempts, position)

    def answers(self, row: int) -> list[Attempt]:
        """The interpreter's own answers about a window, without a judge's."""
        return [a for a in self.store.attempts_of(self.tasks[row]) if a.interpreter == self.model.window_id]

    def _attempt(self, answer: Attempt, outcome: Outcome | None) -> AttemptView:
        chosen = outcome is not None and outcome.key == answer.key
        # What speaks against a text only among all others stands in the outcome alone.
        reasons = outcome.reasons if chosen and outcome else self.store.verdict(answer.key, self.filter)
        return AttemptView(
            round=answer.round,
            text=printable(interpretation_text(answer.raw)),
            reasons=None if reasons is None else _printable_reasons(reasons),
            chosen=chosen,
            model=printable(answer.model),
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            cost_usd=answer.cost_usd,
            latency_s=answer.latency_s,
        )


@contextmanager
def open_shelf(cfg: DictConfig) -> Iterator[Shelf]:
    """Open a language model's store and find the windows in it.

    Raises:
        LanharError: there is none.
    """
    with open_store(cfg) as store:
        windows = choose_windows(cfg).windows
        model = make_language_model(cfg, label_space_of(cfg))
        filter_id = window_filter_id(cfg, make_rules_filter(cfg), cfg.role)
        prompts = progress_bar(
            model.prompt.render(windows.features, COLUMNS), "Finding windows in the store", len(windows)
        )
        tasks = [task_key(model.window_id, messages) for messages in prompts]
        yield Shelf(cfg, store, model, filter_id, windows, tasks, store.outcomes(tasks, filter_id))


def printable(text: str) -> str:
    """A text that can do nothing to a terminal or a page: control characters and changes of direction become U+FFFD."""
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in _UNPRINTABLE else "\ufffd" for c in text.expandtabs(1)
    )


def _printable_reasons(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    return tuple(Reason(reason.rule, reason.code, printable(reason.detail)) for reason in reasons)


def _pick(cfg: DictConfig, windows: LabelledWindows, rows: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    if n < 1:
        raise LanharError(f"n is {n}; write 1 or more")
    if cfg.role == "target":
        return np.sort(np.random.default_rng(int(cfg.seed)).permutation(rows)[:n])
    labels = np.unique(windows.activity[rows], return_inverse=True)[1].astype(np.int64)
    return rows[balanced_subset(labels, windows.subject[rows], n, int(cfg.seed))]


def _measured(windows: LabelledWindows, row: int) -> dict[str, float]:
    values = windows.features[row, _MEASURED].tolist()
    return {feature.name: value for feature, value in zip(PROMPT_FEATURES, values, strict=True)}


def _view(
    cfg: DictConfig,
    windows: LabelledWindows,
    row: int,
    status: Status,
    text: str,
    reasons: Sequence[Reason],
    attempts: tuple[AttemptView, ...],
    position: str,
) -> WindowView:
    return WindowView(
        samples=windows.samples[row],
        rate_hz=float(cfg.windows.rate_hz),
        features=_measured(windows, row),
        activity=str(windows.activity[row]),
        dataset=str(windows.dataset[row]),
        subject=str(windows.subject[row]),
        recording=int(windows.recording[row]),
        start_s=float(windows.start_s[row]),
        placement=str(windows.placement[row]),
        interpreter=_writer(cfg),
        status=status,
        text=printable(text),
        reasons=_printable_reasons(reasons),
        attempts=attempts,
        position=position,
    )


def _writer(cfg: DictConfig) -> str:
    if not is_language_model(cfg):
        return "rules, no language model"
    if cfg.interpreter.name == "local":
        return "local, a small model that exercises the plumbing only"
    return str(cfg.interpreter.model)
