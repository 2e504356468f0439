"""The store's SQLite file: opening, schema, transactions, and errors in one line."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lanhar.errors import LanharError
from lanhar.files import locked

FILE = "interpretations.sqlite"
VERSION = 1
BUSY_TIMEOUT_S = 120.0
CACHE_KIB = 32 * 1024

# Answers stand apart from the numbers about them, so that sums over a million attempts read no answer.
SCHEMA = (
    """CREATE TABLE attempt (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, task TEXT NOT NULL, round INTEGER NOT NULL,
        interpreter TEXT NOT NULL, finish_reason TEXT, model TEXT NOT NULL, mode TEXT NOT NULL,
        prompt_tokens INTEGER, completion_tokens INTEGER, cost_usd REAL, latency_s REAL NOT NULL, created TEXT NOT NULL
    )""",
    "CREATE INDEX attempt_task ON attempt (task)",
    "CREATE TABLE answer (id INTEGER PRIMARY KEY REFERENCES attempt, raw NOT NULL)",
    """CREATE TABLE verdict (
        attempt INTEGER NOT NULL REFERENCES attempt, filter TEXT NOT NULL, reasons TEXT NOT NULL,
        PRIMARY KEY (attempt, filter)
    ) WITHOUT ROWID""",
    """CREATE TABLE outcome (
        id INTEGER PRIMARY KEY, task TEXT NOT NULL, filter TEXT NOT NULL, status TEXT NOT NULL, key TEXT,
        text TEXT NOT NULL, reasons TEXT NOT NULL, rounds INTEGER NOT NULL, origin TEXT NOT NULL,
        updated TEXT NOT NULL, interpreter TEXT, UNIQUE (task, filter)
    )""",
    "CREATE INDEX outcome_count ON outcome (interpreter, filter, status)",
    "CREATE TABLE interpreter (id TEXT PRIMARY KEY, settings TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE owner (
        id TEXT PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT, expires REAL NOT NULL
    ) WITHOUT ROWID""",
    "CREATE TABLE claim (key TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID",
    f"PRAGMA user_version = {VERSION}",
)

_ELSEWHERE = "or write store=<another folder>"
_ADVICE = {
    sqlite3.SQLITE_FULL: f"the disk is full; free some space, {_ELSEWHERE}; all that was saved is kept",
    sqlite3.SQLITE_NOTADB: f"is no SQLite database; move it away, {_ELSEWHERE}",
    sqlite3.SQLITE_CORRUPT: f"is damaged; put back a copy, {_ELSEWHERE}",
    sqlite3.SQLITE_READONLY: f"cannot be written; give yourself the right to, {_ELSEWHERE}",
    sqlite3.SQLITE_CANTOPEN: f"cannot be opened for writing; check the folder's rights, {_ELSEWHERE}",
    sqlite3.SQLITE_BUSY: f"another process has held it for {BUSY_TIMEOUT_S:g} s; wait for it or end it, {_ELSEWHERE}",
}


class Database:
    """One connection to the store's file, in WAL mode: a process killed at any moment loses no committed row.

    Use it from the thread that opened it.

    Attributes:
        path: the file.
        connection: the connection, in autocommit mode outside `transaction`.
    """

    def __init__(self, folder: Path, create: bool) -> None:
        """Open the file, making it first where it is missing and `create` is set.

        Raises:
            LanharError: it is missing, unreadable, unwritable, written by a newer version or something else entirely.
        """
        self.path = folder / FILE
        if not create and not self.path.is_file():
            raise LanharError(f"no store in {folder}; write interpretations first (python -m lanhar.interpret)")
        with self._errors():
            folder.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            with self._errors():
                self._prepare()
        except BaseException:
            self.connection.close()
            raise

    def _prepare(self) -> None:
        if self._version() == 0:
            # SQLite does not wait for a lock when it switches to WAL, so two processes must not do it side by side.
            with locked(self.path.parent):
                if self._version() == 0:
                    self._create()
        version = self._version()
        if version > VERSION:
            known = f"this lanhar reads up to {VERSION}"
            raise LanharError(f"store {self.path} has version {version}, {known}; update lanhar, {_ELSEWHERE}")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        # A store that cannot be written is found out before anything is paid for.
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute("ROLLBACK")

    def _version(self) -> int:
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])

    def _create(self) -> None:
        # SQLite takes a file of a few bytes for an empty one.
        (pages,) = self.connection.execute("PRAGMA page_count").fetchone()
        if pages == 0 and self.path.stat().st_size:
            raise LanharError(f"store {self.path}: {_ADVICE[sqlite3.SQLITE_NOTADB]}")
        if self.connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise LanharError(f"{self.path} is another program's database; move it away, {_ELSEWHERE}")
        (mode,) = self.connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise LanharError(
                f"store {self.path}: this file system cannot share a database; write store=<a local folder>"
            )
        with self.transaction():
            for statement in SCHEMA:
                self.connection.execute(statement)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LanharError(f"store {self.path}: {error.strerror}; write store=<another folder>") from error
        except sqlite3.DatabaseError as error:
            # Without a code it is a fault of the caller, not of the file.
            code = getattr(error, "sqlite_errorcode", None)
            if code is None:
                raise
            advice = _ADVICE.get(code & 0xFF, f"{' '.join(str(error).split())}; check the disk, {_ELSEWHERE}")
            raise LanharError(f"store {self.path}: {advice}") from error

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query.

        Raises:
            LanharError: the file cannot be read.
        """
        with self._errors():
            return self.connection.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock; committed at the end, undone on any exception.

        Raises:
            LanharError: the file cannot be written.
        """
        with self._errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
