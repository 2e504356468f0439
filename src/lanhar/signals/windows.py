"""Cutting a resampled recording into windows of a fixed length."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.errors import LanharError


def window_starts(count: int, length: int, hop: int) -> NDArray[np.int64]:
    """First sample of every whole window of a recording; a rest shorter than a window is left out.

    Args:
        count: T, samples in the recording.
        length: L, samples in a window.
        hop: samples from one window's start to the next's.

    Returns:
        (N,) starts, N = 0 where the recording is shorter than one window.

    Raises:
        LanharError: length or hop is not positive.
    """
    if length < 1 or hop < 1:
        raise LanharError(f"windows of {length} samples every {hop} samples: both must be 1 or more")
    return np.arange(0, count - length + 1, hop, dtype=np.int64)


def slide(samples: NDArray[Any], length: int, hop: int) -> NDArray[Any]:
    """Overlapping windows of a recording, without copying it.

    Args:
        samples: (T, C) resampled samples.
        length: L, samples in a window.
        hop: samples from one window's start to the next's.

    Returns:
        (N, L, C) read-only view into `samples`.

    Raises:
        LanharError: length or hop is not positive.
    """
    starts = window_starts(len(samples), length, hop)
    if not len(starts):
        return np.empty((0, length, samples.shape[1]), dtype=samples.dtype)
    view = np.lib.stride_tricks.sliding_window_view(samples, length, axis=0)
    return view[::hop].swapaxes(1, 2)
