"""What a run may see of the target: nothing in `source_only`, windows without labels in `transductive`."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch

from lanhar.datamodules.batches import TARGET
from lanhar.datamodules.window_batches import Unlabelled, WindowTexts
from lanhar.datamodules.window_set import LabelledWindows, Windows
from lanhar.errors import LanharError
from lanhar.keys import digest
from lanhar.stages.align import alignment_identity
from lanhar.stages.mapping import mapping_identity
from lanhar.stages.test import test_identity as identity_of_test
from lanhar.train import train

PROTOCOLS = ["source_only", "transductive"]


def relabelled(data_dir, folder, rename):
    """A copy of the data whose UCI label file gives every stretch another activity."""
    shutil.copytree(data_dir, folder)
    labels = folder / "uci" / "RawData" / "labels.txt"
    rows = [line.split() for line in labels.read_text().splitlines()]
    labels.write_text("".join(f"{e} {u} {rename[a]} {first} {last}\n" for e, u, a, first, last in rows))
    return folder


@pytest.fixture(scope="module", params=PROTOCOLS)
def swapped(request, tmp_path_factory, data_dir, configure):
    """Two runs on the same target signals; in the second the target's label file is shuffled."""
    base = tmp_path_factory.mktemp("swapped")
    # Lying (6) is outside the label space: even which windows are in it must not be told.
    other = relabelled(data_dir, base / "data", dict(zip("123456", "426135", strict=True)))
    words = ("source=motionsense", "target=uci", f"protocol={request.param}")
    reports = [
        train(configure(base / "true", *words)),
        train(configure(base / "shuffled", *words, f"data_dir={other}")),
    ]
    return base, reports


def test_shuffling_the_targets_labels_changes_no_weight(swapped, weights, same):
    base, (true, shuffled) = swapped
    one, other = weights(base / "true"), weights(base / "shuffled")
    assert set(one) == set(other) == {"alignment", "mapping"}
    assert same(one["alignment"], other["alignment"])
    assert same(one["mapping"], other["mapping"])
    # The shuffle did happen: the test, which may read labels, scores otherwise.
    assert true["methods"]["lanhar"]["confusion"] != shuffled["methods"]["lanhar"]["confusion"]


def test_only_transductive_weights_know_the_target(swapped, tmp_path, configure, weights, same):
    base, (report, _) = swapped
    protocol = report["run"]["protocol"]
    train(configure(tmp_path, "source=motionsense", "target=uschad", f"protocol={protocol}"))
    one, other = weights(base / "true"), weights(tmp_path)
    assert same(one["alignment"], other["alignment"])
    assert same(one["mapping"], other["mapping"]) == (protocol == "source_only")


def keys(cfg, data):
    alignment = digest(alignment_identity(cfg, data))
    mapping = digest(mapping_identity(cfg, data, alignment))
    return alignment, mapping, digest(identity_of_test(cfg, data, mapping))


@pytest.fixture
def changed_target(data_dir, fake, tmp_path):
    folder = tmp_path / "changed"
    shutil.copytree(data_dir, folder)
    fake("motionsense").write(folder / "motionsense", subjects=3, seed=7)
    return folder


def test_changing_the_targets_files_changes_only_the_tests_key(changed_target, tmp_path, configure, loaded):
    cfgs = [configure(tmp_path), configure(tmp_path, f"data_dir={changed_target}")]
    one, other = (keys(cfg, loaded(cfg)) for cfg in cfgs)
    assert one[:2] == other[:2]
    assert one[2] != other[2]


def test_in_transductive_it_changes_stage_two_as_well(changed_target, tmp_path, configure, loaded):
    words = ("protocol=transductive",)
    cfgs = [configure(tmp_path, *words), configure(tmp_path, *words, f"data_dir={changed_target}")]
    one, other = (keys(cfg, loaded(cfg)) for cfg in cfgs)
    assert one[0] == other[0]
    assert one[1] != other[1]


def test_windows_without_labels_tell_neither_whose_nor_what(tmp_path, configure, loaded):
    data = loaded(configure(tmp_path))
    held = {field.name for field in dataclasses.fields(LabelledWindows)} - {f.name for f in dataclasses.fields(Windows)}
    assert held == {"activity", "subject", "placement", "recording", "start_s"}
    assert type(data.unlabelled) is Windows
    assert not any(hasattr(data.unlabelled, name) for name in held | {"labels"})
    # MotionSense's jogging is outside the four activities; leaving it out would take labels.
    assert len(data.unlabelled) > len(data.target)


def test_training_refuses_labelled_target_windows(tmp_path, configure, loaded):
    data = loaded(configure(tmp_path))
    texts, target_texts = torch.zeros(len(data.train), 4), torch.zeros(len(data.target), 4)
    arguments = (data.train, texts, data.validation, data.space, 8, 1, 0)
    with pytest.raises(LanharError, match="labelled target windows"):
        WindowTexts(*arguments, [Unlabelled(data.target, target_texts, TARGET)])


def test_unlabelled_windows_enter_the_batches_without_label_or_subject(tmp_path, configure, loaded):
    data = loaded(configure(tmp_path))
    target = data.unlabelled
    texts = torch.zeros(len(data.train), 2)
    unlabelled = [Unlabelled(target, torch.ones(len(target), 2), TARGET)]
    batches = WindowTexts(data.train, texts, data.validation, data.space, 100, 2, 0, unlabelled)
    batches.setup("fit")
    for batch in batches.train_dataloader():
        unlabelled = batch.labels == TARGET
        assert torch.equal(unlabelled, batch.texts[:, 0] == 1)
        # One of five groups: four activities and the target.
        assert int(unlabelled.sum()) == 20
        known = {window.tobytes() for window in np.asarray(target.samples)}
        assert all(window.numpy().tobytes() in known for window in batch.inputs[unlabelled])


def test_source_and_target_share_no_subject_and_no_file(tmp_path, configure, loaded):
    data = loaded(configure(tmp_path, "source=uschad", "target=[uci,motionsense]"))
    parts = [set(names) for names in data.split.values()]
    assert [len(part) for part in parts] == [1, 1, 6]
    assert len(set.union(*parts)) == 8
    assert {"uci/1", "motionsense/1"} <= parts[2]


def test_ones_own_recordings_are_not_confused_between_source_and_target(fake, tmp_path, configure, loaded):
    specs = []
    for name, seed in (("mine", 1), ("yours", 2)):
        folder = tmp_path / name
        folder.mkdir()
        rng = np.random.default_rng(seed)
        for subject in range(2):
            for activity in ("walk", "stand"):
                rows = np.c_[rng.normal([0, 0, 9.8], 0.1, (700, 3)), rng.normal(0, 0.1, (700, 3))]
                header = "ax,ay,az,gx,gy,gz"
                np.savetxt(folder / f"s{subject}_{activity}.csv", rows, delimiter=",", header=header, comments="")
        spec = tmp_path / f"{name}.yaml"
        spec.write_text(SPEC.format(name=name))
        specs.append(spec)
    words = ("source=recordings", "target=recordings", "label_space.activities=[walk,stand]", "label_space.merges={}")
    words = (*words, "~label_space.merges.still", "split.validation_fraction=0", f"source.spec={specs[0]}")
    data = loaded(configure(tmp_path, *words, f"target.spec={specs[1]}"))
    assert not {w.tobytes() for w in data.train.samples} & {w.tobytes() for w in data.target.samples}
    assert (data.sources, data.targets) == (["mine"], ["yours"])
    with pytest.raises(LanharError, match=r"same files.*target\.spec"):
        loaded(configure(tmp_path, *words, f"target.spec={specs[0]}"))


SPEC = """
name: {name}
folder: {name}
files: "*.csv"
path: "s{{subject}}_{{activity}}.csv"
columns: {{acc: [ax, ay, az], gyro: [gx, gy, gz]}}
rate_hz: 50
units: {{acc: m/s², gyro: rad/s}}
constants: {{placement: wrist}}
activities: {{walk: walk, stand: stand}}
"""
