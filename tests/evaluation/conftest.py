from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lanhar.activities import LabelSpace
from lanhar.evaluation.metrics import evaluate

ACTIVITIES = ("walk", "still", "stairs_up", "bike")


@pytest.fixture
def make_report() -> Callable[..., dict[str, Any]]:
    """A metrics.json of generated predictions, `right` the share of correct ones; `bike` has no window."""

    def make(seed: int = 0, right: float = 0.8, **run: Any) -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        truth, subjects = rng.integers(0, 3, 300), rng.integers(0, 6, 300)
        methods = {}
        for name, share in (("lanhar", right), ("logistic_regression", 0.7), ("random_forest", 0.5)):
            predicted = np.where(rng.random(300) < share, truth, rng.integers(0, 4, 300))
            methods[name] = evaluate(predicted, truth, LabelSpace(ACTIVITIES), subjects, draws=50).to_dict()
        described = {
            "experiment": "study",
            "key": f"key{seed}",
            "protocol": "source_only",
            "windows": "long",
            "window_seconds": 6.0,
            "label_space": list(ACTIVITIES),
            "label_space_name": "four",
            "source": ["uci"],
            "target": ["motionsense"],
            "seed": seed,
            "n_windows": 300,
            "n_subjects": 6,
            "interpreter": "rules",
        }
        return {"run": described | run, "methods": methods}

    return make
