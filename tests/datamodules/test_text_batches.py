import lightning as L
import numpy as np
import torch

from lanhar.datamodules.batches import pad_tokens, token_batches
from lanhar.datamodules.text_batches import TextPairs, Texts

LABEL_TEXTS = [[101, 50 + i] for i in range(6)]


def pairs(batch_size: int = 4, to_decoder=None, **options) -> TextPairs:
    tokens = [[101, 10 + i] + [7] * (i % 3) for i in range(12)]
    labels = np.array([0] * 8 + [1] * 4)
    train = Texts(tokens, labels, np.array(["a", "b"] * 6))
    validation = Texts(tokens[:5], labels[:5], np.array(["c"] * 5))
    about = Texts(LABEL_TEXTS, np.array([0, 0, 0, 1, 1, 1]), np.array(list("xxxyyy")))
    return TextPairs(train, validation, about, to_decoder, batch_size, 2, seed=0, **options)


def test_each_text_keeps_its_label():
    for batch in pairs().train_dataloader():
        rows = batch.sensor[0][:, 1] - 10
        assert torch.equal(batch.sensor_labels, (rows >= 8).long())
        assert batch.sensor[1].sum(dim=1).tolist() == [2 + int(row) % 3 for row in rows]
        assert torch.equal(batch.label_labels, (batch.label[0][:, 1] >= 53).long())


def test_labels_come_equally_often_and_each_activity_brings_its_texts():
    loader = pairs().train_dataloader()
    assert len(loader) == 3
    for batch in loader:
        assert torch.bincount(batch.sensor_labels).tolist() == [2, 2]
        assert torch.bincount(batch.label_labels).tolist() == [2, 2]
        assert len(set(batch.label[0][:, 1].tolist())) == 4


def test_validation_shows_every_text_once_with_all_label_texts():
    batches = list(pairs().val_dataloader())
    assert torch.cat([batch.sensor[0][:, 1] for batch in batches]).tolist() == [10, 11, 12, 13, 14]
    assert all(batch.label[0][:, 1].tolist() == [50, 51, 52, 53, 54, 55] for batch in batches)


def test_the_decoders_tokens_belong_to_the_same_texts():
    def shifted(token_ids):
        return pad_tokens([[t + 1000 for t in ids] for ids in token_ids])[0]

    for batch in pairs(to_decoder=shifted).train_dataloader():
        assert torch.equal(batch.sensor_tokens[:, 1], batch.sensor[0][:, 1] + 1000)
        assert torch.equal(batch.label_tokens[:, 1], batch.label[0][:, 1] + 1000)


class Watcher(L.LightningModule):
    """Notes which texts every epoch of a real Trainer brings."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen: dict[int, list[int]] = {}

    def training_step(self, batch, _):
        self.seen.setdefault(self.current_epoch, []).extend(batch.sensor[0][:, 1].tolist())
        return self.weight.sum()

    def transfer_batch_to_device(self, batch, device, dataloader_idx):
        return batch

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


def test_every_epoch_of_a_trainer_draws_other_texts():
    module = Watcher()
    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = L.Trainer(max_epochs=3, accelerator="cpu", enable_model_summary=False, limit_val_batches=0, **options)
    trainer.fit(module, pairs())
    assert [len(texts) for texts in module.seen.values()] == [12, 12, 12]
    assert module.seen[0] != module.seen[1] != module.seen[2]


VIRTUAL = [[101, 90 + i] for i in range(7)]


def test_texts_about_virtual_windows_join_training_only():
    batches = pairs(virtual=VIRTUAL, virtual_batch=3)
    for batch in batches.train_dataloader():
        assert len(set(batch.virtual[0][:, 1].tolist())) == 3
        assert batch.virtual[0].min() >= 90
    assert all(batch.virtual is None for batch in batches.val_dataloader())
    assert all(batch.virtual is None for batch in pairs().train_dataloader())


def test_pooled_texts_stand_for_their_tokens_and_are_pooled_once():
    pooled = []

    def pool(tokens):
        pooled.extend(map(tuple, tokens))
        return torch.tensor([[float(ids[1]), len(ids)] for ids in tokens])

    plain, fixed = pairs(virtual=VIRTUAL, virtual_batch=3), pairs(virtual=VIRTUAL, virtual_batch=3, pool=pool)
    fixed.setup("fit")
    fixed.setup("validate")
    assert len(pooled) == 12 + 5 + 6 + 7
    for tokens, rows in zip(plain.train_dataloader(), fixed.train_dataloader(), strict=True):
        for kind in ("sensor", "label", "virtual"):
            ids, mask = getattr(tokens, kind)
            assert torch.equal(getattr(rows, kind), torch.stack([ids[:, 1], mask.sum(dim=1)], dim=1).float())
    # The mean that texts are centred by holds nothing of held-out subjects.
    assert fixed.pooled[:, 0].tolist() == [10 + i for i in range(12)] + [90 + i for i in range(7)]


def test_padding_and_order_of_token_batches():
    ids, mask = pad_tokens([[5, 6, 7], [8]])
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    sizes = [(len(i), i[0, 0].item()) for i, _ in token_batches([[n] for n in range(5)], 2)]
    assert sizes == [(2, 0), (2, 2), (1, 4)]
