import numpy as np
import pytest
from numpy.typing import NDArray

from lanhar.errors import LanharError
from lanhar.interpretation.filter.outlier import OutlierRule, Strategy

STRATEGIES: tuple[Strategy, ...] = ("distance", "knn", "kl", "hdbscan")
DIMENSIONS = 64


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _cloud(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Rows about one direction that vary along a few others, as texts of one activity do."""
    directions = rng.normal(size=(6, DIMENSIONS))
    rows = 2 * rng.normal(size=DIMENSIONS) + 0.4 * rng.normal(size=(count, 6)) @ directions
    return rows + 0.5 * rng.normal(size=(count, DIMENSIONS))


def _population(seed: int) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    rng = np.random.default_rng(seed)
    rows = np.concatenate([_cloud(rng, 120), _cloud(rng, 100), _cloud(rng, 150)])
    return rows, np.repeat(np.array(["walk", "sit", ""]), [120, 100, 150])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_planted_outliers_are_found_in_labelled_and_unlabelled_groups(strategy: Strategy) -> None:
    rows, groups = _population(0)
    planted = [3, 40, 130, 200, 230, 300]
    rows[planted] = 3 * np.random.default_rng(9).normal(size=(len(planted), DIMENSIONS))
    reasons = OutlierRule(strategy).check(_unit(rows), groups)
    assert [row for row in planted if not reasons[row]] == []
    assert all(reason.code == "outlier" for row in planted for reason in reasons[row])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_clean_groups_are_left_alone(strategy: Strategy) -> None:
    flagged = [
        bool(reason) for seed in (1, 2, 3) for reason in OutlierRule(strategy).check(*_clean(seed)) for _ in (0,)
    ]
    assert np.mean(flagged) < 0.02


def _clean(seed: int) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    rows, groups = _population(seed)
    return _unit(rows), groups


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_labels_of_others_change_nothing_for_unlabelled_rows(strategy: Strategy) -> None:
    rows, groups = _population(4)
    rows[[225, 250]] = 3 * np.random.default_rng(5).normal(size=(2, DIMENSIONS))
    other = groups.copy()
    other[groups != ""] = np.random.default_rng(6).permutation(groups[groups != ""])
    rule = OutlierRule(strategy)
    unlabelled = np.flatnonzero(groups == "")
    before, after = rule.check(_unit(rows), groups), rule.check(_unit(rows), other)
    assert [before[row] for row in unlabelled] == [after[row] for row in unlabelled]
    assert any(before[row] for row in unlabelled)


def test_a_second_cluster_of_one_label_is_not_eaten() -> None:
    rng = np.random.default_rng(7)
    rows = np.concatenate([_cloud(rng, 140), _cloud(rng, 60)])
    reasons = OutlierRule(max_share=0.05).check(_unit(rows), np.array(["walk"] * 200))
    assert sum(map(bool, reasons)) <= 10


def test_small_groups_are_not_judged() -> None:
    rows, _ = _population(8)
    few = rows[:12]
    few[0] *= -1
    assert not any(OutlierRule().check(_unit(few), np.array(["walk"] * 12)))


def test_identical_texts_are_no_outliers_and_a_foreign_one_is() -> None:
    rows = np.tile(np.eye(DIMENSIONS)[0], (60, 1))
    rows[17] = np.eye(DIMENSIONS)[1]
    reasons = OutlierRule().check(_unit(rows), np.array(["sit"] * 60))
    assert [row for row, found in enumerate(reasons) if found] == [17]


def test_blocks_do_not_change_the_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, groups = _population(10)
    rows[230] = 3 * np.random.default_rng(5).normal(size=DIMENSIONS)
    whole = OutlierRule("knn").check(_unit(rows), groups)
    monkeypatch.setattr("lanhar.interpretation.filter.outlier._CHUNK", 32)
    assert [bool(r) for r in OutlierRule("knn").check(_unit(rows), groups)] == [bool(r) for r in whole]


def test_settings_are_checked() -> None:
    with pytest.raises(LanharError, match="write one of distance, knn, kl, hdbscan"):
        OutlierRule(strategy="nearest")  # type: ignore[arg-type]
    with pytest.raises(LanharError, match="max_share"):
        OutlierRule(max_share=0.0)
