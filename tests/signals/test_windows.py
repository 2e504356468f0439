import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanhar.errors import LanharError
from lanhar.signals.windows import slide, window_starts


@given(st.integers(0, 200), st.integers(1, 60), st.integers(1, 70))
def test_windows_are_the_slices_at_their_starts(count: int, length: int, hop: int) -> None:
    samples = np.arange(count * 6, dtype=np.float32).reshape(count, 6)
    slices = [samples[s : s + length] for s in range(0, count, hop) if s + length <= count]
    windows = slide(samples, length, hop)
    assert windows.shape == (len(slices), length, 6)
    assert window_starts(count, length, hop).tolist() == [s for s in range(0, count, hop) if s + length <= count]
    for window, expected in zip(windows, slices, strict=True):
        np.testing.assert_array_equal(window, expected)


def test_windows_are_not_copied() -> None:
    samples = np.zeros((1000, 6), dtype=np.float32)
    assert np.shares_memory(slide(samples, 300, 150), samples)


@pytest.mark.parametrize(("length", "hop"), [(0, 1), (10, 0), (-3, 5)])
def test_lengths_must_be_positive(length: int, hop: int) -> None:
    with pytest.raises(LanharError, match="1 or more"):
        slide(np.zeros((100, 6)), length, hop)
