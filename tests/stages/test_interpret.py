"""The command `interpret` against a server on loopback, and training on what it wrote."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from truthful import truthful_answer

from lanhar.activities import REGISTRY
from lanhar.cli import config_dir
from lanhar.datasets import sample_dir
from lanhar.errors import LanharError
from lanhar.interpret import interpret
from lanhar.interpretation.store import Store
from lanhar.train import train

SECRET = "sk-planted-key-0123456789"


@pytest.fixture
def honest(faulty_server: Any) -> Any:
    """A server that writes true interpretations, and label texts where it is asked about an activity."""
    faulty_server.answer = answer
    return faulty_server


def answer(body: dict[str, Any]) -> str:
    messages = body["messages"]
    if "acc_vertical_rms" in messages[-1]["content"] + messages[min(1, len(messages) - 1)]["content"]:
        return truthful_answer(messages)
    return label_answer(messages)


def label_answer(messages: list[dict[str, str]]) -> str:
    """A label text that differs with every prompt; hand-written, and about no activity in particular."""
    number = sum(map(ord, messages[-1]["content"])) % 997
    keys = ("strength", "axis_dominance", "rhythm", "shape", "posture_drift", "gyro_acc_sync", "vertical_impact")
    return json.dumps({key: f"moderate movement of kind {number} with 2 to 3 m/s² expected in {key}" for key in keys})


@pytest.fixture
def words(honest: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    return [
        f"data_dir={sample_dir()}",
        f"cache_dir={tmp_path / 'cache'}",
        f"store={tmp_path / 'store'}",
        "interpreter=openai",
        "interpreter.model=openai/test-model",
        f"interpreter.api_base={honest.url}",
        "interpreter.max_retries=2",
        "filter.outlier=null",
    ]


def configure(name: str, *overrides: str) -> DictConfig:
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return compose(name, list(overrides))


@pytest.fixture
def run(words: list[str]) -> Callable[..., None]:
    def command(*more: str) -> None:
        interpret(configure("interpret", *words, *more))

    return command


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    opened: list[Store] = []

    def open_it() -> Store:
        opened.append(Store(tmp_path / "store", create=False))
        return opened[-1]

    yield open_it
    for one in opened:
        one.close()


def test_windows_are_written_once_and_accepted(run, honest, store, capsys) -> None:
    run("limit=16", "sample=balanced")
    asked = len(honest.requests)
    run("limit=16", "sample=balanced")
    assert asked == len(honest.requests) == 16
    (summary,) = [s for s in store().interpreters() if s.attempts]
    assert {status: n for counts in summary.outcomes.values() for status, n in counts.items()} == {"accepted": 16}
    assert "16 accepted" in capsys.readouterr().out


def test_only_statistics_leave_the_machine(run, honest) -> None:
    run("limit=24", "sample=balanced")
    about_windows = list(honest.requests)
    run("what=labels", "variations=1")
    assert len(about_windows) == 24
    names = {word for activity in REGISTRY.values() for word in (*activity.words, activity.title, activity.name)}
    names |= {"uci", "motionsense", "waist", "user12", "exp12"}
    forbidden = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b", re.IGNORECASE)
    for seen in about_windows:
        prompt = " ".join(message["content"] for message in seen.body["messages"])
        assert not forbidden.search(prompt), forbidden.search(prompt)
        assert not forbidden.search(" ".join(seen.headers.values()).replace("User-Agent", ""))
    for seen in honest.requests:
        assert "acc_exp" not in seen.text and ".txt" not in seen.text and str(sample_dir()) not in seen.text
        # 300 samples of six channels would be thousands of numbers.
        assert len(re.findall(r"-?\d+\.\d+", seen.text)) < 120


def test_the_key_is_in_nothing_that_is_written(run, tmp_path, honest, capsys) -> None:
    honest.script.extend(["bad_key"])
    with pytest.raises(LanharError) as error:
        run("limit=4")
    run("limit=4")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and not any(SECRET.encode() in path.read_bytes() for path in files)
    assert SECRET not in str(error.value) + capsys.readouterr().out


def test_dry_run_sends_nothing_and_says_what_it_would_cost(run, honest, capsys) -> None:
    run("limit=40", "dry_run=true")
    said = capsys.readouterr().out
    assert not honest.requests
    assert "40 texts" in said and "price unknown" in said
    run("limit=40", "dry_run=true", "interpreter.price={input: 1.0, output: 2.0}")
    assert "$" in capsys.readouterr().out


def test_a_token_budget_stops_and_the_same_command_goes_on(run, honest, capsys) -> None:
    run("limit=12", "max_tokens=3000", "interpreter.concurrency=2")
    said = capsys.readouterr().out
    # 1,300 tokens an answer: the limit is passed by the third, with at most one more in flight.
    assert 3 <= honest.answers <= 4
    assert "max_tokens=3000 reached" in said and "the same command goes on" in said
    run("limit=12")
    assert honest.answers == 12


def test_a_remote_address_is_refused_before_anything_is_read(words, tmp_path) -> None:
    more = ["interpreter.allow_remote=false", "interpreter.api_base=http://192.0.2.7/v1", f"data_dir={tmp_path / 'no'}"]
    with pytest.raises(LanharError, match="allow_remote=false"):
        interpret(configure("interpret", *words, *more))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["interpreter=rules", "~interpreter.api_base"], "nothing to write"),
        (["role=target", "sample=balanced"], "sample=random"),
        (["what=nothing"], "what is 'nothing'"),
        (["interpreter.model=null"], "needs a model"),
        (["interpreter.price=null", "max_cost_usd=1"], "price"),
        (["prompt.name=none"], "unknown prompt"),
        (["+filter.grounding.tolerance_of_what=1"], "filter.grounding"),
        (["regeneration.rounds=-1"], "regeneration.rounds"),
    ],
)
def test_mistakes_cost_one_line(words, more, message) -> None:
    if "interpreter=rules" in more:
        words = [word for word in words if not word.startswith("interpreter")]
        more = ["interpreter=rules"]
    with pytest.raises(LanharError, match=re.escape(message)) as error:
        interpret(configure("interpret", *words, *more))
    assert "\n" not in str(error.value)


def test_no_label_of_the_target_is_looked_at(words, monkeypatch) -> None:
    """Whatever the labels are, a target's windows are chosen, clustered and stored the same."""
    from lanhar.stages.interpretation_jobs import choose_windows, window_job
    from lanhar.stages.interpreters import make_language_model

    cfg = configure("interpret", *words, "role=target", "limit=30", "sample=random", "filter.outlier={}")
    space = None
    chosen = choose_windows(cfg)
    job = window_job(cfg, make_language_model(cfg, space), chosen, None, space)
    assert set(job._groups.tolist()) == {""}
    assert not chosen.training.any()
    source = configure("interpret", *words, "role=source", "filter.outlier={}")
    labelled = choose_windows(source)
    groups = window_job(source, make_language_model(source, space), labelled, None, space)._groups
    assert {bool(group) for group in groups[labelled.training].tolist()} == {True}
    assert set(groups[~labelled.training].tolist()) == {""}


def training(words: list[str], small: list[str], *more: str) -> DictConfig:
    kept = [word for word in words if not word.startswith(("cache_dir", "filter"))]
    extra = ["source=uci", "target=motionsense", "filter.outlier=null", "interpretation.variations=2"]
    return configure("train", *kept, *small, *extra, *more)


def test_training_takes_what_the_store_has(run, words, small, honest) -> None:
    run("limit=40", "sample=balanced")
    run("what=labels", "variations=2")
    asked = len(honest.requests)
    with pytest.raises(LanharError, match=re.escape("interpretation.missing=drop")):
        train(training(words, small))
    report = train(training(words, small, "interpretation.missing=drop"))
    assert len(honest.requests) == asked
    described = report["run"]["interpretation"]
    kept, counts = report["run"]["n_train_windows"], report["run"]["train_windows"]
    assert described["model"] == "openai/test-model" and report["run"]["interpreter"] == "openai"
    # Ten windows of each activity were written about, some of them of subjects held out for validation.
    assert 0 < kept < 40 and all(0 < count <= 10 for count in counts.values())
    assert all(0 < share < 1 for share in described["coverage"].values())
    # The test is on every window of the target, whether anything was written about it or not.
    assert report["run"]["n_windows"] == len_of_target(report)


def len_of_target(report: dict[str, Any]) -> int:
    return int(np.sum(report["methods"]["logistic_regression"]["confusion"]))


def test_texts_of_two_interpreters_are_never_mixed(run, words, small) -> None:
    run("limit=40", "sample=balanced")
    run("what=labels", "variations=2")
    with pytest.raises(LanharError, match="no accepted interpretation"):
        train(training(words, small, "interpretation.missing=drop", "interpreter.model=openai/other"))


def test_label_texts_must_be_there(run, words, small) -> None:
    run("limit=40", "sample=balanced")
    with pytest.raises(LanharError, match=re.escape("lanhar.interpret labels")):
        train(training(words, small, "interpretation.missing=drop"))


def test_what_the_store_has_needs_neither_key_nor_server(run, words, honest, store, monkeypatch, capsys) -> None:
    run("limit=8", "sample=balanced")
    monkeypatch.delenv("OPENAI_API_KEY")
    # No server listens there, and it is not one of this machine, which alone may go without a key.
    gone = ["interpreter.api_base=http://192.0.2.7/v1"]
    capsys.readouterr()
    run("limit=8", "sample=balanced", *gone)
    assert "8 accepted" in capsys.readouterr().out
    assert len(honest.requests) == 8
    with pytest.raises(LanharError, match="OPENAI_API_KEY"):
        run("limit=9", "sample=balanced", *gone)
    (summary,) = [s for s in store().interpreters() if s.attempts]
    assert summary.attempts == 8


def test_a_missing_key_is_told_before_anything_is_read(words, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    more = ["interpreter.api_base=http://192.0.2.7/v1", f"data_dir={tmp_path / 'no'}"]
    with pytest.raises(LanharError, match="OPENAI_API_KEY"):
        interpret(configure("interpret", *words, *more))
    assert not (tmp_path / "store").exists()


def test_a_key_that_only_a_rewriting_needs_is_told_in_one_line(run, honest, store, monkeypatch) -> None:
    """All first answers are there, but the filter of this run rejects them."""
    run("limit=2")
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(LanharError, match="OPENAI_API_KEY"):
        run("limit=2", "interpreter.api_base=http://192.0.2.7/v1", "filter.grounding.min_sections=8")
    assert len(honest.requests) == 2


def test_dry_run_needs_no_key(run, honest, monkeypatch, capsys) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    run("limit=4", "dry_run=true", "interpreter.api_base=http://192.0.2.7/v1")
    assert "4 texts" in capsys.readouterr().out
