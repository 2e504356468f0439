"""lanhar as a normal package: the wheel in an empty environment, used from an unrelated folder. Needs the index."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lanhar.activities import REGISTRY

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
TINY = [
    "alignment.max_windows=32",
    "alignment.epochs=1",
    "mapping.epochs=1",
    "mapping.batches_per_epoch=5",
    "baselines.random_forest.n_estimators=10",
]


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without anything of the environment that runs the tests."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "LANHAR_DATA", "LANHAR_CACHE")
    environment = {name: value for name, value in os.environ.items() if name not in hidden} | {"COLUMNS": "160"}
    command = list(map(str, words))
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=1500)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    result = run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    (path,) = folder.glob("lanhar-*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory) -> Path:
    """The interpreter of an environment that holds the wheel and what it depends on, nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    assert run(sys.executable, "-m", "venv", folder, cwd=folder).returncode == 0
    python = folder / "bin" / "python"
    result = run(python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel, cwd=folder)
    assert result.returncode == 0, result.stderr
    return python


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


def test_the_wheel_holds_all_that_a_run_needs_and_whose_terms_it_is_under(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        text = archive.read(metadata).decode()
    sample = {f"lanhar/datasets/sample/{name}" for name in ("uci.zip", "motionsense.zip", "README.md")}
    licences = {f"lanhar/datasets/sample/LICENSE-{name}.txt" for name in ("uci", "motionsense")}
    texts = {f"lanhar/interpretation/label_texts/{name}.yaml" for name in REGISTRY}
    rules = {f"lanhar/interpretation/data/rule_{name}.yaml" for name in ("words", "templates")}
    static = ROOT / "src" / "lanhar" / "edge" / "page" / "static"
    page = {path for path in static.rglob("*") if path.is_file() and path.parent.name != "ort"}
    page_names = {f"lanhar/edge/page/static/{path.relative_to(static).as_posix()}" for path in page}
    if shutil.which("npm"):
        runtime = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
        page_names |= {f"lanhar/edge/page/static/ort/{name}" for name in runtime}
    conf = {f"lanhar/conf/{path.relative_to(ROOT / 'conf').as_posix()}" for path in (ROOT / "conf").rglob("*.yaml")}
    assert sample | licences | texts | rules | conf | page_names | {"lanhar/py.typed"} <= names
    assert not [name for name in names if "node_modules" in name or name.startswith("lanhar/edge/page/npm")]
    assert not [name for name in names if name.startswith(("tests", "docs", "runs", "conf"))]
    assert "License-Expression: Apache-2.0 AND MIT AND LicenseRef-lanhar-sample" in text
    for name in ("uci", "motionsense"):
        assert f"License-File: src/lanhar/datasets/sample/LICENSE-{name}.txt" in text


def test_the_quickstart_runs_from_an_unrelated_folder(python, elsewhere):
    words = ["+experiment=quickstart", "cache_dir=cache", *TINY]
    result = run(python, "-m", "lanhar.train", *words, cwd=elsewhere)
    assert result.returncode == 0, result.stderr
    (metrics,) = elsewhere.glob("runs/quickstart/*/metrics.json")
    assert set(json.loads(metrics.read_text())["methods"]) == {"lanhar", "logistic_regression", "random_forest"}
    where = run(python, "-c", "import lanhar; print(lanhar.__file__)", cwd=elsewhere).stdout
    assert Path(where.strip()).is_relative_to(python.parents[1])


def test_a_config_folder_of_ones_own_adds_an_experiment(python, elsewhere):
    mine = elsewhere / "mine" / "experiment"
    mine.mkdir(parents=True)
    lines = ["# @package _global_", "defaults: [quickstart]", "name: gym", "baselines: {random_forest: null}"]
    (mine / "gym.yaml").write_text("\n".join(lines) + "\n")
    words = ["--config-dir", "mine", "+experiment=gym", "cache_dir=cache", *TINY[:-1]]
    result = run(python, "-m", "lanhar.train", *words, cwd=elsewhere)
    assert result.returncode == 0, result.stderr
    assert list(elsewhere.glob("runs/gym/*/metrics.json"))
