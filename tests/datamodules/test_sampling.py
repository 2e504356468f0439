import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lanhar.datamodules.sampling import BalancedBatches, balanced_subset
from lanhar.datamodules.splits import split_subjects

rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=80)


@given(rows, st.integers(1, 60), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_a_subset_spreads_evenly_over_labels(pairs, size, seed):
    labels = np.array([p[0] for p in pairs])
    groups = np.array([f"s{p[1]}" for p in pairs])
    chosen = balanced_subset(labels, groups, size, seed)
    assert len(chosen) == len(set(chosen.tolist())) == min(size, len(pairs))
    taken = np.bincount(labels[chosen], minlength=4)
    held = np.bincount(labels, minlength=4)
    # A label may have fewer than another only when all of it was taken.
    for label in np.unique(labels):
        assert taken[label] == held[label] or taken[label] >= taken.max() - 1


def test_a_subset_spreads_over_the_subjects_of_a_label():
    labels = np.zeros(100, dtype=np.int64)
    groups = np.array(["many"] * 90 + ["few"] * 10)
    chosen = balanced_subset(labels, groups, 20, seed=0)
    assert (groups[chosen] == "few").sum() == 10


def test_batches_hold_every_label_equally_often_and_repeat_by_epoch():
    labels = np.array([0] * 90 + [1] * 5 + [-1] * 5)
    batches = BalancedBatches(labels, np.array(["a"] * 100), batch_size=30, batches=4, seed=3)
    first = list(batches)
    assert [np.bincount(labels[b] + 1).tolist() for b in first] == [[10, 10, 10]] * 4
    assert list(batches) == first
    batches.set_epoch(1)
    assert list(batches) != first


@given(st.integers(2, 40), st.floats(0, 0.9), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_subjects_never_cross_the_split(count, fraction, seed):
    subjects = [f"uci/{i % count}" for i in range(3 * count)]
    if max(1, round(fraction * count)) >= count and fraction > 0:
        return
    train, validation = split_subjects(subjects, fraction, seed)
    assert not set(train) & set(validation)
    assert set(train) | set(validation) == set(subjects)
    assert split_subjects(subjects[::-1], fraction, seed) == (train, validation)
    assert bool(validation) == (fraction > 0)
