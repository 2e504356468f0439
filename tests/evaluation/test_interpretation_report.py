"""The report and the terminal, from windows and texts made up here; no model wrote any of them."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

from lanhar.evaluation.interpretation_plots import signal_plot
from lanhar.evaluation.interpretation_report import Report, marked_sections, render_report
from lanhar.evaluation.interpretation_terminal import terminal_view
from lanhar.evaluation.interpretation_view import AttemptView, Corpus, ReasonCount, TextMap, WindowView, usage_of
from lanhar.interpretation.filter.verdict import Reason
from lanhar.signals.table import HEADINGS

VOID = {"meta", "br", "hr", "img", "input", "link"}
EVIL = "</dd><script>alert('x')</script><img src=https://example.org/x onerror=alert(1)>"
TEXT = "\n".join(f"{heading}: something about it {i}.25 m/s² [ACC]" for i, heading in enumerate(HEADINGS))


class Page(HTMLParser):
    """Elements in order, with attributes and text; fails where tags do not close in turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def of(self, tag: str) -> list[str]:
        return [text for parent, text in self.texts if parent == tag]


def table(html: str, name: str) -> list[list[str]]:
    """Cells of a table of the page, row after row."""
    body = html.split(f'id="{name}"')[1].split("</table>")[0]
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[dh]>(.*?)</t[dh]>", row)]
        for row in body.split("<tr>")[1:]
    ]


@pytest.fixture
def attempt() -> AttemptView:
    return AttemptView(0, TEXT, (), True, "a-model", 1000, 200, 0.004, 1.5)


@pytest.fixture
def make_window(attempt: AttemptView) -> Callable[..., WindowView]:
    def make(**changed: Any) -> WindowView:
        rng = np.random.default_rng(0)
        view = WindowView(
            samples=rng.normal(size=(300, 6)).astype(np.float32),
            rate_hz=50.0,
            features={},
            activity="walk",
            dataset="uci",
            subject="uci/1",
            recording=3,
            start_s=1.5,
            placement="waist",
            interpreter="openai",
            status="accepted",
            text=TEXT,
            reasons=(),
            attempts=(attempt,),
            position="window 1 of 1",
        )
        return replace(view, **changed)

    return make


@pytest.fixture
def make_report(make_window: Callable[..., WindowView]) -> Callable[..., Report]:
    def make(*windows: WindowView, **changed: Any) -> Report:
        shown = windows or (make_window(),)
        corpus = Corpus(
            scope="Over all 10 windows.",
            by_activity={"walk": {"accepted": 5, "rejected": 2}, "sit": {"accepted": 1, "failed": 2}},
            reasons=[ReasonCount("grounding.wrong_number", (4, 2), 2)],
            rounds={1: 4, 2: 2},
            usage=usage_of([a for window in shown for a in window.attempts]),
            judge=None,
        )
        report = Report("Interpretations", [("dataset", "uci")], ["A note."], corpus, shown, None, "No map.")
        return replace(report, **changed)

    return make


def shown_text(renderable: Any, width: int = 100) -> str:
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def test_page_is_well_formed_and_refers_to_nothing_outside(
    make_report: Callable[..., Report], make_window: Callable[..., WindowView]
) -> None:
    points = TextMap(np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0]]), [0, 1, 2], (0.6, 0.2), "minilm")
    rejected = make_window(status="rejected", reasons=(Reason("leak", "activity", "Shape: 'it 3.25'"),))
    html = render_report(make_report(make_window(), rejected, make_window(activity="sit"), map=points))
    page = Page(html)
    assert not re.search(r"https?:|url\(|@import|//[a-z]", html)
    links = [a[key] for _, a in page.elements for key in ("href", "src", "srcset", "data", "action") if key in a]
    assert links == ["#w1", "#w2", "#w3"]
    assert {"link", "img", "iframe", "object", "form"}.isdisjoint(tag for tag, _ in page.elements)
    policy = [attributes for tag, attributes in page.elements if tag == "meta" and "http-equiv" in attributes]
    assert [attributes["content"] for attributes in policy] == [
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    ]
    # A policy binds only what stands after it.
    assert html.index("Content-Security-Policy") < min(html.index("<style"), html.index("<script"))


def test_what_a_model_wrote_is_never_markup(
    make_report: Callable[..., Report], make_window: Callable[..., WindowView], attempt: AttemptView
) -> None:
    reasons = (Reason("form", "evil", f"quotes '{EVIL}'"),)
    earlier = replace(attempt, text=EVIL, reasons=reasons, chosen=False, model=EVIL)
    window = make_window(text=TEXT.replace("something", EVIL), reasons=reasons, subject=EVIL, attempts=(earlier,))
    points = TextMap(np.eye(3, 2), [0, 0, 0], (0.6, 0.2), EVIL)
    html = render_report(make_report(window, map=points, title=EVIL, facts=[("model", EVIL)], notes=[EVIL]))
    page = Page(html)
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert "img" not in {tag for tag, _ in page.elements}
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    # It is all there to read: heading, fact, text, reason, subject, tooltip, model.
    assert [tag for tag in ("h1", "dd", "li", "span", "title", "p") if EVIL not in "".join(page.of(tag))] == []


def test_tables_hold_the_counts(make_report: Callable[..., Report]) -> None:
    html = render_report(make_report())
    assert table(html, "by-activity") == [
        ["activity", "accepted", "rejected", "failed"],
        ["walking", "5", "2", "0"],
        ["sitting", "1", "0", "2"],
    ]
    # Rounds count from 1, as they do while the texts are written.
    assert table(html, "by-reason")[0] == ["reason", "round 1", "round 2", "windows left"]
    assert table(html, "by-reason")[1] == ["grounding.wrong_number", "4", "2", "2"]
    assert table(html, "by-round")[1:] == [["1", "4"], ["2", "2"]]
    tiles = {status: int(n) for n, status in re.findall(r"<b>(\d+)</b>(accepted|rejected|failed)", html)}
    assert tiles == {"accepted": 6, "rejected": 2, "failed": 2}


def test_headings_stand_in_their_order(make_report: Callable[..., Report]) -> None:
    article = render_report(make_report()).split("<article")[1]
    assert re.findall(r"<dt>(.*?)</dt>", article) == list(HEADINGS)


def test_unknown_cost_is_never_a_number(
    make_report: Callable[..., Report], make_window: Callable[..., WindowView], attempt: AttemptView
) -> None:
    unknown = replace(attempt, cost_usd=None, prompt_tokens=None)
    window = make_window(attempts=(unknown,))
    html = render_report(make_report(window))
    assert "$" not in html
    assert "unknown tokens, cost unknown" in html
    assert "unknown tokens, cost unknown" in shown_text(terminal_view(window))
    both = make_window(attempts=(replace(attempt, chosen=False), unknown))
    assert both.usage.cost == "$0.0040 + 1 unknown"
    assert both.usage.tokens == "1,400 + 1 unknown"
    assert usage_of([replace(attempt, cost_usd=0.0)]).cost == "$0.00"
    assert usage_of([]).cost == "–"


def test_earlier_answers_are_folded_with_their_reasons(
    make_report: Callable[..., Report], make_window: Callable[..., WindowView], attempt: AttemptView
) -> None:
    first = replace(attempt, chosen=False, reasons=(Reason("leak", "activity", "names an activity"),))
    second = replace(attempt, round=1, chosen=False, reasons=())
    third = replace(attempt, round=2, chosen=False, reasons=None)
    html = render_report(make_report(make_window(attempts=(first, second, third, replace(attempt, round=3)))))
    folded = re.findall(r"<summary>(.*?)</summary>", html)
    assert folded == [
        "Round 1: rejected, 1 reason",
        "Round 2: passed by itself, not among the others",
        "Round 3: not judged by this filter",
    ]
    assert "names an activity" in html.split("<details>")[1].split("</details>")[0]
    assert "text of round 4" in html


def test_windows_without_text_say_so(
    make_report: Callable[..., Report], make_window: Callable[..., WindowView]
) -> None:
    html = render_report(make_report(make_window(status="not written", text="", attempts=())))
    Page(html)
    assert "No text." in html
    assert 'class="badge not-written">not written<' in html


@pytest.mark.parametrize(
    ("detail", "marked"),
    [
        ("Rhythm: '2 Hz' in 'step rate of 2 Hz' is wrong; measured: acc_step_hz is 1.9 Hz", ["Rhythm: 2 Hz@38"]),
        ("Rhythm: '2 Hz' is wrong", ["Rhythm: 2 Hz@11"]),
        ("Strength: 'acc_vertical_rms 7.5 m/s²' is wrong", ["Strength: acc vertical rms 7.5 m/s²@6"]),
        ('contradicts: "at REST"', ["Posture / drift: at rest@0"]),
        ('Rhythm: "no such words, steady beats" contradicts', ["Rhythm: steady beats@44"]),
        ("Shape: 'rest' is elsewhere", []),
        ("Rhythm: '2' stands in 12", ["Rhythm: 2@11"]),
        ("Shape: '<b>' is a placeholder", ["Shape: <b>@2"]),
        ("nothing is quoted, it isn't and wasn't", []),
    ],
)
def test_reasons_mark_what_they_quote(detail: str, marked: list[str]) -> None:
    bodies = dict.fromkeys(HEADINGS, "nothing")
    bodies["Strength"] = "hard (acc vertical rms 7.5 m/s² [ACC])"
    bodies["Rhythm"] = "12 Hz, and 2 Hz of sway, step rate of 2 Hz, steady beats"
    bodies["Posture / drift"] = "at rest"
    bodies["Shape"] = "a <b>bold"
    text = "\n".join(f"{heading}: {body}" for heading, body in bodies.items())
    found = []
    for heading, chunks in marked_sections(text, [Reason("rule", "code", detail)]):
        assert "".join(chunk for chunk, _ in chunks) == bodies[heading]  # type: ignore[index]
        at = 0
        for chunk, is_marked in chunks:
            found += [f"{heading}: {chunk}@{at}"] * is_marked
            at += len(chunk)
    assert found == marked


def test_overlapping_quotes_lose_no_letter() -> None:
    reasons = [Reason("a", "b", "'two words'"), Reason("a", "b", "'words here'")]
    [(_, chunks)] = marked_sections("of two words here now", reasons)
    assert "".join(chunk for chunk, _ in chunks) == "of two words here now"
    assert "".join(chunk for chunk, marked in chunks if marked) == "two words here"


@pytest.mark.parametrize("length", [120, 300, 1000])
def test_a_plot_keeps_the_peak_and_stays_light(length: int) -> None:
    samples = np.zeros((length, 6))
    samples[:, 2] = 9.81
    samples[length // 3 + 1, 2] = 30.0
    drawing = ElementTree.fromstring(signal_plot(samples, 50.0, "acc"))
    lines = [line.attrib["points"].split() for line in drawing if line.tag == "polyline"]
    assert len(lines) == 3
    assert max(map(len, lines)) <= 152
    heights = [float(point.split(",")[1]) for point in lines[2]]
    rest, peak = heights[0], min(heights)
    zero = float(lines[0][0].split(",")[1])
    assert (rest - peak) / (zero - peak) == pytest.approx((30 - 9.81) / 30, abs=0.01)
    words = [text.text for text in drawing.iter("text")]
    assert "acc, m/s²" in words and "s" in words and f"{10 * (length // 500):g}" in words


def test_two_hundred_windows_stay_small(
    make_report: Callable[..., Report], make_window: Callable[..., WindowView], attempt: AttemptView
) -> None:
    window = make_window(attempts=(replace(attempt, chosen=False, reasons=()), attempt))
    assert len(render_report(make_report(*[window] * 200)).encode()) < 5_000_000


def test_the_terminal_shows_a_models_text_as_it_is(
    make_window: Callable[..., WindowView], attempt: AttemptView
) -> None:
    reason = Reason("grounding", "wrong_number", "Rhythm: '[red]2.25' is wrong")
    earlier = replace(attempt, chosen=False, reasons=(reason,))
    window = make_window(text=TEXT.replace("2.25", "[red]2.25"), attempts=(earlier, replace(attempt, round=1)))
    shown = shown_text(terminal_view(window))
    assert "[red]2.25 m/s² [ACC]" in shown
    assert "round 1: rejected" in shown and "grounding.wrong_number Rhythm: '[red]2.25' is wrong" in shown
    assert [shown.index(heading) for heading in HEADINGS] == sorted(shown.index(heading) for heading in HEADINGS)
    assert all(part in shown for part in ("walking", "accepted", "uci/1", "2 answers", "2,400 tokens", "$0.0080"))
