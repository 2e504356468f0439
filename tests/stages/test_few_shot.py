import numpy as np
import pandas as pd
import pytest
import torch
from hydra import compose, initialize_config_dir

from lanhar.cli import config_dir
from lanhar.errors import LanharError
from lanhar.stages.few_shot import label_bank_method, open_trial, run_few_shot, trial_rows
from lanhar.stages.reopen import open_run, run_folders
from lanhar.train import train

WORDS = (
    "shots=[1,2]", "draws=2", "support_share=0.3", "candidates.label_bank=[1,10]", "candidates.fine_tuning_steps=[2]",
    "candidates.logistic_regression=[3]",
)  # fmt: skip


def few_shot_config(*words):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return compose("few_shot", overrides=[*WORDS, *words])


@pytest.fixture(scope="module")
def run(tmp_path_factory, configure):
    """A finished run on generated files, from three people to three others."""
    base = tmp_path_factory.mktemp("few_shot")
    train(configure(base / "runs"))
    (folder,) = (base / "runs").glob("*_to_*/*")
    return folder


@pytest.fixture(scope="module")
def trial(run):
    return open_trial(few_shot_config(), open_run(run, None, None))


def test_support_subjects_are_never_tested(trial):
    subjects = trial.opened.data.target.subject
    assert set(subjects[trial.support]) | set(subjects[trial.test]) == set(subjects)
    assert not set(subjects[trial.support]) & set(subjects[trial.test])


def test_every_k_and_draw_has_the_same_test_set(trial, monkeypatch):
    seen = []
    measured = trial_rows.__globals__["_measured"]
    monkeypatch.setitem(
        trial_rows.__globals__, "_measured", lambda trial, scores: seen.append(len(scores)) or measured(trial, scores)
    )
    rows = pd.DataFrame(trial_rows(few_shot_config(), trial))
    assert set(seen) == {len(trial.test)} == set(rows["n_windows"])
    # Settings 2 + 1 + 1, each with k = 0 once and two shots of two draws.
    assert len(rows) == 4 * 5
    assert (rows[rows["k"] == 0].groupby("method")["macro_f1"].nunique() == 1).all()


def test_without_shots_the_run_predicts_as_it_did(trial):
    bank = trial.opened.run.bank.embeddings
    _, cosines = trial.opened.run.mapping.predict(trial.opened.data.target.samples[trial.test])
    scores = label_bank_method(trial)(np.empty(0, np.int64), 1.0, 0)
    assert scores == pytest.approx(cosines.numpy(), abs=1e-5)
    assert torch.equal(bank, trial.opened.run.mapping.module.bank())


def test_the_command_writes_table_and_curve_of_chosen_settings(run, tmp_path):
    rows = run_few_shot(few_shot_config(f"run={run.parent}/*", f"out={tmp_path}"))
    written = pd.read_csv(tmp_path / "results.csv")
    start = ["study", "method", "protocol", "windows", "label_space", "source", "target", "seed", "n_windows"]
    assert list(written.columns)[:12] == [*start, "accuracy", "weighted_f1", "macro_f1"]
    assert len(written) == len(rows) == 3 * 5
    # One run alone: the first candidate of each.
    assert dict(zip(written["method"], written["setting"], strict=True))["lanhar"] == 1
    assert set(written["chosen_by_runs"]) == {0}
    assert (tmp_path / "curve.png").stat().st_size > 0
    assert "k = 2" in (tmp_path / "table.md").read_text()


def test_the_command_changes_no_weight_of_the_run(run, tmp_path, weights, same):
    before = weights(run.parents[1])["mapping"]
    run_few_shot(few_shot_config(f"run={run}", f"out={tmp_path}"))
    assert same(before, weights(run.parents[1])["mapping"])


WRONG = [
    ("shots=[0]", r"shots=\[1,5,10\]"),
    ("draws=0", "1 or more"),
    ("support_share=1", "0.2"),
    ("candidates.label_bank=[0]", "above 0"),
    ("run=nowhere", "no run folder 'nowhere'"),
    ("run=null", "run=runs/"),
]


@pytest.mark.parametrize(("word", "hint"), WRONG)
def test_a_mistake_is_found_before_a_run_is_opened(word, hint, tmp_path):
    with pytest.raises(LanharError, match=hint):
        run_few_shot(few_shot_config("run=nowhere", word, f"out={tmp_path}"))


def test_runs_are_named_one_by_one_or_by_a_pattern(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    both = [tmp_path / "a", tmp_path / "b"]
    assert run_folders(f"{tmp_path}/*") == run_folders([str(path) for path in both]) == both
