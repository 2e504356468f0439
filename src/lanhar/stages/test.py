"""The test on the target, and everything that a run folder holds."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lightning.pytorch.loggers import Logger
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from lanhar.evaluation.figures import plot_confusion, plot_embedding
from lanhar.evaluation.metrics import evaluate
from lanhar.evaluation.tables import comparison_markdown, method_title, run_title
from lanhar.files import write_json, write_text
from lanhar.keys import code_digest
from lanhar.stages.align import TrainedAlignment
from lanhar.stages.baselines import run_baselines
from lanhar.stages.data import RunData
from lanhar.stages.mapping import TrainedMapping
from lanhar.stages.settings import baseline_settings, option_name, run_name
from lanhar.stages.texts import described_interpreter, interpret

METRICS = "metrics.json"
PACKAGES = ("torch", "lightning", "transformers", "hydra-core", "numpy", "scipy", "scikit-learn", "torchmetrics")


def test_identity(cfg: DictConfig, data: RunData, mapping_key: str) -> dict[str, Any]:
    """What changes the numbers of the test."""
    return {
        "mapping": mapping_key,
        "target": data.target_keys,
        "method": cfg.method.name,
        "baselines": baseline_settings(cfg),
        "code": code_digest(),
    }


def run_test(
    cfg: DictConfig,
    data: RunData,
    alignment: TrainedAlignment | None,
    mapping: TrainedMapping | None,
    loggers: list[Logger],
    folder: Path,
) -> dict[str, Any]:
    """Predict the target, score it beside the baselines, and write the run folder; `metrics.json` comes last.

    Args:
        cfg: the whole config.
        data: the run's windows.
        alignment: stage 1; None where nothing needs texts.
        mapping: stage 2; None where only baselines run.
        loggers: for the baselines that are networks.
        folder: the run folder.

    Returns:
        The content of metrics.json.
    """
    scores: dict[str, NDArray[np.float64]] = {}
    if mapping is not None:
        embeddings, cosines = mapping.predict(data.target.samples)
        scores[cfg.method.name] = cosines.numpy().astype(np.float64)
    scores |= run_baselines(cfg, data, alignment, Path(cfg.runs_dir) / "stages", loggers)
    # Trained on more activities than are tested: only the tested ones are candidates, for every method alike.
    candidates = data.space.positions(data.tested)
    scores = {name: values[:, candidates] for name, values in scores.items()}
    truth, subjects = data.target.labels(data.tested), data.target.subject
    methods = {name: evaluate(s, truth, data.tested, subjects).to_dict() for name, s in scores.items()}
    report = {"run": _describe(cfg, data, folder), "methods": methods}
    folder.mkdir(parents=True, exist_ok=True)
    _write_predictions(data, scores, cfg.method.name, folder)
    title, first = run_title(report["run"]), next(iter(methods))
    shown = f"{method_title(first)} · {title}"
    plot_confusion(methods[first]["confusion"], data.tested.titles, shown, folder / "confusion.png")
    if mapping is not None:
        prototypes = mapping.module.bank().detach().numpy()
        np.savez(folder / "label_bank.npz", names=np.array(data.space.activities), embeddings=prototypes)
        plot_embedding(
            embeddings.numpy(), truth, prototypes[candidates], data.tested.titles, title, folder / "embedding.png"
        )
    _write_provenance(cfg, data, alignment, mapping, folder)
    write_text(folder / "table.md", comparison_markdown(report))
    write_json(folder / METRICS, report)
    return report


def _write_provenance(
    cfg: DictConfig,
    data: RunData,
    alignment: TrainedAlignment | None,
    mapping: TrainedMapping | None,
    folder: Path,
) -> None:
    stages = {"alignment": alignment, "mapping": mapping}
    trained = {name: _relative(stage.folder, folder) for name, stage in stages.items() if stage is not None}
    write_json(folder / "splits.json", data.split)
    write_json(folder / "versions.json", _versions())
    write_json(folder / "stages.json", trained)
    write_text(folder / "config.yaml", OmegaConf.to_yaml(cfg, resolve=True))


def sample_texts(data: RunData, per_activity: int = 2) -> list[dict[str, str]]:
    """A few interpretations of source windows of each activity, to look at."""
    rows: list[dict[str, str]] = []
    labels = data.train.labels(data.space)
    for index, name in enumerate(data.space.activities):
        found = np.flatnonzero(labels == index)
        chosen = found[np.linspace(0, len(found) - 1, min(per_activity, len(found))).astype(int)]
        windows = data.train.select(chosen)
        texts = interpret(data.interpreter, windows)
        rows += [
            {"activity": name, "subject": str(subject), "interpretation": text}
            for subject, text in zip(windows.subject, texts, strict=True)
        ]
    return rows


def _describe(cfg: DictConfig, data: RunData, folder: Path) -> dict[str, Any]:
    counts = {name: int(n) for name, n in zip(data.space.activities, _counts(data), strict=True)}
    return {
        "experiment": run_name(cfg),
        "key": folder.name,
        "protocol": cfg.protocol.name,
        "windows": option_name(cfg.windows, "windows"),
        "window_seconds": cfg.windows.length / cfg.windows.rate_hz,
        "label_space": list(data.tested.activities),
        "trained_activities": list(data.space.activities),
        "label_space_name": option_name(cfg.label_space, "label_space"),
        "merges": {name: list(parts) for name, parts in data.space.merges.items()},
        "source": data.sources,
        "target": data.targets,
        "data_keys": {"source": data.source_keys, "target": data.target_keys},
        "seed": cfg.seed,
        "interpreter": cfg.interpreter.name,
        "interpretation": {**described_interpreter(cfg, data.space), "coverage": data.coverage},
        "text_encoder": cfg.text_encoder.name,
        "n_train_windows": len(data.train),
        "n_windows": len(data.target),
        "n_subjects": len(set(data.target.subject.tolist())),
        "train_windows": counts,
        "synthetic": data.synthetic,
    }


def _counts(data: RunData) -> NDArray[np.int64]:
    return np.bincount(data.train.labels(data.space), minlength=len(data.space))


def _write_predictions(data: RunData, scores: dict[str, NDArray[np.float64]], method: str, folder: Path) -> None:
    names = np.array(data.tested.activities)
    target = data.target
    table = {
        "dataset": target.dataset,
        "subject": target.subject,
        "placement": target.placement,
        "recording": target.recording,
        "start_s": target.start_s,
        "activity": target.activity,
        "truth": names[target.labels(data.tested)],
    }
    for name, values in scores.items():
        table[name] = names[values.argmax(axis=1)]
    if method in scores:
        for index, name in enumerate(names):
            table[f"cosine_{name}"] = scores[method][:, index].astype(np.float32)
    pd.DataFrame(table).to_parquet(folder / "predictions.parquet", index=False)


def _versions() -> dict[str, str]:
    versions = {package: version(package) for package in PACKAGES}
    return {"python": platform.python_version(), "lanhar": version("lanhar"), **versions, "code": code_digest()}


def _relative(path: Path, start: Path) -> str:
    return Path(path).resolve().relative_to(start.resolve().parents[1]).as_posix()
