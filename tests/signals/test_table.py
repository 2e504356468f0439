from pathlib import Path

from lanhar.signals.table import (
    BY_NAME,
    CLASSIFIER_COLUMNS,
    CLASSIFIER_FEATURES,
    FEATURES,
    HEADINGS,
    PROMPT_FEATURES,
    markdown,
)


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(FEATURES)


def test_every_heading_has_features_and_every_prompt_feature_a_heading() -> None:
    assert {feature.heading for feature in PROMPT_FEATURES} == set(HEADINGS)
    assert all(feature.heading is None for feature in FEATURES[len(PROMPT_FEATURES) :])


def test_names_end_in_their_units() -> None:
    endings = {"_hz": "Hz", "_s": "s", "_deg": "°"}
    for feature in FEATURES:
        for ending, unit in endings.items():
            if feature.name.endswith(ending):
                assert feature.unit == unit, feature.name


def test_classifiers_get_no_feature_that_depends_on_the_pocket_or_on_calibration() -> None:
    names = {feature.name for feature in CLASSIFIER_FEATURES}
    assert all(feature.orientation_free for feature in CLASSIFIER_FEATURES)
    assert not names & {
        "gravity_x",
        "gravity_y",
        "gravity_z",
        "acc_x_std",
        "gyro_y_rms",
        "acc_z_mean",
        "acc_mag_mean",
    }
    assert len(names) >= 100
    assert len(set(CLASSIFIER_COLUMNS)) == 2 * len(names)


def test_the_page_in_the_docs_is_the_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "features.md"
    assert page.read_text(encoding="utf-8") == markdown(), "write docs/features.md again from table.markdown()"
