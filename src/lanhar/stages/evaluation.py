"""A trained run tested again with other labels or on another target; nothing is trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from lanhar.activities import REGISTRY, LabelSpace
from lanhar.datamodules.window_cache import open_windows
from lanhar.datamodules.window_set import LabelledWindows, concatenate
from lanhar.datasets.base import Dataset
from lanhar.errors import LanharError
from lanhar.evaluation.metrics import Metrics, evaluate
from lanhar.files import read_json, write_json, write_text
from lanhar.interpretation.labels import describe, label_interpretations, registered_name
from lanhar.keys import code_digest, digest
from lanhar.progress import progress_bar
from lanhar.stages.loading import LoadedRun, load_run
from lanhar.stages.settings import cache_folder, make_dataset, plain, window_settings

METRICS = "metrics.json"


@dataclass(frozen=True)
class Candidates(LabelSpace):
    """A label space that may hold activities of one's own beside the registry's; no dataset has windows of those."""

    def __post_init__(self) -> None:
        LabelSpace(tuple(name for name in self.activities if name in REGISTRY), self.merges)
        twice = sorted({name for name in self.activities if self.activities.count(name) > 1})
        if twice:
            raise LanharError(f"labels hold {', '.join(twice)} more than once; each activity may have one place")

    @property
    def titles(self) -> list[str]:
        """Human-readable names in order."""
        return [REGISTRY[name].title if name in REGISTRY else name.replace("_", " ") for name in self.activities]


@dataclass(frozen=True)
class Labels:
    """The labels of an evaluation.

    Attributes:
        space: the candidates: what is left of the run's activities, then the added ones.
        kept: how many of them are the run's own.
        removed: activities of the run that are no candidates any more.
        added: added activity → its texts.
    """

    space: Candidates
    kept: int
    removed: tuple[str, ...]
    added: Mapping[str, list[str]]


def run_evaluation(cfg: DictConfig) -> tuple[dict[str, Any], Path]:
    """Test the run that `cfg.run` names with the labels of `cfg.labels`.

    Args:
        cfg: the config `evaluate`.

    Returns:
        The content of metrics.json, and the folder that holds it: `<run>/evaluations/<digest>`.

    Raises:
        LanharError: a mistake in the config, or a run or data that cannot be used.
    """
    run = load_run(Path(cfg.run))
    labels = choose_labels(run, plain(cfg.labels))
    windows, keys = target_windows(cfg, run)
    identity = {"run": run.folder.name, "target": keys, "code": code_digest()}
    texts = {name: labels.added.get(name) for name in labels.space.activities}
    folder = run.folder / "evaluations" / digest({**identity, "labels": texts})
    if (folder / METRICS).exists() and not cfg.force:
        report: dict[str, Any] = read_json(folder / METRICS)
        return report, folder
    windows = windows.in_space(labels.space)
    return _test(run, labels, windows, keys, folder), folder


def choose_labels(run: LoadedRun, settings: Mapping[str, Any]) -> Labels:
    """Candidates of an evaluation.

    Args:
        run: its activities are the candidates before any is added or removed.
        settings: `add` and `remove`, lists of names, and `descriptions`, name → how it moves.

    Raises:
        LanharError: a name is there already, or is not there to be removed, or a description is for no added one.
    """
    own = run.tested.activities
    removed = tuple(_name(name) for name in settings["remove"])
    if foreign := [name for name in removed if name not in own]:
        raise LanharError(f"labels.remove has {', '.join(foreign)}; the run knows {', '.join(own)}")
    names = [_name(name) for name in settings["add"]]
    described = {_name(name): str(text) for name, text in settings["descriptions"].items()}
    if unused := set(described) - set(names):
        raise LanharError(f"labels.descriptions has {', '.join(sorted(unused))}; name it in labels.add too")
    kept = [name for name in own if name not in removed]
    merges = {name: parts for name, parts in run.tested.merges.items() if name in kept}
    space = Candidates((*kept, *names), merges)
    return Labels(space, len(kept), removed, {name: _texts(name, described.get(name)) for name in names})


def _name(given: Any) -> str:
    words = " ".join(str(given).replace("_", " ").split()).lower()
    if not words:
        raise LanharError("labels holds an empty name; write labels.add='[rope skipping]'")
    return registered_name(words) or words.replace(" ", "_")


def _texts(name: str, description: str | None) -> list[str]:
    if description is not None:
        return describe(name.replace("_", " "), description)
    return label_interpretations(name) if name in REGISTRY else [name.replace("_", " ")]


def target_windows(cfg: DictConfig, run: LoadedRun) -> tuple[LabelledWindows, dict[str, str]]:
    """All windows of the target, the run's own unless the config names another, and the identity of each dataset's.

    Raises:
        LanharError: the target trained the run, or cannot be found or read.
    """
    job = run.cfg.copy()
    OmegaConf.set_struct(job, False)
    for name in ("data_dir", "cache_dir"):
        job[name] = run.cfg[name] if cfg[name] is None else cfg[name]
    job.download = cfg.download
    if "datasets" in cfg.target:
        job.target = cfg.target
    cards = job.target.datasets
    if trained := sorted(set(cards) & set(run.report["run"]["data_keys"]["source"]) - {"recordings"}):
        raise LanharError(f"the run was trained on {', '.join(trained)}; choose another target")
    datasets: dict[str, Dataset] = {name: make_dataset(card, job) for name, card in cards.items()}
    for dataset in datasets.values():
        dataset.fingerprint()
    settings, cache = window_settings(job), cache_folder(job)
    opened = {name: open_windows(d, settings, cache, progress_bar) for name, d in datasets.items()}
    return concatenate([o.windows for o in opened.values()]), {name: o.key for name, o in opened.items()}


def _test(
    run: LoadedRun, labels: Labels, windows: LabelledWindows, keys: Mapping[str, str], folder: Path
) -> dict[str, Any]:
    embeddings, own = run.mapping.predict(windows.samples)
    columns = [run.space.activities.index(name) for name in labels.space.activities[: labels.kept]]
    scores = own[:, columns].numpy().astype(np.float64)
    if labels.added:
        bank = run.embed_labels(list(labels.added), list(labels.added.values()))
        scores = np.concatenate([scores, (embeddings @ bank.embeddings.T).numpy().astype(np.float64)], axis=1)
    truth = windows.labels(labels.space)
    metrics = evaluate(scores, truth, labels.space, windows.subject)
    report = _report(run, labels, windows, keys, metrics)
    from lanhar.evaluation.figures import plot_confusion
    from lanhar.evaluation.tables import run_title

    folder.mkdir(parents=True, exist_ok=True)
    method = str(run.cfg.method.name)
    _write_predictions(windows, labels.space, scores, truth, method, folder)
    title = f"{method} · {run_title(report['run'])}"
    plot_confusion(metrics.confusion, labels.space.titles, title, folder / "confusion.png")
    write_text(folder / "table.md", _markdown(report, labels, metrics))
    write_json(folder / METRICS, report)
    return report


def _report(
    run: LoadedRun, labels: Labels, windows: LabelledWindows, keys: Mapping[str, str], metrics: Metrics
) -> dict[str, Any]:
    name = "".join([run.report["run"]["label_space_name"], *(f" - {n}" for n in labels.removed)])
    described = run.report["run"] | {
        "target": list(dict.fromkeys(windows.dataset.tolist())),
        "data_keys": run.report["run"]["data_keys"] | {"target": dict(keys)},
        "label_space": list(labels.space.activities),
        "label_space_name": name + "".join(f" + {n}" for n in labels.added),
        "added": {n: list(texts) for n, texts in labels.added.items()},
        "removed": list(labels.removed),
        "n_windows": len(windows),
        "n_subjects": metrics.n_subjects,
    }
    return {"run": described, "methods": {str(run.cfg.method.name): metrics.to_dict()}}


def _write_predictions(
    windows: LabelledWindows,
    space: Candidates,
    scores: NDArray[np.float64],
    truth: NDArray[np.int64],
    method: str,
    folder: Path,
) -> None:
    import pandas as pd

    names = np.array(space.activities)
    columns = ("dataset", "subject", "placement", "recording", "start_s", "activity")
    table = {column: getattr(windows, column) for column in columns}
    table |= {"truth": names[truth], method: names[scores.argmax(axis=1)]}
    table |= {f"cosine_{name}": scores[:, i].astype(np.float32) for i, name in enumerate(names)}
    pd.DataFrame(table).to_parquet(folder / "predictions.parquet", index=False)


def _markdown(report: Mapping[str, Any], labels: Labels, metrics: Metrics) -> str:
    """Title, the table, and what happened to the added activities: tested, or only drawing windows away."""
    from lanhar.evaluation.tables import markdown_table, run_title

    header = ["activity", "windows", "recall", "F1", *(f"taken for {n.replace('_', ' ')}" for n in labels.added)]
    rows = []
    for i, (name, title) in enumerate(zip(labels.space.activities, labels.space.titles, strict=True)):
        score = metrics.per_activity[name]
        shown = [f"{score.recall:.3f}", f"{score.f1:.3f}"] if score.support else ["–", "–"]
        taken = [f"{n:,}" for n in metrics.confusion[i][labels.kept :]]
        rows.append([title, f"{score.support:,}", *shown, *taken])
    for key, value in (("accuracy", metrics.accuracy), ("macro F1", metrics.macro_f1)):
        rows.append([key, f"{metrics.n_windows:,}", "", f"{value:.3f}", *[""] * len(labels.added)])
    notes = [note for i, name in enumerate(labels.added) if (note := _untested(name, labels, metrics, i))]
    return "\n".join([run_title(report["run"]), "", markdown_table(header, rows), *notes]) + "\n"


def _untested(name: str, labels: Labels, metrics: Metrics, place: int) -> str | None:
    if metrics.per_activity[name].support:
        return None
    moved = sum(row[labels.kept + place] for row in metrics.confusion)
    return (
        f"The target has no window of {name.replace('_', ' ')}: it is not tested; {moved:,} of "
        f"{metrics.n_windows:,} windows of other activities are taken for it."
    )
