"""The YAML that describes a user's own recordings, and its strict parser."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from lanhar.activities import REGISTRY, activity
from lanhar.errors import LanharError
from lanhar.signals.units import RAD_PER_DEG, STANDARD_GRAVITY_M_S2

Column = str | int
"""A column by its name or by its number, counted from 0."""

META = ("subject", "activity", "trial", "placement", "device")
REQUIRED_META = ("subject", "activity")
ACC_UNITS = {"g": STANDARD_GRAVITY_M_S2, "mg": STANDARD_GRAVITY_M_S2 / 1000, "m/s²": 1.0, "m/s2": 1.0, "m/s^2": 1.0}
GYRO_UNITS = {"deg/s": RAD_PER_DEG, "°/s": RAD_PER_DEG, "rad/s": 1.0}
TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "datetime": 1.0}
SIGNS = {"android": 1.0, "ios": -1.0, "1": 1.0, "+1": 1.0, "-1": -1.0}


@dataclass(frozen=True)
class Format:
    """How a file is written: `field` is for MAT, the others are for text."""

    separator: str | None = None
    decimal: str = "."
    header: bool | None = None
    skip_rows: int = 0
    field: str | None = None


@dataclass(frozen=True)
class Columns:
    """Where a file holds what; three columns each for the sensors."""

    acc: tuple[Column, ...]
    gyro: tuple[Column, ...]
    gravity: tuple[Column, ...] = ()
    subject: Column | None = None
    activity: Column | None = None
    trial: Column | None = None
    placement: Column | None = None
    device: Column | None = None


@dataclass(frozen=True)
class Time:
    """The column of time stamps and its unit; `gyro_column` where a file stamps its gyroscope separately."""

    column: Column
    unit: str
    gyro_column: Column | None = None


@dataclass(frozen=True)
class Units:
    """Units of the files."""

    acc: str
    gyro: str


@dataclass(frozen=True)
class Spec:
    """What the YAML says; `docs/own_recordings.md` explains every key.

    Attributes:
        name: what the dataset is called in tables.
        folder: where the files are, relative to the YAML or else to `data_dir`; a folder or an archive.
        files: glob below the folder.
        format: how the files are written.
        columns: where a file holds what.
        units: units of acceleration and rotation rate.
        time: time stamps; None where `rate_hz` holds.
        rate_hz: fixed rate; None where time stamps tell.
        sign: `android` (at rest face-up reads +g on z) or `ios` (reads -g).
        path: pattern that reads fields off the path.
        sensors: `{sensor}` of the path → `acc` or `gyro`, where each sensor has files of its own.
        constants: fields that are the same everywhere.
        activities: name in the files → registry name, or None to leave it out.
        exclude: globs of files to leave out.
    """

    name: str
    folder: str
    files: str
    columns: Columns
    units: Units
    activities: Mapping[str, str | None]
    format: Format = field(default_factory=Format)
    time: Time | None = None
    rate_hz: float | None = None
    sign: str = "android"
    path: str | None = None
    sensors: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()

    @property
    def path_fields(self) -> tuple[str, ...]:
        """Names of the fields in `path`."""
        return tuple(re.findall(r"\{(\w+)\}", self.path or ""))

    @property
    def columns_by_name(self) -> bool:
        """Whether any column is called by its name."""
        given = (*self.columns.acc, *self.columns.gyro, *self.columns.gravity)
        return any(isinstance(column, str) for column in given)


def load_spec(path: Path) -> Spec:
    """Read and check a YAML.

    Raises:
        LanharError: the file is missing or cannot be meant; the message says what to write.
    """
    if not path.is_file():
        raise LanharError(f"dataset.spec={path} does not exist; write the path of the YAML about your files")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise LanharError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    try:
        return parse_spec(content, default_name=path.stem)
    except LanharError as error:
        raise LanharError(f"{path}: {error}") from None


def parse_spec(content: Any, default_name: str = "recordings") -> Spec:
    """Turn the content of a YAML into a `Spec`.

    Raises:
        LanharError: see `load_spec`.
    """
    top = _keys(content, Spec, "")
    spec = Spec(
        name=_text(top.get("name", default_name), "name"),
        folder=_text(top.get("folder", "."), "folder"),
        files=_text(top.get("files", "**/*.csv"), "files"),
        columns=_columns(top["columns"]),
        units=Units(**_choices(top["units"], Units, "units", {"acc": ACC_UNITS, "gyro": GYRO_UNITS})),
        activities=_activities(top["activities"]),
        format=_format(top.get("format", {})),
        time=_time(top["time"]) if "time" in top else None,
        rate_hz=_rate(top["rate_hz"]) if "rate_hz" in top else None,
        sign=_one_of(top.get("sign", "android"), SIGNS, "sign"),
        path=_text(top["path"], "path") if "path" in top else None,
        sensors=_sensors(top.get("sensors", {})),
        constants=_constants(top.get("constants", {})),
        exclude=tuple(_text(e, "exclude") for e in _listed(top.get("exclude", []), "exclude")),
    )
    _check_together(spec)
    return spec


def _check_together(spec: Spec) -> None:
    """What no single key can tell."""
    if (spec.time is None) == (spec.rate_hz is None):
        raise LanharError(
            "write either time: {column: ..., unit: ms} or rate_hz: 50" + ("" if spec.time is None else ", not both")
        )
    if bool(spec.sensors) != ("sensor" in spec.path_fields):
        raise LanharError(
            "files with one sensor each need both {sensor} in path and "
            "sensors: {acc: <its name in the path>, gyro: <its name in the path>}"
        )
    for name in spec.path_fields:
        if name not in (*META, "sensor"):
            near = _nearest(name, (*META, "sensor"))
            raise LanharError(f"path has {{{name}}}{near}; write {{}} for a part that means nothing")
    for name in META:
        places = [
            text
            for text, there in (
                (f"columns.{name}", getattr(spec.columns, name) is not None),
                (f"{{{name}}} in path", name in spec.path_fields),
                (f"constants.{name}", name in spec.constants),
            )
            if there
        ]
        if len(places) > 1:
            raise LanharError(f"{name} comes from {' and '.join(places)}; keep one")
        if not places and name in REQUIRED_META:
            raise LanharError(f"nothing says the {name}: write columns.{name}, {{{name}}} in path or constants.{name}")


def _keys(content: Any, kind: type[Any], where: str) -> dict[str, Any]:
    """A mapping that has only the keys of a dataclass, and all those without a default."""
    if not isinstance(content, Mapping):
        raise LanharError(f"{where or 'the file'} must be a list of 'key: value', found {content!r}")
    known = {f.name: f for f in fields(kind)}
    prefix = f"{where}." if where else ""
    for key in content:
        if key not in known:
            raise LanharError(f"unknown key '{prefix}{key}'{_nearest(str(key), known)}; keys are {', '.join(known)}")
    for key in _required(kind):
        if content.get(key) is None:
            raise LanharError(f"{prefix}{key} is missing; {NEEDED.get(prefix + key, 'write it')}")
    return {key: value for key, value in content.items() if value is not None}


NEEDED = {
    "columns": "write columns: {acc: [ax, ay, az], gyro: [gx, gy, gz]}",
    "columns.acc": "write acc: [ax, ay, az], names or numbers from 0",
    "columns.gyro": "write gyro: [gx, gy, gz], names or numbers from 0",
    "units": "write units: {acc: g or m/s², gyro: deg/s or rad/s}",
    "units.acc": "write acc: g or acc: m/s²",
    "units.gyro": "write gyro: deg/s or gyro: rad/s",
    "activities": "write a line for each of your names, such as Walking: walk",
    "time.column": "write time: {column: <name or number>, unit: ms}, or rate_hz instead of time",
    "time.unit": f"write one of {', '.join(TIME_UNITS)}",
}


def _required(kind: type[Any]) -> list[str]:
    optional = {"name", "folder", "files"}
    return [
        f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING and f.name not in optional
    ]


def _nearest(word: str, known: Any) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f", did you mean {near[0]}?" if near else ""


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise LanharError(f"{where} must be a text, found {value!r}; put it between quotes")
    return str(value)


def _listed(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise LanharError(f"{where} must be a list such as [a, b], found {value!r}")
    return value


def _one_of(value: Any, known: Mapping[str, Any], where: str) -> str:
    text = _text(value, where)
    if text not in known:
        raise LanharError(f"{where} is '{text}'; write one of {', '.join(known)}")
    return text


def _choices(content: Any, kind: type[Any], where: str, known: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    given = _keys(content, kind, where)
    return {key: _one_of(value, known[key], f"{where}.{key}") for key, value in given.items()}


def _column(value: Any, where: str) -> Column:
    if isinstance(value, bool) or not isinstance(value, str | int) or (isinstance(value, int) and value < 0):
        raise LanharError(f"{where} must be a column's name or its number from 0, found {value!r}")
    return value


def _columns(content: Any) -> Columns:
    given: dict[str, Any] = {}
    for key, value in _keys(content, Columns, "columns").items():
        where = f"columns.{key}"
        if key in META:
            given[key] = _column(value, where)
            continue
        given[key] = tuple(_column(v, where) for v in _listed(value, where))
        if len(given[key]) != 3:
            raise LanharError(f"{where} has {len(given[key])} columns; write three, for x, y and z")
    return Columns(**given)


def _format(content: Any) -> Format:
    types: dict[str, tuple[type[Any], str]] = {
        "separator": (str, "a text such as ';'"), "decimal": (str, "'.' or ','"), "field": (str, "a name"),
        "header": (bool, "true or false"), "skip_rows": (int, "a number such as 2"),
    }  # fmt: skip
    given = _keys(content, Format, "format")
    for key, value in given.items():
        kind, wanted = types[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise LanharError(f"format.{key} must be {wanted}, found {value!r}")
    return Format(**given)


def _time(content: Any) -> Time:
    given = _keys(content, Time, "time")
    columns = {k: _column(given[k], f"time.{k}") for k in ("column", "gyro_column") if k in given}
    return Time(unit=_one_of(given["unit"], TIME_UNITS, "time.unit"), **columns)


def _rate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise LanharError(f"rate_hz is {value!r}; write the samples per second, a number above 0")
    return float(value)


def _sensors(content: Any) -> dict[str, str]:
    """`{sensor}` of the path → acc or gyro, from a mapping the other way round."""
    if not content:
        return {}
    if not isinstance(content, Mapping) or set(content) != {"acc", "gyro"}:
        raise LanharError(f"sensors is {content!r}; write {{acc: <name in path>, gyro: <name in path>}}")
    return {_text(name, f"sensors.{key}"): str(key) for key, name in content.items()}


def _constants(content: Any) -> dict[str, str]:
    if not isinstance(content, Mapping) or set(content) - set(META):
        raise LanharError(f"constants is {content!r}; its keys may be {', '.join(META)}")
    return {str(key): _text(value, f"constants.{key}") for key, value in content.items()}


def _activities(content: Any) -> dict[str, str | None]:
    if not isinstance(content, Mapping) or not content:
        raise LanharError(f"activities is {content!r}; {NEEDED['activities']}")
    aliases: dict[str, str | None] = {}
    for theirs, ours in content.items():
        if isinstance(theirs, bool):
            made_of = "yes and on" if theirs else "no and off"
            raise LanharError(f"activities has {theirs}, which YAML makes of {made_of}; put it in quotes")
        if ours is not None:
            activity(_text(ours, f"activities.{theirs}"))
        aliases[str(theirs)] = ours
    return aliases


def alias_lines(names: list[str]) -> str:
    """The YAML lines that would give `names` their aliases, guessed from the words of the registry."""
    return ", ".join(f"`{name}: {_guess(name)}`" for name in names)


def _guess(name: str) -> str:
    plain = re.sub(r"[^a-z]+", " ", name.lower()).strip()
    words: dict[str, str] = {word: row.name for row in REGISTRY.values() for word in (*row.words, row.name)}
    # WALKING_UPSTAIRS is a way of climbing stairs: stairs before walking, and the more words said, the better.
    said = set(plain.split())
    inside = [word for word in words if set(word.split()) <= said]
    stairs = [word for word in inside if words[word].startswith("stairs")]
    found = [max(stairs or inside, key=len)] if inside else difflib.get_close_matches(plain, words, n=1, cutoff=0.75)
    return words[found[0]] if found else "null"
