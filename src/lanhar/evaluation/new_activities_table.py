"""Tables of the study of new activities: one row a run and method, and one an activity."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lanhar.evaluation.tables import EMPTY, joined, markdown_table, method_title

SETTINGS = ("study", "method", "protocol", "windows", "label_space", "source", "target", "seed", "n_windows")
SCORES = {"S": "seen", "U": "unseen", "H": "harmonic", "unseen_recall": "unseen_recall"}
Results = Sequence[Mapping[str, Any]]


def scores_frame(results: Results) -> pd.DataFrame:
    """One row a run and method: the settings, then S, U, H and the recall among the unseen alone.

    Args:
        results: for each run its `run` as in metrics.json, `unseen` activities, and `methods`, name → the fields of
            `NewActivityScores`, `n_windows` and `apart`.
    """
    rows = [
        {**_settings(result["run"], method, scores), **{short: scores[name] for short, name in SCORES.items()}}
        for result in results
        for method, scores in result["methods"].items()
    ]
    return pd.DataFrame(rows).astype({"unseen_recall": float})


def activities_frame(results: Results) -> pd.DataFrame:
    """One row a run, method and activity: recall; for activities that stand apart, who gets most of them."""
    rows = []
    for result in results:
        for method, scores in result["methods"].items():
            shared = _settings(result["run"], method, scores)
            for name, recall in scores["per_activity"].items():
                kind = "unseen" if name in result["unseen"] else "seen"
                rows.append({**shared, "activity": name, "kind": kind, "recall": recall})
            for name, shares in scores["apart"].items():
                first = max(shares, key=lambda candidate: float(shares[candidate]))
                rows.append({**shared, "activity": name, "kind": "apart", "taken_for": first, "share": shares[first]})
    return pd.DataFrame(rows, columns=[*SETTINGS, "activity", "kind", "recall", "taken_for", "share"])


def write_tables(results: Results, stem: Path) -> list[Path]:
    """Write `<stem>.csv`, `<stem>_activities.csv` and `<stem>.md`; return their paths."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    table, activities, markdown = (stem.with_name(stem.name + suffix) for suffix in (".csv", "_activities.csv", ".md"))
    scores = scores_frame(results)
    scores.to_csv(table, index=False, lineterminator="\n")
    each = activities_frame(results)
    each.to_csv(activities, index=False, lineterminator="\n")
    markdown.write_text(new_activities_markdown(scores, each), encoding="utf-8")
    return [table, activities, markdown]


def new_activities_markdown(scores: pd.DataFrame, activities: pd.DataFrame) -> str:
    """Mean over seeds of a source, target and method, and the recall of each unseen activity."""
    unseen = activities[activities["kind"] == "unseen"]
    names = list(dict.fromkeys(unseen["activity"]))
    keys = ["source", "target", "method"]
    recalls = unseen.pivot_table("recall", keys, "activity")
    means = scores.groupby(keys, sort=False)[list(SCORES)].mean()
    seeds = scores.groupby(keys, sort=False)["seed"].nunique()
    header = [*keys, "seeds", "S", "U", "H", "among unseen", *names]
    rows = []
    for key, row in means.iterrows():
        assert isinstance(key, tuple)
        cells = [_number(row[score]) for score in SCORES]
        each = [_number(recalls[name].get(key)) for name in names]
        rows.append([key[0], key[1], method_title(key[2]), str(seeds[key]), *cells, *each])
    shared = {name: scores[name].unique() for name in ("study", "protocol", "windows", "label_space")}
    title = ", ".join(f"{name.replace('_', ' ')} {'/'.join(map(str, found))}" for name, found in shared.items())
    return f"mean over seeds; {title}\n\n{markdown_table(header, rows, text_columns=3)}"


def _settings(run: Mapping[str, Any], method: str, scores: Mapping[str, Any]) -> dict[str, Any]:
    values = (
        run["experiment"], method, run["protocol"], run["windows"], run["label_space_name"], joined(run["source"]),
        joined(run["target"]), run["seed"], scores["n_windows"],
    )  # fmt: skip
    return dict(zip(SETTINGS, values, strict=True))


def _number(value: float | None) -> str:
    return EMPTY if value is None or pd.isna(value) else f"{value:.3f}"
