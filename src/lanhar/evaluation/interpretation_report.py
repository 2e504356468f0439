"""The interpretation report: one HTML file that needs nothing beside itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from lanhar.activities import REGISTRY
from lanhar.errors import LanharError
from lanhar.evaluation.interpretation_plots import COLOURS, map_plot, signal_plot
from lanhar.evaluation.interpretation_view import STATUSES, Corpus, TextMap, WindowView
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.interpretation import sections
from lanhar.signals.table import HEADINGS

Chunk = tuple[str, bool]
"""A piece of text, and whether a reason points at it."""
_QUOTED = re.compile(r"(?<!\w)'(.+?)'(?!\w)|\"(.+?)\"|“(.+?)”|‘(.+?)’")
_WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class Report:
    """What the report shows.

    Attributes:
        title: its heading.
        facts: name → value, in order: dataset, interpreter, model, prompt, filter, ...
        notes: what a reader must know of where the texts come from.
        corpus: sums over windows.
        windows: those that are shown one by one.
        map: embeddings of their texts; None where there are too few.
        map_note: why there is no map; "" where there is one.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    notes: Sequence[str]
    corpus: Corpus
    windows: Sequence[WindowView]
    map: TextMap | None
    map_note: str


def render_report(report: Report) -> str:
    """Write the report as HTML. Whatever a model wrote is escaped, and a browser may load or send nothing."""
    activities = _activities(report)
    return _template().render(
        report=report,
        activities=[(name, REGISTRY[name].title) for name in activities],
        statuses=STATUSES,
        picture=_map(report, activities),
        colours=COLOURS,
        rounds=max((len(count.answers) for count in report.corpus.reasons), default=0),
    )


def marked_sections(text: str, reasons: Sequence[Reason]) -> list[tuple[str, list[Chunk]]]:
    """Take a text apart under its headings, and mark what the reasons quote.

    Args:
        text: an interpretation; one without the seven headings comes back whole under the heading "".
        reasons: against it; one that begins with a heading speaks of that section only.

    Returns:
        Heading and pieces, in the order of the headings.
    """
    try:
        parts: dict[str, str] = {str(heading): body for heading, body in sections(text).items()}
    except LanharError:
        parts = {"": text}
    return [
        (heading, _marked(body, [reason.detail for reason in reasons if _about(reason, heading)]))
        for heading, body in parts.items()
    ]


def _about(reason: Reason, heading: str) -> bool:
    named = next((name for name in HEADINGS if reason.detail.startswith(f"{name}:")), "")
    return not named or not heading or named == heading


def _marked(body: str, details: Sequence[str]) -> list[Chunk]:
    spans = sorted(span for detail in details for span in _quoted(body, detail))
    edges = [0, len(body), *(edge for span in spans for edge in span)]
    return [
        (body[start:end], any(low <= start and end <= high for low, high in spans))
        for start, end in pairwise(sorted(set(edges)))
    ]


def _quoted(body: str, detail: str) -> list[tuple[int, int]]:
    """Where a body holds what a detail quotes first; a second quotation says amid what it stands."""
    quotes = ["".join(groups) for groups in _QUOTED.findall(detail)]
    if not quotes:
        return []
    around = [found.start() for quote in quotes[1:] if (found := _phrase(quote).search(body))]
    # A rule may have joined what it quotes from several places.
    for words in (quotes[0], *re.split(r"[,;]\s", quotes[0])):
        if _WORD.search(words) and (found := _phrase(words).search(body, *around[:1]) or _phrase(words).search(body)):
            return [found.span()]
    return []


def _phrase(words: str) -> re.Pattern[str]:
    """A phrase in any case; the blanks of a feature's name in a text are underscores in its reasons."""
    parts = [re.escape(part) for part in re.split(r"[\s_]+", words) if part]
    before = r"(?<![\w.])" if words[:1].isalnum() else ""
    after = r"(?!\w|\.\d)" if words[-1:].isalnum() else ""
    return re.compile(before + r"[\s_]+".join(parts) + after, re.IGNORECASE)


def _activities(report: Report) -> list[str]:
    held = {*report.corpus.by_activity, *(window.activity for window in report.windows)}
    return [name for name in REGISTRY if name in held]


def _map(report: Report, activities: Sequence[str]) -> str:
    if report.map is None:
        return ""
    shown = [report.windows[i] for i in report.map.windows]
    return map_plot(
        report.map.points,
        [activities.index(window.activity) for window in shown],
        [window.status != "accepted" for window in shown],
        [f"{window.title}, {window.status}, {window.origin}" for window in shown],
        [f"w{i + 1}" for i in report.map.windows],
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("lanhar.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"signal_plot": signal_plot, "marked_sections": marked_sections}
    return environment.get_template("interpretations.html.j2")
