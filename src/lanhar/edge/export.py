"""A finished run as a bundle, checked on real windows before it is written."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import nn

from lanhar.datamodules.window_cache import open_windows
from lanhar.datasets import get_dataset, sample_dir
from lanhar.datasets.locate import no_progress
from lanhar.edge import description
from lanhar.edge.bundle import (
    DISTANCES,
    ENCODERS,
    LABEL_BANK,
    MANIFEST,
    PREPROCESSING,
    TEST_VECTORS,
    TEXT_ENCODER,
    Preprocessing,
)
from lanhar.edge.device_encoder import DeviceEncoder, MeasuringEncoder
from lanhar.edge.graphs import check_packages, quantise, write_graph
from lanhar.edge.other_formats import write_other_formats
from lanhar.edge.parity import Outputs, Parity, compare, compare_unknown, device_frame, embed_with, require
from lanhar.edge.placing import replacing
from lanhar.edge.resampling_vectors import resampling_vectors
from lanhar.edge.runtime import softmax
from lanhar.edge.text_graph import write_text_encoder
from lanhar.errors import LanharError
from lanhar.evaluation.metrics import Metrics, evaluate
from lanhar.files import write_json, write_text
from lanhar.models.sensor_encoder import SensorEncoder
from lanhar.progress import console, progress_bar
from lanhar.signals.units import STANDARD_GRAVITY_M_S2
from lanhar.stages.loading import LoadedRun
from lanhar.stages.reopen import OpenedRun, described, open_run
from lanhar.stages.settings import cache_folder, window_settings
from lanhar.stages.unknown_scores import CONFIDENCE, Answers, load_answers

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
    with replacing(folder) as written:
        _write(cfg, opened, written)
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
    answers = load_answers(run) if (run.folder / CONFIDENCE).is_file() else None
    model, outputs = _model(encoder, answers)
    example = torch.zeros(settings.length, 6)
    example[:, 2] = STANDARD_GRAVITY_M_S2
    paths = {precision: folder / name for precision, name in ENCODERS.items()}
    write_graph(model, (example,), ["window"], paths["fp32"], outputs=outputs)
    quantise(paths["fp32"], encoder, paths["int8"])
    parity, int8 = _tested(opened, answers, paths)
    for line in write_other_formats(model, _compared(opened), folder):
        console.print(line, soft_wrap=True)
    if cfg.words:
        cosine = write_text_encoder(run, folder)
        console.print(f"{TEXT_ENCODER}: every label's cosine to the run's own embedding is {cosine:.3f} or more")

    confidence = _confidence(run, answers)
    write_json(folder / PREPROCESSING, description.preprocessing(settings.length, settings.rate_hz, float(cfg.hop_s)))
    write_json(folder / LABEL_BANK, description.label_bank(run.bank))
    raw, truths = _sample_windows(opened.cfg)
    embedded = {precision: embed_with(path, raw, no_progress, "") for precision, path in paths.items()}
    vectors = description.test_vectors(raw, truths, embedded, run.bank, confidence["temperature"])
    device = Preprocessing(settings.rate_hz, settings.length, float(cfg.hop_s), description.RATES_HZ)
    write_json(folder / TEST_VECTORS, vectors | {"resampling": resampling_vectors(raw[0], device)})
    write_text(folder / README, description.readme(run, float(cfg.hop_s)))
    threshold = None if cfg.unknown_threshold is None else float(cfg.unknown_threshold)
    cosines = int8.embeddings @ bank.T
    tested = description.Tested(
        _metrics(opened, cosines), _unknown_share(cosines, int8.distances, confidence, threshold), parity
    )
    write_json(folder / MANIFEST, description.manifest(run, tested, confidence, threshold, folder))


def _model(encoder: SensorEncoder, answers: Answers | None) -> tuple[nn.Module, list[str]]:
    """What the graphs hold, and the names of its outputs: the embedding and, where it decides, the distance."""
    if answers is None or answers.decides not in answers.scores.neighbours:
        return DeviceEncoder(encoder).eval(), ["embedding"]
    near = answers.scores.neighbours[answers.decides]
    return MeasuringEncoder(encoder, near, answers.decides == "embedding_distance").eval(), ["embedding", "distance"]


def _tested(opened: OpenedRun, answers: Answers | None, paths: dict[str, Path]) -> tuple[Parity, Outputs]:
    """How the graphs agree with the trained encoder, and what the 8-bit one gives for the whole target."""
    target, bank = opened.data.target, opened.run.bank.embeddings.numpy()
    model = DeviceEncoder(opened.run.mapping.module.sensor_encoder).eval()
    windows = device_frame(target, np.arange(len(target)))
    rows = _rows(len(target))
    fp32 = embed_with(paths["fp32"], windows[rows], progress_bar, "Comparing with the trained encoder")
    int8 = embed_with(paths["int8"], windows, progress_bar, "Testing the 8-bit encoder")
    parity = compare(model, windows[rows], bank, fp32.embeddings, int8.embeddings[rows])
    if answers is not None and int8.distances is not None:
        expected = answers.scores.score(answers.decides, described(model.encoder, target.samples[rows]))
        parity = compare_unknown(parity, expected, int8.distances[rows], answers.threshold)
    require(parity)
    return parity, int8


def _compared(opened: OpenedRun) -> NDArray[np.float32]:
    """Real windows (N, L, 6) of the target, raw, on which files are compared with the trained encoder."""
    return device_frame(opened.data.target, _rows(len(opened.data.target)))


def _rows(windows: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, windows - 1, min(COMPARED, windows)).astype(np.int64))


def _metrics(opened: OpenedRun, cosines: NDArray[np.float32]) -> Metrics:
    """The test of the run again, with these cosines (N, C) of its target's windows."""
    run, target = opened.run, opened.data.target
    scores = cosines[:, run.space.positions(run.tested)]
    return evaluate(scores, target.labels(run.tested), run.tested, target.subject)


def _unknown_share(
    cosines: NDArray[np.float32],
    distances: NDArray[np.float32] | None,
    confidence: dict[str, Any],
    threshold: float | None,
) -> float | None:
    """Share of windows with cosines (N, C) and distances (N,) that a device calls unknown; None: it never does."""
    rule = confidence["unknown"]
    if rule is None and threshold is None:
        return None
    highest = np.array([softmax(row / confidence["temperature"]).max() for row in cosines])
    unknown = np.zeros(len(cosines), dtype=bool) if threshold is None else highest < threshold
    if rule is not None:
        known_by = {"probability": 1 - highest, "cosine": 1 - cosines.max(axis=1)} | dict.fromkeys(DISTANCES, distances)
        unknown |= known_by[rule["score"]] > rule["above"]
    return float(unknown.mean())


def _confidence(run: LoadedRun, answers: Answers | None) -> dict[str, Any]:
    """Temperature and `unknown`: what `lanhar.confidence` set on the source, else the scale of training and nothing."""
    if answers is None:
        scale = float(run.cfg.mapping.loss.prototype.scale)
        return {"temperature": 1 / scale, "temperature_from": "training: the scale of its cosines", "unknown": None}
    return {
        "temperature": answers.scores.temperature,
        "temperature_from": "lanhar.confidence, on held-out source subjects",
        "unknown": {"score": answers.decides, "above": answers.threshold},
    }


def _sample_windows(cfg: DictConfig) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """One raw window of each activity of the built-in sample, and its name."""
    dataset = get_dataset(description.VECTORS_FROM)(sample_dir(), cache_folder(cfg), download=False)
    windows = open_windows(dataset, window_settings(cfg), cache_folder(cfg)).windows
    _, rows = np.unique(windows.activity, return_index=True)
    return device_frame(windows, rows), windows.activity[rows]
