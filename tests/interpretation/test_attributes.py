import numpy as np
import pytest

from lanhar.activities import REGISTRY
from lanhar.interpretation.attributes import PLACES, attribute_scores, expected_words, words_of
from lanhar.interpretation.labels import label_interpretations
from lanhar.interpretation.rules import RulesInterpreter
from lanhar.signals.table import FEATURES

SCALES = RulesInterpreter().scales
COLUMNS = [feature.name for feature in FEATURES]


def windows(**values):
    """One window of 0 with these features."""
    row = np.zeros((1, len(COLUMNS)))
    for name, value in values.items():
        row[0, COLUMNS.index(name)] = value
    return row


@pytest.mark.parametrize("name", ["walk", "still", "jog", "jump", "lie", "bike", "rope_skip"])
@pytest.mark.parametrize("feature", ["acc_vertical_rms", "acc_dominant_hz", "impact_median"])
def test_the_label_texts_speak_of_the_main_attributes(name, feature):
    words = expected_words(SCALES.scales[feature], label_interpretations(name))
    assert words.max() > 2 / len(words)


def test_expected_words_are_probabilities_and_follow_the_text():
    scale = SCALES.scales["acc_vertical_rms"]
    words = expected_words(scale, ["Strength: violent bounce 8 m/s², faint sway"])
    assert words.sum() == pytest.approx(1)
    assert words_of(scale)[int(words.argmax())] == "violent"
    assert words[words_of(scale).index("vigorous")] > words[words_of(scale).index("faint")]


def test_a_scale_that_no_text_names_says_nothing():
    words = expected_words(SCALES.scales["acc_vertical_rms"], ["rope skipping"])
    assert np.allclose(words, words[0])


def test_a_violent_fast_window_is_jogging_and_a_motionless_one_is_not():
    names = ["walk", "still", "jog"]
    texts = [label_interpretations(name) for name in names]
    fast = windows(
        acc_vertical_rms=10, acc_horizontal_rms=5, gyro_mag_rms=2.5, acc_vertical_share=0.75, acc_dominant_hz=2.7,
        acc_rhythm_strength=0.9, acc_beat_cv=0.05, acc_jerk_rms=600, acc_low_high_ratio=1.0, gravity_z=0.1,
        acc_tilt_drift_deg=3, sync_phase_consistency=0.85, impact_median=25,
    )  # fmt: skip
    scores = attribute_scores(SCALES, np.concatenate([fast, windows()]), COLUMNS, texts)
    assert [names[i] for i in scores.argmax(axis=1)] == ["jog", "still"]
    assert (scores <= 0).all()


def test_every_place_is_a_scale_with_an_activity_that_names_it():
    for feature in PLACES:
        scale = SCALES.scales[feature]
        assert any(np.ptp(expected_words(scale, label_interpretations(name))) > 0 for name in REGISTRY)
