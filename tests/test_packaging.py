import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
# GHSA-w37p-236h-pfx3 and MAL-2026-2144.
MALICIOUS = {
    "litellm": ["1.82.7", "1.82.8"],
    "lightning": ["2.6.2", "2.6.3"],
    "pytorch-lightning": ["2.6.2", "2.6.3"],
}


def requirements() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in [*project["dependencies"], *extras]]


def constraints() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_no_requirement_or_constraint_admits_a_malicious_release():
    for requirement in [*requirements(), *constraints()]:
        for version in MALICIOUS.get(requirement.name, []):
            assert not requirement.specifier.contains(Version(version)), requirement
    pinned = {requirement.name for requirement in constraints()}
    assert set(MALICIOUS) <= pinned


def test_every_constraint_is_exact_and_fits_the_requirements():
    pins = {}
    for constraint in constraints():
        assert re.fullmatch(r"==[^*]+", str(constraint.specifier)), constraint
        pins[re.sub(r"[-_.]+", "-", constraint.name).lower()] = Version(str(constraint.specifier)[2:])
    for requirement in requirements():
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name in pins:
            assert requirement.specifier.contains(pins[name]), requirement
    assert pins["torch"] == Version("2.13.0")


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, lanhar; print([m for m in ('torch','numpy','wandb','litellm','matplotlib') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_reading_recordings_does_not_load_the_heavy_packages():
    code = (
        "import sys, lanhar.datasets.uci, lanhar.signals.features; "
        "print([m for m in ('torch','wandb','litellm','matplotlib','sklearn','transformers') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
