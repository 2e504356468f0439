"""Which of a user's files are read, which belong together, and what their paths say."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from lanhar.datasets.locate import glob_regex
from lanhar.datasets.recordings_spec import Spec
from lanhar.errors import LanharError


@dataclass(frozen=True)
class Source:
    """One file with both sensors, or two files with one each.

    Attributes:
        acc: file that holds the acceleration.
        gyro: file that holds the rotation rate; the same one where a file holds both.
        name: path of `acc` below the folder.
        fields: what the path says: subject, activity, ...
    """

    acc: Path
    gyro: Path
    name: str
    fields: dict[str, str] = field(default_factory=dict)


def find_sources(root: Path, spec: Spec) -> tuple[list[Source], list[str]]:
    """Files to read in the order of their names, and the names of those that have no partner.

    Raises:
        LanharError: no file matches, or a file's path does not fit the pattern.
    """
    every = sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    wanted = [name for name in every if re.fullmatch(glob_regex(spec.files), name)]
    kept = [name for name in wanted if not any(_matches(name, glob) for glob in spec.exclude)]
    if not kept:
        some = ", ".join(every[:3]) or "nothing"
        left = f", {len(wanted)} of them left out by exclude" if wanted else ""
        raise LanharError(
            f"no file matches files: '{spec.files}' in {root} ({len(every)} files: {some}{left}"
            "); write a pattern such as '**/*.txt'"
        )
    if spec.path is None:
        return [Source(root / name, root / name, name) for name in kept], []
    read = {name: path_fields(name, spec) for name in kept}
    if not spec.sensors:
        return [Source(root / name, root / name, name, found) for name, found in read.items()], []
    return _pairs(root, read, spec)


def path_fields(name: str, spec: Spec) -> dict[str, str]:
    """What a path says, by `spec.path`.

    The pattern is held against the end of the path, as many folders of it as the pattern has. Where a field
    could end in several places, the names of activities and sensors that the spec knows decide.

    Raises:
        LanharError: the path does not fit.
    """
    pattern = spec.path or ""
    known = {"activity": list(spec.activities), "sensor": list(spec.sensors)}
    for names in (known, {"sensor": known["sensor"]}, {}):
        match = re.fullmatch(r"(?:.*/)?" + _regex(pattern, names), name)
        if match:
            return match.groupdict()
    raise LanharError(f"'{name}' does not fit path: '{pattern}'; change it, or list the file under exclude")


def _regex(pattern: str, known: dict[str, list[str]]) -> str:
    """A pattern's regular expression; fields match anything but '/', those in `known` only their names."""
    out, seen = "", set()
    for token in re.split(r"(\{\w*\})", pattern):
        name = token[1:-1]
        if not re.fullmatch(r"\{\w*\}", token):
            out += re.escape(token)
        elif name in seen:
            out += f"(?P={name})"
        elif name:
            seen.add(name)
            names = sorted(known.get(name, []), key=len, reverse=True)
            out += f"(?P<{name}>{'|'.join(map(re.escape, names)) or '[^/]+?'})"
        else:
            out += "[^/]+?"
    return out


def _matches(name: str, glob: str) -> bool:
    """Whether a glob matches a path, or its last part where the glob has no folder."""
    return re.fullmatch(glob_regex(glob), name if "/" in glob else name.rsplit("/", 1)[-1]) is not None


def _pairs(root: Path, read: dict[str, dict[str, str]], spec: Spec) -> tuple[list[Source], list[str]]:
    """Files that say the same but for their sensor."""
    halves: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    for name, found in read.items():
        sensor = spec.sensors.get(found["sensor"])
        if sensor is None:
            continue
        rest = tuple(sorted((key, value) for key, value in found.items() if key != "sensor"))
        twin = halves.setdefault(rest, {}).setdefault(sensor, name)
        if twin != name:
            raise LanharError(
                f"'{twin}' and '{name}' say the same by path: '{spec.path}'; give the part "
                "that tells them apart a name, such as {trial}"
            )
    whole = {rest: both for rest, both in halves.items() if len(both) == 2}
    lone = [name for rest, both in halves.items() if rest not in whole for name in both.values()]
    if not whole:
        raise LanharError(
            f"no two files differ only in {{sensor}} ({', '.join(spec.sensors)}), for example "
            f"'{next(iter(read))}'; check path and sensors"
        )
    sources = [Source(root / b["acc"], root / b["gyro"], b["acc"], dict(r)) for r, b in whole.items()]
    return sources, lone
