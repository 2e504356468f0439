import copy

import lightning as L
import numpy as np
import pytest
import torch

from lanhar.datamodules.batches import TextBatch, pad_tokens
from lanhar.datamodules.text_batches import TextPairs, Texts
from lanhar.losses import PrototypeCrossEntropy
from lanhar.models.text_decoder import TextDecoder
from lanhar.modules.text_alignment import TextAlignment, embed_tokens
from lanhar.pretrained import load_text_encoder

torch.set_num_threads(1)

LOSS = {
    "contrastive": {"weight": 1.0, "temperature": 0.1},
    "prototype": {"weight": 0.3, "scale": 30.0},
    "sensor_triplet": {"weight": 0.5, "margin": 1.0},
    "label_triplet": {"weight": 0.5, "margin": 1.0},
    "reconstruction": {"weight": 0.1},
    "virtual": {"weight": 1.0, "temperature": 0.1},
}
SENSOR = ["strong steady steps", "quick strong steps", "nothing moves at all", "almost no change", "slow rising steps"]
LABEL = ["a person moves on level ground", "a person keeps still", "a person gains height"]
VIRTUAL = ["very quick strong steps", "quick weak steps"]
LABELS = torch.tensor([0, 0, 1, 1, 2])


@pytest.fixture
def build(tiny_text_encoder):
    def make(dropout: float = 0.0, trainable_layers: int | None = 1, token_dropout: float = 0.5, **options):
        torch.manual_seed(0)
        encoder, tokenise = load_text_encoder(str(tiny_text_encoder), 24, trainable_layers, dropout)
        sensor, label = tokenise(SENSOR), tokenise(LABEL)
        decoder = TextDecoder(32, {t for ids in sensor + label for t in ids}, 32, 2, 1, 24, token_dropout)
        module = TextAlignment(encoder, decoder, 3, LOSS, **options)
        parts = (pad_tokens(sensor), LABELS, pad_tokens(label), torch.arange(3))
        return module, TextBatch(*parts, decoder.encode(sensor), decoder.encode(label), pad_tokens(tokenise(VIRTUAL)))

    return make


def test_prototypes_carry_no_gradient(build, monkeypatch):
    module, batch = build(trainable_layers=None)
    seen = []
    monkeypatch.setattr(PrototypeCrossEntropy, "forward", lambda s, z, y, p: seen.append((z, p)) or z.sum())
    module.losses(batch)
    ((sensor, prototypes),) = seen
    assert sensor.requires_grad
    assert not prototypes.requires_grad
    # Rows are the label texts' own embeddings here: one text an activity.
    torch.testing.assert_close(prototypes, module.text_encoder(*batch.label))


def test_padding_does_not_change_an_embedding(build):
    module, batch = build()
    rows = zip(*batch.sensor, strict=True)
    alone = torch.cat([module.text_encoder(ids[mask == 1][None], mask[mask == 1][None]) for ids, mask in rows])
    together = module.text_encoder(*batch.sensor)
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=0)


def test_embedding_is_free_of_dropout(build):
    module, batch = build(dropout=0.5)
    module.train()
    noisy = [module.text_encoder(*batch.sensor) for _ in range(2)]
    assert not torch.equal(*noisy)
    frozen = [embed_tokens(module.text_encoder, [batch.sensor]) for _ in range(2)]
    assert torch.equal(*frozen)
    assert not frozen[0].requires_grad


def pairs_of(module, batch, batches=4):
    tokens = [ids[mask == 1].tolist() for ids, mask in zip(*batch.sensor, strict=True)]
    labels = [ids[mask == 1].tolist() for ids, mask in zip(*batch.label, strict=True)]
    train = Texts(tokens * batches, np.tile(LABELS.numpy(), batches), np.array(["a"] * 5 * batches))
    none = Texts([], np.empty(0, np.int64), np.empty(0, str))
    return TextPairs(
        train, none, Texts(labels, np.arange(3), np.array(list("xyz"))), module.decoder.encode, 5, 1, seed=0
    )


def train(module, pairs, epochs):
    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    L.Trainer(max_epochs=epochs, accelerator="cpu", enable_model_summary=False, **options).fit(module, pairs)


def test_only_what_is_not_frozen_changes_and_every_loss_falls(build):
    module, batch = build(lr=3e-3, decoder_lr=1e-2, token_dropout=0.0)
    before = copy.deepcopy(module.text_encoder.state_dict())
    first = {name: float(value) for name, value in module.eval().losses(batch).items()}
    train(module.train(), pairs_of(module, batch), epochs=15)
    last = {name: float(value) for name, value in module.eval().losses(batch).items()}
    changed = {name for name, value in module.text_encoder.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith("backbone.encoder.layer.1.") for name in changed)
    for name in ("contrastive", "prototype", "sensor_triplet", "reconstruction"):
        assert last[name] < 0.8 * first[name], name
    assert last["accuracy"] == 1.0


def test_the_decoder_reads_the_embedding(build):
    module, batch = build(lr=0.0, decoder_lr=1e-2, token_dropout=0.5)
    train(module, pairs_of(module, batch), epochs=25)
    module.eval()
    embedded = embed_tokens(module.text_encoder, [batch.sensor])
    own = module.reconstruction(module.decoder(embedded, batch.sensor_tokens), batch.sensor_tokens)
    others = module.reconstruction(module.decoder(embedded.roll(1, 0), batch.sensor_tokens), batch.sensor_tokens)
    assert own < 0.8 * others


def test_a_term_of_weight_zero_does_not_count(build, monkeypatch):
    module, batch = build()
    monkeypatch.setattr(module, "log_dict", lambda *_, **__: None)
    terms = module.eval().losses(batch)
    terms.pop("accuracy")
    assert set(terms) == set(LOSS)
    expected = sum(LOSS[name]["weight"] * float(value) for name, value in terms.items())
    assert float(module.training_step(batch, 0)) == pytest.approx(expected, rel=1e-5)
    module.weights = dict.fromkeys(LOSS, 0.0) | {"contrastive": 2.0}
    assert float(module.training_step(batch, 0)) == pytest.approx(2 * float(terms["contrastive"]), rel=1e-5)
