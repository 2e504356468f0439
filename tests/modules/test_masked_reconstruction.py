import pytest
import torch

from lanhar.models.networks.masked import MaskedEncoder, span_mask
from lanhar.modules.masked_reconstruction import MaskedReconstruction

torch.set_num_threads(1)


def build():
    torch.manual_seed(0)
    network = MaskedEncoder(3, 120, dim=16, layers=1, heads=2, feedforward=32, dropout=0.0, units=8)
    return MaskedReconstruction(network, "masked", 0.25, 2, lr=1e-3, weight_decay=0.0, warmup=0.1)


def test_only_masked_positions_are_in_the_loss():
    module = build()
    inputs = torch.randn(4, 60, 5)
    masked = torch.zeros(4, 12, dtype=torch.bool)
    masked[0, 2] = masked[3, 7] = True
    filled, true = module.network.fill_in(inputs, masked)
    error = torch.cat([filled[0, 2] - true[0, 2], filled[3, 7] - true[3, 7]]).abs()
    by_hand = torch.where(error < 1, error.square() / 2, error - 0.5).mean()
    torch.testing.assert_close(module.loss(inputs, masked), by_hand)
    # No gradient reaches what is reconstructed elsewhere.
    filled.retain_grad()
    module.network.fill_in = lambda *_: (filled, true)
    module.loss(inputs, masked).backward()
    assert (filled.grad.abs().sum(dim=2) > 0).tolist() == masked.tolist()


def test_windows_without_a_masked_patch_of_their_own_do_not_matter():
    module = build()
    inputs, masked = torch.randn(2, 60, 5), torch.zeros(2, 12, dtype=torch.bool)
    masked[0, 3] = True
    other = inputs.clone()
    other[1] += 1
    assert torch.equal(module.loss(inputs, masked), module.loss(other, masked))


def test_the_classifier_is_not_pre_trained():
    module = build()
    module.loss(torch.randn(4, 60, 5), span_mask(4, 12, 0.25, 2)).backward()
    without = {name.split(".")[1] for name, p in module.named_parameters() if p.grad is None}
    assert without == {"gru", "head"}


def test_filling_in_a_rhythm_is_learnt():
    module = build()
    phase = torch.rand(32, 1, 1) * 6.28
    inputs = torch.sin(2 * torch.pi * 2 * torch.arange(60)[None, :, None] / 25 + phase).expand(32, 60, 5)
    module.network.fit_scaling(inputs)
    optimizer = torch.optim.Adam(module.parameters(), lr=3e-3)
    losses = []
    for _ in range(150):
        loss = module.loss(inputs, span_mask(32, 12, 0.25, 2))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    # Guessing zero of a sine with a deviation of one.
    assert losses[0] == pytest.approx(0.5, abs=0.25)
    assert sum(losses[-10:]) / 10 < 0.2
