"""Resampling to another rate, with an anti-alias filter."""

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, resample_poly

from lanhar.errors import LanharError

MOST_STEPS = 2000
"""Largest denominator of the fraction that stands for the ratio of the rates: 0.05 % off at most."""


@lru_cache(maxsize=64)
def _low_pass(steps: int) -> NDArray[np.float64]:
    """Kaiser FIR, 80 dB down at 1.03 times the lower rate's Nyquist frequency, flat to 0.77 of it."""
    taps: NDArray[np.float64] = firwin(2 * 20 * steps + 1, 0.9 / steps, window=("kaiser", 8.0))
    return taps


def resample(samples: NDArray[Any], from_hz: float, to_hz: float) -> NDArray[Any]:
    """Resample a recording with a polyphase filter, flat to 0.77 of the lower Nyquist frequency.

    Means are kept and a constant stays constant up to both ends, because the straight line from the first to
    the last sample is taken off before filtering and put back after it.

    Args:
        samples: (T, C) floating-point samples at `from_hz`.
        from_hz: their rate.
        to_hz: the rate wanted, lower or higher.

    Returns:
        (T', C) samples at `to_hz` of the same type, T' = T · to_hz / from_hz rounded up; the first sample
        keeps its time.

    Raises:
        LanharError: a rate is not a positive number, or there are no samples.
    """
    for name, rate in (("from_hz", from_hz), ("to_hz", to_hz)):
        if not (rate > 0 and math.isfinite(rate)):
            raise LanharError(f"cannot resample from {from_hz} Hz to {to_hz} Hz: {name} must be above 0")
    if len(samples) == 0:
        raise LanharError(f"cannot resample an empty recording of shape {samples.shape}; leave it out")
    ratio = Fraction(to_hz / from_hz).limit_denominator(MOST_STEPS)
    if ratio > MOST_STEPS or ratio == 0:
        raise LanharError(f"cannot resample from {from_hz} Hz to {to_hz} Hz: more than {MOST_STEPS} times apart")
    if ratio == 1:
        return samples.copy()
    taps = _low_pass(max(ratio.numerator, ratio.denominator))
    up, down = ratio.numerator, ratio.denominator
    original = samples.astype(np.float64)
    first, slope = original[0], (original[-1] - original[0]) / max(len(original) - 1, 1)
    flat = resample_poly(original - first - slope * np.arange(len(original))[:, None], up, down, window=taps)
    result: NDArray[Any] = flat + first + slope * (np.arange(len(flat)) * (down / up))[:, None]
    return result.astype(samples.dtype)
