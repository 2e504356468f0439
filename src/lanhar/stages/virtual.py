"""Virtual windows of a run: source windows moved to other cadences and strengths, with texts by rules, no labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.datamodules.window_set import LabelledWindows, Windows
from lanhar.signals.features import compute_features
from lanhar.signals.table import FEATURES
from lanhar.stages.interpreters import is_language_model, make_rules
from lanhar.stages.settings import plain
from lanhar.stages.texts import interpret

COLUMNS = [feature.name for feature in FEATURES]
BATCH = 256


@dataclass(frozen=True)
class VirtualWindows:
    """Virtual windows and what is said of them.

    Attributes:
        windows: V windows.
        texts: V interpretations.
    """

    windows: Windows
    texts: list[str]


def virtual_windows(cfg: DictConfig, train: LabelledWindows) -> VirtualWindows | None:
    """Make the virtual windows of a run from the moving windows of its training subjects.

    Returns:
        None where the config wants none, nothing moves, or a language model writes the run's texts: its texts and those
        of `rules` are never mixed.
    """
    settings = cfg.virtual_windows
    if not settings.count or is_language_model(cfg):
        return None
    column = {name: np.asarray(train.features[:, COLUMNS.index(name)]) for name in ("acc_vertical_rms", "acc_step_hz")}
    moving = np.flatnonzero(column["acc_vertical_rms"] > float(settings.least_bounce_m_s2))
    if not len(moving):
        return None
    seed = int(cfg.seed)
    rows = np.sort(np.random.default_rng(seed).choice(moving, int(settings.count), replace=True))
    samples = _moved(settings.motion, train.samples[rows], column["acc_step_hz"][rows], seed)
    gravity = np.array(train.gravity[rows])
    features = np.asarray(compute_features(samples, gravity, float(cfg.windows.rate_hz)), dtype=np.float32)
    none = np.empty((len(rows), 0), np.float32)
    windows = Windows(samples, gravity, features, none, np.asarray(train.dataset[rows]))
    return VirtualWindows(windows, interpret(make_rules(cfg), windows))


def virtual_identity(cfg: DictConfig) -> Any:
    """What changes virtual windows beyond the source's windows, the interpreter and the seed."""
    return None if is_language_model(cfg) else plain(cfg.virtual_windows)


@torch.no_grad()
def _moved(
    motion: Any, samples: NDArray[np.float32], cadence_hz: NDArray[np.float32], seed: int
) -> NDArray[np.float32]:
    change = instantiate(motion)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = [
            change(torch.from_numpy(np.array(samples[i : i + BATCH])), torch.from_numpy(cadence_hz[i : i + BATCH]))
            for i in range(0, len(samples), BATCH)
        ]
    return torch.cat(parts).numpy().astype(np.float32)
