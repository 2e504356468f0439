"""What a person sees after a dataset was read."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from lanhar.activities import REGISTRY
from lanhar.datasets.base import Dataset, Fact


def summary(dataset: Dataset) -> Group:
    """Tables of what the last reading found, what it left out, and the dataset's terms."""
    report = dataset.report
    title = f"the package's sample of {dataset.title}" if dataset.is_sample else dataset.title
    seconds = sum(report.seconds.values())
    head = f"{title}: {len(report.subjects)} subjects, {report.recordings} recordings, {seconds:,.0f} s"
    # Of a user's own folder only the files tell rate and placement.
    if dataset.selected_placements:
        head += f", {dataset.rate_hz:g} Hz, {', '.join(dataset.selected_placements)}"
    activities = Table("activity", "called", title="Found", title_justify="left")
    activities.add_column("seconds", justify="right")
    for name in (name for name in REGISTRY if name in report.seconds):
        activities.add_row(name, REGISTRY[name].title, f"{report.seconds[name]:,.0f}")
    parts: list[Table | Text] = [Text(head), activities]
    if report.dropped:
        dropped = Table("left out because", title="Left out", title_justify="left")
        dropped.add_column("rows", justify="right")
        for reason, rows in report.dropped.most_common():
            dropped.add_row(reason, f"{rows:,}")
        parts.append(dropped)
    parts += [Text(f"note: {note}") for note in report.notes]
    parts += [
        Text(f"{what}: {text}") for what, text in (("terms", dataset.licence), ("cite", dataset.citation)) if text
    ]
    return Group(*parts)


def comparison(facts: Sequence[Fact]) -> Table:
    """Table of the data card's facts beside what was found; rows that differ say so."""
    table = Table("fact", title="Data card and found", title_justify="left")
    for column in ("data card", "found"):
        table.add_column(column, justify="right")
    table.add_column("")
    for fact in facts:
        verdict = Text("agrees", style="green") if fact.agrees else Text("DIFFERS", style="bold red")
        table.add_row(fact.what, _number(fact.published), _number(fact.found), verdict)
    return table


def _number(value: int | float | str) -> str:
    return value if isinstance(value, str) else f"{value:,}"
