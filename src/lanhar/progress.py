"""The terminal at the rim: one console, progress bars for whatever lasts longer than a second."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

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
