import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from lanhar.datasets import sample_dir
from lanhar.errors import LanharError
from lanhar.stages.loading import load_run
from lanhar.train import train


@pytest.fixture(scope="module")
def finished(tmp_path_factory, configure, loaded):
    """A run folder, and the windows that it was tested on."""
    runs = tmp_path_factory.mktemp("finished")
    cfg = configure(runs, f"data_dir={sample_dir()}")
    train(cfg)
    (metrics,) = runs.glob("*/*/metrics.json")
    return metrics.parent, loaded(cfg).target


@pytest.fixture
def copy(finished, tmp_path):
    """The same in a folder that a test may spoil."""
    runs = tmp_path / "elsewhere"
    shutil.copytree(finished[0].parents[1], runs)
    return runs / finished[0].relative_to(finished[0].parents[1])


def test_a_loaded_run_predicts_what_the_run_predicted(copy, finished):
    run = load_run(copy)
    _, cosines = run.mapping.predict(finished[1].samples)
    written = pd.read_parquet(copy / "predictions.parquet")["lanhar"]
    assert [run.space.activities[i] for i in cosines.argmax(dim=1)] == written.tolist()
    assert written.nunique() > 1
    assert not run.mapping.module.training
    assert not any(
        p.requires_grad for p in [*run.mapping.module.parameters(), *run.alignment.text_encoder.parameters()]
    )


def test_the_bank_is_the_one_of_the_test_and_can_be_made_again_from_its_texts(finished):
    run = load_run(finished[0])
    saved = np.load(finished[0] / "label_bank.npz")
    assert tuple(saved["names"]) == run.bank.names == run.space.activities
    np.testing.assert_allclose(run.bank.embeddings.numpy(), saved["embeddings"], atol=1e-6)
    again = run.embed_labels(run.bank.names, run.bank.interpretations)
    np.testing.assert_allclose(again.embeddings.numpy(), saved["embeddings"], atol=1e-5)


def test_the_text_encoder_is_the_trained_one(finished):
    run = load_run(finished[0])
    checkpoint = torch.load(run.alignment.folder / "last.ckpt", weights_only=True)["state_dict"]
    trained = {k.removeprefix("text_encoder."): v for k, v in checkpoint.items() if k.startswith("text_encoder.")}
    # The language model itself stays as it was published.
    assert set(trained) == {"centre", "linear.weight", "linear.bias"}
    assert all(torch.equal(run.alignment.text_encoder.state_dict()[name], value) for name, value in trained.items())
    assert trained["centre"].abs().sum() > 0


def test_a_language_model_that_changed_since_is_named(copy):
    (done,) = copy.parents[1].glob("stages/alignment/*/done.json")
    content = json.loads(done.read_text())
    content["identity"]["text_encoder"]["name"] = "folder 0123456789abcdef"
    done.write_text(json.dumps(content))
    with pytest.raises(LanharError, match="was trained with the text encoder 'folder 0123456789abcdef'"):
        load_run(copy)


@pytest.mark.parametrize("gone", ["config.yaml", "stages.json", "metrics.json"])
def test_a_folder_that_is_no_finished_run_is_named(copy, gone):
    (copy / gone).unlink()
    with pytest.raises(LanharError, match=f"no folder of a finished run: it has no {gone}"):
        load_run(copy)


def test_a_deleted_stage_is_named(copy):
    (stage,) = copy.parents[1].glob("stages/mapping/*")
    shutil.rmtree(stage)
    with pytest.raises(LanharError, match=f"stages/mapping/{stage.name}"):
        load_run(copy)


def test_a_run_without_a_method_says_so(copy):
    (copy / "stages.json").write_text("{}")
    with pytest.raises(LanharError, match="baselines only"):
        load_run(copy)


def test_other_code_is_noted_and_the_run_still_loads(copy, capsys):
    versions = json.loads((copy / "versions.json").read_text())
    (copy / "versions.json").write_text(json.dumps(versions | {"code": "000000000000"}))
    assert load_run(copy).bank.names
    assert "other code (000000000000)" in capsys.readouterr().out


def test_weights_of_another_shape_cost_one_line(copy):
    (path,) = copy.parents[1].glob("stages/mapping/*/last.ckpt")
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["state_dict"].pop("log_scale")
    torch.save(checkpoint, path)
    with pytest.raises(LanharError, match="do not fit this version of the code"):
        load_run(copy)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("  text_projection: false\n", "Missing key text_projection"),
        ("    information:\n      weight: 0.3\n      diversity: 0.5\n", "'information'"),
    ],
)
def test_a_config_of_another_version_costs_one_line(copy, lines, said):
    text = (copy / "config.yaml").read_text()
    assert lines in text
    (copy / "config.yaml").write_text(text.replace(lines, ""))
    with pytest.raises(LanharError, match=rf"of another version \({said}\)"):
        load_run(copy)
