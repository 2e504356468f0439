"""The test on the target, and everything that a run folder holds."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from lanhar.evaluation.figures import plot_confusion, plot_embedding
from lanhar.evaluation.metrics import evaluate
from lanhar.evaluation.tables import comparison_markdown, run_title
from lanhar.files import write_json, write_text
from lanhar.keys import code_digest
from lanhar.stages.align import TrainedAlignment
from lanhar.stages.baselines import run_baselines
from lanhar.stages.data import RunData
from lanhar.stages.mapping import TrainedMapping
from lanhar.stages.settings import option_name, plain, run_name
from lanhar.stages.texts import described_interpreter, interpret

METRICS = "metrics.json"
PACKAGES = ("torch", "lightning", "transformers", "hydra-core", "numpy", "scipy", "scikit-learn", "torchmetrics")


def test_identity(cfg: DictConfig, data: RunData, mapping_key: str) -> dict[str, Any]:
    """What changes the numbers of the test."""
    return {
        "mapping": mapping_key,
        "target": data.target_keys,
        "baselines": plain(cfg.baselines),
        "code": code_digest(),
    }


def run_test(
    cfg: DictConfig, data: RunData, alignment: TrainedAlignment, mapping: TrainedMapping, folder: Path
) -> dict[str, Any]:
    """Predict the target, score it beside the baselines, and write the run folder; `metrics.json` comes last.

    Returns:
        The content of metrics.json.
    """
    embeddings, cosines = mapping.predict(data.target.samples)
    scores = {"lanhar": cosines.numpy().astype(np.float64), **run_baselines(cfg, data)}
    truth, subjects = data.target.labels(data.space), data.target.subject
    methods = {name: evaluate(s, truth, data.space, subjects).to_dict() for name, s in scores.items()}
    report = {"run": _describe(cfg, data, folder), "methods": methods}
    folder.mkdir(parents=True, exist_ok=True)
    _write_predictions(data, scores, folder)
    np.savez(
        folder / "label_bank.npz",
        names=np.array(data.space.activities),
        embeddings=mapping.module.bank().detach().numpy(),
    )
    title = run_title(report["run"])
    plot_confusion(methods["lanhar"]["confusion"], data.space.titles, f"lanhar · {title}", folder / "confusion.png")
    prototypes = mapping.module.bank().detach().numpy()
    plot_embedding(embeddings.numpy(), truth, prototypes, data.space.titles, title, folder / "embedding.png")
    write_json(folder / "splits.json", data.split)
    write_json(folder / "versions.json", _versions())
    stages = {"alignment": alignment.folder, "mapping": mapping.folder}
    write_json(folder / "stages.json", {name: _relative(path, folder) for name, path in stages.items()})
    write_text(folder / "config.yaml", OmegaConf.to_yaml(cfg, resolve=True))
    write_text(folder / "table.md", comparison_markdown(report))
    write_json(folder / METRICS, report)
    return report


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
        "label_space": list(data.space.activities),
        "label_space_name": option_name(cfg.label_space, "label_space"),
        "merges": {name: list(parts) for name, parts in data.space.merges.items()},
        "source": list(data.source_keys),
        "target": list(data.target_keys),
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


def _write_predictions(data: RunData, scores: dict[str, NDArray[np.float64]], folder: Path) -> None:
    names = np.array(data.space.activities)
    target = data.target
    table = {
        "dataset": target.dataset,
        "subject": target.subject,
        "placement": target.placement,
        "recording": target.recording,
        "start_s": target.start_s,
        "activity": target.activity,
        "truth": names[target.labels(data.space)],
    }
    for method, values in scores.items():
        table[method] = names[values.argmax(axis=1)]
    for index, name in enumerate(names):
        table[f"cosine_{name}"] = scores["lanhar"][:, index].astype(np.float32)
    pd.DataFrame(table).to_parquet(folder / "predictions.parquet", index=False)


def _versions() -> dict[str, str]:
    versions = {package: version(package) for package in PACKAGES}
    return {"python": platform.python_version(), "lanhar": version("lanhar"), **versions, "code": code_digest()}


def _relative(path: Path, start: Path) -> str:
    return Path(path).resolve().relative_to(start.resolve().parents[1]).as_posix()
