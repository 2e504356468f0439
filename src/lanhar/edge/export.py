"""A finished run as a bundle, checked on real windows before it is written."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.datamodules.window_cache import open_windows
from lanhar.datasets import get_dataset, sample_dir
from lanhar.datasets.locate import no_progress
from lanhar.edge import description
from lanhar.edge.bundle import ENCODERS, LABEL_BANK, MANIFEST, PREPROCESSING, TEST_VECTORS, TEXT_ENCODER
from lanhar.edge.device_encoder import DeviceEncoder
from lanhar.edge.graphs import check_packages, quantise, write_graph
from lanhar.edge.other_formats import write_other_formats
from lanhar.edge.parity import Parity, compare, device_frame, embed_with, require
from lanhar.edge.text_graph import write_text_encoder
from lanhar.errors import LanharError
from lanhar.evaluation.metrics import Metrics, evaluate
from lanhar.files import read_json, write_json, write_text
from lanhar.progress import console, progress_bar
from lanhar.signals.units import STANDARD_GRAVITY_M_S2
from lanhar.stages.loading import LoadedRun
from lanhar.stages.reopen import OpenedRun, open_run
from lanhar.stages.settings import cache_folder, window_settings
from lanhar.stages.unknown_scores import CONFIDENCE

README = "README.md"
COMPARED = 1000
"""Real windows that the graphs are compared on."""


def export_run(cfg: DictConfig) -> Path:
    """Write the bundle of a run; nothing is written where a graph does not do what the trained encoder does.

    Args:
        cfg: the composed config `export`.

    Returns:
        The bundle's folder.

    Raises:
        LanharError: a mistake in the config, a package is missing, or a graph differs too much.
    """
    check_packages()
    _check(cfg)
    folder = Path(cfg.out or Path(cfg.run) / "bundle")
    opened = open_run(Path(cfg.run), cfg.data_dir, cfg.cache_dir)
    with tempfile.TemporaryDirectory() as temporary:
        written = Path(temporary) / "bundle"
        written.mkdir()
        _write(cfg, opened, written)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(written, folder)
    return folder


def _check(cfg: DictConfig) -> None:
    if not cfg.run:
        raise LanharError("no run is named; write run=runs/<name>/<key>, as the training printed at its end")
    if not cfg.hop_s > 0:
        raise LanharError(f"hop_s is {cfg.hop_s}; write seconds above 0")
    if cfg.unknown_threshold is not None and not 0 < cfg.unknown_threshold < 1:
        raise LanharError(f"unknown_threshold is {cfg.unknown_threshold}; write a confidence between 0 and 1, or null")
    out = Path(cfg.out or Path(cfg.run) / "bundle")
    if out.exists() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise LanharError(f"'{out}' holds other files than a bundle; write another out=")


def _write(cfg: DictConfig, opened: OpenedRun, folder: Path) -> None:
    run, settings = opened.run, window_settings(opened.cfg)
    encoder, bank = run.mapping.module.sensor_encoder, run.bank.embeddings.numpy()
    model = DeviceEncoder(encoder).eval()
    example = torch.zeros(settings.length, 6)
    example[:, 2] = STANDARD_GRAVITY_M_S2
    paths = {precision: folder / name for precision, name in ENCODERS.items()}
    write_graph(model, (example,), ["window"], paths["fp32"])
    quantise(paths["fp32"], encoder, paths["int8"])
    parity, int8 = _tested(opened, model, paths)
    for line in write_other_formats(model, example, folder):
        console.print(line, soft_wrap=True)
    if cfg.text_encoder:
        cosine = write_text_encoder(run, folder)
        console.print(f"{TEXT_ENCODER}: every label's cosine to the run's own embedding is {cosine:.3f} or more")

    calibration = _calibrated(run)
    write_json(folder / PREPROCESSING, description.preprocessing(settings.length, settings.rate_hz, float(cfg.hop_s)))
    write_json(folder / LABEL_BANK, description.label_bank(run.bank))
    raw, truths = _sample_windows(opened.cfg)
    embedded = {precision: embed_with(path, raw, no_progress, "") for precision, path in paths.items()}
    vectors = description.test_vectors(raw, truths, embedded, run.bank, calibration["temperature"])
    write_json(folder / TEST_VECTORS, vectors)
    write_text(folder / README, description.readme(run, float(cfg.hop_s)))
    threshold = None if cfg.unknown_threshold is None else float(cfg.unknown_threshold)
    metrics = _metrics(opened, int8 @ bank.T)
    write_json(folder / MANIFEST, description.manifest(run, parity, metrics, calibration, threshold, folder))


def _tested(opened: OpenedRun, model: DeviceEncoder, paths: dict[str, Path]) -> tuple[Parity, NDArray[np.float32]]:
    """How the graphs agree with the trained encoder, and the 8-bit one's embeddings (N, D) of the whole target."""
    target, bank = opened.data.target, opened.run.bank.embeddings.numpy()
    windows = device_frame(target, np.arange(len(target)))
    rows = np.unique(np.linspace(0, len(target) - 1, min(COMPARED, len(target))).astype(np.int64))
    fp32 = embed_with(paths["fp32"], windows[rows], progress_bar, "Comparing with the trained encoder")
    int8 = embed_with(paths["int8"], windows, progress_bar, "Testing the 8-bit encoder")
    parity = compare(model, windows[rows], bank, fp32, int8[rows])
    require(parity)
    return parity, int8


def _metrics(opened: OpenedRun, cosines: NDArray[np.float32]) -> Metrics:
    """The test of the run again, with these cosines (N, C) of its target's windows."""
    run, target = opened.run, opened.data.target
    scores = cosines[:, run.space.positions(run.tested)]
    return evaluate(scores, target.labels(run.tested), run.tested, target.subject)


def _calibrated(run: LoadedRun) -> dict[str, Any]:
    """The temperature of confidences: what `lanhar.confidence` set on the source, else the scale of training."""
    path = run.folder / CONFIDENCE
    if path.is_file():
        return {
            "temperature": float(read_json(path)["temperature"]),
            "temperature_from": "lanhar.confidence, on held-out source subjects",
        }
    scale = float(run.cfg.mapping.loss.prototype.scale)
    return {"temperature": 1 / scale, "temperature_from": "training: the scale of its cosines"}


def _sample_windows(cfg: DictConfig) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """One raw window of each activity of the built-in sample, and its name."""
    dataset = get_dataset(description.VECTORS_FROM)(sample_dir(), cache_folder(cfg), download=False)
    windows = open_windows(dataset, window_settings(cfg), cache_folder(cfg)).windows
    _, rows = np.unique(windows.activity, return_index=True)
    return device_frame(windows, rows), windows.activity[rows]
