"""The terminal at the rim: one console, progress bars for whatever lasts longer than a second."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

T = TypeVar("T")

console = Console(stderr=False, highlight=False)


def progress_bar(iterable: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Wrap a loop with a bar that shows done, total, elapsed and remaining time; a log file gets one line instead."""
    if not console.is_terminal:
        console.print(description)
        yield from iterable
        return
    columns = (
        TextColumn("{task.description:<34}"), BarColumn(bar_width=30), MofNCompleteColumn(),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as bar:
        yield from bar.track(iterable, description=description, total=total)


LINE_EVERY_S = 30.0
"""How often a log file, which cannot show a moving line, gets one."""


@contextmanager
def live_counts(what: str, counts: Callable[[], Mapping[str, Any]], total: int) -> Iterator[Callable[[], None]]:
    """Show counts that change while something runs, with a bar over those that came to an end, and the time left.

    Args:
        what: its name.
        counts: name → value now; `accepted`, `rejected` and `failed` make up the bar.
        total: how many there are.

    Yields:
        A function to call when counts may have changed; it redraws now and then.
    """
    columns = (
        TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}"), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    shown = Progress(*columns, console=console, auto_refresh=False, disable=not console.is_terminal)
    bar = shown.add_task(what, total=total, counts="")
    pause = 0.5 if console.is_terminal else LINE_EVERY_S
    last = [time.monotonic()]

    def draw() -> None:
        values = counts()
        done = sum(values[name] for name in ("accepted", "rejected", "failed"))
        words = " · ".join(f"{name} {v:,}" if isinstance(v, int) else f"{name} {v}" for name, v in values.items())
        if console.is_terminal:
            shown.update(bar, completed=done, counts=words)
            shown.refresh()
        else:
            console.print(f"{what} {done:,}/{total:,} · {words}", soft_wrap=True)

    def refresh() -> None:
        if time.monotonic() - last[0] >= pause:
            last[0] = time.monotonic()
            draw()

    with shown:
        yield refresh
        draw()
