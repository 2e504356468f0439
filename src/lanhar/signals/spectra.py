"""Power spectra of whole arrays of signals."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.signal import welch
from scipy.signal.windows import hann

from lanhar.signals.rhythm import centred, parabola_peak

Array = NDArray[np.float64]

WELCH_SEGMENT_S = 2.4
"""Length of Welch's segments, half overlapping."""
GRID_HZ = 0.2
"""Short signals are padded with zeros until the frequencies are this close."""


@dataclass(frozen=True)
class Spectrum:
    """One-sided power spectra.

    Attributes:
        frequencies_hz: (K,).
        power: (N, K) mean square of the signal per bin; the sum over bins is the (tapered) mean square.
    """

    frequencies_hz: Array
    power: Array

    def band(self, low_hz: float, high_hz: float) -> Array:
        """Mean square (N,) of what lies in low_hz <= f < high_hz."""
        inside = (self.frequencies_hz >= low_hz) & (self.frequencies_hz < high_hz)
        power: Array = self.power[:, inside].sum(axis=1)
        return power

    def bands(self, edges_hz: Sequence[float]) -> Array:
        """Mean squares (N, B) of the bands between consecutive edges."""
        return np.stack([self.band(low, high) for low, high in pairwise(edges_hz)], axis=1)

    def peak_hz(self, low_hz: float, high_hz: float) -> Array:
        """Frequency (N,) of the largest power within low_hz..high_hz, placed between bins by a parabola."""
        inside = np.flatnonzero((self.frequencies_hz >= low_hz) & (self.frequencies_hz <= high_hz))
        inside = inside[(inside > 0) & (inside < len(self.frequencies_hz) - 1)]
        if not len(inside):
            return np.zeros(len(self.power))
        at = inside[np.argmax(self.power[:, inside], axis=1)]
        row = np.arange(len(self.power))
        offset, _ = parabola_peak(*(self.power[row, at + k] for k in (-1, 0, 1)))
        step = self.frequencies_hz[1] - self.frequencies_hz[0]
        peak: Array = np.clip(self.frequencies_hz[at] + offset * step, low_hz, high_hz)
        return peak


def _padded_length(length: int, rate_hz: float) -> int:
    return int(fft.next_fast_len(max(length, round(rate_hz / GRID_HZ)), real=True))


def power_spectrum(signals: Array, rate_hz: float) -> Spectrum:
    """Hann-tapered periodograms of signals (N, L) without their means, short ones padded with zeros."""
    length = signals.shape[-1]
    taper = hann(length, sym=False)
    size = _padded_length(length, rate_hz)
    power = np.abs(fft.rfft(centred(signals) * taper, size)) ** 2 / (size * max((taper**2).sum(), 1e-12))
    power[:, 1 : (size + 1) // 2] *= 2
    return Spectrum(fft.rfftfreq(size, 1 / rate_hz), power)


def welch_peak_hz(signals: Array, rate_hz: float, low_hz: float, high_hz: float) -> Array:
    """Frequency (N,) within low_hz..high_hz at the largest power of Welch's spectrum of signals (N, L)."""
    segment = min(round(WELCH_SEGMENT_S * rate_hz), signals.shape[-1])
    size = _padded_length(segment, rate_hz)
    frequencies, density = welch(signals, rate_hz, nperseg=segment, noverlap=segment // 2, nfft=size)
    return Spectrum(frequencies, density).peak_hz(low_hz, high_hz)
