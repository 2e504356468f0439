"""Files for other runtimes: kept where they give what the trained encoder gives, and one line each in any case."""

import importlib.util

import numpy as np
import pytest
import torch

from lanhar.edge import other_formats
from lanhar.edge.device_encoder import DeviceEncoder, MeasuringEncoder
from lanhar.edge.other_formats import FORMATS, Format, write_other_formats
from lanhar.evaluation.open_set import Neighbours


@pytest.fixture(scope="module")
def windows(built):
    return np.array(built.windows.samples[::3])


@pytest.fixture
def written(built, windows, tmp_path, monkeypatch):
    """What becomes of a format whose runtime changes each embedding by `change(embedding, number)`."""

    def write(change, module="numpy"):
        model, calls = DeviceEncoder(built.encoder).eval(), iter(range(len(windows)))

        def run(window):
            return [change(model(torch.from_numpy(window)).numpy(), next(calls))]

        form = Format("encoder.x", "some-package", module, lambda *a: a[2].write_bytes(b"x"), lambda path: run)
        monkeypatch.setattr(other_formats, "FORMATS", (form,))
        (line,) = write_other_formats(model, windows, tmp_path)
        return line, (tmp_path / "encoder.x").exists()

    return write


def test_a_file_that_gives_the_same_is_kept(written, windows):
    line, there = written(lambda embedding, _: embedding + np.float32(1e-6))
    assert there and "is written" in line and f"{len(windows)} of {len(windows)}" in line


def test_one_window_in_many_may_differ_and_no_more(written, windows):
    line, there = written(lambda embedding, number: embedding + np.float32(0.01 * (number == 7)))
    assert len(windows) > 100
    assert there and f"for {len(windows) - 1} of {len(windows)}" in line
    line, there = written(lambda embedding, number: embedding + np.float32(0.01 * (number % 10 == 0)))
    assert not there and "is not written" in line and "0.01 off" in line


@pytest.mark.parametrize("wrong", [lambda embedding, _: embedding * np.nan, lambda embedding, _: 1 / 0])
def test_a_runtime_that_fails_leaves_no_file(written, wrong):
    line, there = written(wrong)
    assert not there and "is not written" in line


def test_a_package_that_is_not_there_is_named(written):
    line, there = written(lambda embedding, _: embedding, module="no_such_module")
    assert not there and line.endswith("it needs some-package; run: pip install some-package")


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS, ids=[form.module for form in FORMATS])
def test_the_real_ones_run_the_encoder_with_its_distance(built, windows, tmp_path, monkeypatch, form):
    if importlib.util.find_spec(form.module) is None:
        pytest.skip(f"SKIPPED: {form.package} is not installed")
    near = Neighbours.fit(built.encoder.describe(torch.from_numpy(windows)).numpy(), rank=3)
    model = MeasuringEncoder(built.encoder, near, of_embeddings=False).eval()
    monkeypatch.setattr(other_formats, "FORMATS", (form,))
    (line,) = write_other_formats(model, windows[::4], tmp_path)
    assert "is written" in line, line
