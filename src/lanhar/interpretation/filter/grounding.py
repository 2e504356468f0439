"""The rule that each number of an interpretation is what was measured."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

from lanhar.interpretation.filter.feature_words import (
    ANY_UNIT,
    BY_ORIGIN,
    FeatureSet,
    Reference,
    agreeing,
    comparable,
    matching,
    members,
    refer,
    refer_by_name,
)
from lanhar.interpretation.filter.quantities import Quantity, digits_step, extract, plain, unit_of
from lanhar.interpretation.filter.verdict import Answer, Reason
from lanhar.interpretation.rules import DECIMALS
from lanhar.interpretation.schema import Evidence, Interpretation, Section
from lanhar.signals.table import HEADINGS, Feature, Heading

_SIGNED = matching(["sync_lag_s", "gyro_*_net_angle_deg"])
_FREQUENCIES = matching(["acc_step_hz", "acc_dominant_hz", "gyro_step_hz"])
_VERTICAL_SHARE = matching(["acc_vertical_share"])
_COMPLEMENT = re.compile(r"\b(?:horizontal\w*|not|non|rest|remain\w*|other)\b")
_DIRECTION = re.compile(
    r"\b(?:(?:anti|counter)?-?clockwise|left|right|lead\w*|ahead|preced\w*|before|magnitude|absolute|opposite|negative"
    r"|turn\w*|rotated|revers\w*)\b"
)
_DIFFERENCE = re.compile(r"\b(?:difference|spread|gap|span|swing|differ\w*|rise|drop|increase)\b")
_DOUBLE = re.compile(r"\b(?:harmonic|twice|double)\b")
_PER_MINUTE = re.compile(r"\s*(?:(?:per|a|each|every)\s+|/\s*)min(?:ute)?\b")
_PERIOD = re.compile(r"\b(?:period|cycle|pattern|one step|each step)\b")


@dataclass(frozen=True)
class Finding:
    """One number of an interpretation, compared with what was measured.

    Attributes:
        heading: where it stands.
        written: the number as written, with what it meants to be where that is known.
        code: `wrong_number`, `wrong_unit`, `wrong_origin` or `invented`; "" where it agrees.
        detail: what was found, and what is true instead; "" where it agrees.
    """

    heading: Heading
    written: str
    code: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Tolerance:
    """How far a written number may lie from the measured one.

    Attributes:
        relative: share of the measured value.
        approximate: the same for a number after `about` and the like.
        whole: the same for the rounding of a number without decimals, whose last digit may be worth much.
        absolute: in the feature's unit, for values that are nearly 0.
    """

    relative: float = 0.02
    approximate: float = 0.08
    whole: float = 0.2
    absolute: float = 0.0005

    def agrees(self, written: float, step: float, measured: float, approximate: bool = False) -> bool:
        """Whether a written number is the measured one, rounded to the digits that were written or a little off."""
        # 0.6 and not 0.5: the number may have been rounded twice, in the prompt and again in the answer.
        rounding = 0.6 * step
        if step >= 1.0:
            rounding = min(rounding, self.whole * abs(measured)) if written else 0.06
        relative = self.approximate if approximate else self.relative
        return abs(written - measured) <= max(rounding, relative * abs(measured), self.absolute)

    def is_rounded(self, written: float, step: float, measured: float) -> bool:
        """Whether a number is the measured one in the digits that were written."""
        return abs(written - measured) <= 0.6 * min(step, max(self.whole * abs(measured), 0.1))

    def is_copy(self, written: float, step: float, measured: float) -> bool:
        """Whether a number has three digits or more and each of them is the measured one's: hardly by chance."""
        return abs(written) >= 99.5 * step and abs(written - measured) <= 0.501 * step


def findings(
    interpretation: Interpretation, features: Mapping[str, float], tolerance: Tolerance | None = None
) -> list[Finding]:
    """Compare each number of an interpretation, in evidence and in conclusions, with the measured features.

    Args:
        interpretation: an answer, taken apart.
        features: the window's measured prompt features by name, in the units of `lanhar.signals.table`.
        tolerance: how far a number may lie off.

    Returns:
        A finding for each number that meants to be a measurement.
    """
    judge = _Judge(features, tolerance or Tolerance())
    return [
        finding for heading, section in interpretation.sections.items() for finding in judge.section(heading, section)
    ]


def grounded_share(interpretation: Interpretation, features: Mapping[str, float]) -> tuple[float, float]:
    """How much of an interpretation rests on measurements.

    Args:
        interpretation: an answer, taken apart.
        features: the window's measured prompt features by name.

    Returns:
        Share of the seven sections that hold a number that agrees, and share of the numbers that agree (0 without any).
    """
    found = findings(interpretation, features)
    good = [finding for finding in found if not finding.code]
    return len({f.heading for f in good}) / len(HEADINGS), len(good) / len(found) if found else 0.0


@dataclass(frozen=True)
class GroundingRule:
    """Each number is the measured feature that it meants to be, in its unit, from its sensor.

    Codes: `wrong_number`, `wrong_unit`, `wrong_origin`, `invented` (no measured feature is meant), `uncovered` (too few
    sections hold a number that agrees).

    Attributes:
        min_sections: sections, of the seven, that must hold a number that agrees.
        relative: how far a number may lie off, as a share of the measured value, beyond the rounding of its digits.
        approximate: the same after `about` and the like.
    """

    min_sections: int = 4
    relative: float = 0.02
    approximate: float = 0.08
    name: ClassVar[str] = "grounding"
    version: ClassVar[str] = "3"

    def check(self, answer: Answer, features: Mapping[str, float]) -> Sequence[Reason]:
        """Reasons against the answer; see `Rule.check`."""
        if answer.interpretation is None:
            return []
        found = findings(answer.interpretation, features, Tolerance(self.relative, self.approximate))
        reasons = [Reason(self.name, f.code, f.detail) for f in found if f.code]
        covered = {f.heading for f in found if not f.code}
        if len(covered) < self.min_sections:
            missing = ", ".join(heading for heading in HEADINGS if heading not in covered)
            detail = f"only {len(covered)} of {len(HEADINGS)} sections hold a measured number; add some under {missing}"
            reasons.append(Reason(self.name, "uncovered", detail))
        return reasons


def _base(unit: str) -> str | None:
    """The table's unit behind a spelling; None where none was written, "" where no feature has it."""
    known = unit_of(unit)
    return None if not unit.strip() else known.base if known else ""


def _clause(text: str, quantity: Quantity) -> str:
    before = re.split(r"[;\n]|[.,]\s", text[max(0, quantity.start - 60) : quantity.start])[-1]
    after = re.split(r"[;,\n]|\.\s", text[quantity.end : quantity.end + 40])[0]
    return " ".join(f"{before}{text[quantity.start : quantity.end]}{after}".split())


def _is_difference(text: str, quantity: Quantity, beside: Sequence[Quantity]) -> bool:
    """Whether a number is called the difference of two others beside it, and is it."""
    before = plain(text[max(0, quantity.start - 40) : quantity.start])
    others = [other for other in beside if other.unit == quantity.unit]
    return _DIFFERENCE.search(before) is not None and any(
        abs(abs(first.number - second.number) - quantity.number) <= 1.1 * quantity.step
        for first, second in combinations(others, 2)
    )


def _shown(value: float, feature: Feature) -> str:
    unit = {"1": "", "°": "°"}.get(feature.unit, f" {feature.unit}")
    return f"{value:.4g}{unit}"


@dataclass(frozen=True)
class _Judge:
    """Judges the numbers of one window."""

    features: Mapping[str, float]
    tolerance: Tolerance

    def section(self, heading: Heading, section: Section) -> Iterator[Finding]:
        listed: FeatureSet = 0
        for evidence in section.evidence:
            meant = refer_by_name(evidence.feature, _base(evidence.unit), heading)
            listed |= meant.clear
            yield self._evidence(heading, evidence, meant)
        quantities = extract(section.conclusion)
        for i, meant in enumerate(refer(section.conclusion, quantities, heading)):
            # A conclusion speaks of the evidence above it, as far as its words allow.
            if listed:
                meant = meant._replace(clear=meant.clear | (meant.loose & listed))
            yield self._quantity(heading, section.conclusion, quantities, i, meant)

    def _evidence(self, heading: Heading, evidence: Evidence, meant: Reference) -> Finding:
        written = " ".join(f"{evidence.feature} {evidence.value:g} {evidence.unit}".split())
        if not meant.clear:
            detail = f"{heading}: '{written}' is no measured feature; use the listed ones"
            return Finding(heading, written, "invented", detail)
        base, unit = _base(evidence.unit), unit_of(evidence.unit)
        compared = meant.clear if base is None else meant.clear & comparable(base)
        factor = unit.factor if unit and base else 1.0
        value, step = evidence.value * factor, digits_step(f"{evidence.value:.12g}") * factor
        found = self._listed(compared, value, step) or self._copies(meant.loose & compared, value, step)
        if found:
            return self._marked(heading, written, found, (evidence.origin,))
        anyhow = refer_by_name(evidence.feature, None, heading).clear
        converted = compared if factor == 1.0 else 0
        if not compared or self._listed(anyhow & ~converted, evidence.value, step / factor):
            detail = f"{heading}: '{written}' has a wrong unit; {self._measured(anyhow)}"
            return Finding(heading, written, "wrong_unit", detail)
        detail = f"{heading}: '{written}' is wrong; {self._measured(compared)}"
        return Finding(heading, written, "wrong_number" if meant.told else "invented", detail)

    def _quantity(
        self, heading: Heading, text: str, quantities: Sequence[Quantity], i: int, meant: Reference
    ) -> Finding:
        quantity = quantities[i]
        value, step = quantity.number * quantity.factor, quantity.step * quantity.factor
        found = (
            self._agreeing(meant.clear, value, step, quantity.approximate)
            or self._copies(meant.loose, value, step)
            or self._reworded(text, quantity, meant)
            or self._rounded(meant.possible(), value, step)
        )
        if found:
            return self._marked(heading, quantity.written, found, quantity.origins)
        if _is_difference(text, quantity, [*quantities[max(0, i - 3) : i], *quantities[i + 1 : i + 4]]):
            return Finding(heading, quantity.written)
        where = f"{heading}: '{quantity.written}' in '{_clause(text, quantity)}'"
        if quantity.unit is not None and (other := self._otherwise(heading, text, quantity)):
            detail = f"{where} has a wrong unit; {self._measured(other)}"
            return Finding(heading, quantity.written, "wrong_unit", detail)
        if meant.clear and meant.told:
            detail = f"{where} is wrong; {self._measured(meant.clear)}"
            return Finding(heading, quantity.written, "wrong_number", detail)
        detail = f"{where} agrees with nothing that was measured; use listed numbers"
        return Finding(heading, quantity.written, "invented", detail)

    def _otherwise(self, heading: Heading, text: str, quantity: Quantity) -> FeatureSet:
        """The features that a number would agree with in another unit than its own."""
        first = max(0, quantity.start - 200)
        unitless = quantity._replace(unit=ANY_UNIT, start=quantity.start - first, end=quantity.end - first)
        anyhow = refer(text[first : quantity.end + 100], [unitless], heading)[0].clear
        if quantity.factor == 1.0:
            anyhow &= ~comparable(quantity.unit or "")
        return self._agreeing(anyhow, quantity.number, quantity.step)

    def _marked(self, heading: Heading, written: str, found: FeatureSet, origins: Sequence[str]) -> Finding:
        """Check the origin mark of a number that agrees."""
        # Under its own heading the mark of both sensors together is right for what either says of the steps.
        if not origins or (heading == "Gyro-acc sync" and "SYNC" in origins):
            return Finding(heading, written)
        if any(found & BY_ORIGIN[origin] for origin in origins):
            return Finding(heading, written)
        right = {feature.origin for feature in members(found)}
        detail = f"{heading}: '{written}' is marked [{'/'.join(origins)}]; it comes from [{'/'.join(sorted(right))}]"
        return Finding(heading, written, "wrong_origin", detail)

    def _agreeing(self, among: FeatureSet, value: float, step: float, approximate: bool = False) -> FeatureSet:
        return agreeing(among, lambda f: self.tolerance.agrees(value, step, self.features[f.name], approximate))

    def _copies(self, among: FeatureSet, value: float, step: float) -> FeatureSet:
        return agreeing(among, lambda f: self.tolerance.is_copy(value, step, self.features[f.name]))

    def _rounded(self, among: FeatureSet, value: float, step: float) -> FeatureSet:
        """Those that a number is, rounded to the digits that were written."""
        return agreeing(among, lambda f: self.tolerance.is_rounded(value, step, self.features[f.name]))

    def _listed(self, among: FeatureSet, value: float, step: float) -> FeatureSet:
        """Those that a number in JSON agrees with: it has lost its last zeros, so that 0.1 may have been `0.10`."""

        def agrees(feature: Feature) -> bool:
            measured = self.features[feature.name]
            finest = max(10.0 ** -DECIMALS[feature.unit], self.tolerance.whole * abs(measured))
            return self.tolerance.agrees(value, min(step, finest), measured)

        return agreeing(among, agrees)

    def _reworded(self, text: str, quantity: Quantity, meant: Reference) -> FeatureSet:
        """Features of which a number says the same in other words.

        A lead or a turn to one side goes without its sign; a harmonic is twice a frequency, a period one over it,
        60 of it a minute; what is not vertical is the rest.
        """
        around = plain(text[max(0, quantity.start - 70) : quantity.end + 40])
        value, step = quantity.number * quantity.factor, quantity.step * quantity.factor
        signed = meant.clear & _SIGNED
        if signed and value > 0 and (quantity.approximate or _DIRECTION.search(around)):
            return self._agreeing(signed, -value, step, quantity.approximate)
        if quantity.unit in (None, "1") and _PER_MINUTE.match(text, quantity.end):
            return self._agreeing(_FREQUENCIES, value / 60, step / 60, quantity.approximate)
        if quantity.unit == "Hz" and _DOUBLE.search(around):
            return self._agreeing(_FREQUENCIES, value / 2, step / 2)
        if quantity.unit == "s" and value > 0 and _PERIOD.search(around):
            return self._agreeing(_FREQUENCIES, 1 / value, step / value**2)
        if quantity.unit == "1" and _COMPLEMENT.search(around):
            return self._agreeing(_VERTICAL_SHARE, 1.0 - value, step)
        return 0

    def _measured(self, meant: FeatureSet) -> str:
        shown = [f"{f.name} is {_shown(self.features[f.name], f)}" for f in members(meant)]
        return "measured: " + ", ".join(shown[:4]) if shown else "no listed number fits"
