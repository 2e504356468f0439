"""Fit a LightningModule into a stage folder: resumable, skipped when done, the same numbers either way."""

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning as L
import pandas as pd
import torch
from hydra.utils import instantiate
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, Logger
from omegaconf import DictConfig

from lanhar.files import locked, write_json
from lanhar.stages.settings import plain

LAST = "last.ckpt"
DONE = "done.json"


class SeedEveryEpoch(Callback):
    """Set the global seed from the run's seed and the epoch, so that a resumed epoch draws what it would have drawn."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:  # noqa: ARG002
        """Seed torch before the epoch's first batch."""
        torch.manual_seed(self.seed * 100_003 + trainer.current_epoch)


def fit(
    module: L.LightningModule,
    data: L.LightningDataModule,
    folder: Path,
    epochs: int,
    cfg: DictConfig,
    identity: Mapping[str, Any],
    loggers: list[Logger],
) -> None:
    """Train a stage, or load it where its folder says that it is done; a killed training goes on from its last epoch.

    Args:
        module: left with the trained weights, in eval mode.
        data: its batches.
        folder: `runs/stages/<stage>/<key>`.
        epochs: passes over the data.
        cfg: the whole config, for trainer, callbacks and seed.
        identity: what the key was made of, kept beside the weights.
        loggers: beyond the CSV file that every stage has.
    """
    with locked(folder):
        if (folder / DONE).exists():
            replay(folder / "metrics.csv", loggers)
        else:
            trainer = _trainer(folder, epochs, cfg, loggers)
            last = folder / LAST
            with warnings.catch_warnings():
                # Batches are gathered from memory; loader processes would only add copies.
                warnings.filterwarnings("ignore", message=".*does not have many workers.*")
                warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
                # Lightning's own use of torch, nothing that a user could change.
                warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated.*")
                # Stages are logged by epoch.
                warnings.filterwarnings("ignore", message=".*smaller than the logging interval.*")
                trainer.fit(module, data, ckpt_path=str(last) if last.exists() else None, weights_only=True)
            write_json(folder / DONE, {"identity": dict(identity), "epochs": epochs})
    checkpoint = torch.load(folder / LAST, map_location="cpu", weights_only=True)
    module.load_state_dict(checkpoint["state_dict"])
    module.eval()


def replay(metrics: Path, loggers: list[Logger]) -> None:
    """Give loggers the curves of a stage that was trained before, as its CSV file holds them."""
    if not loggers or not metrics.exists():
        return
    for row in pd.read_csv(metrics).to_dict("records"):
        step = int(row.pop("step"))
        values = {str(name): float(value) for name, value in row.items() if not pd.isna(value)}
        for logger in loggers:
            logger.log_metrics(values, step)


def _trainer(folder: Path, epochs: int, cfg: DictConfig, loggers: list[Logger]) -> L.Trainer:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    checkpoint = ModelCheckpoint(folder, filename="last", save_top_k=1, every_n_epochs=1, enable_version_counter=False)
    chosen: list[Callback] = [instantiate(node) for node in cfg.callbacks.values() if node is not None]
    return L.Trainer(
        max_epochs=epochs,
        logger=[CSVLogger(folder, name="", version=""), *loggers],
        callbacks=[SeedEveryEpoch(int(cfg.seed)), checkpoint, *chosen],
        enable_progress_bar=any(isinstance(c, L.pytorch.callbacks.ProgressBar) for c in chosen),
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1_000_000,
        **plain(cfg.trainer),
    )
