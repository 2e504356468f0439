"""The networks among the baselines: trained on the source's windows once for every target, then applied to one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from lightning.pytorch.loggers import Logger
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.datamodules.window_activities import WindowActivities
from lanhar.errors import LanharError
from lanhar.keys import digest
from lanhar.models.networks.masked import MaskedEncoder
from lanhar.models.networks.window_network import WindowNetwork
from lanhar.modules.classification import Classification
from lanhar.modules.masked_reconstruction import MaskedReconstruction
from lanhar.progress import progress_bar
from lanhar.stages.data import RunData, training_identity
from lanhar.stages.fit import fit
from lanhar.stages.settings import plain

BATCHING = ("batch_size", "batches_per_epoch", "augmented_copies", "clean_share", "augment")


def run_network(
    cfg: DictConfig,
    data: RunData,
    name: str,
    settings: Mapping[str, Any],
    stages_dir: Path,
    loggers: list[Logger],
) -> NDArray[np.float64]:
    """Train a network on the training windows, or load it where that is done, and apply it to the target's.

    Args:
        cfg: the whole config.
        data: the run's windows.
        name: of the baseline.
        settings: of conf/baselines/<name>.yaml, as `baseline_settings` gives them; a pre-training where they hold
            `pretraining`.
        stages_dir: gets the folder `baseline-<name>/<key>`, and one of the pre-training.
        loggers: beyond the CSV file that every stage has.

    Returns:
        Probabilities (N, C) of the target's windows, in the order of the label space that was trained on.
    """
    settings = dict(settings)
    torch.manual_seed(int(cfg.seed))
    network = build_network(name, settings, len(data.space), int(cfg.windows.length))
    if "pretraining" in settings:
        _pretrain(cfg, data, name, network, settings, stages_dir, loggers)
    module = Classification(
        network,
        name,
        lr=float(settings["lr"]),
        weight_decay=float(settings["weight_decay"]),
        warmup=float(settings["warmup"]),
        label_smoothing=float(settings["label_smoothing"]),
    )
    identity = _identity(cfg, data, f"baseline-{name}", settings)
    folder = stages_dir / identity["stage"] / digest(identity)
    fit(module, _batches(cfg, data, network, settings), folder, int(settings["epochs"]), cfg, identity, loggers)
    return probabilities(network, data.target.samples)


def build_network(name: str, settings: Mapping[str, Any], n_activities: int, window_length: int) -> WindowNetwork:
    """Build the untrained network of a baseline.

    Raises:
        LanharError: its settings do not fit the windows or each other.
    """
    try:
        network: WindowNetwork = instantiate(
            settings["network"], n_activities=n_activities, window_length=window_length
        )
    except Exception as error:  # whatever a user's own class may raise
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise LanharError(f"baselines.{name}.network cannot be built: {reason}; see conf/baselines") from error
    if "pretraining" in settings and not isinstance(network, MaskedEncoder):
        raise LanharError(f"baselines.{name}.pretraining needs a MaskedEncoder as its network; see conf/baselines")
    return network


@torch.no_grad()
def probabilities(network: WindowNetwork, samples: NDArray[np.float32], batch_size: int = 512) -> NDArray[np.float64]:
    """Probabilities (N, C) of windows (N, L, 6), each on its own."""
    starts = range(0, len(samples), batch_size)
    logits = [network(torch.from_numpy(np.array(samples[start : start + batch_size]))) for start in starts]
    found: NDArray[np.float64] = torch.cat(logits).double().softmax(dim=1).numpy()
    return found


def _pretrain(
    cfg: DictConfig,
    data: RunData,
    name: str,
    network: WindowNetwork,
    settings: Mapping[str, Any],
    stages_dir: Path,
    loggers: list[Logger],
) -> None:
    """Leave the network with an encoder that has learnt to fill in masked spans of the source's windows."""
    assert isinstance(network, MaskedEncoder)
    chosen = settings["pretraining"]
    module = MaskedReconstruction(
        network,
        name,
        mask_share=float(chosen["mask_share"]),
        mask_span=int(chosen["mask_span"]),
        lr=float(chosen["lr"]),
        weight_decay=float(settings["weight_decay"]),
        warmup=float(settings["warmup"]),
    )
    used = {key: settings[key] for key in ("network", "pretraining", "weight_decay", "warmup", *BATCHING)}
    identity = _identity(cfg, data, f"baseline-{name}-pretraining", used)
    folder = stages_dir / identity["stage"] / digest(identity)
    fit(module, _batches(cfg, data, network, settings), folder, int(chosen["epochs"]), cfg, identity, loggers)
    network.train()


def _identity(cfg: DictConfig, data: RunData, stage: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What changes the numbers of a training; nothing of the target is in it."""
    return {"stage": stage, "settings": settings, "trainer": plain(cfg.trainer), **training_identity(cfg, data)}


def _batches(cfg: DictConfig, data: RunData, network: WindowNetwork, settings: Mapping[str, Any]) -> WindowActivities:
    return WindowActivities(
        data.train,
        data.validation,
        data.space,
        int(settings["batch_size"]),
        settings["batches_per_epoch"],
        int(cfg.seed),
        describe=network.describe,
        augment=instantiate(settings["augment"]),
        copies=int(settings["augmented_copies"]),
        clean_share=float(settings["clean_share"]),
        progress=progress_bar,
    )
