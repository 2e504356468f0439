"""The one table of features: prompt, interpreter, baselines, docs and tests read it."""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Feature:
    """One measured statistic of a window.

    Attributes:
        name: column of the feature table.
        unit: `m/s²`, `rad/s`, `Hz`, `s`, `°`, `m/s³`, `1/s` or `1` (a ratio).
        meaning: one line a person understands.
        origin: sensor it comes from, the mark beside its numbers in a text.
        heading: the interpretation's heading that it belongs to; None for one that only classifiers use.
        orientation_free: does not change when the device is turned about the vertical in its pocket, so that
            classifiers may use it across placements.
    """

    name: str
    unit: str
    meaning: str
    origin: Origin
    heading: Heading | None
    orientation_free: bool


def _acc() -> list[Feature]:
    rows = []
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
        for key, statistic in statistics.items():
            rows.append(
                Feature(
                    f"acc_{axis}_{key}", "m/s²", f"{statistic} of the {what}, gravity included", "ACC",
                    "Strength" if axis == "mag" else "Axis dominance", axis in ("z", "mag"),
                )
            )
    rows += [
        Feature("acc_vertical_rms", "m/s²", "RMS of the vertical acceleration without its mean", "ACC", "Strength", True),
        Feature("acc_horizontal_rms", "m/s²", "RMS of the horizontal acceleration without its mean", "ACC", "Strength", True),
        Feature("acc_vertical_p2p", "m/s²", "peak-to-peak range of the vertical acceleration", "ACC", "Strength", True),
        Feature("acc_horizontal_p2p", "m/s²", "peak-to-peak range along the stronger horizontal direction", "ACC", "Strength", True),
        Feature("acc_vertical_share", "1", "share of the movement's energy that is vertical, 0 to 1", "ACC", "Axis dominance", True),
        Feature("acc_dominant_hz", "Hz", "frequency of the strongest spectral peak of the vertical acceleration", "ACC", "Rhythm", True),
        Feature("acc_step_hz", "Hz", "step rate from the autocorrelation of the vertical acceleration; 0 without rhythm", "ACC", "Rhythm", True),
        Feature("acc_rhythm_strength", "1", "height of that autocorrelation peak, 0 (none) to 1 (a perfect repetition)", "ACC", "Rhythm", True),
        Feature("acc_low_high_ratio", "1", "vertical energy below 3 Hz over that from 3 to 15 Hz", "ACC", "Shape", True),
        Feature("acc_harmonic_ratio", "1", "vertical power at twice the dominant frequency over that at it", "ACC", "Shape", True),
        Feature("acc_beat_mean_s", "s", "mean interval between vertical acceleration peaks; 0 without peaks", "ACC", "Rhythm", True),
        Feature("acc_beat_std_s", "s", "standard deviation of those intervals", "ACC", "Rhythm", True),
        Feature("acc_beat_cv", "1", "coefficient of variation of those intervals", "ACC", "Rhythm", True),
        Feature("acc_jerk_rms", "m/s³", "RMS of the jerk, the change of acceleration per second", "ACC", "Shape", True),
        Feature("acc_jerk_p95", "m/s³", "95th percentile of the jerk's magnitude", "ACC", "Shape", True),
        Feature("acc_tilt_drift_deg", "°", "angle between gravity in the window's first and last third", "ACC", "Posture / drift", True),
        Feature("gravity_x", "1", "share of gravity along the device's own x axis, -1 to 1", "ACC", "Posture / drift", False),
        Feature("gravity_y", "1", "share of gravity along the device's own y axis, -1 to 1", "ACC", "Posture / drift", False),
        Feature("gravity_z", "1", "share of gravity along the device's own z axis, -1 to 1", "ACC", "Posture / drift", False),
    ]
    return rows


def _gyro() -> list[Feature]:
    rows = []
    for axis, what in {"x": "roll axis (horizontal x)", "y": "pitch axis (horizontal y)", "z": "vertical axis (turning)"}.items():
        free = axis == "z"
        rows += [
            Feature(f"gyro_{axis}_mean", "rad/s", f"mean angular rate about the {what}", "GYRO", "Posture / drift", False),
            Feature(f"gyro_{axis}_rms", "rad/s", f"RMS angular rate about the {what}", "GYRO", "Strength", free),
            Feature(f"gyro_{axis}_p2p", "rad/s", f"peak-to-peak angular rate about the {what}", "GYRO", "Strength", free),
            Feature(f"gyro_{axis}_zero_crossings", "1/s", f"sign changes per second of the rate about the {what}", "GYRO", "Shape", free),
            Feature(f"gyro_{axis}_energy_share", "1", f"share of rotational energy about the {what}, 0 to 1", "GYRO", "Axis dominance", free),
            Feature(f"gyro_{axis}_net_angle_deg", "°", f"net rotation over the window about the {what}", "GYRO", "Posture / drift", False),
            Feature(f"gyro_{axis}_abs_angle_deg", "°", f"total rotation, either way, about the {what}", "GYRO", "Posture / drift", free),
            Feature(f"gyro_{axis}_peak_hz", "Hz", f"strongest Welch peak of the rate about the {what}", "GYRO", "Rhythm", free),
        ]
    rows += [
        Feature("gyro_mag_rms", "rad/s", "RMS of the angular rate's magnitude", "GYRO", "Strength", True),
        Feature("gyro_step_hz", "Hz", "step rate from the autocorrelation of the angular rate's magnitude; 0 without rhythm", "GYRO", "Rhythm", True),
    ]
    return rows


def _sync() -> list[Feature]:
    return [
        Feature("sync_step_difference_hz", "Hz", "absolute difference of the two sensors' step rates", "SYNC", "Gyro-acc sync", True),
        Feature("sync_lag_s", "s", "lag of the rotation behind the vertical acceleration at best correlation", "SYNC", "Gyro-acc sync", True),
        Feature("sync_correlation", "1", "correlation of the two at that lag, 0 to 1", "SYNC", "Gyro-acc sync", True),
        Feature("sync_phase_consistency", "1", "how constant their phase difference stays, 0 to 1", "SYNC", "Gyro-acc sync", True),
        Feature("impact_median", "m/s²", "median over steps of the vertical peak above the mean", "ACC", "Vertical impact", True),
        Feature("impact_p95", "m/s²", "95th percentile over steps of the vertical peak above the mean", "ACC", "Vertical impact", True),
    ]


PROMPT_FEATURES: tuple[Feature, ...] = (*_acc(), *_gyro(), *_sync())
FEATURES: tuple[Feature, ...] = PROMPT_FEATURES
BY_NAME: Mapping[str, Feature] = {feature.name: feature for feature in FEATURES}
