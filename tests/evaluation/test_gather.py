import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lanhar.errors import LanharError
from lanhar.evaluation.gather import gather, write_gathered

Make = Callable[..., dict[str, Any]]


def write(runs: Path, report: dict[str, Any]) -> None:
    folder = runs / report["run"]["experiment"] / report["run"]["key"]
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(report))


def test_every_run_and_method_becomes_a_row(tmp_path: Path, make_report: Make) -> None:
    reports = [make_report(seed=s) for s in (1, 0)] + [make_report(experiment="other", synthetic=True)]
    for report in reports:
        write(tmp_path, report)
    (tmp_path / "study" / "unfinished").mkdir()
    frame = gather(tmp_path)
    assert len(frame) == 9
    columns = [
        "study",
        "method",
        "protocol",
        "windows",
        "label_space",
        "source",
        "target",
        "seed",
        "n_windows",
    ]
    assert {*columns, "accuracy", "weighted_f1", "macro_f1", "key"} <= set(frame.columns)
    own = frame[(frame.study == "study") & (frame.seed == 1) & (frame.method == "random_forest")].iloc[0]
    assert own["macro_f1"] == reports[0]["methods"]["random_forest"]["macro_f1"]
    assert (own["source"], own["target"], own["n_windows"], own["key"]) == ("uci", "motionsense", 300, "key1")
    assert set(frame[frame.synthetic]["study"]) == {"other"}

    csv, markdown = write_gathered(frame, tmp_path / "tables" / "all.v1")
    assert (csv.name, markdown.name) == ("all.v1.csv", "all.v1.md")
    pd.testing.assert_frame_equal(pd.read_csv(csv), frame, check_dtype=False)
    assert len(markdown.read_text().splitlines()) == 2 + 9


def test_errors_say_what_to_do(tmp_path: Path, make_report: Make) -> None:
    with pytest.raises(LanharError, match=r"no <experiment>/<key>/metrics\.json"):
        gather(tmp_path)
    write(tmp_path, make_report())
    path = tmp_path / "study" / "key0" / "metrics.json"
    for broken in ("{", "[]", '{"run": {}}'):
        path.write_text(broken)
        with pytest.raises(LanharError, match=r"key0.metrics\.json holds no run's metrics"):
            gather(tmp_path)
