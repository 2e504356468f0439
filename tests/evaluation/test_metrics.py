import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support
from torchmetrics.functional.classification import multiclass_f1_score

from lanhar.activities import LabelSpace
from lanhar.errors import LanharError
from lanhar.evaluation.metrics import evaluate

SPACE = LabelSpace(("walk", "still", "stairs_up", "stairs_down", "bike"))


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    true_classes = rng.choice(5, draw(st.integers(2, 5)), replace=False)
    truth = np.r_[true_classes[:2], rng.choice(true_classes, n - 2)]
    predicted = np.where(rng.random(n) < rng.random(), truth, rng.integers(0, 5, n))
    return predicted, truth, rng.integers(0, 4, n)


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_scores_agree_with_scikit_learn(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    predicted, truth, subjects = case
    metrics = evaluate(predicted, truth, SPACE, subjects, draws=5)
    everything, present = list(range(5)), sorted(set(truth.tolist()))
    expected = precision_recall_fscore_support(truth, predicted, labels=everything, zero_division=0)
    for i, name in enumerate(SPACE.activities):
        scores = metrics.per_activity[name]
        ours = [scores.precision, scores.recall, scores.f1, scores.support]
        assert ours == pytest.approx([column[i] for column in expected])
    macro = f1_score(truth, predicted, labels=present, average="macro", zero_division=0)
    weighted = f1_score(truth, predicted, labels=everything, average="weighted", zero_division=0)
    assert metrics.macro_f1 == pytest.approx(macro)
    assert metrics.weighted_f1 == pytest.approx(weighted)
    assert metrics.accuracy == pytest.approx(accuracy_score(truth, predicted))
    assert np.array_equal(metrics.confusion, confusion_matrix(truth, predicted, labels=everything))
    assert metrics.absent == tuple(SPACE.activities[i] for i in everything if i not in present)
    f1 = multiclass_f1_score(torch.tensor(predicted), torch.tensor(truth), num_classes=5, average=None)
    assert [s.f1 for s in metrics.per_activity.values()] == pytest.approx(f1.tolist(), abs=1e-6)


def test_predicting_an_absent_activity_is_an_error_but_not_a_class_of_the_macro_mean() -> None:
    truth = [0, 0, 0, 0, 1, 1]
    metrics = evaluate([0, 0, 4, 4, 1, 1], truth, SPACE, list("aabbcc"))
    assert metrics.accuracy == pytest.approx(4 / 6)
    assert metrics.macro_f1 == pytest.approx((2 / 3 + 1) / 2)
    assert metrics.absent == ("stairs_up", "stairs_down", "bike")
    assert metrics.per_activity["bike"].precision == 0
    assert metrics.confusion[0] == (2, 0, 0, 0, 2)


def test_an_activity_never_predicted_pulls_the_macro_mean_down() -> None:
    metrics = evaluate([0, 0, 0, 0], [0, 0, 0, 1], SPACE, list("abab"))
    assert metrics.macro_f1 == pytest.approx((6 / 7 + 0) / 2)


def test_order_is_the_label_space() -> None:
    """The same names in another order permute the matrix and change no score."""
    rng = np.random.default_rng(0)
    truth, predicted, subjects = rng.integers(0, 5, (3, 200))
    swapped = LabelSpace(tuple(reversed(SPACE.activities)))
    one = evaluate(predicted, truth, SPACE, subjects)
    two = evaluate(4 - predicted, 4 - truth, swapped, subjects)
    assert one.per_activity == two.per_activity
    assert np.array_equal(np.array(one.confusion)[::-1, ::-1], two.confusion)
    assert one.macro_f1 == pytest.approx(two.macro_f1)
    assert one.intervals["macro_f1"] == pytest.approx(two.intervals["macro_f1"])


def test_probabilities_and_indices_are_the_same_predictions() -> None:
    rng = np.random.default_rng(0)
    scores, truth, subjects = rng.random((80, 5)), rng.integers(0, 5, 80), rng.integers(0, 6, 80)
    assert evaluate(scores, truth, SPACE, subjects) == evaluate(scores.argmax(1), truth, SPACE, subjects)


def test_intervals_equal_a_bootstrap_written_with_loops() -> None:
    """Draw subjects by name, glue their windows together, score with scikit-learn."""
    rng = np.random.default_rng(0)
    subjects = np.repeat(np.arange(10), 30)
    skill = rng.random(10)[subjects]
    truth = rng.integers(0, 3, 300)
    predicted = np.where(rng.random(300) < skill, truth, rng.integers(0, 5, 300))
    macros, accuracies = [], []
    for _ in range(600):
        rows = np.concatenate([np.flatnonzero(subjects == s) for s in rng.integers(0, 10, 10)])
        macros.append(f1_score(truth[rows], predicted[rows], labels=[0, 1, 2], average="macro"))
        accuracies.append(accuracy_score(truth[rows], predicted[rows]))
    metrics = evaluate(predicted, truth, SPACE, subjects, draws=4000)
    assert metrics.intervals["macro_f1"] == pytest.approx(np.quantile(macros, [0.025, 0.975]), abs=0.03)
    assert metrics.intervals["accuracy"] == pytest.approx(np.quantile(accuracies, [0.025, 0.975]), abs=0.03)


def test_intervals_come_from_subjects_not_windows() -> None:
    """Two kinds of subjects, all right or all wrong: a bootstrap over windows would be far narrower."""
    subjects = np.repeat(np.arange(8), 250)
    truth = np.tile([0, 1], 1000)
    predicted = np.where(subjects % 2 == 0, truth, 1 - truth)
    metrics = evaluate(predicted, truth, SPACE, subjects)
    low, high = metrics.intervals["accuracy"] or (0.5, 0.5)
    assert metrics.accuracy == 0.5
    assert low <= 0.25 and high >= 0.75
    assert evaluate(predicted, truth, SPACE, ["one"] * 2000).intervals["accuracy"] is None


def test_intervals_are_seeded() -> None:
    rng = np.random.default_rng(0)
    truth, predicted, subjects = rng.integers(0, 5, (3, 20_000))
    one, same = (evaluate(predicted, truth, SPACE, subjects, seed=3) for _ in range(2))
    assert one == same
    assert one.intervals != evaluate(predicted, truth, SPACE, subjects, seed=4).intervals


def test_metrics_survive_json() -> None:
    metrics = evaluate([0, 1, 1, 0], [0, 1, 0, 1], SPACE, ["a", "b", "a", "b"])
    plain = metrics.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["per_activity"]["walk"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert plain["n_subjects"] == 2


@pytest.mark.parametrize(
    ("predicted", "truth", "subjects", "message"),
    [
        ([0, 0], [1, 1], ["a", "b"], r"1 of .*\['still'\].*choose another target"),
        ([0, 1], [0, 1, 1], ["a", "b"], "2 predictions, 3 targets, 2 subjects"),
        ([0, 5], [0, 1], ["a", "b"], r"predictions hold 5: give indices 0\.\.4"),
        ([0, 1], [0, -1], ["a", "b"], r"targets hold -1"),
        ([[0.5, 0.5]], [0], ["a"], r"shape \(1, 2\): give .*\(N, 5\)"),
        ([[0.1] * 5, [np.nan] * 5], [0, 1], ["a", "b"], "NaN"),
    ],
)
def test_errors_say_what_was_found(predicted: list, truth: list, subjects: list, message: str) -> None:
    with pytest.raises(LanharError, match=message) as caught:
        evaluate(predicted, truth, SPACE, subjects)
    assert "\n" not in str(caught.value)
