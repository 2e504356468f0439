from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lanhar.errors import LanharError
from lanhar.interpretation.filter.duplicate import DuplicateRule, wording
from lanhar.signals.table import FEATURES

COLUMNS = tuple(feature.name for feature in FEATURES)


def _text(number: float) -> str:
    """Hand-written."""
    return f"Strength: moderate movement ({number:.2f} m/s² [ACC])\nRhythm: steady at {number:.1f} Hz"


def _two_kinds(real: NDArray[np.float32], activities: list[str]) -> NDArray[np.float32]:
    """Features of windows: ten of walking, then the ten of sitting that move least."""
    kinds = np.array(activities)
    sitting = real[kinds == "sit"]
    stillest = np.argsort(sitting[:, COLUMNS.index("acc_vertical_rms")])[:10]
    return np.concatenate([real[kinds == "walk"][:10], sitting[stillest]])


def test_one_wording_for_walking_and_sitting_windows_is_boilerplate(real: Any) -> None:
    features = _two_kinds(real.features, real.activities)
    texts = [f"Strength: window {chr(97 + i)} differs" for i in range(20)]
    for i in (0, 1, 10, 11):
        texts[i] = _text(i + 0.5)
    reasons = DuplicateRule().check(texts, features, COLUMNS)
    flagged = [i for i, found in enumerate(reasons) if found]
    # The first by content stays, and so does its like.
    assert flagged in ([0, 1], [10, 11])
    assert reasons[flagged[0]][0].code == "boilerplate"


def test_one_wording_for_windows_of_a_phone_that_lies_still_is_fine(real: Any) -> None:
    features = _two_kinds(real.features, real.activities)
    texts = [f"Strength: window {chr(97 + i)} differs" for i in range(10)] + [_text(i) for i in range(10)]
    assert not any(DuplicateRule().check(texts, features, COLUMNS))


def test_the_verdict_follows_the_content_and_not_the_place(real: Any) -> None:
    features = _two_kinds(real.features, real.activities)
    texts = [_text(i) for i in range(20)]
    order = np.random.default_rng(0).permutation(20)
    reasons = DuplicateRule().check(texts, features, COLUMNS)
    shuffled = DuplicateRule().check([texts[i] for i in order], features[order], COLUMNS)
    assert [bool(reasons[i]) for i in order] == [bool(found) for found in shuffled]
    assert any(reasons)


def test_wording_passes_over_numbers_brackets_and_marks_but_not_words() -> None:
    assert wording(_text(1.2)) == wording(_text(-3.4))
    assert wording("A steady beat, at 2 Hz.") == wording("a steady beat (2.1 Hz [ACC]) at  Hz")
    assert wording("a steady beat") != wording("an erratic beat")


def test_shapes_are_checked() -> None:
    with pytest.raises(LanharError, match="shape"):
        DuplicateRule().check(["a"], np.zeros((2, len(COLUMNS))), COLUMNS)
