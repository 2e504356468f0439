from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from hydra import compose, initialize_config_dir

from lanhar.cli import config_dir
from lanhar.errors import LanharError
from lanhar.evaluation.context_table import CONTEXTS
from lanhar.stages.context import (
    Emissions,
    contexts,
    cut_streams,
    held_out_copies,
    run_context,
    runs_on_uci,
    weights,
    window_emissions,
)
from lanhar.stages.reopen import open_run
from lanhar.train import train


@pytest.fixture(scope="module")
def runs(tmp_path_factory, configure):
    """A run folder whose target is uci, and one whose target is another."""
    folder = tmp_path_factory.mktemp("runs")
    words = ("source=motionsense", "name=both", "baselines=[logistic_regression,nearest_interpretation]")
    for target in ("uci", "uschad"):
        train(configure(folder, *words, f"target={target}"))
    found = {}
    for path in folder.glob("both/*/config.yaml"):
        found["uschad" if "name: uschad" in path.read_text() else "uci"] = path.parent
    return found


def composed(*words):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return compose("context", overrides=["max_windows=40", *words])


@pytest.fixture(scope="module")
def opened(runs):
    return open_run(runs["uci"], None, None)


@pytest.fixture(scope="module")
def streams(opened):
    return cut_streams(composed(), opened)


def test_every_method_is_tested_alone_and_with_context_on_the_same_windows(runs, tmp_path):
    pattern = runs["uci"].parent / "*"  # the run on uschad is left out
    frame = run_context(composed(f"run={pattern}", f"out={tmp_path / 'study'}"))
    assert set(frame["run"]) == {runs["uci"].name}
    assert set(frame["method"]) == {"lanhar", "logistic_regression"}
    for which, own in frame.groupby("scored"):
        assert set(zip(own["method"], own["context"], strict=True)) == {
            (m, c) for m in ("lanhar", "logistic_regression") for c in CONTEXTS
        }
        assert own["n_windows"].nunique() == 1, which
    written = pd.read_csv(tmp_path / "study" / "results.csv")
    pd.testing.assert_frame_equal(written, frame, check_dtype=False)
    assert "logistic regression" in (tmp_path / "study" / "table.md").read_text()
    windows = pd.read_parquet(runs["uci"] / "context.parquet")
    # Three people, of whom each does six activities of 15 s, 2 s apart; windows of 6 s each second.
    assert len(windows) == 3 * (6 * 17 - 6 + 1)
    labelled = windows["activity"].isin(["walk", "sit", "stand", "stairs_up", "stairs_down"])
    assert labelled.sum() == frame[frame["scored"] == "labelled"]["n_windows"].iloc[0]
    inside = windows["inside"] & labelled
    assert inside.sum() == 3 * 5 * 10 == frame[frame["scored"] == "inside bouts"]["n_windows"].iloc[0]
    assert (windows["share"][inside] == 1).all() and (windows["share"][~labelled] == 0).all()
    assert {"lanhar.alone", "logistic_regression.offline_shared"} <= set(windows.columns)


def test_windows_alone_are_predicted_as_the_run_itself_predicts(opened, streams):
    emissions = window_emissions(composed(), opened, streams.windows)
    rows = np.array([5, 77, 200])
    few = window_emissions(composed(), opened, streams.windows.select(rows))
    for method, logs in emissions.logs.items():
        np.testing.assert_allclose(few.logs[method], logs[rows], rtol=1e-3, atol=1e-3)
    _, cosines = opened.run.mapping.predict(streams.windows.samples)
    predicted = contexts(composed(), opened, streams, emissions)
    assert np.array_equal(predicted["lanhar", "alone"], cosines.argmax(dim=1).numpy())


def test_context_stays_within_an_experiment_and_causal_looks_at_no_later_window(opened, streams):
    space, count = opened.data.tested, len(streams.windows)
    logs = np.random.default_rng(0).normal(0, 2, (count, len(space)))
    first = streams.windows.recording == streams.windows.recording[0]
    before = contexts(composed(), opened, streams, Emissions({"m": logs}, {}))
    changed = np.where(first[:, None], logs, -logs)
    after = contexts(composed(), opened, streams, Emissions({"m": changed}, {}))
    for kind in set(CONTEXTS) - {"alone"}:
        assert np.array_equal(before["m", kind][first], after["m", kind][first])
        assert not np.array_equal(before["m", kind][~first], after["m", kind][~first])
    half = np.arange(count) < first.sum() // 2
    later = contexts(composed(), opened, streams, Emissions({"m": np.where(half[:, None], logs, -logs)}, {}))
    whole = contexts(composed(), opened, streams, Emissions({"m": logs}, {}))
    for kind in ("causal", "causal_shared"):
        assert np.array_equal(later["m", kind][half], whole["m", kind][half])


@pytest.mark.parametrize(("hop_s", "shared"), [(1, 1 / 6), (3, 0.5), (9, 1)])
def test_overlapping_windows_may_count_each_sample_once(opened, hop_s, shared):
    found = {name: weight for name, (_, weight) in weights(composed(f"hop_s={hop_s}"), opened).items()}
    assert found == {
        "causal": 1,
        "offline": 1,
        "causal_shared": pytest.approx(shared),
        "offline_shared": pytest.approx(shared),
    }


def test_temperatures_are_set_on_held_out_subjects_of_the_source(opened):
    state = torch.random.get_rng_state()
    held = held_out_copies(composed(), opened)
    assert torch.equal(state, torch.random.get_rng_state())
    assert set(held.subject.tolist()) == set(opened.data.split["validation"])
    assert len(held) == 2 * min(40, len(opened.data.validation))
    half = len(held) // 2
    assert np.array_equal(held.activity[:half], held.activity[half:])
    assert not np.allclose(held.samples[:half], held.samples[half:])
    assert not np.allclose(held.classifier_features[:half], held.classifier_features[half:])


def test_a_run_on_another_target_has_no_streams(runs):
    assert runs_on_uci([runs["uschad"], runs["uci"]]) == [runs["uci"]]
    with pytest.raises(LanharError, match=r"they have uschad.*target=uci"):
        runs_on_uci([runs["uschad"]])


def test_a_run_that_held_nobody_out_has_no_temperature(opened):
    nobody = opened.data.validation.select(np.zeros(len(opened.data.validation), dtype=bool))
    data = SimpleNamespace(validation=nobody, tested=opened.data.tested)
    with pytest.raises(LanharError, match=r"split\.validation_fraction=0\.1"):
        held_out_copies(composed(), SimpleNamespace(data=data, cfg=opened.cfg))


@pytest.mark.parametrize(("word", "hint"), [("hop_s=0", "bout_s=15"), ("bout_s=1", "bout_s=15"), ("copies=0", "1")])
def test_a_wrong_number_is_found_before_any_run_is_opened(word, hint):
    with pytest.raises(LanharError, match=hint):
        run_context(composed(word, "run=nowhere"))
