"""The few-shot test of finished runs: the moved label bank, a regression and fine-tuning, with the same windows."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor

from lanhar.errors import LanharError
from lanhar.evaluation.few_shot import (
    choose_setting,
    curve,
    curve_cells,
    draw_support,
    moved_bank,
    support_subjects,
)
from lanhar.evaluation.few_shot_figure import plot_curves
from lanhar.evaluation.metrics import confusion_matrix, overall_scores
from lanhar.evaluation.tables import markdown_table
from lanhar.files import write_text
from lanhar.models.few_shot_regression import FewShotRegression
from lanhar.progress import console, progress_bar
from lanhar.stages.reopen import OpenedRun, described, open_run, run_folders
from lanhar.stages.settings import baseline_settings, classifier_parameters, plain
from lanhar.stages.tuning import tune

Scores = NDArray[np.float64]
# Support rows, a setting and a seed → scores (N, C) of the test's windows.
Method = Callable[[NDArray[np.int64], float, int], Scores]
COLUMNS = (
    "study", "method", "protocol", "windows", "label_space", "source", "target", "seed", "n_windows",
    "accuracy", "weighted_f1", "macro_f1", "k", "draw", "setting", "chosen_by_runs", "trained_protocol", "run",
)  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """What the few-shot test of one run works on; N windows of the target.

    Attributes:
        opened: the run.
        inputs: (N, ...) as the encoder's fixed part makes them.
        embeddings: (N, D).
        labels: (N,) indices in the label space that was trained on.
        support: rows of the support subjects.
        test: rows of all others, the same for every k and draw.
    """

    opened: OpenedRun
    inputs: Tensor
    embeddings: Tensor
    labels: NDArray[np.int64]
    support: NDArray[np.int64]
    test: NDArray[np.int64]


def run_few_shot(cfg: DictConfig) -> pd.DataFrame:
    """Test runs with a few labelled windows of their targets; write results.csv, table.md and curve.png to `cfg.out`.

    Args:
        cfg: the composed config `few_shot`.

    Returns:
        One row a run, method, k and draw, each method with the setting that the nested rule chose.

    Raises:
        LanharError: a run cannot be opened, or its target cannot give so many windows.
    """
    check_few_shot(cfg)
    folders = run_folders(cfg.run)
    rows = []
    for number, folder in enumerate(folders):
        trial = open_trial(cfg, open_run(folder, cfg.data_dir, cfg.cache_dir))
        rows += [{**row, "run": number} for row in trial_rows(cfg, trial)]
    chosen = chosen_rows(pd.DataFrame(rows), plain(cfg.candidates))
    chosen["run"] = [folders[number].name for number in chosen["run"]]
    _write(chosen[list(COLUMNS)], Path(cfg.out))
    return chosen


def check_few_shot(cfg: DictConfig) -> None:
    """Find what is wrong with the numbers before any run is opened."""
    if not cfg.shots or min(cfg.shots) < 1:
        raise LanharError(f"shots is {plain(cfg.shots)}; write numbers of windows, 1 or more, such as shots=[1,5,10]")
    if cfg.draws < 1:
        raise LanharError(f"draws is {cfg.draws}; write 1 or more")
    if not 0 < cfg.support_share < 1:
        raise LanharError(f"support_share is {cfg.support_share}; write a share above 0 and below 1, such as 0.2")
    for name, settings in cfg.candidates.items():
        if not settings or min(settings) < 0 or (name == "label_bank" and min(settings) == 0):
            low = "above 0" if name == "label_bank" else "0 or more"
            raise LanharError(f"candidates.{name} is {plain(settings)}; write a list of numbers, {low}")


def open_trial(cfg: DictConfig, opened: OpenedRun) -> Trial:
    """Describe and embed the target's windows, and set the support subjects apart."""
    target = opened.data.target
    labels = target.labels(opened.data.space)
    names = support_subjects(target.subject, labels, float(cfg.support_share), max(cfg.shots), int(cfg.seed))
    giving = np.isin(target.subject, names)
    encoder = opened.run.mapping.module.sensor_encoder
    inputs = described(encoder, target.samples)
    with torch.no_grad():
        embeddings = encoder.embed(inputs)
    return Trial(opened, inputs, embeddings, labels, np.flatnonzero(giving), np.flatnonzero(~giving))


def trial_rows(cfg: DictConfig, trial: Trial) -> list[dict[str, Any]]:
    """Scores of one run with every method, setting, k and draw; k = 0 is the run as it was trained."""
    methods = {
        "lanhar": ("label_bank", label_bank_method(trial)),
        "lanhar_fine_tuned": ("fine_tuning_steps", fine_tuning_method(trial, float(cfg.fine_tuning_lr))),
        "logistic_regression": ("logistic_regression", regression_method(trial)),
    }
    jobs = [
        (name, float(setting), k, draw)
        for name, (key, _) in methods.items()
        for setting in cfg.candidates[key]
        for k in (0, *cfg.shots)
        for draw in range(1 if k == 0 else int(cfg.draws))
    ]
    conditions = trial.opened.conditions
    shown = progress_bar(jobs, f"Few shots: {conditions['source']} → {conditions['target']}", len(jobs))
    untouched: dict[str, Scores] = {}
    rows = []
    for name, setting, k, draw in shown:
        support = draw_support(trial.labels, trial.support, k, int(cfg.seed), draw)
        if k:
            scores = methods[name][1](support, setting, draw)
        else:
            scores = untouched.setdefault(name, methods[name][1](support, setting, draw))
        described_row = {"study": "few_shot", "method": name, "protocol": "few_shot", **conditions}
        rows.append({**described_row, **_measured(trial, scores), "k": k, "draw": draw, "setting": setting})
    return rows


def _measured(trial: Trial, scores: Scores) -> dict[str, float]:
    """Overall scores on the fixed test set, among the activities that the run tests."""
    data = trial.opened.data
    truth = data.target.select(trial.test).labels(data.tested)
    predicted = scores[:, data.space.positions(data.tested)].argmax(axis=1)
    overall = overall_scores(confusion_matrix(predicted, truth, len(data.tested)))
    return {"n_windows": len(truth), **{name: float(value) for name, value in overall.items()}}


def label_bank_method(trial: Trial) -> Method:
    """Cosines to the moved label bank; the setting is how firmly the texts hold it."""
    bank, labels = trial.opened.run.bank.embeddings, torch.from_numpy(trial.labels)

    def scores(support: NDArray[np.int64], setting: float, _: int) -> Scores:
        moved = moved_bank(bank, trial.embeddings[support], labels[support], setting)
        return (trial.embeddings[trial.test] @ moved.T).numpy().astype(np.float64)

    return scores


def fine_tuning_method(trial: Trial, lr: float) -> Method:
    """Cosines to the run's own label bank after some steps on the labelled windows; the setting is how many steps."""
    run, labels = trial.opened.run, torch.from_numpy(trial.labels)

    def scores(support: NDArray[np.int64], setting: float, seed: int) -> Scores:
        encoder = run.mapping.module.sensor_encoder
        if len(support):
            batch = (trial.inputs[support], labels[support])
            steps = [batch] * int(setting)
            encoder = tune(copy.deepcopy(encoder), steps, run.bank.embeddings, run.mapping.module.prototype, lr, seed)
        with torch.no_grad():
            return (encoder.embed(trial.inputs[trial.test]) @ run.bank.embeddings.T).numpy().astype(np.float64)

    return scores


def regression_method(trial: Trial) -> Method:
    """Probabilities of a regression on the source's windows and the labelled ones, as the run's own is set.

    The setting is how many labelled windows the source's windows of an activity count as together; 0 leaves them out.
    """
    data, cfg = trial.opened.data, trial.opened.cfg
    settings = classifier_parameters(_own_regression(cfg))
    features = np.asarray(data.target.classifier_features)
    model = FewShotRegression(
        np.asarray(data.train.classifier_features),
        data.train.labels(data.space),
        len(data.space),
        int(cfg.seed),
        settings,
    )
    test = model.prepare(features[trial.test])

    def scores(support: NDArray[np.int64], setting: float, _: int) -> Scores:
        return model.predict(test, model.prepare(features[support]), trial.labels[support], setting)

    return scores


def _own_regression(cfg: DictConfig) -> Mapping[str, Any]:
    return baseline_settings(cfg).get("logistic_regression", {})


def chosen_rows(rows: pd.DataFrame, candidates: Mapping[str, list[float]]) -> pd.DataFrame:
    """Of each run, method and k the rows of the setting that the nested rule chooses.

    Args:
        rows: those of `trial_rows`, with `run`.
        candidates: the first of each list serves where no other run may tell.
    """
    keys = {"lanhar": "label_bank", "lanhar_fine_tuned": "fine_tuning_steps"}
    kept = []
    for (method, _), own in rows.groupby(["method", "k"], sort=False):
        default = float(candidates[keys.get(str(method), str(method))][0])
        for number in own["run"].unique():
            setting, by = choose_setting(own, int(number), default)
            chosen = (own["run"] == number) & (own["setting"] == setting)
            kept.append(own[chosen].assign(chosen_by_runs=by))
    chosen_of_all: pd.DataFrame = pd.concat(kept, ignore_index=True)
    return chosen_of_all


def _write(rows: pd.DataFrame, out: Path) -> None:
    frame = curve(rows)
    header, cells = curve_cells(frame)
    counts = ", ".join(f"{t} {n:,}" for t, n in rows.groupby("target")["n_windows"].max().items())
    note = f"Protocol few_shot; macro F1, mean ± deviation over {frame['draws'].max()} draws; test windows: {counts}."
    table = f"{note}\n\n{markdown_table(header, cells, text_columns=4)}"
    write_text(out / "results.csv", rows.to_csv(index=False, lineterminator="\n"))
    write_text(out / "table.md", table)
    plot_curves(frame, out / "curve.png", note)
    console.print(table, soft_wrap=True)
    console.print(f"Written: {out / 'results.csv'}, table.md and curve.png", soft_wrap=True)
