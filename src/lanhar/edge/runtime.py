"""Activities from a stream of samples, on a device: numpy and onnxruntime, no PyTorch.

`Recogniser(load("bundle"))` takes samples by `push` and gives predictions. Samples are acc in m/s² with gravity and
gyro in rad/s, both in the device's frame with Android's sign.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from lanhar.edge.bundle import DISTANCES, ENCODERS, Bundle, read_bundle
from lanhar.edge.checks import DEGREES, complaint
from lanhar.edge.samples import Array, Unusable, as_samples, uniform_window
from lanhar.edge.stream import WindowStream
from lanhar.errors import LanharError

WAIT_S = 0.5
"""How long a window waits for late samples; the anti-alias filter, too, looks ahead as far as this."""
NO_CLOCK = "the time stamps jump or stand still, and no window comes of them; deliver seconds"


@dataclass(frozen=True)
class Prediction:
    """What a window is taken for.

    Attributes:
        time_s: end of the window on the clock of the samples.
        activity: name; None where it is unknown.
        confidence: of the nearest activity, 0 to 1; 0 where the samples cannot be used.
        top: up to three activities with their confidences, the nearest first; empty where the samples cannot be used.
        reason: why the activity is unknown; empty where it is not.
    """

    time_s: float
    activity: str | None
    confidence: float
    top: tuple[tuple[str, float], ...]
    reason: str = ""

    @property
    def unknown(self) -> bool:
        """Whether no activity is named."""
        return self.activity is None


class Encoder:
    """A bundle with its encoder loaded; any number of streams may share one.

    Args:
        bundle: checked files.
        precision: `int8` or `fp32`.
        threads: of one run; windows are small, more than one is slower.
    """

    def __init__(self, bundle: Bundle, precision: str = "int8", threads: int = 1) -> None:
        if precision not in ENCODERS:
            raise LanharError(f"there is no precision '{precision}'; write {' or '.join(ENCODERS)}")
        self.bundle = bundle
        self._session = open_graph(bundle.file(ENCODERS[precision]), threads)
        if bundle.unknown and bundle.unknown.score in DISTANCES and len(self._session.get_outputs()) < 2:
            raise LanharError(f"{ENCODERS[precision]} gives no {bundle.unknown.score}; export the run again")

    def embed(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed a raw window (L, 6) at the bundle's rate: (D,), unit length."""
        return self.measure(window)[0]

    def measure(self, window: NDArray[np.float32]) -> tuple[NDArray[np.float32], float | None]:
        """The embedding (D,) of a raw window (L, 6), and its distance to the training windows, if the graph has it."""
        embedding, *distance = self._session.run(None, {"window": window})
        return embedding, float(distance[0]) if distance else None


def open_graph(path: Path, threads: int = 1) -> Any:
    """A session of onnxruntime on the processor.

    Raises:
        LanharError: onnxruntime cannot run the file.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the errors of onnxruntime have no class in common
        reason = " ".join(str(error).split())[:200]
        raise LanharError(f"{path} cannot be run by onnxruntime {ort.__version__} ({reason})") from error


def load(folder: str | Path, precision: str = "int8", threads: int = 1) -> Encoder:
    """Open a bundle: every file is compared with the manifest first.

    Raises:
        LanharError: there is no bundle, it is newer than this version, or a file is not what it was.
    """
    return Encoder(read_bundle(Path(folder)), precision, threads)


class Recogniser:
    """Names the activity of one device, once a hop.

    Samples may come one by one or in blocks, at any accepted rate, late, twice, out of order or not at all. What cannot
    be used gives an unknown prediction with a reason; nothing that samples hold raises an error.

    Args:
        encoder: from `load`.
        hop_s: seconds between predictions; None takes the bundle's.
        smoothing: weight of the past in an average of confidences over time, 0 (none) to below 1.
        wait_s: seconds that a window waits for late samples.
    """

    def __init__(
        self, encoder: Encoder, hop_s: float | None = None, smoothing: float = 0.0, wait_s: float = WAIT_S
    ) -> None:
        bundle = encoder.bundle
        hop_s = bundle.preprocessing.hop_s if hop_s is None else hop_s
        for what, value in (("hop_s", hop_s), ("wait_s", wait_s)):
            if not (math.isfinite(value) and value >= 0.01):
                raise LanharError(f"{what} is {value}; write 0.01 seconds or more")
        if not 0 <= smoothing < 1:
            raise LanharError(f"smoothing is {smoothing}; write 0 to below 1")
        self._encoder, self._smoothing = encoder, smoothing
        self._stream = WindowStream(bundle.preprocessing, hop_s, wait_s)
        self._names = list(bundle.labels.names)
        self._bank = bundle.labels.embeddings.copy()
        self._added: set[str] = set()
        self._past: NDArray[np.float64] | None = None
        self._in_degrees = False

    @property
    def names(self) -> tuple[str, ...]:
        """The activities that are told apart now."""
        return tuple(self._names)

    @property
    def ignored(self) -> int:
        """Samples that came too late for any window to come, or without a time."""
        return self._stream.ignored

    def add_label(self, name: str, embedding: Sequence[float] | NDArray[Any]) -> None:
        """Tell one more activity from the others, from the next window on; a name that is there is replaced.

        Args:
            name: what predictions will say.
            embedding: (D,) of its interpretation, of any length above 0.

        Raises:
            LanharError: the embedding is not of this bundle's size, or no direction.
        """
        vector = np.asarray(embedding, dtype=np.float32)
        size = float(np.linalg.norm(vector))
        if vector.shape != self._bank.shape[1:] or not math.isfinite(size) or size == 0:
            raise LanharError(
                f"the embedding of '{name}' has shape {vector.shape} and length {size:g}; this bundle needs "
                f"({self._bank.shape[1]},) and a length above 0"
            )
        if name in self._names:
            self.remove_label(name)
        self._names.append(name)
        self._added.add(name)
        self._bank = np.concatenate([self._bank, vector[None] / size])
        self._past = None

    def remove_label(self, name: str) -> None:
        """No longer tell an activity from the others.

        Raises:
            LanharError: there is no such activity.
        """
        if name not in self._names:
            raise LanharError(f"there is no label '{name}'; there are {', '.join(self._names) or 'none'}")
        row = self._names.index(name)
        del self._names[row]
        self._added.discard(name)
        self._bank = np.delete(self._bank, row, axis=0)
        self._past = None

    def reset(self) -> None:
        """Forget all samples, as at the start of a stream; labels stay."""
        self._stream.reset()
        self._past, self._in_degrees = None, False

    def push(self, time_s: float | Sequence[float] | NDArray[Any], samples: Any) -> list[Prediction]:
        """Take one sample or several, and give the predictions that are due now.

        Args:
            time_s: seconds on any clock, one number or (N,).
            samples: (6,) or (N, 6): acc xyz in m/s² with gravity, gyro xyz in rad/s, device frame, Android's sign. NaN
                in a sensor's columns says that it has no value at that time, so two sensors may be pushed apart.
        """
        due = [self._predict(*window) for window in self._stream.push(*as_samples(time_s, samples))]
        if self._stream.without_time():
            due.append(self._unusable(math.nan, "the time stamps are no seconds; deliver seconds"))
        if self._stream.without_clock():
            due.append(self._unusable(math.nan, NO_CLOCK))
        return due

    def finish(self) -> list[Prediction]:
        """Predictions of windows that still wait for late samples, at the end of a stream."""
        return [self._predict(*window) for window in self._stream.finish()]

    def _predict(self, end_s: float, rows: Array) -> Prediction:
        settings = self._encoder.bundle.preprocessing
        start_s = end_s - settings.window_s
        try:
            window = uniform_window(rows, start_s, settings)
        except Unusable as error:
            return self._unusable(end_s, str(error))
        wrong = complaint(window, rows[(rows[:, 0] >= start_s) & (rows[:, 0] < end_s), 1:])
        # Units do not change on the way, but a device that lies still does not show them.
        self._in_degrees |= wrong == DEGREES
        if wrong or self._in_degrees:
            return self._unusable(end_s, wrong or DEGREES)
        embedding, distance = self._encoder.measure(window)
        if not self._names or not np.isfinite(embedding).all():
            return self._unusable(end_s, "the encoder gives no number" if self._names else "there is no label")
        return self._named(end_s, embedding, distance)

    def _unusable(self, end_s: float, reason: str) -> Prediction:
        self._past = None
        return Prediction(end_s, None, 0.0, (), reason)

    def _named(self, end_s: float, embedding: NDArray[np.float32], distance: float | None) -> Prediction:
        bundle = self._encoder.bundle
        cosines = self._bank @ embedding
        now = softmax(cosines / bundle.temperature)
        far = math.nan if distance is None else distance
        scores = {"probability": 1 - now.max(), "cosine": 1 - cosines.max()} | dict.fromkeys(DISTANCES, far)
        now = now if self._past is None else self._smoothing * self._past + (1 - self._smoothing) * now
        self._past = now if self._smoothing else None
        top = tuple((self._names[i], float(now[i])) for i in np.argsort(-now)[:3])
        name, confidence = top[0]
        threshold, rule = bundle.unknown_threshold, bundle.unknown
        if threshold is not None and confidence < threshold:
            return Prediction(end_s, None, confidence, top, f"a confidence of {confidence:.2f}, below {threshold:g}")
        # A label that was added lies far from all that training saw, by nature.
        if rule is not None and name not in self._added and not scores[rule.score] <= rule.above:
            kind = rule.score.replace("_", " ")
            reason = f"unlike the training windows: {kind} {scores[rule.score]:.3g}, above {rule.above:.3g}"
            return Prediction(end_s, None, confidence, top, reason)
        return Prediction(end_s, name, confidence, top)


def softmax(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Scores (C,) as shares that sum to 1."""
    powers = np.exp(scores.astype(np.float64) - scores.max())
    shares: NDArray[np.float64] = powers / powers.sum()
    return shares
