"""What every command shares: where the configs are, and errors as one line that says what to write instead."""

import difflib
import functools
import hashlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lanhar.errors import LanharError
from lanhar.progress import console


def config_dir() -> Path:
    """The folder of configs: beside the package when installed, at the top of a checkout otherwise."""
    package = Path(__file__).resolve().parent
    return package / "conf" if (package / "conf").is_dir() else package.parents[1] / "conf"


def run_command(task: Callable[[Any], Any], config_name: str) -> None:
    """Run a Hydra command and end the process; a user's mistake costs one line and exit status 2.

    Args:
        task: takes the composed config.
        config_name: primary config in `config_dir()`.
    """
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors come to us instead of Hydra's own printing
    # One id for all jobs of a sweep, the same when the same sweep is started again.
    words = sorted(word for word in sys.argv[1:] if word not in {"-m", "--multirun"})
    os.environ["LANHAR_SWEEP"] = hashlib.sha256(" ".join(words).encode()).hexdigest()[:8]
    failed: list[str] = []

    @functools.wraps(task)
    def job(cfg: Any) -> Any:
        # Raised through Hydra, an error would come with lines of its own and end a whole sweep.
        try:
            check_types(cfg, default_config(config_name))
            return task(cfg)
        except LanharError as error:
            failed.append(str(error))
            _say(str(error))
            return None

    try:
        hydra.main(version_base="1.3", config_path=str(config_dir()), config_name=config_name)(job)()
    except (HydraException, OmegaConfBaseException) as error:
        _say(explain(str(error), set(flatten(default_config(config_name))) | groups()))
        raise SystemExit(2) from None
    if failed:
        raise SystemExit(2)


def _say(message: str) -> None:
    console.file.flush()
    print(f"lanhar: {' '.join(message.split())}", file=sys.stderr, flush=True)  # noqa: T201


def explain(message: str, known: set[str]) -> str:
    """Turn a composition error into one line with the nearest known word.

    Args:
        message: what Hydra or OmegaConf said.
        known: every key and option that exists.
    """
    text = message.split("Config search path:")[0].split("Set the environment variable")[0]
    text = re.split(r"\n\s*full_key:", text)[0]
    available = re.search(r"Available options in '([^']+)':(.*)", text, re.DOTALL)
    wrong = re.search(r"(?:Could not (?:override|find|append)|Key|option) '([^']+)'", text)
    first = " ".join(text.strip().splitlines()[:1]).rstrip(".")
    first = re.sub(r"^In '[^']+': ", "", first)
    options = available.group(2).split() if available else sorted(known)
    name = wrong.group(1).split("@")[0] if wrong else ""
    if name == "experiment" and not available:
        return f"{first}; write a plus before it: +experiment=<name>"
    name = name.rsplit("/", 1)[-1] if available else name
    near = difflib.get_close_matches(name, options, n=3, cutoff=0.5)
    if near:
        return f"{first}; did you mean {' or '.join(near)}?"
    if available:
        return f"{first}; {available.group(1)} can be {', '.join(options)}"
    if name:
        return f"{first}; the command with --help lists every key"
    return " ".join(text.split())


def groups() -> set[str]:
    """Names of the config groups."""
    return {path.name for path in config_dir().iterdir() if path.is_dir()}


def default_config(config_name: str) -> Any:
    """The config of a command as it is without overrides."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from omegaconf import OmegaConf

    running = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            return OmegaConf.to_container(compose(config_name))
    finally:
        GlobalHydra.instance().hydra = running


def flatten(node: Any, prefix: str = "") -> dict[str, Any]:
    """Dotted key → value of every entry of a nested config, inner nodes included."""
    found: dict[str, Any] = {}
    for key, value in node.items() if isinstance(node, Mapping) else ():
        found[f"{prefix}{key}"] = value
        found |= flatten(value, f"{prefix}{key}.")
    return found


def check_types(cfg: Any, default: Any) -> None:
    """Compare each value with the kind of value that the default config has there.

    Raises:
        LanharError: a word where a number belongs, or the like.
    """
    from omegaconf import OmegaConf

    given = flatten(OmegaConf.to_container(cfg, resolve=True))
    for key, value in flatten(default).items():
        kind = type(value)
        found = given.get(key)
        if kind not in (bool, int, float) or found is None or isinstance(found, kind):
            continue
        if kind is float and type(found) is int:
            continue
        raise LanharError(f"{key} is {found!r}, where {_KINDS[kind]} belongs; the default is {key}={value}")


_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}
