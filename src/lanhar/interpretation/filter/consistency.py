"""Conclusions that contradict what was measured: "at rest" beside 2 m/s², vertical for horizontal, even for erratic."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lanhar.interpretation.filter.claims import Claim, Comparison, other_directions, read_claims
from lanhar.interpretation.filter.grammar import Grammar, load_grammar
from lanhar.interpretation.filter.verdict import Answer, Reason
from lanhar.signals.table import BY_NAME, Heading

Features = Mapping[str, float]
_NEAR = 1.15
"""How much wider limits are where only the edge of a word is claimed."""


def _tempi(features: Features) -> list[float]:
    names = ("acc_dominant_hz", "acc_step_hz", "gyro_step_hz")
    return [features[name] for name in names if features[name] > 0] or [0.0]


def _evenness(features: Features) -> float:
    # No variation at all means fewer than three peaks.
    return 1.0 - features["acc_beat_cv"] if features["acc_beat_cv"] > 0.001 else 0.0


def _movement(features: Features) -> float:
    return math.hypot(features["acc_vertical_rms"], features["acc_horizontal_rms"])


DERIVED: Mapping[str, Callable[[Features], float]] = {
    "movement_rms": _movement,
    "any_movement": lambda f: max(_movement(f), f["gyro_mag_rms"]),
    "tempo_max_hz": lambda f: max(_tempi(f)),
    "tempo_min_hz": lambda f: min(_tempi(f)[: 1 + (f["acc_step_hz"] > 0)]),
    "any_step_hz": lambda f: max(f["acc_step_hz"], f["gyro_step_hz"]),
    "beat_evenness": _evenness,
    "beat_irregularity": lambda f: f["acc_beat_cv"],
    "turn_deg": lambda f: abs(f["gyro_z_net_angle_deg"]),
    "any_total_deg": lambda f: max(f[f"gyro_{axis}_abs_angle_deg"] for axis in "xyz"),
    "any_turn_deg": lambda f: max(abs(f[f"gyro_{axis}_net_angle_deg"]) for axis in "xyz"),
    "gravity_z_abs": lambda f: abs(f["gravity_z"]),
    "lag_abs_s": lambda f: abs(f["sync_lag_s"]),
    "rates_missing": lambda f: float(f["acc_step_hz"] == 0 or f["gyro_step_hz"] == 0),
    "impact_spread": lambda f: f["impact_p95"] / f["impact_median"] if f["impact_median"] > 0 else 1.0,
    "acc_xy_std": lambda f: max(f["acc_x_std"], f["acc_y_std"]),
    "gyro_xy_energy_share": lambda f: f["gyro_x_energy_share"] + f["gyro_y_energy_share"],
    "gyro_xy_largest_share": lambda f: max(f["gyro_x_energy_share"], f["gyro_y_energy_share"]),
    "gyro_largest_share": lambda f: max(f[f"gyro_{axis}_energy_share"] for axis in "xyz"),
}
"""What claims.yaml measures beyond the features: name → its value from them."""


def measure(name: str, features: Features) -> float:
    """The value of a feature or of a derived measure.

    Args:
        name: of `lanhar.signals.table.PROMPT_FEATURES` or of `DERIVED`.
        features: a window's prompt features by name.
    """
    return DERIVED[name](features) if name in DERIVED else features[name]


@dataclass(frozen=True)
class ConsistencyRule:
    """Rejects conclusions that are false by a wide margin; words and limits live in data/claims.yaml.

    Attributes:
        slack: how much wider than in the file limits are, 1 for as they stand.
    """

    name: ClassVar[str] = "consistency"
    version: ClassVar[str] = "1"

    slack: float = 1.0

    def check(self, answer: Answer, features: Features) -> Sequence[Reason]:
        """A reason for every heading and topic with a false conclusion; numbers are left to `grounding`."""
        if answer.interpretation is None:
            return ()
        grammar = load_grammar()
        found: dict[tuple[Heading, str], Reason] = {}
        for heading, section in answer.interpretation.sections.items():
            for claim in read_claims(section.conclusion, heading, grammar):
                reason = (
                    self._judge_claim(claim, heading, features, grammar)
                    if isinstance(claim, Claim)
                    else self._judge_comparison(claim, heading, features, grammar)
                )
                if reason is not None:
                    found.setdefault((heading, reason.code), reason)
        return tuple(found.values())

    def _judge_claim(self, claim: Claim, heading: Heading, features: Features, grammar: Grammar) -> Reason | None:
        for name in claim.classes:
            limits = grammar.limits(claim.topic, name)
            slack = self.slack * (_NEAR if claim.near else 1.0)
            if not limits or any(
                low / slack <= measure(key, features) <= high * slack for key, (low, high) in limits.items()
            ):
                return None
        topic = grammar.topics[claim.topic]
        measured = ", ".join(_quoted(name, features) for name in topic.shows)
        detail = f'{heading}: "{claim.clause}" contradicts what was measured of {topic.title}: {measured}'
        return Reason(self.name, topic.code, detail)

    def _judge_comparison(
        self, claim: Comparison, heading: Heading, features: Features, grammar: Grammar
    ) -> Reason | None:
        measures = grammar.comparisons[claim.sensor]
        others = [claim.smaller] if claim.smaller else other_directions(claim.larger)
        for side in claim.larger:
            # Where both sides are named, the first measure of each is meant.
            pairs = list(zip(measures[side], *(measures[other] for other in others), strict=False))
            pairs = pairs[:1] if claim.smaller else pairs
            for larger, *smaller in pairs:
                if measure(larger, features) >= grammar.slack / self.slack * max(
                    measure(name, features) for name in smaller
                ):
                    return None
        shown = dict.fromkeys(measures[side][0] for side in (*claim.larger, *others))
        measured = ", ".join(_quoted(name, features) for name in shown if name in BY_NAME)
        detail = f'{heading}: "{claim.clause}" contradicts the measured {measured}'
        return Reason(self.name, "contradicts_axis", detail)


def _quoted(name: str, features: Features) -> str:
    unit = BY_NAME[name].unit
    return f"{name} is {features[name]:.2f}{'' if unit == '1' else unit if unit == '°' else f' {unit}'}"
