"""Tables that a person understands, from the metrics that runs leave behind (`metrics.json`)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from lanhar.activities import activity

SCORES = ("accuracy", "weighted_f1", "macro_f1")
TITLES = {
    "logistic_regression": "logistic regression",
    "random_forest": "random forest",
    "lda": "linear discriminant",
    "cnn": "CNN",
    "deepconvlstm": "DeepConvLSTM",
    "transformer": "Transformer",
    "masked": "masked pre-training",
    "lanhar_paper": "lanhar, paper settings",
    "accuracy": "accuracy",
    "weighted_f1": "weighted F1",
    "macro_f1": "macro F1",
}
SETTINGS = ("study", "protocol", "windows", "label_space", "interpreter")
EMPTY = "–"


def run_title(run: Mapping[str, Any]) -> str:
    """One line beside every number: source → target, protocol, label space, windows, seed, how many.

    Args:
        run: the `run` part of a metrics.json.
    """
    parts = [
        f"{joined(run['source'])} → {joined(run['target'])}",
        f"protocol {run['protocol']}",
        f"label space {run.get('label_space_name') or '/'.join(run['label_space'])}",
        f"{run['windows']} windows ({run['window_seconds']:g} s)",
        f"seed {run['seed']}",
        f"{run['n_windows']:,} test windows, {run['n_subjects']} subjects",
    ]
    if run.get("synthetic"):
        parts.append("SYNTHETIC DATA, not a result")
    return " · ".join(parts)


def method_title(name: str) -> str:
    """What a person reads for a method or a score."""
    return TITLES.get(name, name.replace("_", " "))


def joined(datasets: str | Sequence[str]) -> str:
    """`uci+uschad` for several datasets, `uci` for one."""
    return datasets if isinstance(datasets, str) else "+".join(datasets)


def comparison_frame(report: Mapping[str, Any]) -> pd.DataFrame:
    """One row an activity and one an overall score; the columns are the methods' numbers.

    Args:
        report: the content of a metrics.json: `run` and `methods`, a name → `Metrics.to_dict()`.

    Returns:
        Columns `row`, `windows`, then `<method>.recall` and `<method>.f1` (activities) and `<method>.score`,
        `<method>.low`, `<method>.high` (overall). Scores are 0..1; NaN where a cell means nothing.
    """
    methods: Mapping[str, Mapping[str, Any]] = report["methods"]
    first = next(iter(methods.values()))
    rows: list[dict[str, Any]] = []
    for name in first["activities"]:
        support = first["per_activity"][name]["support"]
        row: dict[str, Any] = {"row": name, "windows": support}
        for method, metrics in methods.items():
            scores = metrics["per_activity"][name]
            row[f"{method}.recall"] = scores["recall"] if support else None
            row[f"{method}.f1"] = scores["f1"] if support else None
        rows.append(row)
    for score in SCORES:
        row = {"row": score, "windows": first["n_windows"]}
        for method, metrics in methods.items():
            low, high = metrics["intervals"][score] or (None, None)
            row |= {f"{method}.score": metrics[score], f"{method}.low": low, f"{method}.high": high}
        rows.append(row)
    numbers = [f"{m}.{part}" for m in methods for part in ("recall", "f1", "score", "low", "high")]
    return pd.DataFrame(rows, columns=["row", "windows", *numbers]).astype(dict.fromkeys(numbers, float))


def comparison_table(report: Mapping[str, Any]) -> Table:
    """The table at the end of a run, for the terminal; arguments as in `comparison_frame`."""
    header, rows, note = _comparison_cells(report)
    title, caption = Text(run_title(report["run"])), Text(note)
    # Narrow rules and padding: five columns fit into a terminal of 80.
    table = Table(
        title=title,
        caption=caption,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for position, name in enumerate(header):
        table.add_column(name, justify="left" if position == 0 else "right", no_wrap=position > 0)
    n_activities = len(rows) - len(SCORES)
    for position, row in enumerate(rows):
        table.add_row(*row, end_section=position == n_activities - 1)
    return table


def comparison_markdown(report: Mapping[str, Any]) -> str:
    """The same table as Markdown, title above and note below."""
    header, rows, note = _comparison_cells(report)
    return f"{run_title(report['run'])}\n\n{markdown_table(header, rows)}\n{note}\n"


def _comparison_cells(report: Mapping[str, Any]) -> tuple[list[str], list[list[str]], str]:
    frame, methods = comparison_frame(report), list(report["methods"])
    first = report["methods"][methods[0]]
    header = ["activity: recall / F1", "windows", *(method_title(m) for m in methods)]
    rows = []
    for row in frame.to_dict("records"):
        name = str(row["row"])
        overall = name in SCORES
        cells = [
            _interval(*(row[f"{m}.{part}"] for part in ("score", "low", "high")))
            if overall
            else _pair(row[f"{m}.recall"], row[f"{m}.f1"])
            for m in methods
        ]
        rows.append([method_title(name) if overall else activity(name).title, f"{row['windows']:,}", *cells])
    note = f"[low, high]: {first['interval_level']:.0%} interval, bootstrap over subjects."
    if first["absent"]:
        names = ", ".join(activity(name).title for name in first["absent"])
        note += f" No test window of {names}: not in macro F1, and an error where predicted."
    return header, rows, note


def _pair(recall: float, f1: float) -> str:
    return EMPTY if pd.isna(recall) else f"{recall:.3f} / {f1:.3f}"


def _interval(score: float, low: float | None, high: float | None) -> str:
    if low is None or high is None or math.isnan(low):
        return f"{score:.3f}"
    ends = [f"{end:.2f}".removeprefix("0") for end in (low, high)]
    return f"{score:.3f} [{', '.join(ends)}]"


def run_rows(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One plain row a method of a run: what was run, how many windows, the overall scores, the run's key."""
    run = report["run"]
    return [
        {
            "study": run["experiment"],
            "method": method,
            "protocol": run["protocol"],
            "windows": run["windows"],
            "label_space": run.get("label_space_name") or "/".join(run["label_space"]),
            "interpreter": run.get("interpreter") or "",
            "source": joined(run["source"]),
            "target": joined(run["target"]),
            "seed": run["seed"],
            "n_windows": metrics["n_windows"],
            **{score: metrics[score] for score in SCORES},
            "key": run["key"],
            "synthetic": bool(run.get("synthetic", False)),
        }
        for method, metrics in report["methods"].items()
    ]


def sweep_frame(reports: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Mean and standard deviation over seeds, one row a method, source and target.

    Runs that differ in study, protocol, windows, label space or interpreter are never averaged. Where one
    seed occurs twice with different scores the runs differ in something else and stand apart by their keys.

    Returns:
        Columns study, protocol, windows, label_space, interpreter, source, target, method, key (empty where
        runs are averaged), seeds (how many), n_windows, and each score's `_mean` and `_std` (sample
        deviation, NaN with one seed).
    """
    group = [*SETTINGS, "source", "target", "method"]
    runs = pd.DataFrame([row for report in reports for row in run_rows(report)])
    runs = runs.drop_duplicates([*group, "seed", *SCORES])
    ambiguous = runs.groupby([*group, "seed"], sort=False)["key"].transform("size") > 1
    apart = ambiguous.groupby([runs[name] for name in group], sort=False).transform("any")
    runs["key"] = runs["key"].where(apart, "")
    grouped = runs.groupby([*group, "key"], sort=False)
    statistics = {f"{s}_{how}": (s, how) for s in SCORES for how in ("mean", "std")}
    return grouped.agg(seeds=("seed", "nunique"), n_windows=("n_windows", "max"), **statistics).reset_index()


def sweep_table(frame: pd.DataFrame) -> Table:
    """The table at the end of a sweep, for the terminal, from the rows of `sweep_frame`.

    What all rows share stands above it, and how many windows each target was tested on below, so that it fits into 80
    columns.
    """
    header, rows, title = _sweep_cells(frame)
    windows = frame.groupby("target", sort=False)["n_windows"].max()
    caption = "test windows: " + ", ".join(f"{target} {n:,}" for target, n in windows.items())
    one_count = frame["seeds"].nunique() == 1
    if one_count:
        title += f", seeds {frame['seeds'].iloc[0]}"
    table = Table(
        title=Text(title),
        title_justify="left",
        caption=Text(caption),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    pair = header.index("source")
    left_out = {"source", "target", "test windows"} | ({"seeds"} if one_count else set())
    kept = [i for i, name in enumerate(header) if name not in left_out]
    before, after = [i for i in kept if i < pair], [i for i in kept if i > pair]
    for name in (*(header[i] for i in before), "source → target", *(header[i] for i in after)):
        table.add_column(name, justify="right" if name in ("seeds", *map(method_title, SCORES)) else "left")
    for row in rows:
        names = f"{row[pair]} → {row[pair + 1]}"
        table.add_row(*(row[i] for i in before), names, *(row[i] for i in after))
    return table


def sweep_markdown(frame: pd.DataFrame) -> str:
    """The same table as Markdown, title above."""
    header, rows, title = _sweep_cells(frame)
    return f"{title}\n\n{markdown_table(header, rows, text_columns=header.index('seeds'))}"


def _sweep_cells(frame: pd.DataFrame) -> tuple[list[str], list[list[str]], str]:
    """Header, rows and title; a setting that all rows share moves from the rows to the title."""
    shared = [name for name in SETTINGS if frame[name].nunique() == 1]
    title = ", ".join(f"{name.replace('_', ' ')} {frame[name].iloc[0]}" for name in shared)
    labels = [*(name for name in SETTINGS if name not in shared), "source", "target"]
    frame = frame.sort_values([*labels, "key"], kind="stable")
    labels += ["method", "key"] if frame["key"].any() else ["method"]
    header = [
        *(name.replace("_", " ") for name in labels),
        "seeds",
        "test windows",
        *map(method_title, SCORES),
    ]
    rows = []
    for row in frame.to_dict("records"):
        cells = [method_title(str(row[name])) if name == "method" else str(row[name]) for name in labels]
        scores = [mean_and_deviation(row[f"{score}_mean"], row[f"{score}_std"]) for score in SCORES]
        rows.append([*cells, str(row["seeds"]), f"{row['n_windows']:,}", *scores])
    return header, rows, f"mean ± std over seeds; {title}"


def mean_and_deviation(mean: float, std: float) -> str:
    """`.960 ± .001` for scores 0..1; the mean alone where the deviation is NaN."""
    text = f"{mean:.3f}" if pd.isna(std) else f"{mean:.3f} ± {std:.3f}"
    return text.replace("0.", ".")


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], text_columns: int = 1) -> str:
    """A Markdown table: the first `text_columns` to the left, the others to the right."""
    lines = [list(header), [":--"] * text_columns + ["--:"] * (len(header) - text_columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
