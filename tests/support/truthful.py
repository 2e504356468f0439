"""An honest answerer for tests: writes a JSON interpretation from the statistics that stand in a compact prompt."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lanhar.interpretation.schema import FIELDS
from lanhar.signals.table import BY_NAME, HEADINGS

_STATISTIC = re.compile(r"([a-z]\w*_\w+) (-?\d+(?:\.\d+)?)(?: ?([a-zA-Z°/²³1]+))?(?: \(([^)]+)\))?")
_CONCLUSIONS = {
    "acc_vertical_rms": "The vertical movement is {}.",
    "acc_vertical_share": "The movement is {}.",
    "acc_beat_cv": "There are {} beats.",
    "acc_jerk_rms": "The signal is {}.",
    "acc_tilt_drift_deg": "The device stays {}.",
    "sync_phase_consistency": "Rotation and acceleration are {}.",
    "impact_median": "The impacts are {}.",
}


def truthful_answer(messages: Sequence[Mapping[str, str]]) -> str:
    """A true interpretation as JSON, from the numbers and words of the first user message."""
    prompt = next(message["content"] for message in messages if message["role"] == "user")
    sections: dict[str, Any] = {}
    for heading in HEADINGS:
        line = next(line for line in prompt.splitlines() if line.startswith(f"{heading}:"))
        found = _STATISTIC.findall(line)
        word = next((name, word) for name, _, _, word in found if name in _CONCLUSIONS)
        evidence = [
            {"feature": name, "value": float(value), "unit": unit, "origin": BY_NAME[name].origin}
            for name, value, unit, _ in found[:3]
        ]
        conclusion = _CONCLUSIONS[word[0]].format(word[1])
        sections[FIELDS[heading]] = {"evidence": evidence, "conclusion": conclusion}
    return json.dumps(sections, ensure_ascii=False)
