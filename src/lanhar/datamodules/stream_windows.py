"""Windows across the label borders of uncut streams."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lanhar.activities import LabelSpace
from lanhar.datamodules.window_set import LabelledWindows
from lanhar.datasets.uci_streams import Stream
from lanhar.errors import LanharError
from lanhar.signals.align import align
from lanhar.signals.features import classifier_features
from lanhar.signals.resample import resample
from lanhar.signals.windows import slide, window_starts


@dataclass(frozen=True)
class StreamWindows:
    """Windows of one stream in time order.

    Attributes:
        windows: N windows; `activity` is that of the centre sample, '' where it has none; no `features`.
        share: (N,) share, 0..1, of a window's samples that count as its centre's activity; 0 outside the label space.
        inside: (N,) whether a window lies wholly inside one labelled bout.
    """

    windows: LabelledWindows
    share: NDArray[np.float64]
    inside: NDArray[np.bool_]


def cut_stream(stream: Stream, space: LabelSpace, length: int, hop: int, rate_hz: float) -> StreamWindows:
    """Cut a stream into windows, each turned upright by its own gravity, as windows of single recordings are.

    A window whose mean acceleration is too small to be gravity, which is left out of a cut dataset, stays, so that time
    goes on evenly; it counts as inside no bout.

    Args:
        stream: one uncut experiment.
        space: what counts as the same activity.
        length: L, samples a window.
        hop: samples from one window's start to the next's.
        rate_hz: samples per second after resampling.

    Raises:
        LanharError: the stream is shorter than a window.
    """
    where = f"{stream.dataset}, experiment {stream.experiment}"
    samples = np.concatenate([stream.acc, stream.gyro], axis=1)
    if stream.rate_hz != rate_hz:
        samples = resample(samples, stream.rate_hz, rate_hz)
    starts = window_starts(len(samples), length, hop)
    if not len(starts):
        raise LanharError(f"{where} is shorter than a window of {length / rate_hz:g} s; write windows=short")
    windows, gravity, valid = align(slide(samples, length, hop))
    at = starts[:, None] + np.arange(length)
    original = np.minimum(np.rint(at * (stream.rate_hz / rate_hz)).astype(np.int64), len(stream.bout) - 1)
    bout, labels = stream.bout[original], np.array(space.indices(stream.activity.tolist()), dtype=np.int64)[original]
    centre = labels[:, [length // 2]]
    windows, gravity, count = windows.astype(np.float32), gravity.astype(np.float32), len(starts)
    return StreamWindows(
        LabelledWindows(
            samples=windows,
            gravity=gravity,
            features=np.empty((count, 0), dtype=np.float32),
            classifier_features=classifier_features(windows, gravity, rate_hz),
            dataset=np.full(count, stream.dataset),
            activity=stream.activity[original[:, length // 2]],
            subject=np.full(count, f"{stream.dataset}/{stream.subject}"),
            placement=np.full(count, stream.placement),
            recording=np.full(count, stream.experiment, dtype=np.int64),
            start_s=starts / rate_hz,
        ),
        ((labels == centre) & (centre >= 0)).mean(axis=1),
        valid & (bout >= 0).all(axis=1) & (bout == bout[:, :1]).all(axis=1),
    )
