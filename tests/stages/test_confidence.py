import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir

from lanhar.cli import config_dir
from lanhar.errors import LanharError
from lanhar.stages.confidence import run_confidence
from lanhar.stages.confidence_fit import RATES, best_rate, fit_confidence, source_views
from lanhar.stages.loading import load_run
from lanhar.stages.reopen import open_run
from lanhar.stages.unknown_scores import SCORES, load_answers
from lanhar.train import train

WORDS = ("max_windows=40", "copies=1", "held_out_steps=2")


def confidence_config(*words):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return compose("confidence", overrides=[*WORDS, *words])


@pytest.fixture(scope="module")
def run(tmp_path_factory, configure):
    """A finished run on generated files; the target, uschad, holds jogging, jumping, lying and elevators too."""
    base = tmp_path_factory.mktemp("confidence")
    train(configure(base / "runs", "target=uschad"))
    (folder,) = (base / "runs").glob("*_to_*/*")
    return folder


@pytest.fixture(scope="module")
def opened(run):
    return open_run(run, None, None)


class Poison:
    """A target that cannot be looked at."""

    def __getattribute__(self, name):
        raise AssertionError(f"the target's {name} was read")

    def __len__(self):
        raise AssertionError("the target was counted")


def test_nothing_of_the_target_is_read_before_the_test(opened, monkeypatch):
    cfg = confidence_config()
    fitted = fit_confidence(cfg, opened, source_views(cfg, opened))
    data = dataclasses.replace(opened.data, target=Poison(), unlabelled=Poison())
    poisoned = dataclasses.replace(opened, data=data)
    monkeypatch.setattr(type(opened), "whole_target", Poison())
    again = fit_confidence(cfg, poisoned, source_views(cfg, poisoned))
    assert (again.thresholds, again.temperatures, again.held_out) == (
        fitted.thresholds,
        fitted.temperatures,
        fitted.held_out,
    )


def test_held_out_subjects_are_refused_at_the_stated_rate(opened):
    cfg = confidence_config("threshold_from=rate", "rate=0.2")
    views = source_views(cfg, opened)
    fitted = fit_confidence(cfg, opened, views)
    assert set(opened.data.split["validation"]).isdisjoint(views.train_subjects)
    for name, values in fitted.scores.all(views.changed).items():
        above = values > fitted.thresholds[name]
        shares = [above[views.changed_labels == c].mean() for c in np.unique(views.changed_labels)]
        assert np.mean(shares) <= 0.2 + 1e-9
    stricter = fit_confidence(confidence_config("threshold_from=rate", "rate=0.6"), opened, views)
    assert all(stricter.thresholds[name] < fitted.thresholds[name] for name in SCORES)


def test_held_out_activities_choose_the_share_that_tells_them_best():
    labels = np.repeat([0, 1, 2], 100)
    known = np.tile(np.linspace(0, 1, 100), 3)
    # An activity that nobody saw lies beyond 85 in 100 of the known windows.
    without = {c: np.where(labels == c, 0.86, known) for c in range(3)}
    assert best_rate(without, labels) == 0.15
    far = {c: np.where(labels == c, 9.0, known) for c in range(3)}
    assert best_rate(far, labels) == RATES[0]


def test_every_activity_is_held_out_once(opened):
    cfg = confidence_config()
    fitted = fit_confidence(cfg, opened, source_views(cfg, opened))
    held = fitted.held_out["input_distance"]
    assert set(held) <= set(opened.data.space.activities) and len(held) >= 3
    assert all(0 <= row["auroc"] <= 1 and 0 <= row["refused"] <= 1 for row in held.values())


def test_the_command_reports_unseen_activities_and_leaves_a_run_that_can_refuse(run, opened, tmp_path):
    frames = run_confidence(confidence_config(f"run={run}", f"out={tmp_path}"))
    found = pd.read_csv(tmp_path / "results.csv")
    assert set(found["activity"]) == {"jog", "jump", "lie", "all unseen", "elevator_up", "elevator_down"}
    assert len(found) == len(frames["open_set"]) == 4 * 6
    shared = ["study", "method", "protocol", "windows", "label_space", "source", "target", "seed", "n_windows"]
    assert list(found.columns)[:12] == [*shared, "accuracy", "weighted_f1", "macro_f1"]
    pooled = found[found["activity"] == "all unseen"]["n_unseen"].iloc[0]
    single = found[found["activity"].isin(["jog", "jump", "lie"])]
    assert pooled == single.groupby("activity")["n_unseen"].first().sum()
    calibration = pd.read_csv(tmp_path / "calibration.csv")
    assert calibration["temperature_of"].tolist() == ["of training", "recorded", "changed"]
    report = json.loads((run / "confidence.json").read_text())
    assert report["fitted_on"]["subjects"] == opened.data.split["validation"]
    assert sum(row["windows"] for row in report["target"]["reliability"]) == calibration["n_windows"].iloc[0]

    everything = opened.whole_target()
    jogging = everything.select(everything.activity == "jog")
    names, sure = load_answers(load_run(run)).answer(jogging.samples)
    row = found[(found["method"] == "lanhar, input_distance") & (found["activity"] == "jog")].iloc[0]
    # The reference is kept in half precision, which may move a window at the very threshold.
    assert (names == "unknown").mean() == pytest.approx(row["refused_unseen"], abs=0.05)
    assert set(names) <= {*opened.data.space.activities, "unknown"}
    assert ((sure > 0.25 - 1e-9) & (sure <= 1)).all()


def test_a_run_that_held_nobody_out_cannot_be_sure(tmp_path, configure):
    train(configure(tmp_path / "runs", "split.validation_fraction=0"))
    (folder,) = (tmp_path / "runs").glob("*_to_*/*")
    with pytest.raises(LanharError, match=r"split\.validation_fraction=0\.1"):
        run_confidence(confidence_config(f"run={folder}", f"out={tmp_path}"))
    with pytest.raises(LanharError, match=r"lanhar\.confidence run="):
        load_answers(load_run(folder))


@pytest.mark.parametrize(
    ("word", "hint"),
    [("rate=1", "rate=0.05"), ("score=gut", "cosine"), ("threshold_from=gut", "held_out"), ("copies=0", "1 or more")],
)
def test_a_mistake_is_found_before_a_run_is_opened(word, hint, tmp_path):
    with pytest.raises(LanharError, match=hint):
        run_confidence(confidence_config("run=nowhere", word, f"out={tmp_path}"))
