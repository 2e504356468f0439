import json

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
def finished(tmp_path_factory, configure):
    """The folder of a run from uci to motionsense."""
    runs = tmp_path_factory.mktemp("finished")
    train(configure(runs, f"data_dir={sample_dir()}"))
    (metrics,) = runs.glob("*/*/metrics.json")
    return metrics.parent


@pytest.fixture(scope="module")
def configured(finished):
    """The config of `evaluate` for that run, with more words."""

    def make(*words):
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            return compose("evaluate", overrides=[f"run={finished}", *words])

    return make


def folder_of(report, finished):
    folders = [path.parent for path in finished.glob("evaluations/*/metrics.json")]
    return next(f for f in folders if json.loads((f / "metrics.json").read_text()) == report)


def test_without_other_labels_the_numbers_are_the_run_s_own(configured, finished):
    own = json.loads((finished / "metrics.json").read_text())["methods"]["lanhar"]
    again = evaluate(configured())["methods"]["lanhar"]
    assert again["confusion"] == own["confusion"]
    assert again["macro_f1"] == own["macro_f1"]


def test_an_activity_with_windows_is_tested_and_one_without_only_draws_windows_away(configured, finished, capsys):
    # MotionSense has jogging; nobody there skips rope. `running` is a word for jogging.
    report = evaluate(configured("labels.add=[running,rope skipping]"))
    metrics = report["methods"]["lanhar"]
    assert metrics["activities"][-2:] == ["jog", "rope_skip"]
    assert metrics["absent"] == ["rope_skip"]
    shown = capsys.readouterr().out
    taken = sum(row[-1] for row in metrics["confusion"])
    assert f"no window of rope skip: it is not tested; {taken:,} of {metrics['n_windows']:,} windows" in shown
    folder = folder_of(report, finished)
    assert {path.name for path in folder.iterdir()} == {
        "metrics.json",
        "table.md",
        "confusion.png",
        "predictions.parquet",
    }
    written = pd.read_parquet(folder / "predictions.parquet")
    cosines = written[[f"cosine_{name}" for name in metrics["activities"]]].to_numpy()
    assert written["lanhar"].tolist() == [metrics["activities"][i] for i in cosines.argmax(axis=1)]
    before = pd.read_parquet(finished / "predictions.parquet")
    both = written.merge(before, on=["subject", "recording", "start_s"], suffixes=("", "_before"))
    stayed = ~both["lanhar"].isin(["jog", "rope_skip"])
    assert (both["lanhar"] == both["lanhar_before"])[stayed].all()


def test_a_removed_activity_is_neither_candidate_nor_tested(configured):
    metrics = evaluate(configured("labels.remove=[walking]"))["methods"]["lanhar"]
    assert metrics["activities"] == ["still", "stairs_up", "stairs_down"]
    assert metrics["n_windows"] == sum(map(sum, metrics["confusion"]))


def test_a_name_of_one_s_own_needs_no_text_and_a_description_moves_it(configured, finished):
    named = evaluate(configured("labels.add=[hula hoop]"))
    described = evaluate(
        configured("labels.add=[hula hoop]", "++labels.descriptions.hula_hoop='wide slow circles of the hip'")
    )
    assert named["run"]["added"] == {"hula_hoop": ["hula hoop"]}
    assert described["run"]["added"] == {"hula_hoop": ["hula hoop\nwide slow circles of the hip"]}
    cosines = [
        pd.read_parquet(folder_of(report, finished) / "predictions.parquet")["cosine_hula_hoop"]
        for report in (named, described)
    ]
    assert not np.allclose(*cosines)


def test_another_target_is_tested_and_the_source_is_refused(configured, data_dir):
    report = evaluate(configured("target=uschad", f"data_dir={data_dir}", "labels.add=[jog,jump,lie]"))
    assert report["run"]["target"] == ["uschad"]
    assert report["methods"]["lanhar"]["absent"] == []
    with pytest.raises(LanharError, match="trained on uci"):
        evaluate(configured("target=uci", f"data_dir={data_dir}"))


def test_done_once_it_is_read_and_force_does_it_again(configured, finished):
    report = evaluate(configured("labels.add=[bike]"))
    file = folder_of(report, finished) / "metrics.json"
    before = file.stat().st_mtime_ns
    assert evaluate(configured("labels.add=[cycling]")) == report
    assert file.stat().st_mtime_ns == before
    evaluate(configured("labels.add=[bike]", "force=true"))
    assert file.stat().st_mtime_ns > before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["run=null"], "run is missing; write run="),
        (["what=both"], "write one of labels, new_activities"),
        (["labels.add=[walking]"], "walk more than once"),
        (["labels.add=[sit]"], "sit more than once"),
        (["labels.add=[elevator]"], "may be elevator_up or elevator_down"),
        (["labels.add=['']"], "empty name"),
        (["labels.remove=[jog]"], "the run knows walk, still"),
        (["++labels.descriptions.bike=round and round"], "name it in labels.add too"),
        (["labels.add=[bike]", "++labels.descriptions.bike=' '"], "write a name and a sentence"),
        (["labels.remove=[walk,still,stairs_up]"], "needs two activities"),
    ],
)
def test_a_mistake_costs_one_line(configured, given, message):
    with pytest.raises(LanharError, match=message):
        evaluate(configured(*given))
