"""How sure a finished run may be, and when it should answer `unknown`: set on its source, then tested on its target."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor

from lanhar.datamodules.window_set import LabelledWindows
from lanhar.errors import LanharError
from lanhar.evaluation.calibration import (
    expected_calibration_error,
    negative_log_likelihood,
    probabilities,
    reliability_table,
)
from lanhar.evaluation.metrics import confusion_matrix, overall_scores
from lanhar.evaluation.open_set import open_set_rows
from lanhar.evaluation.tables import markdown_table
from lanhar.files import write_text
from lanhar.progress import console
from lanhar.stages.confidence_fit import Fitted, fit_confidence, source_views
from lanhar.stages.reopen import OpenedRun, described, open_run, run_folders
from lanhar.stages.unknown_scores import SCORES, save_confidence

ALL = "all unseen"
THRESHOLDS_FROM = ("held_out_activities", "rate")
SHARED = (
    "study", "method", "protocol", "windows", "label_space", "source", "target", "seed", "n_windows",
    "accuracy", "weighted_f1", "macro_f1",
)  # fmt: skip


def run_confidence(cfg: DictConfig) -> dict[str, pd.DataFrame]:
    """Set temperature and threshold of runs on their sources and test both on their targets.

    Writes confidence.json and unknown.npz into each run's folder, and calibration.csv, results.csv and table.md of all
    runs to `cfg.out`.

    Args:
        cfg: the composed config `confidence`.

    Returns:
        The rows of `calibration` and of `open_set`.

    Raises:
        LanharError: a run cannot be opened, or held nobody of its source out.
    """
    check_confidence(cfg)
    rows: dict[str, list[dict[str, Any]]] = {"calibration": [], "open_set": []}
    known: dict[str, Fitted] = {}  # one stage 2 may serve several targets
    for folder in run_folders(cfg.run):
        opened = open_run(folder, cfg.data_dir, cfg.cache_dir)
        key = opened.run.mapping.key
        if key not in known:
            known[key] = fit_confidence(cfg, opened, source_views(cfg, opened))
        fitted = known[key]
        tested = test_confidence(cfg, opened, fitted)
        _write_run(cfg, opened, fitted, tested, folder)
        about = {**opened.conditions, "protocol": opened.conditions["trained_protocol"], "run": folder.name}
        for name in rows:
            rows[name] += [{"study": "unknown", **about, **row} for row in tested[name]]
    frames = {name: _ordered(pd.DataFrame(own)) for name, own in rows.items()}
    _write_study(frames, Path(cfg.out))
    return frames


def check_confidence(cfg: DictConfig) -> None:
    """Find what is wrong with the numbers before any run is opened."""
    if not 0 < cfg.rate < 1:
        raise LanharError(f"rate is {cfg.rate}; write a share above 0 and below 1, such as rate=0.05")
    for name, choices in (("score", SCORES), ("threshold_from", THRESHOLDS_FROM)):
        if cfg[name] not in choices:
            raise LanharError(f"{name} is '{cfg[name]}'; write one of {', '.join(choices)}")
    for name in ("copies", "max_windows", "held_out_steps"):
        if cfg[name] < 1:
            raise LanharError(f"{name} is {cfg[name]}; write 1 or more")


def test_confidence(cfg: DictConfig, opened: OpenedRun, fitted: Fitted) -> dict[str, list[dict[str, Any]]]:
    """What the source's settings are worth on the target; the only place that reads the target.

    Returns:
        Rows of `calibration` (a temperature each), `reliability` (a bin each) and `open_set` (a score and an unseen
        activity each).
    """
    everything = opened.whole_target()
    data, names = opened.data, [*cfg.unseen, *cfg.apart]
    unseen = [name for name in names if data.space.index(name) is None]
    labels = everything.labels(data.tested)
    chosen = everything.select((labels >= 0) | np.isin(everything.activity, unseen))
    inputs = described(fitted.scores.encoder, chosen.samples)
    labels = chosen.labels(data.tested)
    seen = labels >= 0
    tested = data.space.positions(data.tested)
    cosines = fitted.scores.cosines(inputs)[seen][:, tested]
    own = _overall(cosines, labels[seen], len(tested))
    after = probabilities(cosines, fitted.temperatures["changed"])
    trained = 1.0 / float(opened.run.mapping.module.prototype.scale)
    temperatures = {"of training": trained, **fitted.temperatures}
    rows = [
        {
            "method": "lanhar",
            **own,
            "temperature_of": kind,
            "temperature": temperature,
            "ece": expected_calibration_error(probabilities(cosines, temperature), labels[seen]),
            "nll": negative_log_likelihood(cosines, labels[seen], temperature),
        }
        for kind, temperature in temperatures.items()
    ]
    return {
        "calibration": rows,
        "reliability": [dict(row) for row in reliability_table(after, labels[seen])],
        "open_set": [{**row, **own} for row in _open_set(cfg, fitted, inputs, chosen, seen, unseen)],
    }


def _open_set(
    cfg: DictConfig,
    fitted: Fitted,
    inputs: Tensor,
    windows: LabelledWindows,
    seen: NDArray[np.bool_],
    unseen: list[str],
) -> list[dict[str, Any]]:
    names = np.where(seen, "", windows.activity)
    pooled = np.where(np.isin(names, list(cfg.unseen)), ALL, names)
    rows: list[dict[str, Any]] = []
    for score, values in fitted.scores.all(inputs).items():
        threshold = fitted.thresholds[score]
        held = [row["auroc"] for row in fitted.held_out[score].values()]
        about = {"method": f"lanhar, {score}", "held_out_auroc": float(np.mean(held)) if held else float("nan")}
        found = open_set_rows(values, names, unseen, threshold)
        found += open_set_rows(values, pooled, [ALL], threshold)
        rows += [{**about, **row} for row in found]
    return rows


def _overall(cosines: NDArray[np.float64], truth: NDArray[np.int64], activities: int) -> dict[str, Any]:
    overall = overall_scores(confusion_matrix(cosines.argmax(axis=1), truth, activities))
    return {"n_windows": len(truth), **{name: float(value) for name, value in overall.items()}}


def _write_run(
    cfg: DictConfig, opened: OpenedRun, fitted: Fitted, tested: dict[str, list[dict[str, Any]]], folder: Path
) -> None:
    content = {
        "run": opened.conditions,
        "temperature": fitted.temperatures["changed"],
        "score": cfg.score,
        "threshold": fitted.thresholds[cfg.score],
        "threshold_from": str(cfg.threshold_from),
        "rate": fitted.rates[cfg.score],
        "fitted_on": {"subjects": opened.data.split["validation"], "copies": int(cfg.copies)},
        "temperatures": fitted.temperatures,
        "thresholds": fitted.thresholds,
        "held_out_activities": fitted.held_out,
        "target": tested,
    }
    save_confidence(fitted.scores, content, folder)


CALIBRATION = ("ece", "nll")
OPEN_SET = ("held_out_auroc", "auroc", "refused_unseen", "refused_seen")


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that every study shares come first."""
    shared = [name for name in SHARED if name in frame]
    return frame[[*shared, *(name for name in frame if name not in shared)]]


def _write_study(frames: dict[str, pd.DataFrame], out: Path) -> None:
    write_text(out / "calibration.csv", frames["calibration"].to_csv(index=False, lineterminator="\n"))
    write_text(out / "results.csv", frames["open_set"].to_csv(index=False, lineterminator="\n"))
    tables = [
        _table(frames["calibration"], ("source", "target", "seed", "temperature_of"), ("temperature", *CALIBRATION)),
        _table(frames["open_set"], ("source", "target", "seed", "method", "activity"), ("n_unseen", *OPEN_SET)),
    ]
    write_text(out / "table.md", "\n".join(tables))
    for table in tables:
        console.print(table, soft_wrap=True)
    console.print(f"Written: {out / 'calibration.csv'}, results.csv and table.md", soft_wrap=True)


def _table(frame: pd.DataFrame, names: tuple[str, ...], numbers: tuple[str, ...]) -> str:
    if frame.empty:
        return "The targets hold no window of an unseen activity.\n"
    rows = [
        [*(str(row[name]) for name in names), *(f"{row[n]:,}" if n == "n_unseen" else f"{row[n]:.3f}" for n in numbers)]
        for row in frame.to_dict("records")
    ]
    return markdown_table([name.replace("_", " ") for name in (*names, *numbers)], rows, text_columns=len(names))
