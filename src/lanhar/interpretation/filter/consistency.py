"""Conclusions that contradict what was measured: "at rest" beside 2 m/s², vertical for horizontal, even for erratic."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from lanhar.interpretation.filter.claims import read_claims
from lanhar.interpretation.filter.comparisons import other_directions
from lanhar.interpretation.filter.grammar import Grammar, Limits, load_grammar
from lanhar.interpretation.filter.relations import Order, read_orders
from lanhar.interpretation.filter.statements import Claim, Comparison
from lanhar.interpretation.filter.verdict import Answer, Reason
from lanhar.signals.table import BY_NAME, Heading

Features = Mapping[str, float]
_NEAR = 1.15
"""How much wider limits are where only the edge of a word is claimed."""
_DOUBTS = (1.0, 1.15, 1.5)
"""The same by the number of things that speak for a misreading."""
_NO_LAG_S = 0.03
"""Neither lead nor lag: a sample and a half."""
_FAST_STRIDES_HZ = 1.15
"""Above twice this, 2.3 steps per second, gait is aerial."""


def _tempi(features: Features) -> list[float]:
    names = ("acc_dominant_hz", "acc_step_hz")
    return [features[name] for name in names if features[name] > 0] or [0.0]


def _slowest(features: Features) -> float:
    """Strides count beside steps as a slow tempo, but not those of a run."""
    dominant, step = features["acc_dominant_hz"], features["acc_step_hz"]
    return min(dominant, step) if 0 < step < _FAST_STRIDES_HZ else dominant


def _rate_gap(features: Features) -> float:
    rates = [features[name] for name in ("acc_dominant_hz", "acc_step_hz", "gyro_step_hz")]
    return max(rates) - min(rates)


def _evenness(features: Features) -> float:
    # No variation at all means fewer than three peaks.
    return 1.0 - features["acc_beat_cv"] if features["acc_beat_cv"] > 0.001 else 0.0


def _movement(features: Features) -> float:
    return math.hypot(features["acc_vertical_rms"], features["acc_horizontal_rms"])


def _swing(features: Features) -> float:
    """Turning about the vertical that is undone again."""
    return max(0.0, features["gyro_z_abs_angle_deg"] - abs(features["gyro_z_net_angle_deg"]))


DERIVED: Mapping[str, Callable[[Features], float]] = {
    "movement_rms": _movement,
    "any_movement": lambda f: max(_movement(f), f["gyro_mag_rms"]),
    "tempo_max_hz": lambda f: max(_tempi(f)),
    "tempo_min_hz": _slowest,
    "rate_gap": _rate_gap,
    "any_step_hz": lambda f: max(f["acc_step_hz"], f["gyro_step_hz"]),
    "beat_evenness": _evenness,
    "beat_irregularity": lambda f: f["acc_beat_cv"],
    "turn_deg": lambda f: abs(f["gyro_z_net_angle_deg"]),
    "swing_deg": _swing,
    "swing_share": lambda f: _swing(f) / max(f["gyro_z_abs_angle_deg"], 1.0),
    "any_total_deg": lambda f: max(f[f"gyro_{axis}_abs_angle_deg"] for axis in "xyz"),
    "any_turn_deg": lambda f: max(abs(f[f"gyro_{axis}_net_angle_deg"]) for axis in "xyz"),
    "gravity_z_abs": lambda f: abs(f["gravity_z"]),
    "lag_abs_s": lambda f: abs(f["sync_lag_s"]),
    "rates_missing": lambda f: float(f["acc_step_hz"] == 0 or f["gyro_step_hz"] == 0),
    "impact_spread": lambda f: f["impact_p95"] / f["impact_median"] if f["impact_median"] > 0 else 1.0,
    "balance_gap": lambda f: abs(f["acc_vertical_share"] - 0.5),
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
    version: ClassVar[str] = "6"

    slack: float = 1.0

    def check(self, answer: Answer, features: Features) -> Sequence[Reason]:
        """A reason for every heading and topic with a false conclusion; numbers are left to `grounding`."""
        if answer.interpretation is None:
            return ()
        grammar = load_grammar()
        found: dict[tuple[Heading, str], Reason] = {}
        for heading, section in answer.interpretation.sections.items():
            said = (*read_claims(section.conclusion, heading, grammar), *read_orders(section.conclusion, heading))
            reasons = [self._judge(one, heading, features, grammar) for one in said]
            for reason in reasons:
                if reason is not None:
                    found.setdefault((heading, reason.code), reason)
        return tuple(found.values())

    def _judge(
        self, said: Claim | Comparison | Order, heading: Heading, features: Features, grammar: Grammar
    ) -> Reason | None:
        if isinstance(said, Claim):
            return self._judge_claim(said, heading, features, grammar)
        if isinstance(said, Comparison):
            return self._judge_comparison(said, heading, features, grammar)
        return _judge_order(said, heading, features)

    def _judge_claim(self, claim: Claim, heading: Heading, features: Features, grammar: Grammar) -> Reason | None:
        slack = self.slack * _DOUBTS[claim.doubts] * (_NEAR if claim.near else 1.0)
        for name in claim.classes:
            limits = grammar.limits(claim.topic, name)
            if not limits or holds(limits, features, slack):
                return None
            # Beside the topic of the heading, the subject itself may be meant: "though the rotation is strong".
            if claim.named and holds(grammar.limits(claim.named, name) or {}, features, slack):
                return None
        topic = grammar.topics[claim.topic]
        measured = ", ".join(_quoted(name, features) for name in topic.shows)
        detail = f'{heading}: "{claim.clause}" contradicts what was measured of {topic.title}: {measured}'
        return Reason(self.name, topic.code, detail)

    def _judge_comparison(
        self, claim: Comparison, heading: Heading, features: Features, grammar: Grammar
    ) -> Reason | None:
        rotated = replace(claim, sensor="gyro", either=False)
        if claim.either and self._judge_comparison(rotated, heading, features, grammar) is None:
            return None
        measures = grammar.comparisons[claim.sensor]
        others = [claim.smaller] if claim.smaller else other_directions(claim.larger)
        if not others:
            return None
        least = claim.margin or (grammar.slack if claim.smaller else grammar.slack_alone)
        for side in claim.larger:
            # Where both sides are named, the first measure of each is meant.
            pairs = list(zip(measures[side], *(measures[other] for other in others), strict=False))
            pairs = pairs[:1] if claim.smaller or heading == "Strength" else pairs
            for larger, *smaller in pairs:
                if measure(larger, features) >= least / self.slack * max(measure(name, features) for name in smaller):
                    return None
        shown = dict.fromkeys(measures[side][0] for side in (*claim.larger, *others))
        measured = ", ".join(_quoted(name, features) for name in shown if name in BY_NAME)
        detail = f'{heading}: "{claim.clause}" contradicts the measured {measured}'
        return Reason(self.name, "contradicts_axis", detail)


def holds(limits: Limits, features: Features, slack: float) -> bool:
    """Whether one measure lies within its limits.

    Args:
        limits: measure → lowest and highest value.
        features: a window's prompt features by name.
        slack: how many times wider the limits are, away from what they hold, on either side of zero.
    """
    return any(
        low * slack ** (-1 if low > 0 else 1) <= measure(key, features) <= high * slack ** (1 if high > 0 else -1)
        for key, (low, high) in limits.items()
    )


def _judge_order(said: Order, heading: Heading, features: Features) -> Reason | None:
    lag = features["sync_lag_s"]
    if (lag if said.leads else -lag) <= _NO_LAG_S:
        return None
    detail = f'{heading}: "{said.clause}" contradicts the measured {_quoted("sync_lag_s", features)}'
    return Reason(ConsistencyRule.name, "contradicts_sync", detail)


def _quoted(name: str, features: Features) -> str:
    unit = BY_NAME[name].unit
    return f"{name} is {features[name]:.2f}{'' if unit == '1' else unit if unit == '°' else f' {unit}'}"
