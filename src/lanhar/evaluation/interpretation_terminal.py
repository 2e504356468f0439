"""Interpretations in the terminal: a window beside its text, and what a store holds."""

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from lanhar.evaluation.interpretation_plots import LEAST_SPAN
from lanhar.evaluation.interpretation_report import marked_sections
from lanhar.evaluation.interpretation_view import AttemptView, Status, WindowView, dollars, partly_known
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.store import InterpreterSummary, Store
from lanhar.interpretation.store.records import Status as End

BARS = "▁▂▃▄▅▆▇█"
BAR_COUNT = 60
STYLES: dict[Status, str] = {
    "accepted": "green",
    "rejected": "red",
    "failed": "red",
    "unfinished": "yellow",
    "not written": "yellow",
}
_ENDS: tuple[End, ...] = ("accepted", "rejected", "failed")


def terminal_view(view: WindowView) -> Group:
    """A window with its text, verdict, earlier answers and what they took."""
    parts: list[Rule | Text | Padding] = [
        Rule(Text(f"{view.title} · {view.position}", style="bold"), align="left"),
        Text(f"{view.dataset}: {view.origin}", style="dim"),
        _signal(view),
    ]
    if view.text:
        parts.append(Padding(_text(view.text, view.reasons), (1, 0)))
    verdict = Text(view.status, style=f"bold {STYLES[view.status]}")
    verdict.append(f" · {view.interpreter}", style="default")
    parts += [verdict, *_reasons(view.reasons)]
    if view.attempts:
        parts.append(Text(_took(view), style="dim"))
    for attempt in view.attempts:
        if not attempt.chosen:
            parts += [_earlier(attempt), *_reasons(attempt.reasons or ())]
    return Group(*parts, Text())


def store_table(store: Store) -> Table:
    """What each interpreter of a store wrote, a row for each filter that judged it."""
    table = Table(title=f"Store {store.folder}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("interpreter", overflow="fold", min_width=18)
    table.add_column("filter", no_wrap=True)
    for name in ("answers", "tokens", "cost", *_ENDS):
        table.add_column(name, justify="right", overflow="fold", no_wrap=name in _ENDS)
    for summary in store.interpreters():
        for number, (filter_id, counts) in enumerate(summary.outcomes.items() or [("–", {})]):
            # What was paid stands once, however many filters judged it.
            first = [_who(store, summary), *_sums(summary)] if number == 0 else [""] * 4
            table.add_row(first[0], filter_id[:8], *first[1:], *(f"{counts.get(end, 0):,}" for end in _ENDS))
    return table


def _who(store: Store, summary: InterpreterSummary) -> str:
    if summary.interpreter is None:
        return "failed before any answer"
    settings = store.settings_of(summary.interpreter) or {}
    model, prompt = settings.get("model", "unknown model"), settings.get("prompt", "unknown")
    return f"{model}\nprompt {prompt}\n{summary.interpreter[:12]}"


def _sums(summary: InterpreterSummary) -> list[str]:
    tokens = summary.known_prompt_tokens + summary.known_completion_tokens
    return [
        f"{summary.attempts:,}",
        partly_known(f"{tokens:,}", summary.attempts, summary.unknown_tokens),
        partly_known(dollars(summary.known_cost_usd), summary.attempts, summary.unknown_cost),
    ]


def _signal(view: WindowView) -> Text:
    vertical = np.asarray(view.samples, dtype=np.float64)[:, 2]
    seconds = len(vertical) / view.rate_hz
    return Text(
        f"vertical acc {sparkline(vertical)} {vertical.min():.1f} to {vertical.max():.1f} m/s² in {seconds:g} s",
        no_wrap=True,
    )


def sparkline(values: NDArray[np.float64]) -> str:
    """A line of bars, each as high as the value of its share that lies furthest from the mean; m/s²."""
    centred = values - values.mean()
    shares = np.array_split(centred, min(BAR_COUNT, len(centred)))
    extremes = np.array([share[np.abs(share).argmax()] for share in shares])
    span = max(float(np.ptp(extremes)), LEAST_SPAN["acc"])
    low = (extremes.min() + extremes.max() - span) / 2
    return "".join(BARS[int(level)] for level in np.rint((extremes - low) / span * (len(BARS) - 1)))


def _text(text: str, reasons: tuple[Reason, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    for heading, chunks in marked_sections(text, reasons):
        body = Text()
        for chunk, marked in chunks:
            body.append(chunk, style="reverse" if marked else None)
        table.add_row(Text(heading, style="bold"), body)
    return table


def _reasons(reasons: tuple[Reason, ...]) -> list[Padding]:
    return [
        Padding(Text.assemble((f"{reason.rule}.{reason.code}", "red"), f" {reason.detail}"), (0, 0, 0, 2))
        for reason in reasons
    ]


def _took(view: WindowView) -> str:
    usage = view.usage
    answers = "1 answer" if usage.answers == 1 else f"{usage.answers} answers"
    kept = [f", text of round {a.round + 1}" for a in view.attempts if a.chosen and len(view.attempts) > 1]
    return (
        f"{answers} by {view.attempts[-1].model}, {usage.tokens} tokens, cost {usage.cost}, "
        f"median latency {usage.latency_s or 0.0:.2g} s"
        f"{''.join(kept)}"
    )


def _earlier(attempt: AttemptView) -> Text:
    if attempt.reasons is None:
        said = "not judged by this filter"
    else:
        said = "rejected" if attempt.reasons else "passed by itself, not among the others"
    return Text(f"round {attempt.round + 1}: {said}")
