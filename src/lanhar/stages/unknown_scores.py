"""How unknown windows are to a sensor encoder and a label bank, and the answers of a run that knows it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lanhar.errors import LanharError
from lanhar.evaluation.calibration import probabilities
from lanhar.evaluation.open_set import Neighbours, Scores, cosine_score, probability_score
from lanhar.files import read_json, write_json
from lanhar.models.sensor_encoder import SensorEncoder
from lanhar.stages.loading import LoadedRun
from lanhar.stages.reopen import described

SCORES = ("input_distance", "embedding_distance", "probability", "cosine")
UNKNOWN = "unknown"
CONFIDENCE = "confidence.json"
REFERENCE = "unknown.npz"
REFERENCE_WINDOWS, RANK = 1000, 3
"""Training windows that distances are taken to, few enough for a phone, and the neighbour that counts."""


@dataclass(frozen=True)
class UnknownScores:
    """The unknown scores of one encoder and label bank.

    Attributes:
        encoder: in eval mode.
        bank: (C, D) unit length.
        temperature: of the probabilities.
        neighbours: of each score that is a distance.
    """

    encoder: SensorEncoder
    bank: Tensor
    temperature: float
    neighbours: Mapping[str, Neighbours]

    @classmethod
    def of(cls, encoder: SensorEncoder, bank: Tensor, temperature: float, train: Tensor) -> "UnknownScores":
        """Take distances to training windows (M, ...), as the encoder's fixed part makes them."""
        rows = np.random.default_rng(0).permutation(len(train))[:REFERENCE_WINDOWS]
        near = {
            "input_distance": _thinned(Neighbours.fit(_flat(train), RANK), rows),
            "embedding_distance": _thinned(Neighbours.fit(embedded(encoder, train), RANK, standardise=False), rows),
        }
        return cls(encoder, bank, temperature, near)

    def cosines(self, inputs: Tensor) -> NDArray[np.float64]:
        """(N, C) to the label bank, of windows (N, ...) as the fixed part makes them."""
        cosines: NDArray[np.float64] = (embedded(self.encoder, inputs) @ self.bank.numpy().T).astype(np.float64)
        return cosines

    def score(self, name: str, inputs: Tensor) -> Scores:
        """One of `SCORES` (N,) of windows (N, ...) as the fixed part makes them."""
        if name == "input_distance":
            return self.neighbours[name].score(_flat(inputs))
        if name == "embedding_distance":
            return self.neighbours[name].score(embedded(self.encoder, inputs))
        if name == "probability":
            return probability_score(self.cosines(inputs), self.temperature)
        return cosine_score(self.cosines(inputs))

    def all(self, inputs: Tensor) -> dict[str, Scores]:
        """Every one of `SCORES`."""
        return {name: self.score(name, inputs) for name in SCORES}


@dataclass(frozen=True)
class Answers:
    """A run that says how sure it is, and `unknown` where it does not know.

    Attributes:
        names: C activities, in the order of the label bank.
        scores: of the run's encoder.
        decides: which of `SCORES` does.
        threshold: above it a window is unknown.
    """

    names: tuple[str, ...]
    scores: UnknownScores
    decides: str
    threshold: float

    def answer(self, samples: NDArray[np.float32]) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
        """Activities (N,), or `unknown`, of windows (N, L, 6), and the probability (N,), 0..1, of the best activity."""
        inputs = described(self.scores.encoder, samples)
        predicted = probabilities(self.scores.cosines(inputs), self.scores.temperature)
        names = np.array([*self.names, UNKNOWN])[predicted.argmax(axis=1)]
        names[self.scores.score(self.decides, inputs) > self.threshold] = UNKNOWN
        return names, predicted.max(axis=1)


def save_confidence(scores: UnknownScores, content: Mapping[str, Any], folder: Path) -> None:
    """Write confidence.json and, where a distance decides, what it is taken to; the first comes last."""
    if content["score"] in scores.neighbours:
        partial = folder / f"{REFERENCE}.partial"
        with partial.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **scores.neighbours[content["score"]].arrays())
        partial.replace(folder / REFERENCE)
    write_json(folder / CONFIDENCE, dict(content))


def load_answers(run: LoadedRun) -> Answers:
    """What `lanhar.confidence` set for a run.

    Raises:
        LanharError: it has not been run.
    """
    path = run.folder / CONFIDENCE
    if not path.exists():
        raise LanharError(f"'{run.folder}' has no {CONFIDENCE}; run: python -m lanhar.confidence run={run.folder}")
    content = read_json(path)
    decides, neighbours = content["score"], {}
    if decides.endswith("_distance"):
        with np.load(run.folder / REFERENCE) as arrays:
            neighbours[decides] = Neighbours.from_arrays(arrays)
    encoder, bank = run.mapping.module.sensor_encoder, run.bank
    scores = UnknownScores(encoder, bank.embeddings, float(content["temperature"]), neighbours)
    return Answers(bank.names, scores, decides, float(content["threshold"]))


def _thinned(near: Neighbours, rows: NDArray[np.int64]) -> Neighbours:
    """Distances to some of the training windows; means and deviations stay those of all."""
    return replace(near, reference=near.reference[rows])


def _flat(inputs: Tensor) -> NDArray[np.float32]:
    flat: NDArray[np.float32] = inputs.flatten(start_dim=1).numpy()
    return flat


@torch.no_grad()
def embedded(encoder: SensorEncoder, inputs: Tensor) -> NDArray[np.float32]:
    """Embeddings (N, D) of windows (N, ...) as the encoder's fixed part makes them."""
    parts: list[Tensor] = [encoder.embed(inputs[i : i + 2048]) for i in range(0, len(inputs), 2048)]
    values: NDArray[np.float32] = torch.cat(parts).numpy()
    return values
