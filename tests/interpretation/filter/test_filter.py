from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import pytest

from lanhar.errors import LanharError
from lanhar.interpretation.filter.filter import Filter, filter_id, make_filter
from lanhar.interpretation.filter.verdict import Answer, Reason

ALL = {"form": {}, "leak": {}, "grounding": {}, "consistency": {}, "duplicate": {}, "outlier": {}}


class Broken:
    name: ClassVar[str] = "broken"
    version: ClassVar[str] = "1"

    def check(self, answer: Answer, features: Mapping[str, float]) -> Sequence[Reason]:
        raise IndexError("unforeseen")


def test_an_answer_that_a_rule_cannot_cope_with_is_rejected_and_not_passed():
    verdict = Filter((Broken(),)).judge(Answer("text", None), {})
    assert not verdict.accepted
    assert verdict.reasons[0].code == "unjudged" and "IndexError" in verdict.reasons[0].detail


def test_reasons_come_from_every_rule_that_is_on():
    answer = Answer("I'm sorry, I cannot help with that.", None, "no headings")
    assert {reason.rule for reason in make_filter(ALL).judge(answer, {}).reasons} == {"form"}
    assert make_filter(dict.fromkeys(ALL)).judge(answer, {}).accepted


@pytest.mark.parametrize("name", ALL)
def test_every_switch_and_setting_changes_the_filters_id(name):
    ids = {filter_id(make_filter(ALL)), filter_id(make_filter(ALL | {name: None}))}
    assert len(ids) == 2
    assert filter_id(make_filter(ALL), split={"seed": 0}) != filter_id(make_filter(ALL), split={"seed": 1})
    assert filter_id(make_filter(ALL | {"grounding": {"relative": 0.05}})) not in ids


def test_an_unknown_rule_or_setting_is_named():
    with pytest.raises(LanharError, match=r"filter\.fluency: no such rule"):
        make_filter({"fluency": {}})
    with pytest.raises(LanharError, match=r"filter\.form.*no_such"):
        make_filter({"form": {"no_such": 1}})


def test_population_rules_add_their_reasons_to_the_right_text():
    features = np.array([[1.0, 2.0], [200.0, 0.01], [1.0, 2.0]])
    texts = ["Strength: gentle movement", "Strength: gentle movement", "Strength: something else"]
    rules = make_filter(dict.fromkeys(ALL) | {"duplicate": {}})
    found = rules.judge_population(texts, features, ["acc_vertical_rms", "acc_jerk_rms"], np.array(["", "", ""]), None)
    assert [len(reasons) for reasons in found].count(1) == 1 and not found[2]
    assert rules.judge_population([], features[:0], ["acc_vertical_rms", "acc_jerk_rms"], np.array([]), None) == []
