import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def fake() -> Callable[[str], ModuleType]:
    """Loads a generator of this folder by name: `fake("hhar").write(folder)`."""

    def load(name: str) -> ModuleType:
        path = Path(__file__).parent / f"fake_{name}.py"
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
