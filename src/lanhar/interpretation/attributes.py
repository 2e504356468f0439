"""Attributes of activities: which words their label texts expect of a window, against the words that it measures.

The classic way to recognise what nobody trained on (direct attribute prediction: Lampert et al. 2014, IEEE TPAMI 36,
453-465), with the word scales of the `rules` interpreter as attributes and no encoder of any kind.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lanhar.interpretation.word_scales import Column, WordScale, WordScales

PLACES: Mapping[str, tuple[str, str]] = {
    "acc_vertical_rms": ("Strength", "bounce"),
    "acc_horizontal_rms": ("Strength", "sway"),
    "gyro_mag_rms": ("Strength", "rotation"),
    "acc_vertical_share": ("Axis dominance", ""),
    "acc_dominant_hz": ("Rhythm", "tempo"),
    "acc_beat_cv": ("Rhythm", "beats"),
    "acc_jerk_rms": ("Shape", ""),
    "acc_low_high_ratio": ("Shape", ""),
    "gravity_z": ("Posture / drift", ""),
    "acc_tilt_drift_deg": ("Posture / drift", ""),
    "sync_phase_consistency": ("Gyro-acc sync", ""),
    "impact_median": ("Vertical impact", ""),
}
"""Feature → heading under which label texts speak of it, and the noun that its words stand before, if any."""
FLOOR = 0.05
"""Weight of a word that no text expects, where an expected one has 1."""


def attribute_scores(
    scales: WordScales,
    features: NDArray[np.floating],
    columns: Sequence[str],
    texts: Sequence[Sequence[str]],
) -> NDArray[np.float64]:
    """Log likelihood of windows' words under the words that activities' texts expect.

    Args:
        scales: of the `rules` interpreter.
        features: (N, F) in the units of `lanhar.signals.table`.
        columns: F feature names.
        texts: label interpretations of C activities, under the seven headings.

    Returns:
        (N, C), a mean over attributes; 0 is a sure match.
    """
    values: dict[str, Column] = {name: features[:, i].astype(np.float64) for i, name in enumerate(columns)}
    holds = {name: values[c.feature] < c.below for name, c in scales.conditions.items()}
    total = np.zeros((len(features), len(texts)))
    for feature in PLACES:
        scale = scales.scales[feature]
        vocabulary = words_of(scale)
        measured = [vocabulary.index(word) for word in scale.name(values[feature], holds)]
        total += np.log(np.stack([expected_words(scale, group) for group in texts], axis=1))[measured]
    return total / len(PLACES)


def words_of(scale: WordScale) -> list[str]:
    """Every word of a scale once, lowest range first, then those of its conditions."""
    return list(dict.fromkeys([*scale.words, *scale.when.values()]))


def expected_words(scale: WordScale, texts: Sequence[str]) -> NDArray[np.float64]:
    """Probability (W,) of each word of a scale in windows of an activity, from what its texts say.

    A text's word counts fully, its neighbours on the scale by a third each; one that no text names says nothing.
    """
    vocabulary = words_of(scale)
    found = [word for text in texts for word in _said(scale, vocabulary, text)]
    counts = np.array([found.count(word) for word in vocabulary], dtype=np.float64)
    if not found:
        return np.full(len(vocabulary), 1 / len(vocabulary))
    spread = counts.copy()
    for lower, upper in zip(scale.words[:-1], scale.words[1:], strict=True):
        i, j = vocabulary.index(lower), vocabulary.index(upper)
        spread[i] += counts[j] / 3
        spread[j] += counts[i] / 3
    weights = spread / counts.max() + FLOOR
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _said(scale: WordScale, vocabulary: Sequence[str], text: str) -> list[str]:
    heading, noun = PLACES[scale.feature]
    body = next((line.partition(":")[2] for line in text.splitlines() if line.startswith(f"{heading}:")), "")
    clauses = re.split(r"[,;]", body)
    said = [clause for clause in clauses if noun in clause] or clauses[:1]
    longest_first = "|".join(map(re.escape, sorted(vocabulary, key=len, reverse=True)))
    return [word for clause in said for word in re.findall(rf"(?<![\w-])(?:{longest_first})(?![\w-])", clause)]
