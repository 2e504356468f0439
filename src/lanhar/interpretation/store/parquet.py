"""Interpretations as a Parquet file: to publish a paper's and to reuse another's without asking a model again."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from lanhar.errors import LanharError
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.store import Attempt, MergeCounts, Outcome, Record, Status, Store
from lanhar.interpretation.store.records import to_json

VERSION = "1"
VERSION_KEY = b"lanhar.interpretations"
ROWS_A_GROUP = 2_000

_REASONS = pa.list_(pa.struct([("rule", pa.string()), ("code", pa.string()), ("detail", pa.string())]))
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("task", pa.string()),
        ("round", pa.int64()),
        ("interpreter", pa.string()),
        ("raw", pa.string()),
        ("finish_reason", pa.string()),
        ("model", pa.string()),
        ("mode", pa.string()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("cost_usd", pa.float64()),
        ("latency_s", pa.float64()),
        ("created", pa.string()),
        ("settings", pa.string()),
        ("verdicts", pa.list_(pa.struct([("filter", pa.string()), ("reasons", _REASONS)]))),
        (
            "outcomes",
            pa.list_(
                pa.struct(
                    [
                        ("filter", pa.string()),
                        ("status", pa.string()),
                        ("text", pa.string()),
                        ("reasons", _REASONS),
                        ("rounds", pa.int64()),
                        ("origin", pa.string()),
                        ("updated", pa.string()),
                    ]
                )
            ),
        ),
        ("sha256", pa.string()),
    ],
    metadata={VERSION_KEY: VERSION.encode()},
)
"""One row an attempt; `settings` and `origin` are JSON, `sha256` digests the row's other columns."""

_ATTEMPT = tuple(Attempt.__dataclass_fields__)
_PRIVATE = re.compile(
    r"api_?key|secret|passw|credential|authorization|headers|api_?base|url|host|endpoint", re.IGNORECASE
)
_PATH = re.compile(r"(?:file:)?(?:(?:~\w*|[A-Za-z]:)(?:[\\/]+[^\\/\n]+)+|(?:[\\/]+[^\\/\n]+){2,})[\\/]?")


def export_parquet(store: Store, file: Path, interpreter: str | None = None, accepted_only: bool = False) -> int:
    """Write attempts with verdicts, outcomes and their interpreter's settings; memory does not grow with their number.

    Folders, addresses and credentials in settings and origins are left out. An outcome without a chosen attempt has
    no row.

    Args:
        store: where they are.
        file: a `.parquet` file, written whole or not at all.
        interpreter: only this one's attempts; None means all.
        accepted_only: only attempts that some filter's outcome accepted.

    Returns:
        Rows written.

    Raises:
        LanharError: the store cannot be read or the file cannot be written.
    """
    try:
        with _written_whole(file) as path, pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
            return sum(_write(writer, page) for page in store.records(interpreter, accepted_only, ROWS_A_GROUP))
    except OSError as error:
        raise LanharError(f"{file} cannot be written: {error.strerror or _line(error)}") from error


def import_parquet(store: Store, file: Path) -> MergeCounts:
    """Take over interpretations from an exported file; what the store has already stays as it is.

    The whole file is checked first, so that one with a changed row leaves nothing behind.

    Args:
        store: where they go.
        file: written by `export_parquet`.

    Returns:
        What became of the file's attempts.

    Raises:
        LanharError: the file cannot be read, has other columns or another version, or a row was changed after the
            export; or the store cannot be written.
    """
    for number, row in enumerate(row for rows in _pages(file) for row in rows):
        _check(file, number, row)
    added, present, different = 0, 0, 0
    for rows in _pages(file):
        counts = store.merge([_from_row(row) for row in rows])
        added, present, different = added + counts.added, present + counts.present, different + counts.different
    return MergeCounts(added, present, different)


@contextmanager
def _written_whole(file: Path) -> Iterator[Path]:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _write(writer: Any, records: Sequence[Record]) -> int:
    writer.write_table(pa.Table.from_pylist([_to_row(record) for record in records], SCHEMA))
    return len(records)


def _pages(file: Path) -> Iterator[list[dict[str, Any]]]:
    try:
        with pq.ParquetFile(file) as parquet:
            _check_schema(file, parquet.schema_arrow)
            for batch in parquet.iter_batches(ROWS_A_GROUP):
                yield batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LanharError(f"{file} cannot be read: {_line(error)}") from error


def _check_schema(file: Path, schema: Any) -> None:
    version = (schema.metadata or {}).get(VERSION_KEY, b"").decode(errors="replace")
    if not version:
        raise LanharError(f"{file} is no export of interpretations; give a file that `export_parquet` wrote")
    if version != VERSION:
        raise LanharError(f"{file} has version {version}, this lanhar reads version {VERSION}; update lanhar")
    found = {field.name: field.type for field in schema}
    wrong = [f.name for f in SCHEMA if found.get(f.name) != f.type] + [n for n in found if n not in SCHEMA.names]
    if wrong:
        raise LanharError(
            f"{file} has missing or other columns: {', '.join(wrong)}; import the file as it was published"
        )


def _check(file: Path, number: int, row: Mapping[str, Any]) -> None:
    where = f"{file}, row {number} (key {row['key']})"
    if _digest(row) != row["sha256"]:
        raise LanharError(f"{where} was changed after its export; import the file as it was published")
    try:
        record = _from_row(row)
    except (TypeError, ValueError) as error:
        raise LanharError(f"{where} cannot be read: {_line(error)}") from error
    odd = [outcome.status for outcome in record.outcomes if outcome.status not in get_args(Status)]
    if odd:
        raise LanharError(f"{where} has status '{odd[0]}', not {', '.join(get_args(Status))}; export it again")


def _to_row(record: Record) -> dict[str, Any]:
    row: dict[str, Any] = asdict(record.attempt)
    # A local server calls a model by its file.
    row["model"] = public(record.attempt.model)
    row["settings"] = None if record.settings is None else to_json(public(record.settings))
    row["verdicts"] = [
        {"filter": filter_id, "reasons": [asdict(reason) for reason in reasons]}
        for filter_id, reasons in sorted(record.verdicts.items())
    ]
    row["outcomes"] = [
        {
            "filter": outcome.filter,
            "status": outcome.status,
            "text": outcome.text,
            "reasons": [asdict(reason) for reason in outcome.reasons],
            "rounds": outcome.rounds,
            "origin": to_json(public(outcome.origin)),
            "updated": outcome.updated,
        }
        for outcome in record.outcomes
    ]
    return {**row, "sha256": _digest(row)}


def _from_row(row: Mapping[str, Any]) -> Record:
    attempt = Attempt(**{name: row[name] for name in _ATTEMPT})
    return Record(
        attempt=attempt,
        settings=None if row["settings"] is None else json.loads(row["settings"]),
        verdicts={verdict["filter"]: _reasons(verdict["reasons"]) for verdict in row["verdicts"]},
        outcomes=tuple(
            Outcome(
                task=attempt.task,
                filter=outcome["filter"],
                status=cast(Status, outcome["status"]),
                key=attempt.key,
                text=outcome["text"],
                reasons=_reasons(outcome["reasons"]),
                rounds=outcome["rounds"],
                origin=json.loads(outcome["origin"]),
                updated=outcome["updated"],
            )
            for outcome in row["outcomes"]
        ),
    )


def _reasons(values: list[dict[str, str]]) -> tuple[Reason, ...]:
    return tuple(Reason(**value) for value in values)


def _digest(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(to_json({name: row[name] for name in row if name != "sha256"}).encode()).hexdigest()


def public(value: Any) -> Any:
    """Plain JSON values without credentials, addresses and folders; of a path its last name stays."""
    if isinstance(value, Mapping):
        return {name: public(inner) for name, inner in value.items() if not _PRIVATE.search(name)}
    if isinstance(value, list | tuple):
        return [public(inner) for inner in value]
    if isinstance(value, str) and _PATH.fullmatch(value):
        return re.split(r"[\\/]", value.rstrip("\\/"))[-1]
    return value


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
