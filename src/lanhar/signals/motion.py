"""What several groups of features share about the windows."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.signals.rhythm import Beats, autocorrelation, centred, find_beats, step_rate
from lanhar.signals.spectra import Spectrum, power_spectrum

Array = NDArray[np.float64]

LARGEST_SAMPLE = 1e6
"""No sensor reads more, in m/s² or rad/s; larger samples are cut so that every power of them stays finite."""
ACC_FLOOR_M_S2 = 0.02
"""Noise of a phone's accelerometer; its square is added below ratios, so that noise gives none."""
GYRO_FLOOR_RAD_S = 0.01
"""Noise of a phone's gyroscope, used likewise."""
LEAST_MOTION_M_S2 = 0.1
"""Least RMS, or height of a peak, that may count as a movement with a rhythm."""
LEAST_ROTATION_RAD_S = 0.03
"""Least RMS of an angular rate that may count as a rotation with a rhythm."""


@dataclass(frozen=True)
class Motion:
    """N aligned windows with what the features of one group take from another, computed once.

    Attributes:
        acc: (N, 3, L) m/s², +z up, gravity included.
        gyro: (N, 3, L) rad/s.
        gravity: (N, 3) unit vectors, device frame.
        rate_hz: samples per second.
    """

    acc: Array
    gyro: Array
    gravity: Array
    rate_hz: float

    @classmethod
    def of(cls, windows: NDArray[Any], gravity: NDArray[Any], rate_hz: float) -> "Motion":
        """From windows (N, L, 6) and gravity (N, 3), cut to `LARGEST_SAMPLE`."""
        channels = np.ascontiguousarray(np.moveaxis(windows, 2, 1), dtype=np.float64)
        np.clip(channels, -LARGEST_SAMPLE, LARGEST_SAMPLE, out=channels)
        return cls(channels[:, :3], channels[:, 3:], gravity.astype(np.float64), rate_hz)

    @cached_property
    def acc_centred(self) -> Array:
        """(N, 3, L) acceleration without its mean."""
        return centred(self.acc)

    @cached_property
    def acc_magnitude(self) -> Array:
        """(N, L) length of the acceleration, gravity included."""
        magnitude: Array = np.sqrt((self.acc**2).sum(axis=1))
        return magnitude

    @cached_property
    def gyro_magnitude(self) -> Array:
        """(N, L) length of the angular rate."""
        magnitude: Array = np.sqrt((self.gyro**2).sum(axis=1))
        return magnitude

    @property
    def vertical(self) -> Array:
        """(N, L) vertical acceleration without its mean."""
        return self.acc_centred[:, 2]

    @cached_property
    def variances(self) -> Array:
        """(N, 3) variances of the acceleration's axes."""
        variances: Array = (self.acc_centred**2).mean(axis=2)
        return variances

    @cached_property
    def vertical_rms(self) -> Array:
        """(N,) RMS of the vertical acceleration without its mean."""
        return np.sqrt(self.variances[:, 2])

    @cached_property
    def vertical_spectrum(self) -> Spectrum:
        """Spectrum of the vertical acceleration."""
        return power_spectrum(self.vertical, self.rate_hz)

    @cached_property
    def vertical_autocorrelation(self) -> Array:
        """(N, L // 2 + 2) autocorrelation of the vertical acceleration; near 0 where it is too weak."""
        return autocorrelation(self.vertical, LEAST_MOTION_M_S2**2)

    @cached_property
    def rotation_autocorrelation(self) -> Array:
        """(N, L // 2 + 2) autocorrelation of the angular rate's magnitude; near 0 where it is too weak."""
        return autocorrelation(centred(self.gyro_magnitude), LEAST_ROTATION_RAD_S**2)

    @cached_property
    def vertical_step(self) -> tuple[Array, Array]:
        """Step rate (N,) in Hz and height (N,) of the vertical autocorrelation's peak."""
        return step_rate(self.vertical_autocorrelation, self.rate_hz)

    @cached_property
    def beats(self) -> Beats:
        """Peaks of the vertical acceleration."""
        return find_beats(self.vertical, self.rate_hz, LEAST_MOTION_M_S2)
