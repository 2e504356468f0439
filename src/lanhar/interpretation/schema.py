"""What an interpretation by a language model consists of: seven sections, each with evidence and a conclusion."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from lanhar.interpretation.interpretation import render
from lanhar.signals.table import BY_NAME, HEADINGS, Heading, Origin

SCHEMA_VERSION = "1"
FIELDS: Mapping[Heading, str] = {
    "Strength": "strength",
    "Axis dominance": "axis_dominance",
    "Rhythm": "rhythm",
    "Shape": "shape",
    "Posture / drift": "posture_drift",
    "Gyro-acc sync": "gyro_acc_sync",
    "Vertical impact": "vertical_impact",
}
"""Heading → its key in a JSON answer."""


class Evidence(BaseModel):
    """One number that a conclusion rests on.

    Attributes:
        feature: which measured feature it claims to be, by its name in the prompt; words where the answer was prose.
        value: the number as written.
        unit: its unit as written, "" for a ratio.
        origin: the sensor that it comes from.
    """

    model_config = ConfigDict(extra="forbid")

    feature: str
    value: float
    unit: str
    origin: Origin


class Section(BaseModel):
    """What stands under one heading.

    Attributes:
        evidence: numbers with unit and origin; empty where the answer was prose, whose numbers stand in `conclusion`.
        conclusion: one or two sentences.
    """

    model_config = ConfigDict(extra="forbid")

    evidence: list[Evidence] = Field(default_factory=list)
    conclusion: str


class Interpretation(BaseModel):
    """An interpretation, taken apart: a section for each of the seven headings.

    Attributes:
        strength: how hard it moves.
        axis_dominance: along and about which axes.
        rhythm: how fast and how regularly it repeats.
        shape: how sharp or smooth.
        posture_drift: how the device lies, and whether that changes.
        gyro_acc_sync: how rotation and acceleration go together.
        vertical_impact: how hard it lands.
    """

    model_config = ConfigDict(extra="forbid")

    strength: Section
    axis_dominance: Section
    rhythm: Section
    shape: Section
    posture_drift: Section
    gyro_acc_sync: Section
    vertical_impact: Section

    @property
    def sections(self) -> dict[Heading, Section]:
        """The sections by heading, in the order of `HEADINGS`."""
        return {heading: getattr(self, FIELDS[heading]) for heading in HEADINGS}

    @property
    def text(self) -> str:
        """The one text that the text encoder reads: conclusions, then their numbers with unit and origin mark."""
        return render({heading: _section_text(section) for heading, section in self.sections.items()})


def _section_text(section: Section) -> str:
    conclusion = " ".join(section.conclusion.split())
    numbers = "; ".join(_evidence_text(evidence) for evidence in section.evidence)
    return f"{conclusion} ({numbers})" if numbers else conclusion


def _evidence_text(evidence: Evidence) -> str:
    unit = "" if evidence.unit in ("", "1") else evidence.unit if evidence.unit == "°" else f" {evidence.unit}"
    return f"{_spoken(evidence.feature)} {evidence.value:.6g}{unit} [{evidence.origin}]"


@lru_cache(maxsize=1024)
def _spoken(feature: str) -> str:
    """A feature's name in words; one that nobody knows stays as it was written."""
    known = BY_NAME.get(feature)
    return " ".join((known.name if known else feature).replace("_", " ").split())


def json_schema(bounded: bool = False) -> dict[str, Any]:
    """The schema as providers with strict structured output want it: all keys required, no others, no references.

    Args:
        bounded: limit the number of rows and characters too. Small models never stop without it; large ones need none,
            and not every provider takes such limits.
    """
    evidence = {
        "type": "object",
        "properties": {
            "feature": {"type": "string", "description": "name of a measured feature, exactly as listed"},
            "value": {"type": "number", "description": "its measured value, as listed"},
            "unit": {"type": "string", "description": "its unit, as listed; empty for a ratio"},
            "origin": {"type": "string", "enum": ["ACC", "GYRO", "SYNC"]},
        },
        "required": ["feature", "value", "unit", "origin"],
        "additionalProperties": False,
    }
    rows: dict[str, Any] = {"type": "array", "items": evidence}
    conclusion: dict[str, Any] = {"type": "string", "description": "one or two sentences that follow from the evidence"}
    if bounded:
        rows |= {"minItems": 1, "maxItems": 1}
        conclusion |= {"minLength": 10, "maxLength": 120}
    section = {
        "type": "object",
        "properties": {"evidence": rows, "conclusion": conclusion},
        "required": ["evidence", "conclusion"],
        "additionalProperties": False,
    }
    return _headed(section)


def label_json_schema() -> dict[str, Any]:
    """The schema of a label interpretation: a line of words for each heading, since nothing was measured."""
    return _headed({"type": "string", "description": "one line of words"})


def _headed(section: dict[str, Any]) -> dict[str, Any]:
    keys = list(FIELDS.values())
    return {
        "type": "object",
        "properties": dict.fromkeys(keys, section),
        "required": keys,
        "additionalProperties": False,
    }
