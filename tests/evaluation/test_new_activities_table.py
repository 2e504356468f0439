import pandas as pd

from lanhar.evaluation.new_activities_table import write_tables

RUN = {
    "experiment": "pairs",
    "protocol": "source_only",
    "windows": "long",
    "label_space_name": "four",
    "source": ["uci"],
    "target": ["motionsense"],
}


def result(seed, seen):
    scores = {"seen": seen, "unseen": 0.5, "harmonic": 0.5, "unseen_recall": None, "n_windows": 30}
    scores |= {"per_activity": {"walk": seen, "jog": 0.5}, "apart": {"elevator_up": {"walk": 0.2, "jog": 0.8}}}
    return {"run": RUN | {"seed": seed}, "unseen": ["jog"], "methods": {"lanhar": scores}}


def test_the_files_hold_every_run_and_the_page_their_means(tmp_path):
    table, activities, page = write_tables([result(0, 0.7), result(1, 0.9)], tmp_path / "results")
    frame = pd.read_csv(table)
    assert list(frame.columns) == [
        *("study", "method", "protocol", "windows", "label_space", "source", "target", "seed", "n_windows"),
        *("S", "U", "H", "unseen_recall"),
    ]
    assert frame["S"].tolist() == [0.7, 0.9]
    assert frame["unseen_recall"].isna().all()
    each = pd.read_csv(activities)
    assert each[each["kind"] == "apart"]["taken_for"].tolist() == ["jog", "jog"]
    assert set(each[each["kind"] == "unseen"]["activity"]) == {"jog"}
    (row,) = [line for line in page.read_text().splitlines() if line.startswith("| uci")]
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        *("uci", "motionsense", "lanhar", "2", "0.800", "0.500", "0.500", "–", "0.500"),
    ]
