import statistics

import pandas as pd
import pytest

from lanhar.errors import LanharError
from lanhar.evaluation.study import COLUMNS, study_frame, study_markdown, write_study

PAIRS = (("uci", "motionsense"), ("motionsense", "uci"))


@pytest.fixture
def reports(make_report):
    """Two pairs with three seeds each."""
    return [
        make_report(seed, 0.9 - 0.1 * p, source=[source], target=[target])
        for p, (source, target) in enumerate(PAIRS)
        for seed in range(3)
    ]


def test_the_csv_has_the_stated_columns_and_one_row_a_run_and_method(reports, tmp_path):
    csv, markdown, picture = write_study(reports, tmp_path / "deep" / "results")
    rows = pd.read_csv(csv)
    assert tuple(rows.columns) == COLUMNS
    assert len(rows) == 2 * 3 * 3
    assert set(zip(rows["source"], rows["target"], strict=True)) == set(PAIRS)
    expected = reports[4]["methods"]["lanhar"]["macro_f1"]
    found = rows[(rows.method == "lanhar") & (rows.source == "motionsense") & (rows.seed == 1)]
    assert found["macro_f1"].tolist() == [pytest.approx(expected)]
    assert markdown.read_text().startswith("study study · protocol source_only")
    assert picture.stat().st_size > 1000


def test_means_are_over_pairs_within_each_seed_and_then_over_seeds(reports):
    by_seed = [
        statistics.mean(r["methods"]["lanhar"]["macro_f1"] for r in reports if r["run"]["seed"] == seed)
        for seed in range(3)
    ]
    expected = f"{statistics.mean(by_seed):.3f} ± {statistics.stdev(by_seed):.3f}".replace("0.", ".")
    text = study_markdown(study_frame(reports))
    (row,) = [line for line in text.splitlines() if line.startswith("| lanhar") and "**" in line]
    assert f"**{expected}**" in row


def test_recalls_stand_under_their_activity_and_an_absent_one_is_a_dash(reports):
    frame = study_frame(reports)
    recalls = [r["methods"]["lanhar"]["per_activity"]["stairs_up"]["recall"] for r in reports]
    assert frame[frame.method == "lanhar"]["recall.stairs_up"].tolist() == pytest.approx(recalls)
    last = study_markdown(frame).strip().splitlines()[-1]
    assert last.split("|")[-2].strip() == "–"


def test_a_method_run_again_with_the_same_scores_counts_once(reports):
    assert len(study_frame([*reports, *reports])) == len(study_frame(reports))


def test_two_scores_for_one_pair_and_seed_are_refused(reports, make_report):
    other = make_report(0, 0.3, source=["uci"], target=["motionsense"], key="other")
    with pytest.raises(LanharError, match="two different results for uci → motionsense with seed 0"):
        study_frame([*reports, other])
