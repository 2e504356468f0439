"""The data cards as text: a table for the README, and docs/datasets.md."""

from lanhar.activities import REGISTRY
from lanhar.datasets import DATASET_NAMES, get_dataset
from lanhar.datasets.base import Dataset

PUBLIC = tuple(name for name in DATASET_NAMES if name != "recordings")


def table() -> str:
    """One line a public dataset, as a Markdown table."""
    lines = ["| key | dataset | people | worn at | Hz | activities | terms |", "|---|---|--:|---|--:|---|---|"]
    for card in map(get_dataset, PUBLIC):
        who = (f"`{card.name}`", f"[{card.title}]({card.source})", str(card.published["subjects"]))
        what = (_placements(card), f"{card.rate_hz:g}", _activities(card), card.licence)
        lines.append(f"| {' | '.join((*who, *what))} |")
    return "\n".join(lines) + "\n"


def markdown() -> str:
    """Every data card, as the page docs/datasets.md."""
    lines = [
        "# Datasets",
        "",
        "Written by `lanhar.datasets.cards.markdown()` from the data cards, which are the classes in",
        "`src/lanhar/datasets/`; edit those, not this page. Placements that are read only when asked for stand in",
        "brackets. Under `data card` stand the numbers that `verify=true` checks: subjects, experiments, files and",
        "phones are published, while label rows, samples and seconds are this project's own count of the files.",
        "Your own files: [own_recordings.md](own_recordings.md).",
        "",
        table(),
    ]
    return "\n".join(lines) + "\n" + "\n".join(_card(get_dataset(name)) for name in PUBLIC)


def _card(card: type[Dataset]) -> str:
    labels = ", ".join(f"{label} → `{name}`" for label, name in card.activities.items())
    facts = ", ".join(f"{what} {number:,}" for what, number in card.published.items())
    found = ", ".join(f"`{name}`" for name in (*(f"{folder}/" for folder in card.folders), *card.archives))
    how = f"`python -m lanhar.prepare dataset={card.name}`" if card.urls else "by hand from the page above"
    rows = [
        ("page", f"<{card.source}>"),
        ("terms", card.licence),
        ("cite", card.citation),
        ("sensors", card.sensors),
        ("placements", _placements(card)),
        ("activities", labels),
        ("data card", facts),
        ("found in `data_dir` as", found),
        ("download", how),
    ]
    lines = [f"## `{card.name}`: {card.title}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in rows]
    lines += ["", "Known defects, and what the reader does:", ""]
    return "\n".join([*lines, *(f"- {text}" for text in card.defects), ""])


def _placements(card: type[Dataset]) -> str:
    return ", ".join(name if name in card.default_placements else f"({name})" for name in card.placements)


def _activities(card: type[Dataset]) -> str:
    return ", ".join(name for name in REGISTRY if name in card.activities.values())
