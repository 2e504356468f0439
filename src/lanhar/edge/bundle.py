"""The bundle: the folder that goes to a device. Reading it needs numpy and nothing else."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.errors import LanharError

BUNDLE_VERSION = 1
MANIFEST = "manifest.json"
PREPROCESSING = "preprocessing.json"
LABEL_BANK = "label_bank.json"
TEST_VECTORS = "test_vectors.json"
ENCODERS = {"fp32": "encoder.onnx", "int8": "encoder.int8.onnx"}
TEXT_ENCODER = "text_encoder.int8.onnx"
TOKENIZER = "tokenizer.json"
DISTANCES = ("input_distance", "embedding_distance")
"""Unknown scores that a graph gives as its second output."""
SCORES = (*DISTANCES, "probability", "cosine")


@dataclass(frozen=True)
class Preprocessing:
    """What happens to samples before the encoder; alignment and scaling are part of its graph.

    Attributes:
        rate_hz: samples per second that the encoder takes.
        window_samples: L, samples of a window.
        hop_s: seconds from one prediction to the next.
        rates_hz: lowest and highest rate that a device may deliver.
    """

    rate_hz: float
    window_samples: int
    hop_s: float
    rates_hz: tuple[float, float]

    @property
    def window_s(self) -> float:
        """Length of a window, seconds."""
        return self.window_samples / self.rate_hz


@dataclass(frozen=True)
class Labels:
    """The label bank of a device.

    Attributes:
        names: C activities.
        titles: what a person reads.
        interpretations: the texts behind each embedding.
        embeddings: (C, D), unit length.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    interpretations: tuple[tuple[str, ...], ...]
    embeddings: NDArray[np.float32]


@dataclass(frozen=True)
class UnknownRule:
    """What `lanhar.confidence` set for a run.

    Attributes:
        score: `input_distance` or `embedding_distance`, the graph's second output; `probability`, 1 - the confidence of
            the nearest activity; `cosine`, 1 - the cosine to it.
        above: a window with a higher score is unknown.
    """

    score: str
    above: float


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files are what its manifest says.

    Attributes:
        folder: where it is.
        manifest: the content of manifest.json.
        preprocessing: what happens before the encoder.
        labels: the label bank.
        temperature: cosines are divided by it before the softmax that gives confidences.
        unknown_threshold: confidence below which a window is unknown; None never says so.
        unknown: a rule for it that was set on the source; None where the run has none.
    """

    folder: Path
    manifest: dict[str, Any]
    preprocessing: Preprocessing
    labels: Labels
    temperature: float
    unknown_threshold: float | None
    unknown: UnknownRule | None = None

    def file(self, name: str) -> Path:
        """Path of one of the bundle's files.

        Raises:
            LanharError: the bundle has no such file.
        """
        if name not in self.manifest["files"] or not (self.folder / name).is_file():
            raise LanharError(f"the bundle '{self.folder}' has no {name}; export the run again, or copy the file too")
        return self.folder / name


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and compare every file that is there with the manifest.

    Files that a device does not need may be left out of its copy.

    Raises:
        LanharError: there is no bundle, it was written by a newer version, or a file is not what the manifest says.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        raise LanharError(
            f"'{folder}' is no bundle: it has no {MANIFEST}; write bundle=<a folder that lanhar.export wrote>"
        )
    manifest = _read(folder / MANIFEST)
    version = manifest.get("bundle_version") if isinstance(manifest, dict) else None
    if not isinstance(version, int) or version > BUNDLE_VERSION:
        raise LanharError(
            f"the bundle '{folder}' has version {version}, this lanhar reads up to {BUNDLE_VERSION}; update lanhar, or "
            "export the run again with this one"
        )
    try:
        _check_files(folder, manifest["files"])
        return _bundle(folder, manifest)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LanharError(f"the bundle '{folder}' cannot be read ({error!r}); export the run again") from error


def _check_files(folder: Path, files: dict[str, str]) -> None:
    for name, expected in files.items():
        if (folder / name).is_file() and file_digest(folder / name) != expected:
            raise LanharError(
                f"{folder / name} is not the file that the bundle was written with (its sha256 differs); copy the "
                "bundle again"
            )


def _bundle(folder: Path, manifest: dict[str, Any]) -> Bundle:
    settings, bank = _read(folder / PREPROCESSING), _read(folder / LABEL_BANK)
    rates = settings["accepted_rates_hz"]
    labels = bank["labels"]
    threshold, rule = manifest["unknown_threshold"], manifest.get("unknown")
    if rule is not None and rule["score"] not in SCORES:
        raise LanharError(
            f"the bundle '{folder}' says unknown by '{rule['score']}', which this lanhar has not; update it"
        )
    return Bundle(
        folder,
        manifest,
        Preprocessing(
            float(settings["rate_hz"]),
            int(settings["window_samples"]),
            float(settings["hop_s"]),
            (float(rates[0]), float(rates[1])),
        ),
        Labels(
            tuple(label["name"] for label in labels),
            tuple(label["title"] for label in labels),
            tuple(tuple(label["interpretations"]) for label in labels),
            np.array([label["embedding"] for label in labels], dtype=np.float32),
        ),
        float(manifest["temperature"]),
        None if threshold is None else float(threshold),
        None if rule is None else UnknownRule(str(rule["score"]), float(rule["above"])),
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LanharError(f"{path} cannot be read ({' '.join(str(error).split())}); export the run again") from error


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def short_floats(values: NDArray[np.float32]) -> Any:
    """Nested lists of an array, each number with as few digits as bring the same float32 back."""
    if values.ndim:
        return [short_floats(row) for row in values]
    return float(str(values))
