"""Prototypes, logits, confusion matrix, predictions and report share the label space's order."""

import copy
import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import torch

from lanhar.activities import LabelSpace
from lanhar.interpretation.labels import label_interpretations
from lanhar.stages.align import run_alignment
from lanhar.stages.mapping import TrainedMapping, run_mapping
from lanhar.stages.test import run_test as run_the_test

ORDERS = [["walk", "still", "stairs_up", "stairs_down"], ["stairs_down", "still", "walk", "stairs_up"]]


@pytest.fixture(scope="module", params=ORDERS, ids=lambda order: order[0])
def run(request, tmp_path_factory, configure, loaded):
    """A run whose label space has this order: config, data, both stages, the run folder and its report."""
    runs = tmp_path_factory.mktemp("order")
    # Long enough for the predictions to spread over activities.
    cfg = configure(runs, f"label_space.activities=[{','.join(request.param)}]", "mapping.epochs=15")
    data = loaded(cfg)
    alignment = run_alignment(cfg, data, runs / "stages", [])
    mapping = run_mapping(cfg, data, alignment, runs / "stages", [])
    folder = runs / "run" / "key"
    return request.param, cfg, data, alignment, mapping, folder, run_the_test(cfg, data, alignment, mapping, [], folder)


def test_everything_that_is_written_has_the_label_spaces_order(run):
    order, _, data, _, _, folder, report = run
    assert report == json.loads((folder / "metrics.json").read_text())
    assert list(data.space.activities) == order == report["run"]["label_space"]
    predictions = pd.read_parquet(folder / "predictions.parquet")
    assert [name for name in predictions if name.startswith("cosine_")] == [f"cosine_{name}" for name in order]
    for method, metrics in report["methods"].items():
        counted = pd.crosstab(predictions["truth"], predictions[method])
        counted = counted.reindex(index=order, columns=order, fill_value=0)
        assert counted.to_numpy().tolist() == metrics["confusion"]
        assert metrics["activities"] == list(metrics["per_activity"]) == order
        recalls = (predictions["truth"] == predictions[method]).groupby(predictions["truth"]).mean()
        for name, score in metrics["per_activity"].items():
            assert score["recall"] == pytest.approx(recalls[name])
    merged = predictions["activity"].replace({"sit": "still", "stand": "still"})
    assert (merged == predictions["truth"]).all()


def test_predictions_are_the_nearest_of_the_saved_label_bank(run):
    order, _, data, _, mapping, folder, _ = run
    bank = np.load(folder / "label_bank.npz")
    assert bank["names"].tolist() == order
    cosines = mapping.predict(data.target.samples)[0].numpy() @ bank["embeddings"].T
    predictions = pd.read_parquet(folder / "predictions.parquet")
    assert predictions["lanhar"].nunique() > 1
    assert bank["names"][cosines.argmax(axis=1)].tolist() == predictions["lanhar"].tolist()
    for index, name in enumerate(order):
        np.testing.assert_allclose(predictions[f"cosine_{name}"], cosines[:, index], atol=1e-5)


def test_each_prototype_is_of_its_own_activitys_texts(run):
    order, _, _, alignment, *_ = run
    for name, prototype in zip(order, alignment.bank.embeddings, strict=True):
        tokens = [torch.tensor([ids]) for ids in alignment.tokenise(label_interpretations(name))]
        with torch.no_grad():
            texts = torch.cat([alignment.text_encoder(ids, torch.ones_like(ids)) for ids in tokens])
        expected = texts.mean(dim=0) / texts.mean(dim=0).norm()
        torch.testing.assert_close(prototype, expected, atol=1e-5, rtol=1e-4)


def test_a_permuted_label_space_permutes_the_report_and_nothing_else(run):
    order, cfg, data, alignment, mapping, folder, report = run
    permutation = [2, 0, 3, 1]
    names = tuple(order[i] for i in permutation)
    module = copy.deepcopy(mapping.module)
    module.label_embeddings.copy_(mapping.module.label_embeddings[permutation])
    space = LabelSpace(names, data.space.merges)
    permuted = dataclasses.replace(data, space=space, tested=space)
    swapped = TrainedMapping(mapping.key, mapping.folder, module)
    turned = run_the_test(cfg, permuted, alignment, swapped, [], folder.parent / "turned")
    before, after = report["methods"]["lanhar"], turned["methods"]["lanhar"]
    assert after["activities"] == list(names)
    assert after["confusion"] == np.array(before["confusion"])[np.ix_(permutation, permutation)].tolist()
    assert after["per_activity"] == before["per_activity"]
    # The mean of four numbers in another order.
    assert after["macro_f1"] == pytest.approx(before["macro_f1"])
    one, other = (pd.read_parquet(place / "predictions.parquet") for place in (folder, folder.parent / "turned"))
    assert one["lanhar"].tolist() == other["lanhar"].tolist()


def test_a_permuted_label_bank_alone_permutes_the_predictions(run):
    _, cfg, data, alignment, mapping, folder, report = run
    permutation = [1, 2, 3, 0]
    module = copy.deepcopy(mapping.module)
    module.label_embeddings.copy_(mapping.module.label_embeddings[permutation])
    swapped = TrainedMapping(mapping.key, mapping.folder, module)
    wrong = run_the_test(cfg, data, alignment, swapped, [], folder.parent / "wrong")
    confusion = np.array(report["methods"]["lanhar"]["confusion"])
    assert wrong["methods"]["lanhar"]["confusion"] == confusion[:, permutation].tolist()
    assert wrong["methods"]["logistic_regression"] == report["methods"]["logistic_regression"]
