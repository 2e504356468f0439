import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from lanhar.losses import BatchTriplet, ClipLoss, MultiPositiveContrastive, PrototypeCrossEntropy, TokenReconstruction


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def slow_one_way(a, a_labels, b, b_labels, temperature):
    rows = []
    for i in range(len(a)):
        weights = [math.exp(float(a[i] @ b[j]) / temperature) for j in range(len(b))]
        positives = [j for j in range(len(b)) if a_labels[i] == b_labels[j]]
        if positives:
            rows.append(-sum(math.log(weights[j] / sum(weights)) for j in positives) / len(positives))
    return sum(rows) / len(rows)


@given(st.integers(2, 7), st.integers(2, 5), st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_multi_positive_equals_its_definition_written_out(n, m, seed):
    a, b = unit(n, 6, seed=seed), unit(m, 6, seed=seed + 1)
    a_labels, b_labels = torch.arange(n) % 2, torch.arange(m) % 2
    expected = (slow_one_way(a, a_labels, b, b_labels, 0.1) + slow_one_way(b, b_labels, a, a_labels, 0.1)) / 2
    assert MultiPositiveContrastive(0.1)(a, a_labels, b, b_labels).item() == pytest.approx(expected, rel=1e-4)


def test_multi_positive_leaves_out_rows_without_a_match():
    a, b = unit(3, 4), unit(2, 4, seed=1)
    with_stranger = MultiPositiveContrastive()(a, torch.tensor([0, 1, 9]), b, torch.tensor([0, 1]))
    assert torch.isfinite(with_stranger)


def test_triplet_counts_stairs_up_and_stairs_down_as_two_classes():
    # One point a class at the same place: every negative violates by exactly the margin.
    together = F.normalize(torch.ones(4, 3), dim=-1)
    assert BatchTriplet(1.0)(together, torch.tensor([2, 2, 3, 3])).item() == pytest.approx(1.0, abs=1e-3)


def test_triplet_is_zero_when_classes_are_farther_apart_than_the_margin():
    a = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
    assert BatchTriplet(1.0)(a, torch.tensor([0, 0, 1, 1])).item() == 0.0


@given(st.integers(3, 8), st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_triplet_equals_a_loop_over_triplets(n, seed):
    z, labels = unit(n, 5, seed=seed), torch.arange(n) % 3
    active = []
    for a in range(n):
        for p in range(n):
            for q in range(n):
                if a != p and labels[a] == labels[p] and labels[a] != labels[q]:
                    value = float((z[a] - z[p]).norm() - (z[a] - z[q]).norm()) + 1.0
                    if value > 0:
                        active.append(value)
    expected = sum(active) / len(active) if active else 0.0
    assert BatchTriplet(1.0)(z, labels).item() == pytest.approx(expected, abs=1e-3)


def test_triplet_has_a_finite_gradient_for_identical_texts():
    z = torch.ones(4, 3, requires_grad=True)
    BatchTriplet()(F.normalize(z, dim=-1), torch.tensor([0, 0, 1, 1])).backward()
    assert torch.isfinite(z.grad).all()


def test_clip_prefers_each_window_with_its_own_text():
    z = unit(16, 32)
    matched = ClipLoss()(z, z, torch.tensor(20.0))
    assert matched < ClipLoss()(z, z.roll(1, dims=0), torch.tensor(20.0))


def test_clip_with_equal_texts_is_the_logarithm_of_the_batch():
    same = F.normalize(torch.ones(8, 4), dim=-1)
    assert ClipLoss()(same, same, torch.tensor(10.0)).item() == pytest.approx(math.log(8), rel=1e-5)


def test_prototype_loss_reads_labels_in_the_order_of_the_prototypes():
    prototypes = torch.eye(4)
    assert PrototypeCrossEntropy(30.0)(prototypes, torch.arange(4), prototypes) < 1e-6
    assert PrototypeCrossEntropy(30.0)(prototypes, torch.tensor([0, 1, 3, 2]), prototypes) > 10


def test_reconstruction_ignores_padding():
    logits = torch.randn(2, 4, 9)
    tokens = torch.tensor([[3, 4, 0, 0], [5, 6, 7, 0]])
    changed = logits.clone()
    changed[tokens == 0] += 100 * torch.randn(3, 9)
    loss = TokenReconstruction(0)
    assert loss(logits, tokens).item() == pytest.approx(loss(changed, tokens).item())
