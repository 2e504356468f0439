from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from lanhar.cli import config_dir
from lanhar.stages.data import RunData, load_data
from lanhar.stages.settings import check

# Tiny tensors: more threads would only wait for each other.
torch.set_num_threads(1)

TINY = (
    "virtual_windows.count=40",
    "text_encoder.max_tokens=32",
    "alignment.max_windows=32",
    "alignment.epochs=2",
    "alignment.batch_size=16",
    "alignment.label_texts_per_activity=1",
    "alignment.decoder.dim=16",
    "sensor_encoder=transformer",
    "sensor_encoder.dim=16",
    "sensor_encoder.layers=1",
    "sensor_encoder.heads=2",
    "sensor_encoder.feedforward=32",
    "mapping.epochs=2",
    "mapping.batch_size=32",
    "mapping.batches_per_epoch=2",
    "baselines=[logistic_regression]",
    "callbacks.progress_bar=null",
)


@pytest.fixture(scope="session")
def data_dir(fake: Callable[[str], ModuleType], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated files of three datasets in their published layouts."""
    folder = tmp_path_factory.mktemp("data")
    fake("uci").write(folder / "uci", users=3)
    fake("motionsense").write(folder / "motionsense", subjects=3)
    fake("uschad").write(folder / "uschad", subjects=2)
    (folder / "SYNTHETIC").touch()
    return folder


@pytest.fixture(scope="session")
def words(
    data_dir: Path, tiny_text_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., list[str]]:
    """The words of a command line that trains both stages in about a second; later words win."""
    cache = tmp_path_factory.mktemp("cache")

    def make(runs_dir: Path, *more: str) -> list[str]:
        places = [f"data_dir={data_dir}", f"cache_dir={cache}", f"runs_dir={runs_dir}"]
        return [*places, f"text_encoder.name={tiny_text_encoder}", *TINY, *more]

    return make


@pytest.fixture(scope="session")
def configure(words: Callable[..., list[str]]) -> Callable[..., DictConfig]:
    """`configure(runs_dir, "target=uschad")`: the composed config of such a command."""

    def make(runs_dir: Path, *more: str) -> DictConfig:
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            return compose("train", overrides=words(runs_dir, *more))

    return make


@pytest.fixture(scope="session")
def loaded() -> Callable[[DictConfig], RunData]:
    """The windows of a run, as the command opens them."""
    return lambda cfg: load_data(cfg, *check(cfg), lambda items, *_: iter(items))


@pytest.fixture(scope="session")
def weights() -> Callable[[Path], dict[str, dict[str, Any]]]:
    """`weights(runs_dir)`: stage → state of the one checkpoint that the runs folder holds of it."""

    def load(runs_dir: Path) -> dict[str, dict[str, Any]]:
        found = {path.parts[-3]: path for path in runs_dir.glob("stages/*/*/last.ckpt")}
        return {name: torch.load(path, weights_only=True)["state_dict"] for name, path in found.items()}

    return load


@pytest.fixture(scope="session")
def same() -> Callable[..., bool]:
    """Whether two states are equal bit by bit."""

    def compare(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
        names: Sequence[str] = list(one)
        return names == list(other) and all(torch.equal(one[name], other[name]) for name in names)

    return compare
