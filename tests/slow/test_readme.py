"""The README, and the page on language models, as a newcomer follows them: commands run, words and links exist.

Every bash block runs whole in a folder of its own, but `make` and blocks under `<!-- not run: reason -->`. Two things
differ from a reader's machine: /path/to/datasets is a folder of small generated files in the published layouts, and
trainings are made small by overrides that a `python` of the test's own adds.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from lanhar.cli import config_dir
from lanhar.signals.units import STANDARD_GRAVITY_M_S2

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = README + (ROOT / "docs" / "language_models.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(<!-- not run: (?P<reason>.+?) -->\n)?```(?P<language>bash|yaml)\n(?P<text>.*?)```", re.DOTALL)
PUBLIC = ("uci", "motionsense", "uschad", "hhar", "shoaib", "pamap2")


def blocks(language: str) -> list[str]:
    """Blocks to run, without the lines that call make."""
    found = [m for m in BLOCK.finditer(PAGES) if m["language"] == language and not m["reason"]]
    texts = ["\n".join(line for line in m["text"].splitlines() if not line.startswith("make ")) for m in found]
    return [text for text in texts if text.strip()]


COMMANDS = blocks("bash")


@pytest.fixture(scope="module")
def datasets(fake, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("datasets")
    for name in PUBLIC:
        fake(name).write(folder / name)
    (folder / "SYNTHETIC").touch()
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def python(small, tmp_path) -> Path:
    """A folder with a `python` that makes every training small."""
    folder = tmp_path / "bin"
    folder.mkdir()
    kept = [word for word in small if not word.startswith(("cache_dir=", "runs_dir="))]
    extra = " ".join(f"'{word}'" for word in [*kept, "mapping.batches_per_epoch=5"])
    lines = [
        "#!/bin/sh",
        f'case "$2" in lanhar.train) exec {sys.executable} "$@" {extra};; *) exec {sys.executable} "$@";; esac',
    ]
    (folder / "python").write_text("\n".join(lines) + "\n")
    (folder / "python").chmod(0o755)
    return folder


def write_own_recordings(folder: Path) -> None:
    """What a reader of 'Your own recordings' has: files as its YAML describes them, and the YAML."""
    (text,) = blocks("yaml")
    (folder / "my.yaml").write_text(text, encoding="utf-8")
    (folder / "recordings").mkdir()
    (folder / "recordings" / "SYNTHETIC").touch()
    seconds = np.arange(0, 20, 0.02)
    for subject in (1, 2):
        for activity, hz, size in (("walking", 1.8, 3.0), ("stairs-up", 1.5, 2.0), ("sitting", 1.0, 0.02)):
            swing = size * np.sin(2 * np.pi * hz * seconds + subject)
            up = STANDARD_GRAVITY_M_S2 + swing
            columns = [1000 * seconds, 0.2 * swing, up, 0.3 * swing, 0.1 * swing, 0.2 * swing, -0.1 * swing]
            path = folder / "recordings" / f"s{subject}_pixel_{activity}_1.csv"
            header = "timestamp,ax,ay,az,gx,gy,gz"
            np.savetxt(path, np.stack(columns, axis=1), fmt="%.4f", delimiter=",", header=header, comments="")


@pytest.mark.slow
@pytest.mark.parametrize("block", COMMANDS, ids=[text.strip().splitlines()[-1] for text in COMMANDS])
def test_the_readmes_commands_run(block, datasets, cache, python, tmp_path):
    if "my.yaml" in block:
        write_own_recordings(tmp_path)
    path = f"{python}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "LANHAR_CACHE": str(cache), "COLUMNS": "160"}
    environment.pop("LANHAR_DATA", None)
    script = block.replace("/path/to/datasets", str(datasets))
    words = ["bash", "-euo", "pipefail", "-c", script]
    result = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stderr
    runs = list(tmp_path.glob("runs/*/*/metrics.json"))
    trainings = [line for line in block.splitlines() if "lanhar.train" in line]
    sweeps = [line for line in trainings if " -m source=" in line]
    # source=uci,uschad seed=0,1
    assert len(runs) == len(trainings) + 3 * len(sweeps)
    generated = "my.yaml" in block or str(datasets) in script
    assert ("SYNTHETIC DATA, not a result" in result.stdout) == generated
    if sweeps:
        assert "mean ± std over seeds" in result.stdout
        assert list(tmp_path.glob("runs/sweeps/*/runs.csv"))
    if "logger=wandb" in block:
        assert list(tmp_path.glob("runs/wandb/offline-run-*/*.wandb"))


def test_every_override_that_the_readme_names_composes():
    words = re.findall(r"`([a-z_.]+=[^\s`]+)`", README)
    assert "protocol=transductive" in words
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        for word in words:
            compose("train", overrides=[word])


def test_every_link_to_a_file_leads_somewhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_page_of_keys_is_the_configs():
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    alike = ("dataset", "source", "target", "experiment")
    for path in config_dir().rglob("*.yaml"):
        if path.parent.name not in alike:
            assert path.read_text(encoding="utf-8").rstrip() in page, f"{path.name} changed: run scripts/make_docs.py"
