import io
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from lanhar.evaluation.tables import (
    comparison_frame,
    comparison_markdown,
    comparison_table,
    run_title,
    sweep_frame,
    sweep_markdown,
    sweep_table,
)

Make = Callable[..., dict[str, Any]]


def printed(table: Table) -> str:
    out = io.StringIO()
    Console(file=out, width=160).print(table)
    return out.getvalue()


def test_title_says_where_a_number_comes_from(make_report: Make) -> None:
    title = run_title(make_report(seed=7, source=["uci", "uschad"])["run"])
    for part in (
        "uci+uschad → motionsense",
        "source_only",
        "four",
        "6 s",
        "seed 7",
        "300 test windows",
        "6 subjects",
    ):
        assert part in title
    assert "SYNTHETIC" not in title
    assert "SYNTHETIC" in run_title(make_report(synthetic=True)["run"])


def test_comparison_holds_every_activity_and_method(make_report: Make) -> None:
    report = make_report()
    frame = comparison_frame(report).set_index("row")
    assert list(frame.index) == ["walk", "still", "stairs_up", "bike", "accuracy", "weighted_f1", "macro_f1"]
    for method, metrics in report["methods"].items():
        assert frame.loc["still", f"{method}.recall"] == metrics["per_activity"]["still"]["recall"]
        assert frame.loc["macro_f1", f"{method}.low"] < metrics["macro_f1"] < frame.loc["macro_f1", f"{method}.high"]
    assert np.isnan(frame.loc["bike", "lanhar.f1"])
    assert np.isnan(frame.loc["walk", "lanhar.score"])
    assert frame.loc[["walk", "still", "stairs_up", "bike"], "windows"].sum() == 300


@pytest.mark.parametrize("kind", ["terminal", "markdown"])
def test_comparison_reads_the_same_everywhere(make_report: Make, kind: str) -> None:
    report = make_report()
    text = printed(comparison_table(report)) if kind == "terminal" else comparison_markdown(report)
    macro = report["methods"]["lanhar"]["macro_f1"]
    low, high = report["methods"]["lanhar"]["intervals"]["macro_f1"]
    assert f"{macro:.3f} [{low:.2f}, {high:.2f}]".replace("[0", "[").replace(", 0", ", ") in text
    for part in ("lanhar", "random forest", "climbing stairs", "source_only", "No test window of cycling"):
        assert part in text
    assert "[low, high]: 95% interval" in text
    (cycling,) = [line for line in text.splitlines() if "cycling" in line and "No test" not in line]
    assert cycling.count("–") == 3


def test_one_subject_prints_no_interval(make_report: Make) -> None:
    report = make_report()
    for metrics in report["methods"].values():
        metrics["intervals"] = dict.fromkeys(metrics["intervals"])
    assert f"| {report['methods']['lanhar']['macro_f1']:.3f} |" in comparison_markdown(report)


def test_sweep_averages_over_seeds_only(make_report: Make) -> None:
    pair = [make_report(seed=s, right=r) for s, r in ((0, 0.9), (1, 0.7), (2, 0.8))]
    other = [make_report(seed=0, right=0.2, protocol="transductive"), make_report(seed=0, target=["uschad"])]
    frame = sweep_frame([*pair, *other])
    assert len(frame) == 9
    row = frame[(frame.method == "lanhar") & (frame.protocol == "source_only") & (frame.target == "motionsense")].iloc[
        0
    ]
    scores = [report["methods"]["lanhar"]["macro_f1"] for report in pair]
    assert row["seeds"] == 3
    assert row["macro_f1_mean"] == pytest.approx(statistics.mean(scores))
    assert row["macro_f1_std"] == pytest.approx(statistics.stdev(scores))
    assert frame[frame.protocol == "transductive"]["macro_f1_std"].isna().all()
    for text in (printed(sweep_table(frame)), sweep_markdown(frame)):
        expected = f"{statistics.mean(scores):.3f} ± {statistics.stdev(scores):.3f}"
        assert expected.replace("0.", ".") in text
        assert "transductive" in text
        assert "nan" not in text


def test_a_seed_that_occurs_twice_is_never_averaged_as_two_seeds(make_report: Make) -> None:
    """Two encoders, say, under one seed: rows stand apart by their keys; the equal baselines merge."""
    runs = [make_report(seed=0, right=0.9, key="a"), make_report(seed=0, right=0.3, key="b")]
    for method in ("logistic_regression", "random_forest"):
        runs[1]["methods"][method] = runs[0]["methods"][method]
    frame = sweep_frame(runs)
    assert list(frame[frame.method == "lanhar"]["key"]) == ["a", "b"]
    assert list(frame[frame.method == "random_forest"]["key"]) == [""]
    assert len(sweep_frame([runs[0], runs[0]])) == 3
