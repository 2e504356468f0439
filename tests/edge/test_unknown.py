"""What training never saw is unknown on the device, by the distance that `lanhar.confidence` takes."""

import json
import shutil

import numpy as np
import pytest
import torch

from lanhar.edge.bundle import ENCODERS, MANIFEST, file_digest
from lanhar.edge.device_encoder import DeviceEncoder, MeasuringEncoder
from lanhar.edge.graphs import quantise, write_graph
from lanhar.edge.runtime import Recogniser, load
from lanhar.errors import LanharError
from lanhar.evaluation.open_set import Neighbours


@pytest.fixture(scope="module")
def seen(built):
    """Distances to real windows of everything but jogging."""
    samples = torch.from_numpy(np.array(built.windows.samples[built.windows.activity != "jog"]))
    return Neighbours.fit(built.encoder.describe(samples).numpy(), rank=3)


@pytest.fixture(scope="module")
def measuring(built, seen, tmp_path_factory):
    folder = tmp_path_factory.mktemp("measuring")
    shutil.copytree(built.folder, folder, dirs_exist_ok=True)
    model = MeasuringEncoder(built.encoder, seen, of_embeddings=False).eval()
    example = torch.zeros(300, 6)
    example[:, 2] = 9.8
    write_graph(model, (example,), ["window"], folder / ENCODERS["fp32"], outputs=["embedding", "distance"])
    quantise(folder / ENCODERS["fp32"], built.encoder, folder / ENCODERS["int8"])
    content = json.loads((folder / MANIFEST).read_text())
    content["files"] |= {name: file_digest(folder / name) for name in ENCODERS.values()}
    content["unknown"] = {"score": "input_distance", "above": 14.0}
    (folder / MANIFEST).write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_both_graphs_measure_as_lanhar_confidence_does(built, seen, measuring, precision):
    encoder = load(measuring, precision)
    windows = np.array(built.windows.samples[::5])
    expected = seen.score(built.encoder.describe(torch.from_numpy(windows)).numpy())
    found = [encoder.measure(window) for window in windows]
    distances = np.array([distance for _, distance in found])
    # The graph holds training windows in bytes; it shows where a window is all but one of them.
    far = expected > 1
    np.testing.assert_allclose(distances[far], expected[far], atol=0.05)
    assert (distances[~far] < 1.2).all()
    exact = DeviceEncoder(built.encoder).eval()
    trained = np.stack([exact(torch.from_numpy(window)).numpy() for window in windows])
    assert (trained * np.stack([embedding for embedding, _ in found])).sum(axis=1).min() > 0.99
    jogging = built.windows.activity[::5] == "jog"
    assert np.median(expected[jogging]) > np.median(expected[~jogging]) + 3


def test_the_graphs_stay_small(measuring):
    assert (measuring / ENCODERS["int8"]).stat().st_size < 1_000_000


def streamed(folder, recordings, activity, prepare=lambda recogniser: None):
    recogniser = Recogniser(load(folder))
    prepare(recogniser)
    recording = recordings[activity]
    samples = np.concatenate([recording.acc, recording.gyro], axis=1)
    return [*recogniser.push(np.arange(len(samples)) / recording.rate_hz, samples), *recogniser.finish()]


def test_jogging_is_unknown_where_training_never_saw_it_and_walking_is_not(measuring, recordings):
    jogging, walking = (streamed(measuring, recordings, name) for name in ("jog", "walk"))
    assert all(p.unknown and "input distance" in p.reason and p.top for p in jogging)
    assert not any(p.unknown for p in walking)


def test_a_label_that_was_added_is_not_refused_for_being_new(built, measuring, recordings):
    row = built.windows.activity == "jog"
    embedding = built.encoder(torch.from_numpy(np.array(built.windows.samples[row]))).mean(dim=0).numpy()
    predictions = streamed(measuring, recordings, "jog", lambda recogniser: recogniser.add_label("jog", embedding))
    assert {p.activity for p in predictions} == {"jog"}


def test_a_bundle_without_the_rule_names_what_is_nearest(built, recordings):
    assert not any(p.unknown for p in streamed(built.folder, recordings, "jog"))


def test_a_rule_that_the_graph_cannot_follow_is_an_error(built, tmp_path):
    folder = shutil.copytree(built.folder, tmp_path / "bundle")
    content = json.loads((folder / MANIFEST).read_text())
    for score, hint in (("input_distance", "gives no input_distance"), ("horoscope", "update it")):
        (folder / MANIFEST).write_text(json.dumps(content | {"unknown": {"score": score, "above": 1.0}}))
        with pytest.raises(LanharError, match=hint):
            load(folder)
