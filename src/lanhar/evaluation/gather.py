"""One table of every run in a folder."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from lanhar.errors import LanharError
from lanhar.evaluation.tables import markdown_table, run_rows


def read_reports(runs_dir: Path) -> list[dict[str, Any]]:
    """The content of every `<runs_dir>/<experiment>/<key>/metrics.json`, in the order of their paths.

    Raises:
        LanharError: there is none, or one cannot be read.
    """
    reports: list[dict[str, Any]] = []
    for path in sorted(runs_dir.glob("*/*/metrics.json")):
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            run_rows(report)
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
            raise LanharError(f"{path} holds no run's metrics ({error!r}): delete it, run again") from error
        reports.append(report)
    if not reports:
        raise LanharError(f"no <experiment>/<key>/metrics.json in '{runs_dir}': run lanhar.train first")
    return reports


def gather(runs_dir: Path) -> pd.DataFrame:
    """One row a run and method, sorted by study, source, target, seed and method.

    Returns:
        Columns study, method, protocol, windows, label_space, interpreter, source, target, seed, n_windows,
        accuracy, weighted_f1, macro_f1 (0..1), key, synthetic.

    Raises:
        LanharError: `runs_dir` holds no metrics, or one file cannot be read.
    """
    frame = pd.DataFrame([row for report in read_reports(runs_dir) for row in run_rows(report)])
    order = ["study", "protocol", "source", "target", "seed", "key"]
    return frame.sort_values(order, kind="stable", ignore_index=True)


def write_gathered(frame: pd.DataFrame, stem: Path) -> tuple[Path, Path]:
    """Write `<stem>.csv` (full precision) and `<stem>.md` (three decimals); return both paths."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    csv, markdown = stem.with_name(stem.name + ".csv"), stem.with_name(stem.name + ".md")
    frame.to_csv(csv, index=False, lineterminator="\n")
    rows = [
        [f"{value:.3f}" if isinstance(value, float) else str(value) for value in row]
        for row in frame.itertuples(index=False)
    ]
    header = list(frame.columns)
    table = markdown_table(header, rows, text_columns=header.index("seed"))
    markdown.write_text(table, encoding="utf-8")
    return csv, markdown
