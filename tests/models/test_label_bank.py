import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from lanhar.errors import LanharError
from lanhar.models.label_bank import LabelBank, build_label_bank, class_means

TEXTS = [("a", "b"), ("c",), ("d", "e", "f")]


def bank():
    torch.manual_seed(0)
    return build_label_bank(("walk", "still", "bike"), TEXTS, F.normalize(torch.randn(6, 5), dim=-1))


@given(st.permutations([0, 0, 1, 2, 2, 2]))
@settings(max_examples=20, deadline=None)
def test_means_do_not_depend_on_the_order_of_texts(labels):
    torch.manual_seed(0)
    embedded, labels = F.normalize(torch.randn(6, 4), dim=-1), torch.tensor(labels)
    means = class_means(embedded, labels, 3)
    for label in range(3):
        total = embedded[labels == label].sum(dim=0)
        torch.testing.assert_close(means[label], total / total.norm())


def test_each_activity_averages_its_own_texts():
    torch.manual_seed(0)
    embedded = F.normalize(torch.randn(6, 5), dim=-1)
    torch.testing.assert_close(bank().embeddings[1], embedded[2])
    torch.testing.assert_close(bank().embeddings.norm(dim=1), torch.ones(3))


def test_a_bank_of_unequal_parts_is_refused():
    with pytest.raises(LanharError, match="one of each per activity"):
        LabelBank(("walk", "still"), (("a",),), torch.zeros(2, 3))
