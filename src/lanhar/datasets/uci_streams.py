"""UCI HAPT uncut: whole experiments in time order, with the transitions and rests between the labelled bouts."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lanhar.datasets.locate import Progress, no_progress
from lanhar.datasets.uci import UCI, experiment_and_user, read_labels, read_signal
from lanhar.errors import LanharError
from lanhar.signals.units import STANDARD_GRAVITY_M_S2

UNLABELLED = ""


@dataclass(frozen=True)
class Stream:
    """One uncut experiment of one subject.

    Attributes:
        acc: (T, 3) float32, m/s² with gravity.
        gyro: (T, 3) float32, rad/s, same axes, same clock.
        rate_hz: samples per second.
        dataset: key of the dataset.
        subject: subject within the dataset.
        placement: where the device was worn.
        experiment: number of the experiment.
        activity: (T,) registry name of each sample, `UNLABELLED` between the labelled bouts.
        bout: (T,) which labelled bout a sample is part of, 0, 1, 2, … in time order; -1 between them.
    """

    acc: NDArray[np.float32] = field(repr=False)
    gyro: NDArray[np.float32] = field(repr=False)
    rate_hz: float
    dataset: str
    subject: str
    placement: str
    experiment: int
    activity: NDArray[np.str_] = field(repr=False)
    bout: NDArray[np.int64] = field(repr=False)


def read_streams(dataset: UCI, progress: Progress = no_progress) -> Iterator[Stream]:
    """Yield every experiment whole, in the order of their numbers.

    Raises:
        LanharError: a file is missing or damaged.
    """
    raw = dataset.root(progress) / "RawData"
    labels = read_labels(raw / "labels.txt")
    files = sorted(raw.glob("acc_exp*_user*.txt"))
    for path in progress(files, "Reading UCI HAPT uncut", len(files)):
        experiment, user = experiment_and_user(path)
        gyro_path = path.with_name(path.name.replace("acc_", "gyro_", 1))
        if not gyro_path.exists():
            raise LanharError(f"{path} has no {gyro_path.name} beside it; unpack the whole archive")
        acc, gyro = read_signal(path) * STANDARD_GRAVITY_M_S2, read_signal(gyro_path)
        samples = min(len(acc), len(gyro))
        mine = labels[(labels[:, 0] == experiment) & (labels[:, 1] == user), 2:]
        bout = bouts(mine[:, 1:], samples)
        names = np.array([*(dataset.activities[str(number)] for number in mine[:, 0]), UNLABELLED])
        yield Stream(
            acc=acc[:samples].astype(np.float32),
            gyro=gyro[:samples].astype(np.float32),
            rate_hz=dataset.rate_hz,
            dataset=dataset.name,
            subject=str(user),
            placement=dataset.placements[0],
            experiment=experiment,
            activity=names[bout],  # -1 is the last name
            bout=bout,
        )


def bouts(limits: NDArray[np.int64], samples: int) -> NDArray[np.int64]:
    """(T,) which labelled bout each sample is part of, -1 for none.

    Args:
        limits: (B, 2) first and last sample of each bout, counted from 1, the last included.
        samples: T; what a label says beyond it is left out.
    """
    bout = np.full(samples, -1, dtype=np.int64)
    for number, (first, last) in enumerate(limits.tolist()):
        bout[first - 1 : last] = number
    return bout
