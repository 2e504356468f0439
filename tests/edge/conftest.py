"""A bundle of the built-in sample: the real graphs and files, with class means in the place of training."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lanhar.datamodules.window_cache import WindowSettings, open_windows
from lanhar.datamodules.window_set import LabelledWindows
from lanhar.datasets import get_dataset, sample_dir
from lanhar.datasets.recording import Recording
from lanhar.edge import description
from lanhar.edge.bundle import BUNDLE_VERSION, ENCODERS, LABEL_BANK, MANIFEST, PREPROCESSING, file_digest
from lanhar.edge.device_encoder import DeviceEncoder
from lanhar.edge.graphs import quantise, write_graph
from lanhar.files import write_json
from lanhar.models.gait.encoder import GaitEncoder
from lanhar.models.label_bank import LabelBank, class_means

torch.set_num_threads(1)
NAMES = ("walk", "stairs_up", "stairs_down", "sit", "stand", "jog")


@dataclass(frozen=True)
class Built:
    """A bundle, the module behind it and the windows that it came from."""

    folder: Path
    encoder: GaitEncoder
    windows: LabelledWindows


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("bundle")
    cache = tmp_path_factory.mktemp("cache")
    dataset = get_dataset("motionsense")(sample_dir(), cache, download=False)
    windows = open_windows(dataset, WindowSettings(300, 50.0, 0.5), cache).windows
    torch.manual_seed(0)
    encoder = GaitEncoder(32, 300).eval().requires_grad_(False)
    inputs = encoder.describe(torch.from_numpy(np.array(windows.samples)))
    encoder.fit_scaling(inputs)
    labels = torch.tensor([NAMES.index(name) for name in windows.activity])
    bank = LabelBank(NAMES, (("some text",),) * 6, class_means(encoder.embed(inputs), labels, 6))
    write_graph(DeviceEncoder(encoder), (torch.ones(300, 6),), ["window"], folder / ENCODERS["fp32"])
    quantise(folder / ENCODERS["fp32"], encoder, folder / ENCODERS["int8"])
    write_json(folder / PREPROCESSING, description.preprocessing(300, 50.0, 1.0))
    write_json(folder / LABEL_BANK, description.label_bank(bank))
    write_manifest(folder)
    return Built(folder, encoder, windows)


def write_manifest(folder: Path, **changes: object) -> None:
    """A manifest of what lies in a folder."""
    files = {path.name: file_digest(path) for path in folder.iterdir() if path.name != MANIFEST}
    content = {"bundle_version": BUNDLE_VERSION, "temperature": 0.05, "unknown_threshold": None, "files": files}
    write_json(folder / MANIFEST, content | changes)


@pytest.fixture
def new_manifest() -> Callable[..., None]:
    """Writes the manifest of a folder anew, with other values: `new_manifest(folder, temperature=1.0)`."""
    return write_manifest


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """One real recording of each activity, device frame."""
    dataset = get_dataset("motionsense")(sample_dir(), tmp_path_factory.mktemp("cache"), download=False)
    found: dict[str, Recording] = {}
    for recording in dataset.recordings():
        found.setdefault(recording.activity, recording)
    return found


@pytest.fixture(scope="session")
def walk(recordings: dict[str, Recording]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (N,) and samples (N, 6) of about a minute of walking at 50 Hz: a real recording, again and again."""
    recording = recordings["walk"]
    samples = np.tile(np.concatenate([recording.acc, recording.gyro], axis=1).astype(np.float64), (5, 1))
    return np.arange(len(samples)) / 50.0, samples
