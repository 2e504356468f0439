"""A finished run together with the windows that it was trained and tested on."""

from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from numpy.typing import NDArray
from omegaconf import DictConfig, ListConfig
from torch import Tensor

from lanhar.datamodules.window_cache import open_windows
from lanhar.datamodules.window_set import LabelledWindows, concatenate
from lanhar.errors import LanharError
from lanhar.evaluation.tables import joined
from lanhar.models.sensor_encoder import SensorEncoder
from lanhar.progress import progress_bar
from lanhar.stages.data import RunData, load_data
from lanhar.stages.loading import LoadedRun, load_run
from lanhar.stages.settings import cache_folder, make_dataset, window_settings

BATCH = 512


@dataclass(frozen=True)
class OpenedRun:
    """A finished run and its windows.

    Attributes:
        run: what was trained.
        data: the windows, split as they were in training.
        cfg: the config that opened them: the run's own, with the folders of this machine.
    """

    run: LoadedRun
    data: RunData
    cfg: DictConfig

    @property
    def conditions(self) -> dict[str, Any]:
        """What stands beside every number of this run."""
        run = self.run.report["run"]
        return {
            "windows": run["windows"],
            "label_space": run["label_space_name"],
            "trained_protocol": run["protocol"],
            "source": joined(run["source"]),
            "target": joined(run["target"]),
            "seed": run["seed"],
        }

    def whole_target(self) -> LabelledWindows:
        """Every window of the target with its label, of whatever activity; for tests only."""
        readers = {name: make_dataset(card, self.cfg) for name, card in self.cfg.target.datasets.items()}
        settings, cache = window_settings(self.cfg), cache_folder(self.cfg)
        return concatenate([open_windows(d, settings, cache, progress_bar).windows for d in readers.values()])


def run_folders(named: Any) -> list[Path]:
    """Folders of runs that `run=` names: one, a list, or a pattern such as 'runs/*_to_*/*'.

    Raises:
        LanharError: nothing is named, or nothing is there.
    """
    if named is None:
        raise LanharError("no run is named; write run=runs/<name>/<key>, run='[a,b]' or run='runs/*_to_*/*'")
    patterns = list(named) if isinstance(named, list | tuple | ListConfig) else [str(named)]
    found = [sorted(map(Path, glob(str(pattern)))) or [Path(str(pattern))] for pattern in patterns]  # noqa: PTH207
    folders = list(dict.fromkeys(path for paths in found for path in paths))
    for folder in folders:
        if not folder.is_dir():
            raise LanharError(f"there is no run folder '{folder}'; a training prints its own at the end")
    return folders


def open_run(folder: Path, data_dir: str | None, cache_dir: str | None) -> OpenedRun:
    """Load a run and open its windows.

    Args:
        folder: the run folder.
        data_dir: where the datasets are; None where the run had them.
        cache_dir: where cut windows are kept; None as the run had it.
    """
    run = load_run(folder)
    cfg = run.cfg.copy()
    for key, value in (("data_dir", data_dir), ("cache_dir", cache_dir)):
        if value is not None:
            cfg[key] = value
    sources, targets = (
        {name: make_dataset(card, cfg) for name, card in cfg[side].datasets.items()} for side in ("source", "target")
    )
    return OpenedRun(run, load_data(cfg, sources, targets, progress_bar), cfg)


@torch.no_grad()
def described(encoder: SensorEncoder, samples: NDArray[np.float32]) -> Tensor:
    """(N, ...) what an encoder's fixed part makes of windows (N, L, 6)."""
    parts = [_tensor(samples, start) for start in range(0, len(samples), BATCH)]
    return torch.cat([encoder.describe(part) for part in parts])


@torch.no_grad()
def described_copies(opened: OpenedRun, windows: LabelledWindows, copies: int, seed: int) -> Tensor:
    """(copies · N, ...) the same of windows as other people, pockets, limbs and devices would change them.

    Args:
        opened: its config names the augmentation of stage 2.
        windows: N windows, copy after copy.
        copies: how often each is changed.
        seed: fixes the changes.
    """
    augment = instantiate(opened.cfg.mapping.augment)
    encoder = opened.run.mapping.module.sensor_encoder
    starts = range(0, len(windows), BATCH)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = [encoder.describe(augment(_tensor(windows.samples, i))) for _ in range(copies) for i in starts]
    return torch.cat(parts)


def _tensor(samples: NDArray[np.float32], start: int) -> Tensor:
    return torch.from_numpy(np.array(samples[start : start + BATCH]))
