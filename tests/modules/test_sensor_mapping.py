import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lanhar.datamodules.batches import TARGET, VIRTUAL, WindowBatch
from lanhar.models.transformer_encoder import TransformerEncoder
from lanhar.modules.schedule import warmup_cosine
from lanhar.modules.sensor_mapping import SensorMapping

torch.set_num_threads(1)

LOSS = {
    "clip": {"weight": 0.1, "soft_targets": 0.0, "initial_scale": 10.0, "max_scale": 50.0},
    "prototype": {"weight": 1.0, "scale": 12.0, "label_smoothing": 0.0},
    "information": {"weight": 0.3, "diversity": 0.5},
}


def build(**options):
    torch.manual_seed(0)
    encoder = TransformerEncoder(8, 60, patch=10, dim=16, layers=1, heads=2, feedforward=16, dropout=0.0)
    bank = F.normalize(torch.randn(3, 8), dim=-1)
    module = SensorMapping(encoder, bank, LOSS, **options)
    windows, texts = torch.randn(6, 60, 6), F.normalize(torch.randn(6, 8), dim=-1)
    # The second is a changed copy, which its text no longer describes.
    has_text = torch.tensor([True, False, True, True, True, True])
    return module, WindowBatch(windows, texts, torch.tensor([0, 1, 2, 0, VIRTUAL, VIRTUAL]), has_text)


@pytest.mark.parametrize("text_projection", [False, True])
def test_the_text_side_gets_no_gradient(text_projection):
    module, batch = build(text_projection=text_projection)
    texts = batch.texts.clone().requires_grad_()
    sum(module.losses(replace(batch, texts=texts.detach())).values()).backward()
    assert not module.label_embeddings.requires_grad
    assert module.label_embeddings.grad is None
    trained = {name.split(".")[0] for name, p in module.named_parameters() if p.grad is not None and p.grad.abs().sum()}
    assert trained == {"sensor_encoder", "log_scale"} | ({"text_projection"} if text_projection else set())


def test_windows_without_a_label_enter_only_the_clip_term():
    module, batch = build()
    module.eval()
    terms = module.losses(batch)
    other = batch.inputs.clone()
    other[4:] = torch.randn_like(other[4:])
    changed = module.losses(replace(batch, inputs=other))
    assert torch.equal(terms["prototype"], changed["prototype"])
    assert not torch.equal(terms["clip"], changed["clip"])
    # By hand: mean of -log softmax over the labelled rows alone.
    logits = 12.0 * module(batch.inputs[:4])
    expected = -torch.log_softmax(logits, dim=1)[torch.arange(4), batch.labels[:4]].mean()
    torch.testing.assert_close(terms["prototype"], expected)


def test_a_window_that_its_text_does_not_describe_enters_only_the_prototype_term():
    module, batch = build()
    module.eval()
    terms = module.losses(batch)
    other = batch.inputs.clone()
    other[1] = torch.randn_like(other[1])
    changed = module.losses(replace(batch, inputs=other))
    assert torch.equal(terms["clip"], changed["clip"])
    assert not torch.equal(terms["prototype"], changed["prototype"])


def test_a_batch_without_any_label_or_text_has_no_such_term():
    module, batch = build()
    assert set(module.losses(replace(batch, labels=torch.full((6,), VIRTUAL)))) == {"clip"}
    assert set(module.losses(replace(batch, has_text=torch.zeros(6, dtype=torch.bool)))) == {"prototype"}


def test_the_targets_windows_enter_by_their_predictions_alone():
    module, batch = build()
    module.eval()
    seen = replace(
        batch, labels=torch.tensor([0, 1, 2, 0, TARGET, TARGET]), has_text=batch.has_text & (batch.labels >= 0)
    )
    before, after = module.losses(replace(seen, texts=torch.zeros_like(batch.texts))), module.losses(seen)
    assert set(before) == {"clip", "prototype", "information"}
    assert torch.equal(before["information"], after["information"])
    assert torch.equal(after["prototype"], module.losses(batch)["prototype"])
    # By hand: mean entropy less half the entropy of the mean.
    p = torch.softmax(12.0 * module(batch.inputs[4:]), dim=1)
    entropy = torch.distributions.Categorical(probs=p).entropy().mean()
    together = torch.distributions.Categorical(probs=p.mean(dim=0)).entropy()
    torch.testing.assert_close(after["information"], entropy - 0.5 * together)


def test_the_logit_scale_is_clamped():
    module, batch = build()
    module.eval()
    assert float(module.log_scale) == pytest.approx(math.log(10))
    at = []
    for scale in (50.0, 5000.0):
        module.log_scale.data.fill_(math.log(scale))
        at.append(module.losses(batch)["clip"])
    torch.testing.assert_close(*at)


def test_cosines_are_to_the_bank_in_its_order():
    module, batch = build()
    module.eval()
    embedded = module.sensor_encoder(batch.inputs)
    expected = torch.stack([F.cosine_similarity(embedded, row[None]) for row in module.bank()], dim=1)
    torch.testing.assert_close(module(batch.inputs), expected)


def test_a_few_steps_overfit_a_batch():
    module, batch = build()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    first = {name: value.item() for name, value in module.losses(batch).items()}
    for _ in range(60):
        optimizer.zero_grad()
        sum(module.losses(batch).values()).backward()
        optimizer.step()
    last = {name: value.item() for name, value in module.losses(batch).items()}
    assert all(last[name] < 0.5 * first[name] for name in first)
    assert module(batch.inputs[:4]).argmax(dim=1).tolist() == [0, 1, 2, 0]


def test_the_rate_rises_over_the_warm_up_and_falls_to_zero():
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=2.0)
    scheduler = warmup_cosine(optimizer, total_steps=100, warmup=0.2)["lr_scheduler"]["scheduler"]
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[19] == pytest.approx(2.0)
    assert rates[60] == pytest.approx(1.0)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.0, abs=1e-9)
    assert rates[:20] == sorted(rates[:20])
    assert rates[20:] == sorted(rates[20:], reverse=True)
