"""The one table of features: prompt, interpreter, baselines, docs and tests read it.

Units are chosen with the baselines' signed logarithm, sign(x) · log(1 + |x|), in mind: it is nearly linear
below 1 and a logarithm above. What only classifiers use says the shape of a movement apart from its strength,
which differs between placements (a thigh swings more than a waist) more than between activities: percentiles
are in standard deviations, and bands are shares in percent, so that the logarithm covers 40 dB. Ratios and
correlations (unit 1) pass almost unchanged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Origin = Literal["ACC", "GYRO", "SYNC"]
Heading = Literal[
    "Strength",
    "Axis dominance",
    "Rhythm",
    "Shape",
    "Posture / drift",
    "Gyro-acc sync",
    "Vertical impact",
]
HEADINGS: tuple[Heading, ...] = (
    "Strength",
    "Axis dominance",
    "Rhythm",
    "Shape",
    "Posture / drift",
    "Gyro-acc sync",
    "Vertical impact",
)


BAND_EDGES_HZ = (0.5, 1.25, 2.0, 2.75, 3.5, 5.0, 7.0, 10.0, 14.0, 20.0)
"""Bands of the spectra: narrow around strides and steps (1 and 2 Hz) and their harmonics, wide above."""
BAND_SIGNALS = ("acc_horizontal", "acc_mag", "gyro_z", "gyro_horizontal")
"""Signals whose bands are features; the vertical acceleration's would say those of the magnitude again."""
AUTOCORRELATION_LAGS_S = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Lags at which autocorrelations are features."""


@dataclass(frozen=True)
class Feature:
    """One measured statistic of a window.

    Attributes:
        name: column of the feature table.
        unit: `m/s²`, `rad/s`, `Hz`, `s`, `°`, `m/s³`, `1/s`, `%` or `1` (a ratio).
        meaning: one line a person understands.
        origin: sensor it comes from, the mark beside its numbers in a text.
        heading: the interpretation's heading that it belongs to; None for one that only classifiers use.
        orientation_free: does not change when the device is turned in any way before alignment, so that
            classifiers may use it across placements.
    """

    name: str
    unit: str
    meaning: str
    origin: Origin
    heading: Heading | None
    orientation_free: bool


def _axis_statistics() -> Iterator[Feature]:
    axes = {
        "x": "acceleration along x (horizontal)",
        "y": "acceleration along y (horizontal)",
        "z": "acceleration along z (vertical, up)",
        "mag": "magnitude of the acceleration",
    }
    statistics = {
        "mean": "mean",
        "std": "standard deviation",
        "min": "smallest value",
        "max": "largest value",
        "p2p": "peak-to-peak range",
    }
    for axis, what in axes.items():
        heading: Heading = "Strength" if axis == "mag" else "Axis dominance"
        for key, statistic in statistics.items():
            meaning = f"{statistic} of the {what}, gravity included"
            yield Feature(f"acc_{axis}_{key}", "m/s²", meaning, "ACC", heading, axis in ("z", "mag"))


_ACC: Mapping[Heading, tuple[tuple[str, str, str], ...]] = {
    "Strength": (
        ("acc_vertical_rms", "m/s²", "RMS of the vertical acceleration without its mean"),
        ("acc_horizontal_rms", "m/s²", "RMS of the horizontal acceleration without its mean"),
        ("acc_vertical_p2p", "m/s²", "peak-to-peak range of the vertical acceleration"),
        ("acc_horizontal_p2p", "m/s²", "peak-to-peak range along the stronger horizontal direction"),
    ),
    "Axis dominance": (("acc_vertical_share", "1", "share of the movement's energy that is vertical, 0 to 1"),),
    "Rhythm": (
        (
            "acc_dominant_hz",
            "Hz",
            "strongest frequency of the vertical acceleration, 0.5 to 15; 0 without movement",
        ),
        ("acc_step_hz", "Hz", "step rate, 0.5 to 4, from the vertical autocorrelation; 0 without rhythm"),
        (
            "acc_rhythm_strength",
            "1",
            "height of that autocorrelation peak, 0 (none) to 1 (perfect repetition)",
        ),
        ("acc_beat_mean_s", "s", "mean interval between vertical acceleration peaks; 0 without peaks"),
        ("acc_beat_std_s", "s", "standard deviation of those intervals"),
        ("acc_beat_cv", "1", "coefficient of variation of those intervals"),
    ),
    "Shape": (
        ("acc_low_high_ratio", "1", "vertical energy below 3 Hz over that from 3 to 15 Hz; 0 without movement"),
        (
            "acc_harmonic_ratio",
            "1",
            "vertical power at twice the dominant frequency over that at it; 0 without movement",
        ),
        ("acc_jerk_rms", "m/s³", "RMS of the jerk, the change of acceleration per second"),
        ("acc_jerk_p95", "m/s³", "95th percentile of the jerk's magnitude"),
    ),
    "Posture / drift": (("acc_tilt_drift_deg", "°", "angle between gravity in the window's first and last third"),),
    "Vertical impact": (
        ("impact_median", "m/s²", "median over steps of the vertical peak above the mean"),
        ("impact_p95", "m/s²", "95th percentile over steps of the vertical peak above the mean"),
    ),
}


def _acc() -> Iterator[Feature]:
    for heading, rows in _ACC.items():
        for name, unit, meaning in rows:
            yield Feature(name, unit, meaning, "ACC", heading, True)
    for axis in "xyz":
        meaning = f"share of gravity along the device's own {axis} axis, -1 to 1"
        yield Feature(f"gravity_{axis}", "1", meaning, "ACC", "Posture / drift", False)


def _gyro() -> Iterator[Feature]:
    """Rows: heading, then key, unit, meaning; net angles and means keep the sign of the turn."""
    axes = {"x": "x axis (horizontal)", "y": "y axis (horizontal)", "z": "vertical axis (turning)"}
    rows: tuple[tuple[Heading, str, str, str], ...] = (
        ("Posture / drift", "mean", "rad/s", "mean angular rate"),
        ("Strength", "rms", "rad/s", "RMS angular rate"),
        ("Strength", "p2p", "rad/s", "peak-to-peak angular rate"),
        ("Shape", "zero_crossings", "1/s", "sign changes per second of the angular rate"),
        ("Axis dominance", "energy_share", "1", "share, 0 to 1, of the rotational energy"),
        ("Posture / drift", "net_angle_deg", "°", "net rotation over the window"),
        ("Posture / drift", "abs_angle_deg", "°", "total rotation, either way,"),
        ("Rhythm", "peak_hz", "Hz", "strongest Welch peak, 0.3 to 15 Hz, 0 without movement, of the angular rate"),
    )
    for axis, what in axes.items():
        for heading, key, unit, meaning in rows:
            free = axis == "z" and key not in ("mean", "net_angle_deg")
            yield Feature(f"gyro_{axis}_{key}", unit, f"{meaning} about the {what}", "GYRO", heading, free)
    yield Feature("gyro_mag_rms", "rad/s", "RMS of the angular rate's magnitude", "GYRO", "Strength", True)
    step = "step rate from the autocorrelation of the angular rate's magnitude; 0 without rhythm"
    yield Feature("gyro_step_hz", "Hz", step, "GYRO", "Rhythm", True)


def _sync() -> Iterator[Feature]:
    lag = "lag of the rotation's magnitude behind the vertical acceleration at best correlation, within 0.5 s"
    rows = (
        ("sync_step_difference_hz", "Hz", "absolute difference of the two sensors' step rates"),
        ("sync_lag_s", "s", lag),
        ("sync_correlation", "1", "correlation of the two at that lag, 0 to 1"),
        ("sync_phase_consistency", "1", "how constant their phase difference stays from 0.5 to 5 Hz, 0 to 1"),
    )
    for name, unit, meaning in rows:
        yield Feature(name, unit, meaning, "SYNC", "Gyro-acc sync", True)


def _spectral() -> Iterator[Feature]:
    signals = {
        "acc_vertical": "vertical acceleration",
        "acc_horizontal": "horizontal acceleration",
        "acc_mag": "acceleration's magnitude",
        "gyro_z": "angular rate about the vertical",
        "gyro_horizontal": "angular rate about horizontal axes",
    }
    for name, what in signals.items():
        origin: Origin = "ACC" if name.startswith("acc") else "GYRO"
        for i, (low, high) in enumerate(pairwise(BAND_EDGES_HZ if name in BAND_SIGNALS else ()), start=1):
            meaning = f"RMS of the {what} from {low:g} to {high:g} Hz, share of that of all bands"
            yield Feature(f"{name}_band_{i}", "%", meaning, origin, None, True)
        yield Feature(f"{name}_centroid_hz", "Hz", f"mean frequency of the {what}'s power", origin, None, True)
        entropy = f"entropy of the {what}'s spectrum, 0 (one frequency) to 1 (white)"
        yield Feature(f"{name}_entropy", "1", entropy, origin, None, True)


def _distribution() -> Iterator[Feature]:
    signals = {
        "acc_vertical": "vertical acceleration",
        "acc_mag": "acceleration's magnitude",
        "gyro_mag": "angular rate's magnitude",
    }
    shapes = {
        "skewness": "skewness (peaks sharper than troughs) of the {}",
        "asymmetry": "skewness of the Hilbert transform, negative where it rises steeply, of the {}",
        "kurtosis": "kurtosis of the {}, 3 for Gaussian noise; 0 without movement",
    }
    for name, what in signals.items():
        origin: Origin = "ACC" if name.startswith("acc") else "GYRO"
        for key, meaning in shapes.items():
            yield Feature(f"{name}_{key}", "1", meaning.format(what), origin, None, True)
        for q in (5, 25, 75, 95):
            meaning = f"{q}th percentile of the {what}, mean off, in standard deviations"
            yield Feature(f"{name}_p{q}", "1", meaning, origin, None, True)


def _repetition() -> Iterator[Feature]:
    for lag_s in AUTOCORRELATION_LAGS_S:
        meaning = f"autocorrelation of the angular rate's magnitude at {lag_s:.1f} s"
        yield Feature(f"gyro_mag_autocorrelation_{lag_s:.1f}s", "1", meaning, "GYRO", None, True)


_COUPLING: Mapping[Origin, tuple[tuple[str, str, str], ...]] = {
    "ACC": (
        (
            "acc_vertical_horizontal_correlation",
            "1",
            "length of vertical acc's correlation with horizontal acc",
        ),
        ("acc_horizontal_line_share", "1", "share of the horizontal acceleration along one line, 0.5 to 1"),
        ("acc_vertical_jerk_p5", "m/s³", "5th percentile of the vertical jerk"),
        ("acc_vertical_jerk_p95", "m/s³", "95th percentile of the vertical jerk"),
        ("acc_vertical_zero_crossings", "1/s", "vertical acceleration's crossings of its mean per second"),
    ),
    "GYRO": (
        ("gyro_horizontal_line_share", "1", "share of the horizontal rotation about one line, 0.5 to 1"),
        ("gyro_horizontal_rms", "rad/s", "RMS angular rate about horizontal axes"),
        ("gyro_horizontal_p2p", "rad/s", "peak-to-peak angular rate about the stronger horizontal axis"),
    ),
    "SYNC": (
        (
            "sync_vertical_rotation_correlation",
            "1",
            "length of vertical acc's correlation with horizontal gyro",
        ),
        (
            "sync_coupling_inner",
            "1",
            "scalar product of vertical acc's two correlation vectors, with acc and with gyro",
        ),
        ("sync_coupling_outer", "1", "vector product of those two, upward part"),
        ("sync_horizontal_inner", "1", "scalar product of horizontal acc and gyro over both RMS"),
        ("sync_horizontal_outer", "1", "vector product of the two, upward part, over both RMS"),
    ),
}


def _coupling() -> Iterator[Feature]:
    for origin, rows in _COUPLING.items():
        for name, unit, meaning in rows:
            yield Feature(name, unit, meaning, origin, None, True)


PROMPT_FEATURES: tuple[Feature, ...] = (*_axis_statistics(), *_acc(), *_gyro(), *_sync())
"""Features that texts may speak of; every one has a heading."""
FEATURES: tuple[Feature, ...] = (
    *PROMPT_FEATURES,
    *_spectral(),
    *_distribution(),
    *_repetition(),
    *_coupling(),
)
"""Columns of `lanhar.signals.features.compute_features`, in order: the prompt's, then those of no text."""
_WITH_GRAVITY = tuple(f"acc_{axis}_{key}" for axis in ("z", "mag") for key in ("mean", "std", "min", "max", "p2p"))
CLASSIFIER_FEATURES: tuple[Feature, ...] = tuple(
    feature for feature in FEATURES if feature.orientation_free and feature.name not in _WITH_GRAVITY
)
"""Features that classifiers get: those free of the device's orientation.

Left out are the axis statistics, which repeat the vertical ones with gravity, and so the calibration, added.
"""
CLASSIFIER_COLUMNS: tuple[str, ...] = (
    *(feature.name for feature in CLASSIFIER_FEATURES),
    *(f"{feature.name}_variation" for feature in CLASSIFIER_FEATURES),
)
"""Columns of `lanhar.signals.features.classifier_features`, in order: every feature, then its variation in percent."""
BY_NAME: Mapping[str, Feature] = {feature.name: feature for feature in FEATURES}


def markdown() -> str:
    """The table as the page docs/features.md."""
    lines = [
        "# Features of a window",
        "",
        "Written by `lanhar.signals.table.markdown()`; edit the table there, not this page. Windows are",
        "aligned: z is up. A feature marked *free* does not change when the device is turned in its pocket;",
        "one marked *classifier* is given to the baselines, together with its variation within the window,",
        "`..._variation` in %. One without a heading is in no text.",
        "",
        "| name | unit | meaning | sensor | heading | |",
        "|---|---|---|---|---|---|",
    ]
    for row in FEATURES:
        marks = [row.orientation_free * "free", (row in CLASSIFIER_FEATURES) * "classifier"]
        mark = ", ".join(filter(None, marks))
        cells = (f"`{row.name}`", row.unit, row.meaning, row.origin, row.heading or "", mark)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
