"""Public datasets, one file each: original files in, recordings in SI units out."""

import difflib
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from lanhar.errors import LanharError

if TYPE_CHECKING:
    from lanhar.datasets.base import Dataset

_CLASSES = {
    "uci": "UCI",
    "motionsense": "MotionSense",
    "uschad": "USCHAD",
    "hhar": "HHAR",
    "shoaib": "Shoaib",
    "pamap2": "PAMAP2",
    "recordings": "Recordings",
}
DATASET_NAMES = tuple(_CLASSES)


def get_dataset(name: str) -> "type[Dataset]":
    """The reader of a dataset by its key, imported only now.

    Raises:
        LanharError: there is no such dataset; the message names the nearest.
    """
    if name not in _CLASSES:
        near = difflib.get_close_matches(name, DATASET_NAMES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(DATASET_NAMES)}"
        raise LanharError(f"unknown dataset '{name}': {hint}")
    reader: type[Dataset] = getattr(importlib.import_module(f"lanhar.datasets.{name}"), _CLASSES[name])
    return reader


def sample_dir() -> Path:
    """The sample of real recordings that ships with the package: a `data_dir` for `uci` and `motionsense`."""
    return Path(__file__).parent / "sample"
