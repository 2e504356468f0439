import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanhar.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    probabilities,
    reliability_table,
)


def cosines_with_truth(temperature: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Cosines whose truths are drawn from their own softmax at a temperature."""
    rng = np.random.default_rng(0)
    cosines = rng.uniform(-1, 1, (count, 4))
    drawn = probabilities(cosines, temperature).cumsum(axis=1) > rng.random((count, 1))
    return cosines, drawn.argmax(axis=1)


def error_by_loop(predicted: np.ndarray, truth: np.ndarray, bins: int) -> float:
    total = 0.0
    for b in range(bins):
        rows = [i for i, p in enumerate(predicted) if b / bins < p.max() <= (b + 1) / bins]
        if rows:
            hits = sum(int(predicted[i].argmax() == truth[i]) for i in rows)
            total += abs(hits - sum(predicted[i].max() for i in rows)) / len(predicted)
    return total


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 60), st.integers(1, 20))
def test_the_error_agrees_with_a_loop_over_bins(seed: int, activities: int, count: int, bins: int) -> None:
    rng = np.random.default_rng(seed)
    predicted, truth = rng.dirichlet(np.ones(activities), count), rng.integers(0, activities, count)
    found = expected_calibration_error(predicted, truth, bins)
    assert found == pytest.approx(error_by_loop(predicted, truth, bins), abs=1e-6)


def test_the_table_adds_up_to_all_windows_and_to_the_error() -> None:
    cosines, truth = cosines_with_truth(0.2)
    predicted = probabilities(cosines, 0.05)
    table = reliability_table(predicted, truth)
    assert sum(row["windows"] for row in table) == len(truth)
    gaps = sum(row["windows"] * abs(row["confidence"] - row["accuracy"]) for row in table) / len(truth)
    assert gaps == pytest.approx(expected_calibration_error(predicted, truth), abs=1e-4)
    assert all(row["low"] < row["confidence"] <= row["high"] for row in table)


@pytest.mark.parametrize("temperature", [0.05, 0.3, 1.0])
def test_the_temperature_that_made_the_truths_is_found(temperature: float) -> None:
    cosines, truth = cosines_with_truth(temperature)
    assert fit_temperature(cosines, truth) == pytest.approx(temperature, rel=0.15)


def test_a_fitted_temperature_lowers_likelihood_loss_and_error_and_moves_no_prediction() -> None:
    cosines, truth = cosines_with_truth(0.3)
    fitted = fit_temperature(cosines[::2], truth[::2])
    held, own = cosines[1::2], truth[1::2]
    before, after = probabilities(held, 1 / 12), probabilities(held, fitted)
    assert negative_log_likelihood(held, own, fitted) < negative_log_likelihood(held, own, 1 / 12)
    assert expected_calibration_error(after, own) < expected_calibration_error(before, own) / 3
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()
