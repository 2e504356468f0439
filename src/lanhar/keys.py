"""Keys: a digest of what changes the numbers, and of nothing else."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import lanhar

# Code that can change a number of a run. Tables, figures, commands and what is done with finished runs cannot.
NUMERIC_ROOMS = (
    "activities.py", "pretrained.py", "datasets", "signals", "interpretation", "datamodules", "models", "losses",
    "modules", "evaluation/metrics.py", "evaluation/bootstrap.py", "stages/align.py", "stages/baselines.py",
    "stages/data.py", "stages/fit.py", "stages/interpreters.py", "stages/mapping.py", "stages/networks.py",
    "stages/pooled_texts.py", "stages/settings.py", "stages/test.py", "stages/texts.py", "stages/virtual.py",
)  # fmt: skip


def digest(parts: Mapping[str, Any]) -> str:
    """Twelve hex digits of plain values; the order of keys does not matter."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def code_digest(rooms: tuple[str, ...] = NUMERIC_ROOMS) -> str:
    """Digest of the package's own code and data files that can change a number."""
    package = Path(lanhar.__file__).parent
    files = [f for room in rooms for f in sorted([package / room, *(package / room).rglob("*")]) if f.is_file()]
    hasher = hashlib.sha256(lanhar.__version__.encode())
    for file in files:
        if file.suffix in {".py", ".yaml"}:
            hasher.update(file.relative_to(package).as_posix().encode() + file.read_bytes())
    return hasher.hexdigest()[:12]
