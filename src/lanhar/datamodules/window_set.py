from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lanhar.activities import LabelSpace
from lanhar.errors import LanharError


@dataclass(frozen=True)
class Windows:
    """Windows without labels: all that training may ever see of a target.

    Attributes:
        samples: (N, L, 6) float32 at 50 Hz; acc m/s² with +z up, gyro rad/s. May be memory-mapped.
        gravity: (N, 3) direction of gravity's reaction in the device's own frame, unit length.
        features: (N, F) in the order of `lanhar.signals.table.FEATURES`, each in its own unit.
        classifier_features: (N, K) in the order of `lanhar.signals.table.CLASSIFIER_COLUMNS`.
        dataset: (N,) dataset keys.
    """

    samples: NDArray[np.float32]
    gravity: NDArray[np.float32]
    features: NDArray[np.float32]
    classifier_features: NDArray[np.float32]
    dataset: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.samples)


@dataclass(frozen=True)
class LabelledWindows(Windows):
    """Windows with what is known of each.

    Attributes:
        activity: (N,) registry names.
        subject: (N,) `dataset/subject`, so that two datasets' subject 1 are two people.
        placement: (N,) where the device was worn.
        recording: (N,) index of the recording within its dataset, in reading order.
        start_s: (N,) start of the window within its recording, seconds.
    """

    activity: NDArray[np.str_]
    subject: NDArray[np.str_]
    placement: NDArray[np.str_]
    recording: NDArray[np.int64]
    start_s: NDArray[np.float64]

    def select(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "LabelledWindows":
        """The windows of a mask (N,) or of row indices, in that order."""
        return replace(self, **{name: value[rows] for name, value in vars(self).items()})

    def in_space(self, space: LabelSpace) -> "LabelledWindows":
        """Only the windows whose activity is part of the label space."""
        return self.select(self.labels(space) >= 0)

    def labels(self, space: LabelSpace) -> NDArray[np.int64]:
        """(N,) indices in the label space, -1 for an activity outside it."""
        return np.array(space.indices(self.activity.tolist()), dtype=np.int64)

    def without_labels(self) -> Windows:
        """What a `transductive` run may see of the target: neither labels nor which recording or subject it was."""
        return Windows(self.samples, self.gravity, self.features, self.classifier_features, self.dataset)


def concatenate(sets: Sequence[LabelledWindows]) -> LabelledWindows:
    """Join the windows of several datasets, first to last."""
    if not sets:
        raise LanharError("no dataset was given; write source=uci, or source=[uci,uschad] for several")
    if len(sets) == 1:
        return sets[0]
    return LabelledWindows(**{name: np.concatenate([vars(s)[name] for s in sets]) for name in vars(sets[0])})
