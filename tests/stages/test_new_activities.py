import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir

from lanhar.cli import config_dir
from lanhar.datasets import sample_dir
from lanhar.errors import LanharError
from lanhar.evaluate import evaluate
from lanhar.train import train


@pytest.fixture(scope="module")
def runs(tmp_path_factory, configure):
    """A folder with a run from uci to motionsense."""
    folder = tmp_path_factory.mktemp("runs")
    train(configure(folder, f"data_dir={sample_dir()}"))
    return folder


def configured(*words):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return compose("evaluate", overrides=["what=new_activities", *words])


@pytest.fixture(scope="module")
def study(runs, tmp_path_factory):
    """The stem of the study's files."""
    stem = tmp_path_factory.mktemp("study") / "results"
    evaluate(configured(f"runs={runs}", f"study={stem}", "text_windows=5"))
    return stem


def test_every_method_is_scored_on_seen_and_unseen(study):
    table = pd.read_csv(study.with_suffix(".csv"))
    assert table["method"].tolist() == ["lanhar", "label_names", "attributes", "untrained_text_encoder"]
    assert np.allclose(table["H"], (2 * table["S"] * table["U"] / (table["S"] + table["U"])).fillna(0))
    # One unseen activity: recall among the unseen alone would say nothing.
    assert table["unseen_recall"].isna().all()
    assert table["n_windows"].iloc[-1] == 25
    each = pd.read_csv(study.with_name("results_activities.csv"))
    unseen = each[(each["method"] == "lanhar") & (each["kind"] == "unseen")]
    assert unseen["activity"].tolist() == ["jog"]
    assert "| uci" in study.with_suffix(".md").read_text()


def test_the_trained_part_agrees_with_the_evaluation_of_one_run(runs, study):
    (metrics,) = (path for path in runs.glob("*/*/metrics.json"))
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        report = evaluate(compose("evaluate", overrides=[f"run={metrics.parent}", "labels.add=[jog]"]))
    recalls = {name: score["recall"] for name, score in report["methods"]["lanhar"]["per_activity"].items()}
    each = pd.read_csv(study.with_name("results_activities.csv")).query("method == 'lanhar'")
    assert dict(zip(each["activity"], each["recall"], strict=True)) == pytest.approx(recalls)


def test_a_run_that_was_tested_is_read(runs, study, monkeypatch):
    monkeypatch.setattr("lanhar.stages.new_activities.load_run", None)
    before = study.with_suffix(".csv").read_bytes()
    evaluate(configured(f"runs={runs}", f"study={study}", "text_windows=5"))
    assert study.with_suffix(".csv").read_bytes() == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["runs=null"], "runs is missing; write runs="),
        (["runs=nowhere"], "no folder of a run"),
        (["runs=nowhere", "unseen=[running]"], "unseen and apart hold running"),
    ],
)
def test_a_mistake_costs_one_line(given, message):
    with pytest.raises(LanharError, match=message):
        evaluate(configured(*given))


def test_activities_that_the_target_lacks_are_no_study(runs, tmp_path):
    with pytest.raises(LanharError, match="windows of bike to test"):
        evaluate(configured(f"runs={runs}", f"study={tmp_path / 'results'}", "unseen=[bike]"))
