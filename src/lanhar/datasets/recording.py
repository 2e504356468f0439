from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lanhar.errors import LanharError


@dataclass(frozen=True)
class Recording:
    """One stretch of one subject doing one activity with one device at one placement.

    Attributes:
        acc: (T, 3) float32, m/s² with gravity, Android's sign (at rest face-up it reads +9.8 on z).
        gyro: (T, 3) float32, rad/s, same axes, same clock.
        rate_hz: samples per second, uniform; gaps were split before, never bridged.
        dataset: key of the dataset.
        subject: subject within the dataset.
        activity: canonical name from `lanhar.activities`.
        placement: where the device was worn (`waist`, `front_pocket`, `wrist`, ...).
        device: device model or unit.
        trial: what tells this stretch from others of the same subject and activity.
    """

    acc: NDArray[np.float32] = field(repr=False)
    gyro: NDArray[np.float32] = field(repr=False)
    rate_hz: float
    dataset: str
    subject: str
    activity: str
    placement: str
    device: str
    trial: str

    def __post_init__(self) -> None:
        where = f"{self.dataset}: subject {self.subject}, {self.activity}, trial {self.trial}"
        if self.acc.ndim != 2 or self.acc.shape[1] != 3 or self.acc.shape != self.gyro.shape:
            raise LanharError(f"{where}: acc {self.acc.shape} and gyro {self.gyro.shape} must both be (T, 3)")
        if not self.rate_hz > 0:
            raise LanharError(f"{where}: rate is {self.rate_hz} Hz, must be above 0")
        if not (np.isfinite(self.acc).all() and np.isfinite(self.gyro).all()):
            raise LanharError(f"{where}: samples are not all finite; the reader must drop or split them")

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.acc) / self.rate_hz
