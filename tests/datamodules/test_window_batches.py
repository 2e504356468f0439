import numpy as np
import pytest
import torch

from lanhar.activities import LabelSpace
from lanhar.datamodules.batches import TARGET, VIRTUAL
from lanhar.datamodules.window_batches import Unlabelled, WindowTexts
from lanhar.datamodules.window_set import LabelledWindows, concatenate
from lanhar.errors import LanharError

SPACE = LabelSpace(("walk", "still"), {"still": ("sit", "stand")})
ACTIVITIES = np.array(["walk", "sit", "stand", "lie", "walk", "sit"])


def windows(dataset: str = "uci", subjects: str = "aabbab") -> LabelledWindows:
    n = len(ACTIVITIES)
    samples = np.zeros((n, 4, 6), np.float32) + np.arange(n, dtype=np.float32)[:, None, None]
    return LabelledWindows(
        samples, np.zeros((n, 3), np.float32), np.zeros((n, 2), np.float32), np.zeros((n, 2), np.float32),
        np.array([dataset] * n), ACTIVITIES, np.array([f"{dataset}/{s}" for s in subjects]),
        np.array(["waist"] * n), np.arange(n), np.zeros(n),
    )  # fmt: skip


def test_labels_are_the_label_spaces_and_others_fall_out():
    assert windows().labels(SPACE).tolist() == [0, 1, 1, -1, 0, 1]
    kept = windows().in_space(SPACE)
    assert kept.activity.tolist() == ["walk", "sit", "stand", "walk", "sit"]
    assert kept.samples[:, 0, 0].tolist() == kept.recording.tolist() == [0, 1, 2, 4, 5]


def test_joined_datasets_keep_their_subjects_apart():
    both = concatenate([windows("uci"), windows("hhar")])
    assert len(both) == 12
    assert set(both.subject) == {"uci/a", "uci/b", "hhar/a", "hhar/b"}
    with pytest.raises(LanharError, match="source=uci"):
        concatenate([])


def build(**options) -> WindowTexts:
    train = windows().in_space(SPACE)
    texts = torch.arange(5.0)[:, None].expand(5, 3)
    validation = windows(subjects="cccccc").in_space(SPACE)
    settings = {"batch_size": 4, "batches_per_epoch": 3, "seed": 0} | options
    batches = WindowTexts(train, texts, validation, SPACE, **settings)
    batches.setup("fit")
    return batches


def test_each_window_keeps_its_text_and_label():
    place = {0.0: (0.0, 0), 1.0: (1.0, 1), 2.0: (2.0, 1), 4.0: (3.0, 0), 5.0: (4.0, 1)}
    batches = list(build().train_dataloader())
    assert len(batches) == 3
    for batch in batches:
        assert torch.bincount(batch.labels).tolist() == [2, 2]
        for window, text, label in zip(batch.inputs, batch.texts, batch.labels, strict=True):
            assert place[window[0, 0].item()] == (text[0].item(), label.item())


def test_without_a_number_an_epoch_draws_as_many_windows_as_there_are():
    assert len(build(batch_size=2, batches_per_epoch=None).train_dataloader()) == 2


def test_validation_shows_every_window_once():
    (batch,) = build().val_dataloader()
    assert batch.inputs[:, 0, 0].tolist() == [0, 1, 2, 4, 5]
    assert batch.labels.tolist() == [0, 1, 1, 0, 1]


def test_a_subject_on_both_sides_is_refused():
    train = windows().in_space(SPACE)
    with pytest.raises(LanharError, match=r"uci/a.*split by subject"):
        WindowTexts(train, torch.zeros(5, 3), train, SPACE, 4, 1, 0)


def test_changed_copies_are_shown_in_training_and_never_in_validation():
    batches = build(batch_size=64, copies=2, clean_share=0.25, augment=lambda x: x + 100, describe=lambda x: -x)
    (batch, *_) = batches.train_dataloader()
    changed = (batch.inputs < -50).flatten(1).all(1).float().mean()
    assert 0.5 < changed < 0.95
    # Only what is shown as it was recorded is what its text says.
    assert torch.equal(batch.has_text, (batch.inputs > -50).flatten(1).all(1))
    (held_out,) = batches.val_dataloader()
    assert (held_out.inputs > -50).all()
    assert not held_out.has_text.any()
    assert (batches.described > -50).all()


def test_windows_without_labels_are_shown_as_they_are_and_keep_their_texts():
    further = windows("virtual").without_labels()
    unlabelled = [Unlabelled(further, 100 + torch.arange(6.0)[:, None].expand(6, 3), VIRTUAL)]
    few = np.array([True, False, False, True, True])
    batches = build(batch_size=60, unlabelled=unlabelled, has_text=few, copies=3, augment=lambda x: x + 100)
    for batch in batches.train_dataloader():
        free = batch.labels == VIRTUAL
        # Two activities and the windows without one take turns.
        assert int(free.sum()) == 20
        assert batch.has_text[free].all()
        assert torch.equal(batch.texts[free][:, 0] - 100, batch.inputs[free][:, 0, 0])
        texts = set(batch.texts[~free & batch.has_text][:, 0].tolist())
        assert texts <= {0.0, 3.0, 4.0}


def test_windows_without_labels_may_come_without_texts_beside_others_that_have_them():
    parts = [windows("virtual").without_labels(), windows("target").without_labels()]
    unlabelled = [Unlabelled(parts[0], torch.ones(6, 3), VIRTUAL), Unlabelled(parts[1], None, TARGET)]
    for batch in build(batch_size=60, unlabelled=unlabelled).train_dataloader():
        # Two activities, virtual windows and the target's take turns.
        assert [int((batch.labels == label).sum()) for label in (VIRTUAL, TARGET)] == [15, 15]
        assert batch.has_text[batch.labels == VIRTUAL].all()
        assert not batch.has_text[batch.labels == TARGET].any()
