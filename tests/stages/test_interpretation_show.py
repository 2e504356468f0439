"""What `show`, `report` and `stats` gather from a store; its answers were written by hand, not by a model."""

import io
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from rich.console import Console

from lanhar.cli import config_dir
from lanhar.datamodules.window_set import LabelledWindows
from lanhar.errors import LanharError
from lanhar.evaluation.interpretation_terminal import store_table, terminal_view
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.regeneration import task_key
from lanhar.interpretation.rules import RulesInterpreter
from lanhar.interpretation.store import Attempt, Outcome, Store
from lanhar.interpretation.window_job import read_answer
from lanhar.stages.interpretation_jobs import COLUMNS, choose_windows, label_space_of
from lanhar.stages.interpretation_report import make_report, write_report
from lanhar.stages.interpretation_show import shown_windows
from lanhar.stages.interpreters import make_language_model, make_rules_filter, window_filter_id

WRONG = Reason("grounding", "wrong_number", "Rhythm: '9 Hz' is wrong")
APART = Reason("outlier", "apart", "lies apart from texts like it")
FAILED = Reason("request", "failed", "503 after 6 tries")


@pytest.fixture
def configure(data_dir: Path, tiny_text_encoder: Path, tmp_path: Path) -> Callable[..., DictConfig]:
    def make(*more: str) -> DictConfig:
        places = [f"data_dir={data_dir}", f"cache_dir={data_dir.parent / 'shown'}", f"store={tmp_path / 'store'}"]
        encoder = f"filter.embedding.text_encoder={tiny_text_encoder}"
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            return compose("interpret", overrides=[*places, encoder, *more])

    return make


class Shelves:
    """Puts answers about windows into a store, under the ids of a config."""

    def __init__(self, cfg: DictConfig) -> None:
        self.windows: LabelledWindows = choose_windows(cfg).windows
        model = make_language_model(cfg, label_space_of(cfg))
        self.interpreter = model.window_id
        self.filter = window_filter_id(cfg, make_rules_filter(cfg), cfg.role)
        self.tasks = [task_key(self.interpreter, m) for m in model.prompt.render(self.windows.features, COLUMNS)]
        self.texts = RulesInterpreter().interpret(self.windows.features, COLUMNS)
        self.store = Store(Path(cfg.store))
        self.store.describe_interpreter(self.interpreter, model.described(model.prompt.version))

    def answer(self, row: int, number: int, *reasons: Reason, cost: float | None = 0.01, who: str = "") -> str:
        key = f"{row}-{number}-{who}"
        self.store.save(
            Attempt(
                key=key,
                task=self.tasks[row],
                round=number,
                interpreter=who or self.interpreter,
                raw=self.texts[row],
                finish_reason="stop",
                model="a-model",
                mode="json_schema",
                prompt_tokens=1000,
                completion_tokens=100,
                cost_usd=cost,
                latency_s=2.0,
                created="2025-01-01T00:00:00.000Z",
            )
        )
        self.store.judge(key, self.filter, reasons)
        return key

    def settle(self, row: int, status: str, key: str | None, *reasons: Reason, rounds: int = 1) -> None:
        text = self.texts[row] if key else ""
        outcome = Outcome(self.tasks[row], self.filter, status, key, text, reasons, rounds, {}, "2025")  # type: ignore[arg-type]
        self.store.settle([outcome])


@pytest.fixture
def shelves(configure: Callable[..., DictConfig]) -> Shelves:
    return Shelves(configure("interpreter=openai"))


def test_rules_need_no_store_and_are_judged(configure: Callable[..., DictConfig]) -> None:
    cfg = configure()
    views = shown_windows(cfg, 8)
    windows, rules = choose_windows(cfg).windows, make_rules_filter(cfg)
    assert len(views) == 8
    assert {view.activity for view in views} == set(windows.activity.tolist())
    for view in views:
        reasons = rules.judge(read_answer(view.text), view.features).reasons
        assert (view.status, view.reasons) == ("rejected" if reasons else "accepted", reasons)
        assert "no language model" in view.interpreter
    assert not Path(cfg.store).exists()


def test_a_model_without_a_store_is_one_line(configure: Callable[..., DictConfig]) -> None:
    with pytest.raises(LanharError, match=r"no store in .*write interpretations first"):
        shown_windows(configure("interpreter=openai"), 5)


def test_n_below_one_is_an_error(configure: Callable[..., DictConfig]) -> None:
    with pytest.raises(LanharError, match="n is 0; write 1 or more"):
        shown_windows(configure(), 0)


def test_windows_that_nobody_wrote_about_say_so(configure: Callable[..., DictConfig], shelves: Shelves) -> None:
    views = shown_windows(configure("interpreter=openai"), 3)
    assert [view.status for view in views] == ["not written"] * 3
    assert f"the store knows 0 of {len(shelves.tasks):,}" in views[0].position


@pytest.mark.parametrize("role", ["source", "target"])
def test_windows_that_the_store_knows_come_first(configure: Callable[..., DictConfig], role: str) -> None:
    cfg = configure("interpreter=openai", f"role={role}")
    shelves = Shelves(cfg)
    for row in (3, 11):
        shelves.settle(row, "accepted", shelves.answer(row, 0))
    views = shown_windows(cfg, 5)
    assert [view.text for view in views] == [shelves.texts[3], shelves.texts[11]]
    np.testing.assert_array_equal(views[0].samples, shelves.windows.samples[3])
    w = shelves.windows
    assert (views[1].activity, views[1].subject, views[1].recording, views[1].start_s) == (
        w.activity[11], w.subject[11], w.recording[11], w.start_s[11],
    )  # fmt: skip
    assert views[0].position == f"window 1 of 2, the store knows 2 of {len(w):,}"


def test_another_filter_or_model_shares_nothing(configure: Callable[..., DictConfig], shelves: Shelves) -> None:
    shelves.settle(0, "accepted", shelves.answer(0, 0))
    others = ("interpreter.model=gpt-4.1", "prompt=paper")
    assert {shown_windows(configure("interpreter=openai", other), 1)[0].status for other in others} == {"not written"}
    [view, *_] = shown_windows(configure("interpreter=openai", "filter.leak=null", "limit=1"), 1)
    assert (view.status, view.attempts[0].reasons) == ("unfinished", None)


def test_attempts_come_with_their_verdicts(configure: Callable[..., DictConfig], shelves: Shelves) -> None:
    shelves.answer(5, 0, WRONG, cost=None)
    key = shelves.answer(5, 1)
    shelves.answer(5, 1, who="a-judge")
    shelves.settle(5, "rejected", key, APART, rounds=2)
    [view] = shown_windows(configure("interpreter=openai"), 1)
    assert [(a.round, a.reasons, a.chosen) for a in view.attempts] == [(0, (WRONG,), False), (1, (APART,), True)]
    assert (view.status, view.reasons) == ("rejected", (APART,))
    assert view.usage.cost == "$0.0100 + 1 unknown"
    assert view.usage.prompt_tokens == 2000


def test_what_could_steer_a_terminal_is_replaced(configure: Callable[..., DictConfig], shelves: Shelves) -> None:
    shelves.texts[2] = "\x1b[2Jgone\u202e\x00 10\u00a0m/s²\tand\nmore"
    shelves.settle(2, "rejected", shelves.answer(2, 0), Reason("form", "x", "has \x1b[31m"))
    [view] = shown_windows(configure("interpreter=openai"), 1)
    assert view.text == "\ufffd[2Jgone\ufffd\ufffd 10\u00a0m/s² and\nmore"
    assert view.reasons[0].detail == "has \ufffd[31m"
    file = io.StringIO()
    Console(file=file, width=100, force_terminal=False).print(terminal_view(view))
    assert "\x1b" not in file.getvalue()


@pytest.fixture
def corpus(shelves: Shelves) -> Shelves:
    """Fifty windows, each ended somehow: accepted at once or later, rejected, failed, killed on the way."""
    for row in range(50):
        kind = row % 5
        if kind == 3:
            shelves.settle(row, "failed", None, FAILED)
            continue
        shelves.answer(row, 0, *([WRONG] if kind else []), cost=None if row < 10 else 0.01)
        if kind == 1:
            shelves.settle(row, "accepted", shelves.answer(row, 1), rounds=2)
        elif kind != 4:
            shelves.settle(row, "rejected" if kind else "accepted", f"{row}-0-", *([WRONG] if kind else []))
    return shelves


def test_counts_are_over_all_windows_not_those_shown(
    configure: Callable[..., DictConfig], corpus: Shelves, tmp_path: Path
) -> None:
    ended = {0: "accepted", 1: "accepted", 2: "rejected", 3: "failed", 4: "unfinished"}
    expected = Counter(
        (activity, ended[row % 5] if row < 50 else "not written")
        for row, activity in enumerate(corpus.windows.activity.tolist())
    )
    cfg = configure("interpreter=openai")
    report = make_report(cfg, 4)
    assert len(report.windows) == 4
    counted = {(a, s): n for a, counts in report.corpus.by_activity.items() for s, n in counts.items()}
    assert counted == expected
    reasons = {row.kind: (row.answers, row.windows) for row in report.corpus.reasons}
    assert reasons == {"grounding.wrong_number": ((30, 0), 10), "request.failed": ((0, 0), 10)}
    assert report.corpus.rounds == {1: 10, 2: 10}
    # 40 first answers, 8 of them of unknown cost, and 10 second ones.
    assert report.corpus.usage.answers == 50
    assert report.corpus.usage.tokens == "55,000"
    assert report.corpus.usage.cost == "$0.4200 + 8 unknown"
    file = tmp_path / "deep" / "report.html"
    write_report(cfg, 4, file)
    tiles = re.findall(r"<b>([\d,]+)</b>(accepted|rejected|failed|unfinished|not written)", file.read_text("utf-8"))
    by_status = Counter()
    for (_, status), count in expected.items():
        by_status[status] += count
    assert {status: int(count.replace(",", "")) for count, status in tiles} == by_status


def test_report_has_a_map_and_says_who_wrote(configure: Callable[..., DictConfig], corpus: Shelves) -> None:
    report = make_report(configure("interpreter=openai"), 30)
    assert report.map is not None
    assert list(report.map.windows) == [i for i, view in enumerate(report.windows) if view.text]
    assert report.map.points.shape == (len(report.map.windows), 2)
    facts = dict(report.facts)
    assert facts["model"] == "openai/gpt-4o-mini"
    assert {"form", "leak", "grounding"} <= set(re.findall(r"\w+", facts["filter"]))
    assert "interpreter" in facts and corpus.interpreter in facts.values()
    few = make_report(configure("interpreter=openai", "limit=2"), 5)
    assert few.map is None
    assert "No map" in few.map_note


def test_report_says_what_its_texts_are_not(configure: Callable[..., DictConfig], tmp_path: Path) -> None:
    assert "not by a language model" in " ".join(make_report(configure("limit=2"), 2).notes)
    candidates = configure("interpreter=openai", "prompt.candidates=true", "limit=2")
    Shelves(candidates).store.close()
    assert "leaks" in " ".join(make_report(candidates, 2).notes)


def test_a_file_that_cannot_be_written_is_one_line(configure: Callable[..., DictConfig], tmp_path: Path) -> None:
    with pytest.raises(LanharError, match=r"cannot write .*write file="):
        write_report(configure("limit=2"), 2, tmp_path)


def test_the_stores_table_fits_and_keeps_the_unknown_unknown(corpus: Shelves) -> None:
    corpus.answer(0, 0, cost=None, who="somebody-undescribed")
    file = io.StringIO()
    Console(file=file, width=100).print(store_table(corpus.store))
    shown = file.getvalue()
    assert max(map(len, shown.splitlines())) <= 100
    assert "openai/gpt-4o-mini" in shown and corpus.interpreter[:12] in shown
    [first] = [line for line in shown.splitlines() if "openai/gpt-4o-mini" in line]
    assert first.split()[1:] == [corpus.filter[:8], "50", "55,000", "$0.4200", "+", "8", "20", "10", "0"]
    [other] = [line for line in shown.splitlines() if "unknown model" in line]
    assert other.split()[2:] == ["–", "1", "1,100", "unknown", "0", "0", "0"]
