"""Takes what the live page needs from npm into the package when it is built; a clone takes it with `make page`."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path(__file__).parent / "src" / "lanhar" / "edge" / "page"
LOCK = "package-lock.json"
MOST_S = 300


class PageHook(BuildHookInterface):
    """Fetches onnxruntime-web by the lock file, or says that the package is built without it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Run before a wheel, an editable wheel or a source distribution is put together."""
        reason = None if _is_there() else _fetch()
        if reason is None:
            return
        message = f"{reason}: lanhar is built without its live page, and `python -m lanhar.serve` will say so"
        if os.environ.get("LANHAR_PAGE") == "required":
            raise RuntimeError(message)
        self.app.display_warning(message)


def _is_there() -> bool:
    """Whether what this lock file names was fetched before, as in a source distribution."""
    fetched = PAGE / "static" / "ort" / LOCK
    return fetched.is_file() and fetched.read_bytes() == (PAGE / "npm" / LOCK).read_bytes()


def _fetch() -> str | None:
    """Fetch and copy; why it could not be done, or None."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    for words in (["ci", "--ignore-scripts"], ["run", "page"]):
        try:
            done = subprocess.run([npm, *words], cwd=PAGE / "npm", capture_output=True, text=True, timeout=MOST_S)
        except subprocess.TimeoutExpired:
            return f"`npm {words[0]}` took more than {MOST_S} s"
        if done.returncode:
            return f"`npm {words[0]}` failed ({' '.join(done.stderr.split())[-200:]})"
    return None
