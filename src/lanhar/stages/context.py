"""Finished runs and their baselines on uncut experiments: each window alone, and with context across windows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from hydra.utils import instantiate
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf

from lanhar.activities import LabelSpace
from lanhar.datamodules.stream_windows import StreamWindows, cut_stream
from lanhar.datamodules.window_set import LabelledWindows, concatenate
from lanhar.datasets.uci import UCI
from lanhar.datasets.uci_streams import read_streams
from lanhar.errors import LanharError
from lanhar.evaluation.calibration import fit_temperature
from lanhar.evaluation.context import causal, likelihoods, offline, transition_matrix
from lanhar.evaluation.context_table import context_table
from lanhar.evaluation.metrics import evaluate
from lanhar.evaluation.tables import SCORES
from lanhar.files import write_text
from lanhar.progress import console, progress_bar
from lanhar.signals.features import classifier_features
from lanhar.stages.baselines import run_baselines
from lanhar.stages.data import balanced_windows
from lanhar.stages.reopen import BATCH, OpenedRun, open_run, run_folders
from lanhar.stages.settings import NEAREST_INTERPRETATION, make_dataset

PREDICTIONS = "context.parquet"
# A forest may give an activity no vote at all, which has no logarithm.
LEAST_PROBABILITY = 1e-6

Logs = dict[str, NDArray[np.float64]]
# Likelihoods (T, C) of a stream and transitions (C, C) → probabilities (T, C).
Follow = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Emissions:
    """What every method says of each window of the streams alone.

    Attributes:
        logs: method → (N, C) logs of calibrated probabilities up to a constant a row, in the tested label space.
        temperatures: method → what its logs were divided by.
    """

    logs: Logs
    temperatures: dict[str, float]


def run_context(cfg: DictConfig) -> pd.DataFrame:
    """Test runs on uncut experiments; write results.csv and table.md to `cfg.out`.

    Args:
        cfg: the composed config `context`.

    Returns:
        One row a run, method, context and kind of window scored.

    Raises:
        LanharError: no run has the target uci, a run cannot be opened, or it held nobody of its source out.
    """
    check_context(cfg)
    cut: dict[tuple[Any, ...], StreamWindows] = {}
    rows = []
    for folder in runs_on_uci(run_folders(cfg.run)):
        opened = open_run(folder, cfg.data_dir, cfg.cache_dir)
        windows, space = opened.cfg.windows, opened.data.tested
        key = (opened.cfg.data_dir, windows.length, windows.rate_hz, space.activities, str(space.merges))
        if key not in cut:
            cut[key] = cut_streams(cfg, opened)
        streams, emissions = cut[key], window_emissions(cfg, opened, cut[key].windows)
        predicted = contexts(cfg, opened, streams, emissions)
        _write_predictions(streams, space, predicted, folder / PREDICTIONS)
        rows += _rows(cfg, opened, streams, emissions, predicted)
    frame = pd.DataFrame(rows)
    out = Path(cfg.out)
    table = context_table(frame)
    write_text(out / "results.csv", frame.to_csv(index=False, lineterminator="\n"))
    write_text(out / "table.md", table)
    console.print(table, soft_wrap=True, markup=False)
    console.print(f"Written: {out / 'results.csv'} and table.md", soft_wrap=True)
    return frame


def check_context(cfg: DictConfig) -> None:
    """Find what is wrong with the numbers before any run is opened."""
    transition_matrix(2, float(cfg.hop_s), float(cfg.bout_s))
    for name in ("copies", "max_windows"):
        if cfg[name] < 1:
            raise LanharError(f"{name} is {cfg[name]}; write 1 or more")


def runs_on_uci(folders: list[Path]) -> list[Path]:
    """The runs whose target is uci alone, the only dataset with uncut streams.

    Raises:
        LanharError: there is none.
    """
    targets = {folder: _targets(folder) for folder in folders}
    # A folder that is no finished run is told of where it is opened.
    found = [folder for folder, names in targets.items() if names in (None, ["uci"])]
    if not found:
        held = sorted({name for names in targets.values() for name in names or ()})
        raise LanharError(
            f"none of the runs has the target uci, the only dataset with uncut streams (they have {', '.join(held)}); "
            "train one with target=uci"
        )
    return found


def _targets(folder: Path) -> list[str] | None:
    path = folder / "config.yaml"
    return list(OmegaConf.load(path).target.datasets) if path.is_file() else None


def cut_streams(cfg: DictConfig, opened: OpenedRun) -> StreamWindows:
    """Windows of every uncut experiment of uci, one experiment after the other, each in time order."""
    dataset = make_dataset(opened.cfg.target.datasets["uci"], opened.cfg)
    assert isinstance(dataset, UCI)
    length, rate_hz = int(opened.cfg.windows.length), float(opened.cfg.windows.rate_hz)
    hop = round(float(cfg.hop_s) * rate_hz)
    parts = [
        cut_stream(stream, opened.data.tested, length, hop, rate_hz) for stream in read_streams(dataset, progress_bar)
    ]
    return StreamWindows(
        concatenate([part.windows for part in parts]),
        np.concatenate([part.share for part in parts]),
        np.concatenate([part.inside for part in parts]),
    )


def window_emissions(cfg: DictConfig, opened: OpenedRun, windows: LabelledWindows) -> Emissions:
    """What lanhar and every baseline of a run say of windows, each alone, with temperatures set on its source.

    The nearest interpretation, which would need a text of every window, is left out.

    Raises:
        LanharError: the run held no subject of its source out.
    """
    held = held_out_copies(cfg, opened)
    truth = held.labels(opened.data.tested)
    known, raw = _logs(opened, held), _logs(opened, windows)
    temperatures = {name: fit_temperature(known[name], truth) for name in known}
    return Emissions({name: logs / temperatures[name] for name, logs in raw.items()}, temperatures)


def held_out_copies(cfg: DictConfig, opened: OpenedRun) -> LabelledWindows:
    """Windows of held-out source subjects as other pockets, limbs and devices would change them, copy after copy.

    As recorded, runs are nearly always right about them, and would be far too sure of themselves elsewhere.
    """
    data, seed, rate_hz = opened.data, int(opened.cfg.seed), float(opened.cfg.windows.rate_hz)
    chosen = data.validation.in_space(data.tested)
    if not len(chosen):
        raise LanharError(
            "the run held no subject of its source out, who alone can set a temperature; train it with "
            "split.validation_fraction=0.1"
        )
    chosen = balanced_windows(chosen, data.tested, int(cfg.max_windows), seed)
    augment = instantiate(opened.cfg.mapping.augment)
    copies = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)
        for _ in range(int(cfg.copies)):
            starts = range(0, len(chosen), BATCH)
            parts = [augment(torch.from_numpy(np.array(chosen.samples[i : i + BATCH]))).numpy() for i in starts]
            samples = np.concatenate(parts)
            features = classifier_features(samples, np.asarray(chosen.gravity), rate_hz)
            copies.append(replace(chosen, samples=samples, classifier_features=features))
    return concatenate(copies)


def _logs(opened: OpenedRun, windows: LabelledWindows) -> Logs:
    """Method → (N, C): cosines of lanhar, logs of the baselines' probabilities, in the tested label space."""
    cfg, data = opened.cfg.copy(), opened.data
    if cfg.get("baselines") is not None:
        cfg.baselines[NEAREST_INTERPRETATION] = None
    stages_dir = opened.run.mapping.folder.parents[1]
    tested = data.space.positions(data.tested)
    _, cosines = opened.run.mapping.predict(windows.samples)
    logs = {str(cfg.method.name): cosines.numpy().astype(np.float64)[:, tested]}
    for name, scores in run_baselines(cfg, replace(data, target=windows), None, stages_dir, []).items():
        logs[name] = np.log(np.maximum(scores[:, tested], LEAST_PROBABILITY))
    return logs


def weights(cfg: DictConfig, opened: OpenedRun) -> dict[str, tuple[Follow, float]]:
    """Context → what runs over a stream, and the power of each window's likelihood.

    Windows that overlap share samples: in full, each counts as if the others were not there; `_shared`, each sample
    counts once.
    """
    windows = opened.cfg.windows
    shared = min(1.0, float(cfg.hop_s) * float(windows.rate_hz) / int(windows.length))
    ways: dict[str, Follow] = {"causal": causal, "offline": offline}
    whole = {name: (follow, 1.0) for name, follow in ways.items()}
    return whole | {f"{name}_shared": (follow, shared) for name, follow in ways.items()}


def contexts(
    cfg: DictConfig, opened: OpenedRun, streams: StreamWindows, emissions: Emissions
) -> dict[tuple[str, str], NDArray[np.int64]]:
    """Predictions (N,) of every method with every context of the table."""
    transition = transition_matrix(len(opened.data.tested), float(cfg.hop_s), float(cfg.bout_s))
    experiments = [streams.windows.recording == number for number in np.unique(streams.windows.recording)]
    predicted: dict[tuple[str, str], NDArray[np.int64]] = {}
    for method, logs in emissions.logs.items():
        predicted[method, "alone"] = logs.argmax(axis=1)
        for context, (follow, weight) in weights(cfg, opened).items():
            found = np.empty(len(logs), dtype=np.int64)
            for rows in experiments:
                found[rows] = follow(likelihoods(logs[rows], weight), transition).argmax(axis=1)
            predicted[method, context] = found
    return predicted


def _rows(
    cfg: DictConfig,
    opened: OpenedRun,
    streams: StreamWindows,
    emissions: Emissions,
    predicted: Mapping[tuple[str, str], NDArray[np.int64]],
) -> list[dict[str, Any]]:
    space, conditions = opened.data.tested, opened.conditions
    truth, subjects = streams.windows.labels(space), streams.windows.subject
    scored = {"inside bouts": streams.inside & (truth >= 0), "labelled": truth >= 0}
    rows = []
    for (method, context), indices in predicted.items():
        for which, kept in scored.items():
            metrics = evaluate(indices[kept], truth[kept], space, subjects[kept])
            low, high = metrics.intervals["macro_f1"] or (float("nan"), float("nan"))
            rows.append(
                {
                    "study": "context",
                    "method": method,
                    "protocol": conditions["trained_protocol"],
                    **{name: value for name, value in conditions.items() if name != "trained_protocol"},
                    "n_windows": metrics.n_windows,
                    **{score: getattr(metrics, score) for score in SCORES},
                    "macro_f1_low": low,
                    "macro_f1_high": high,
                    "context": context,
                    "scored": which,
                    **{f"recall.{name}": own.recall for name, own in metrics.per_activity.items()},
                    "temperature": emissions.temperatures[method],
                    "hop_s": float(cfg.hop_s),
                    "bout_s": float(cfg.bout_s),
                    "run": opened.run.folder.name,
                }
            )
    return rows


def _write_predictions(
    streams: StreamWindows,
    space: LabelSpace,
    predicted: Mapping[tuple[str, str], NDArray[np.int64]],
    path: Path,
) -> None:
    names = np.array(space.activities)
    windows = streams.windows
    frame = pd.DataFrame(
        {
            "subject": windows.subject,
            "experiment": windows.recording,
            "start_s": windows.start_s,
            "activity": windows.activity,
            "share": streams.share,
            "inside": streams.inside,
            **{f"{method}.{context}": names[indices] for (method, context), indices in predicted.items()},
        }
    )
    frame.to_parquet(path)
