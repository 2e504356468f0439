import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lanhar.models.networks.masked import MaskedEncoder, span_mask

torch.set_num_threads(1)


@given(n_tokens=st.integers(2, 40), share=st.floats(0, 1), span=st.integers(1, 8), seed=st.integers(0, 2**31 - 1))
def test_the_wanted_share_is_hidden_and_never_all_or_nothing(n_tokens, share, span, seed):
    torch.manual_seed(seed)
    masked = span_mask(6, n_tokens, share, span)
    assert masked.shape == (6, n_tokens)
    hidden = masked.sum(dim=1)
    assert (hidden == hidden[0]).all()
    assert hidden[0] == min(max(1, round(share * n_tokens)), n_tokens - 1)


def test_what_is_hidden_lies_in_spans():
    torch.manual_seed(0)
    masked = span_mask(200, 30, 0.3, 3)
    assert masked.sum(dim=1).unique().item() == 9
    # Nine tokens in spans of three have three beginnings; spans that touch have fewer, an overlapped one more.
    beginnings = (masked & ~masked.roll(1, dims=1)).sum(dim=1).float()
    assert beginnings.max() <= 4
    assert 2 < beginnings.mean() <= 3.2
    alone = span_mask(200, 30, 0.3, 1)
    assert (alone & ~alone.roll(1, dims=1)).sum(dim=1).float().mean() > 5
    # Every place is hidden about equally often.
    assert masked.float().mean(dim=0).min() > 0.15


def build(**options):
    torch.manual_seed(0)
    shape = {"dim": 16, "layers": 1, "heads": 2, "feedforward": 32, "dropout": 0.0, "units": 8}
    return MaskedEncoder(3, 120, **(shape | options)).eval()


def test_a_hidden_patch_cannot_be_seen():
    network, inputs = build(), torch.randn(2, 60, 5)
    masked = torch.zeros(2, 12, dtype=torch.bool)
    masked[:, 4] = True
    filled, true = network.fill_in(inputs, masked)
    assert filled.shape == true.shape == (2, 12, 25)
    other = inputs.clone()
    other[:, 20:25] += 10
    changed, true_changed = network.fill_in(other, masked)
    assert torch.equal(filled, changed)
    assert not torch.equal(true[:, 4], true_changed[:, 4])
    shown = inputs.clone()
    shown[:, 25:30] += 10
    assert not torch.allclose(filled[:, 4], network.fill_in(shown, masked)[0][:, 4])


@pytest.mark.parametrize("head", ["gru", "mean"])
def test_either_head_reads_every_token(head):
    network, inputs = build(head=head), torch.randn(1, 60, 5)
    for start in (0, 30, 55):
        changed = inputs.clone()
        changed[:, start : start + 5] += 5
        assert not torch.allclose(network.classify(inputs), network.classify(changed), atol=1e-5)
