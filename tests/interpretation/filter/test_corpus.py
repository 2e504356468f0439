"""The whole filter on interpretations that a language model wrote about real windows; see corpus/README.md."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lanhar.interpretation.filter.filter import make_filter
from lanhar.interpretation.window_job import read_answer

CORPUS = Path(__file__).parents[1] / "corpus"
RULES: dict[str, Any] = {"form": {}, "leak": {}, "grounding": {}, "consistency": {}}


@dataclass(frozen=True)
class Text:
    id: str
    kind: str
    raw: str
    features: dict[str, float]


def texts(file: Path) -> Iterator[Text]:
    """Good texts, and twins with one thing falsified."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    features = {row["window"]: row["features"] for row in rows if "features" in row}
    good = {row["id"]: row for row in rows if row.get("kind") == "good"}
    for row in rows:
        if "features" in row:
            continue
        origin = good[row.get("of", row["id"])]
        raw = origin["raw"] if row["kind"] == "good" else origin["raw"].replace(row["old"], row["new"], 1)
        yield Text(row["id"], row["kind"], raw, features[origin["window"]])


@pytest.fixture(scope="module")
def shares() -> dict[str, dict[str, float]]:
    """File → kind → share of its texts that the filter judges rightly."""
    rules = make_filter(RULES)
    found: dict[str, dict[str, float]] = {}
    for file in sorted(CORPUS.glob("*.jsonl")):
        total, right = Counter[str](), Counter[str]()
        for text in texts(file):
            accepted = rules.judge(read_answer(text.raw), text.features).accepted
            total[text.kind] += 1
            right[text.kind] += accepted == (text.kind == "good")
        found[file.stem] = {kind: right[kind] / total[kind] for kind in total}
        print(file.stem, dict(total), {kind: round(share, 3) for kind, share in found[file.stem].items()})
    return found


# Rates when the texts were first scored with these rules, less one text; docs/language_models.md has the table.
HELD_OUT: dict[str, float] = {"good": 0.91, "wrong_conclusion": 0.93, "wrong_number": 0.98}


def test_the_filter_tells_good_from_falsified_where_it_was_developed(shares):
    found = shares["development"]
    # Claims that may be misread are given room, which costs finer falsifications: 91 % are found.
    assert found["good"] >= 0.98 and found["wrong_conclusion"] >= 0.90
    assert min(found[kind] for kind in ("wrong_number", "wrong_unit", "invented", "leak")) >= 0.96


def test_texts_that_no_rule_was_shaped_on_are_judged_no_worse_than_at_first(shares):
    assert HELD_OUT.keys() == shares.get("heldout", {}).keys()
    for kind, share in HELD_OUT.items():
        assert shares["heldout"][kind] >= share, kind


def test_a_twin_differs_from_its_good_text_in_one_place():
    for file in CORPUS.glob("*.jsonl"):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        good = {row["id"]: row["raw"] for row in rows if row.get("kind") == "good"}
        for row in rows:
            if "old" in row:
                assert good[row["of"]].count(row["old"]) == 1 and row["old"] != row["new"], row["id"]
