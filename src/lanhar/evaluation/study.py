"""The table of a study over many pairs, methods and seeds: `<study>.csv`, `.md` and `.png`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lanhar.activities import activity
from lanhar.errors import LanharError
from lanhar.evaluation.figures import plot_study
from lanhar.evaluation.tables import SCORES, markdown_table, mean_and_deviation, method_title, run_rows

COLUMNS = (
    "study", "method", "protocol", "windows", "label_space", "source", "target", "seed", "n_windows", *SCORES,
)  # fmt: skip
CONDITIONS = ["study", "protocol", "windows", "label_space"]


def study_frame(reports: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row a method, source, target and seed, in the order of the sweep.

    Args:
        reports: contents of metrics.json.

    Returns:
        `COLUMNS`, and `recall.<activity>` (0..1, NaN where the target has no window of it).

    Raises:
        LanharError: one method has two different scores for one pair and seed; they cannot stand in one table.
    """
    rows = []
    for report in reports:
        for row in run_rows(report):
            scores = report["methods"][row["method"]]["per_activity"]
            recalls = {f"recall.{name}": s["recall"] if s["support"] else None for name, s in scores.items()}
            rows.append({name: row[name] for name in COLUMNS} | recalls)
    frame = pd.DataFrame(rows).drop_duplicates()
    repeated = frame[frame.duplicated([*CONDITIONS, "method", "source", "target", "seed"])]
    if len(repeated):
        method, source, target, seed = repeated[["method", "source", "target", "seed"]].iloc[0]
        raise LanharError(
            f"{method} has two different results for {source} → {target} with seed {seed}: a study's jobs may differ "
            "in source, target, seed and method only; give each setting a name=… and a study=… of its own"
        )
    return frame


def write_study(reports: Sequence[Mapping[str, Any]], stem: Path) -> list[Path]:
    """Write `<stem>.csv` (full precision), `<stem>.md` and `<stem>.png`; return their paths."""
    frame = study_frame(reports)
    stem.parent.mkdir(parents=True, exist_ok=True)
    csv, markdown, picture = (stem.with_name(stem.name + suffix) for suffix in (".csv", ".md", ".png"))
    frame[list(COLUMNS)].to_csv(csv, index=False, lineterminator="\n")
    markdown.write_text(study_markdown(frame), encoding="utf-8")
    plot_study(frame, picture, title=_conditions(frame))
    return [csv, markdown, picture]


def study_markdown(frame: pd.DataFrame) -> str:
    """Macro F1 of each pair, then every score and each activity's recall over all pairs; mean ± std over seeds."""
    columns = (frame["source"], frame["target"], frame["n_windows"])
    sizes = {(str(source), str(target)): int(n) for source, target, n in zip(*columns, strict=True)}
    methods = list(frame["method"].unique())
    headings = [f"{source} → {target}" for source, target in sizes]
    by_pair = [
        [method_title(m), *(_cell(frame, m, "macro_f1", p) for p in sizes), f"**{_cell(frame, m, 'macro_f1')}**"]
        for m in methods
    ]
    overall = [[method_title(m), *(_cell(frame, m, score) for score in SCORES)] for m in methods]
    recalls = [name for name in frame.columns if name.startswith("recall.")]
    titles = [activity(name.removeprefix("recall.")).title for name in recalls]
    by_activity = [[method_title(m), *(_cell(frame, m, name) for name in recalls)] for m in methods]
    tested = ", ".join(f"{source} → {target} {n:,}" for (source, target), n in sizes.items())
    return "\n".join(
        [
            f"{_conditions(frame)}; mean ± standard deviation over seeds.",
            f"Test windows: {tested}.\n",
            "Macro F1 of each source → target, and of all pairs (the mean over pairs is taken within each seed):\n",
            markdown_table(["method", *headings, "mean"], by_pair),
            "Over all pairs:\n",
            markdown_table(["method", *map(method_title, SCORES)], overall),
            "Recall of each activity, over the pairs whose target has it:\n",
            markdown_table(["method", *titles], by_activity),
        ]
    )


def _conditions(frame: pd.DataFrame) -> str:
    parts = [f"{name.replace('_', ' ')} {', '.join(frame[name].unique())}" for name in CONDITIONS]
    return " · ".join([*parts, f"seeds {', '.join(map(str, sorted(frame['seed'].unique())))}"])


def _cell(frame: pd.DataFrame, method: str, column: str, pair: tuple[str, str] | None = None) -> str:
    rows = frame[frame["method"] == method]
    if pair is not None:
        rows = rows[(rows["source"] == pair[0]) & (rows["target"] == pair[1])]
    by_seed = rows.groupby("seed")[column].mean().dropna()
    if not len(by_seed):
        return "–"
    return mean_and_deviation(by_seed.mean(), by_seed.std())
