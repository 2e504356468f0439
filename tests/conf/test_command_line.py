"""The real command line, as a user types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from lanhar.cli import check_types, config_dir, default_config, explain, flatten
from lanhar.datasets import DATASET_NAMES
from lanhar.errors import LanharError
from lanhar.stages.settings import run_name

EXPERIMENTS = sorted(path.stem for path in (config_dir() / "experiment").glob("*.yaml"))
PAIRED = ("uci", "hhar", "motionsense", "shoaib", "uschad")


def lanhar(command: str, *overrides: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", f"lanhar.{command}", *overrides]
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, env={**os.environ, "COLUMNS": "160"})


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes_and_begins_with_its_command(name):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("train", overrides=[f"+experiment={name}"])
    # Hydra reads its package directive only from the very first line.
    lines = (config_dir() / "experiment" / f"{name}.yaml").read_text().splitlines()
    sweep = "-m " if "study:" in "\n".join(lines) else ""
    assert lines[1].startswith(f"# python -m lanhar.train {sweep}+experiment={name}")
    assert run_name(cfg) == name
    if "_to_" in name:
        source, target = name.split("_to_")
        assert (list(cfg.source.datasets), list(cfg.target.datasets)) == ([source], [target])


ABLATIONS = sorted(path.stem for path in (config_dir() / "method" / "ablation").glob("*.yaml"))


@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablation_changes_what_it_names_and_stands_in_the_experiment(name):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        plain, changed = (
            compose("train", overrides=["+experiment=ablations", *words]) for words in ([], [f"method=ablation/{name}"])
        )
        swept = compose("train", overrides=["+experiment=ablations"], return_hydra_config=True).hydra.sweeper.params
    before, after = (flatten(OmegaConf.to_container(cfg, resolve=True)) for cfg in (plain, changed))
    differ = {key for key in before if not isinstance(before[key], dict) and before[key] != after[key]}
    assert after["method.name"] == name
    assert len(differ) > 1 and set(before) == set(after)
    assert f"ablation/{name}" in swept.method.replace(" ", "").split(",")


def test_there_is_an_experiment_for_every_ordered_pair():
    pairs = {f"{source}_to_{target}" for source in PAIRED for target in PAIRED if source != target}
    assert pairs <= set(EXPERIMENTS)


def test_every_dataset_can_be_source_and_target():
    for group in ("dataset", "source", "target"):
        assert {path.stem for path in (config_dir() / group).glob("*.yaml")} == set(DATASET_NAMES)


def test_every_config_key_is_explained():
    for path in config_dir().rglob("*.yaml"):
        lines = path.read_text().splitlines()
        assert lines[0].startswith("#"), f"{path} does not say what it is"


PAIRS = [("uci", "motionsense"), ("hhar", "uci"), ("uci", "hhar"), ("shoaib", "uschad"), ("uschad", "pamap2")]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_both_stages_run_on_files_in_the_published_layout(source, target, fake, small, tmp_path):
    data = tmp_path / "data"
    for name in (source, target):
        fake(name).write(data / name)
    (data / "SYNTHETIC").touch()
    result = lanhar("train", f"source={source}", f"target={target}", f"data_dir={data}", *small, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "SYNTHETIC DATA, not a result" in result.stdout
    (metrics,) = tmp_path.glob("runs/*/*/metrics.json")
    report = json.loads(metrics.read_text())
    assert report["run"]["synthetic"] is True
    assert set(report["methods"]) == {"lanhar", "logistic_regression", "random_forest"}
    assert report["run"]["label_space"] == ["walk", "still", "stairs_up", "stairs_down"]
    for name in (
        "config.yaml",
        "confusion.png",
        "embedding.png",
        "predictions.parquet",
        "splits.json",
        "versions.json",
    ):
        assert (metrics.parent / name).stat().st_size > 0


WRONG = [
    (["sourc=uci"], "source"),
    (["source=uc"], "uci"),
    (["+experiment=quickstrat"], "quickstart"),
    (["experiment=quickstart"], "+experiment"),
    (["windows.rate_hz=0"], "windows.rate_hz=50"),
    (["windows.lenght=120"], "windows.length"),
    (["seed=first"], "whole number"),
    (["source=uci", "target=uci"], "another target"),
    (["text_encoder=scibert"], "text_encoder=minilm"),
    (["label_space.activities=[walk,hop_scotch]", "label_space.merges={}"], "unknown activity"),
    (["label_space.activities=[walk,bike]", "~label_space.merges.still"], "bike"),
    (["data_dir=nowhere"], "data_dir="),
    (["windows.length=100000", "data_dir=sample"], "windows=short"),
    (["protocol.name=peek"], "source_only"),
    (["interpreter.name=gpt4"], "interpreter=rules"),
    (["interpreter.detail=long"], "compact"),
    (["mapping.batch_size=0"], "2 or more"),
    (["mapping.clean_share=3"], "0 to 1"),
    (["sensor_encoder=transformer", "sensor_encoder.heads=3"], "sensor_encoder cannot be built"),
    (["+baselines.svm={}"], "logistic_regression"),
    (["source=[]"], "source=uci"),
    (["split.validation_fraction=0.99", "data_dir=sample"], "validation_fraction=0"),
]


@pytest.mark.parametrize(("overrides", "hint"), WRONG, ids=[" ".join(w[0]) for w in WRONG])
def test_a_mistake_costs_one_line_that_says_what_to_write(overrides, hint, tmp_path):
    cache = [f"cache_dir={tmp_path / 'cache'}", "callbacks.progress_bar=null"]
    result = lanhar("train", *overrides, *cache, cwd=tmp_path)
    assert result.returncode == 2
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("lanhar: ")
    assert hint in lines[0]
    assert not list(tmp_path.glob("runs"))


def test_a_users_own_config_folder_adds_experiments(fake, small, tmp_path):
    fake("uci").write(tmp_path / "data" / "uci")
    fake("motionsense").write(tmp_path / "data" / "motionsense")
    mine = tmp_path / "mine" / "experiment"
    mine.mkdir(parents=True)
    (mine / "gym.yaml").write_text("# @package _global_\nname: gym\nbaselines: {random_forest: null}\n")
    data = f"data_dir={tmp_path / 'data'}"
    result = lanhar("train", "--config-dir", str(tmp_path / "mine"), "+experiment=gym", data, *small[:-2], cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert list(tmp_path.glob("runs/gym/*/metrics.json"))


def test_an_integer_may_stand_where_a_float_belongs_but_a_word_may_not():
    default = default_config("train")
    check_types(OmegaConf.create({**default, "windows": {**default["windows"], "overlap": 0}}), default)
    with pytest.raises(LanharError, match=r"windows\.length is 'six'"):
        check_types(OmegaConf.create({**default, "windows": {**default["windows"], "length": "six"}}), default)


def test_flatten_names_inner_nodes_too():
    assert flatten({"a": {"b": 1}}) == {"a": {"b": 1}, "a.b": 1}


def test_an_unknown_complaint_is_passed_on_in_one_line():
    assert explain("something\n  else", set()) == "something else"


def test_a_command_leaves_nothing_but_its_runs(tmp_path):
    lanhar("train", "seed=first", cwd=tmp_path)
    lanhar("prepare", "dataset=uci", "data_dir=sample", f"cache_dir={tmp_path / 'cache'}", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
