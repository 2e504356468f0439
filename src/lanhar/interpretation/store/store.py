"""The store: what was paid for is kept, and found again by what determined it."""

import json
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lanhar.errors import LanharError
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.store import claims
from lanhar.interpretation.store.database import Database
from lanhar.interpretation.store.records import (
    Attempt,
    InterpreterSummary,
    MergeCounts,
    Outcome,
    Record,
    Status,
    reasons_from_json,
    reasons_to_json,
    storable,
    to_json,
)

BATCH = 10_000
_ATTEMPT = (
    "a.key, a.task, a.round, a.interpreter, answer.raw, a.finish_reason, a.model, a.mode, a.prompt_tokens, "
    "a.completion_tokens, a.cost_usd, a.latency_s, a.created"
)
_OUTCOME = "o.task, o.filter, o.status, o.key, o.text, o.reasons, o.rounds, o.origin, o.updated"
_IS_ACCEPTED = "SELECT 1 FROM outcome o WHERE o.task = a.task AND o.key = a.key AND o.status = 'accepted'"


class Store:
    """Attempts, verdicts and outcomes of interpreters in one SQLite file of a folder.

    What a method saved is committed when it returns: a process killed at any moment loses none of it (a machine that
    loses power may lose the last moments, but not the file). Processes of one machine share a store; the folder lies on
    a local disk. Calls are synchronous and short, so an asyncio program makes them in its event loop, from the thread
    that opened the store; benchmarks/store.py measures them.

    All methods raise `LanharError` where the file cannot be read or written.
    """

    def __init__(self, folder: Path, create: bool = True) -> None:
        """Open the store of a folder.

        Args:
            folder: where the file `interpretations.sqlite` lies.
            create: make folder and file where they are missing.

        Raises:
            LanharError: there is none and `create` is not set, it cannot be written, a newer lanhar wrote it, or the
                file is something else.
        """
        self.folder = folder
        self._database = Database(folder, create)
        self._owner = claims.new_owner()
        self._renewed: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up this store's claims and close the file."""
        try:
            if self._renewed is not None:
                with self._database.transaction() as connection:
                    claims.end(connection, self._owner.id)
        finally:
            self._database.connection.close()

    def attempt(self, key: str) -> Attempt | None:
        """The attempt of a key; None where it was never saved."""
        rows = self._database.rows(f"SELECT {_ATTEMPT} FROM attempt a JOIN answer USING (id) WHERE a.key = ?", (key,))
        return _attempt(rows[0]) if rows else None

    def answered(self, key: str) -> bool:
        """Whether the attempt of a key was saved."""
        return bool(self._database.rows("SELECT 1 FROM attempt WHERE key = ?", (key,)))

    def attempts_of(self, task: str) -> list[Attempt]:
        """A task's attempts in order of rounds, then of saving."""
        sql = f"SELECT {_ATTEMPT} FROM attempt a JOIN answer USING (id) WHERE a.task = ? ORDER BY a.round, a.id"
        return [_attempt(row) for row in self._database.rows(sql, (task,))]

    def save(self, attempt: Attempt) -> None:
        """Keep an answer, and drop the claim on its key; of several answers to one key the first is kept.

        Lone surrogates in it become U+FFFD.
        """
        with self._database.transaction() as connection:
            self._insert(attempt)
            connection.execute("DELETE FROM claim WHERE key = ?", (attempt.key,))
            self._renew_when_due()

    def judge(self, key: str, filter: str, reasons: Sequence[Reason]) -> None:
        """Keep what a filter says of an attempt, in place of what it said before; no reason means accepted.

        Raises:
            LanharError: no attempt has this key.
        """
        self.judge_all({key: reasons}, filter)

    def judge_all(self, verdicts: Mapping[str, Sequence[Reason]], filter: str) -> None:
        """Keep what a filter says of many attempts, in one transaction.

        Args:
            verdicts: key → reasons.
            filter: id of the filter.

        Raises:
            LanharError: no attempt has one of the keys; then none is kept.
        """
        sql = "INSERT OR REPLACE INTO verdict SELECT id, ?, ? FROM attempt WHERE key = ?"
        with self._database.transaction() as connection:
            for key, reasons in verdicts.items():
                if not connection.execute(sql, (filter, reasons_to_json(reasons), key)).rowcount:
                    raise LanharError(f"store {self.folder} has no attempt {key} to judge; save it first")

    def verdict(self, key: str, filter: str) -> tuple[Reason, ...] | None:
        """Reasons of a filter against an attempt, none for an accepted one; None where it said nothing of it."""
        sql = "SELECT v.reasons FROM attempt a JOIN verdict v ON v.attempt = a.id WHERE a.key = ? AND v.filter = ?"
        rows = self._database.rows(sql, (key, filter))
        return reasons_from_json(rows[0][0]) if rows else None

    def claim(self, key: str) -> bool:
        """Whether the caller shall ask: true for one of all who want the same key, until it saves or releases it.

        False where it is answered, or somebody alive is asking, this store included. The claim of a process that died
        is taken over, and so is one of another host or container whose lease ran out.
        """
        if self.answered(key):
            return False
        with self._database.transaction() as connection:
            self._renew_when_due()
            return not self.answered(key) and claims.claim(connection, key, self._owner)

    def release(self, key: str) -> None:
        """Give up a claim of this store; nothing happens where it has none."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM claim WHERE key = ? AND owner = ?", (key, self._owner.id))

    def renew(self) -> None:
        """Begin the lease of all claims anew. `claim` and `save` do so; call it where both may rest for minutes."""
        with self._database.transaction() as connection:
            claims.renew(connection, self._owner)
        self._renewed = time.time()

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Keep where tasks ended, in place of where they ended before under the same filter; one transaction."""
        with self._database.transaction():
            self._put(outcomes, "REPLACE")

    def outcomes(self, tasks: Sequence[str], filter: str) -> dict[str, Outcome]:
        """Where tasks ended under a filter.

        Args:
            tasks: any number.
            filter: id of the filter.

        Returns:
            Task → outcome, for those that have one, in the order of `tasks`.
        """
        sql = f"""SELECT {_OUTCOME} FROM json_each(?) AS wanted
            CROSS JOIN outcome o ON o.task = wanted.value AND o.filter = ?"""
        found: dict[str, Outcome] = {}
        # In the order of the index, each of its pages is read once.
        wanted = sorted(tasks)
        for start in range(0, len(wanted), BATCH):
            rows = self._database.rows(sql, (json.dumps(wanted[start : start + BATCH]), filter))
            found.update((outcome.task, outcome) for outcome in _outcomes(rows))
        return {task: found[task] for task in tasks if task in found}

    def describe_interpreter(self, interpreter: str, settings: Mapping[str, Any]) -> None:
        """Keep what an interpreter's id stands for.

        Args:
            interpreter: its id.
            settings: plain JSON values; no key or password.
        """
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO interpreter VALUES (?, ?)", (interpreter, to_json(settings)))

    def settings_of(self, interpreter: str) -> dict[str, Any] | None:
        """What an interpreter's id stands for; None where that was never said."""
        rows = self._database.rows("SELECT settings FROM interpreter WHERE id = ?", (interpreter,))
        return dict(json.loads(rows[0][0])) if rows else None

    def interpreters(self) -> list[InterpreterSummary]:
        """Sums over attempts and outcomes, one an interpreter, in order of ids; failures without an answer last."""
        ended: dict[str | None, dict[str, dict[Status, int]]] = defaultdict(lambda: defaultdict(dict))
        for name, filter_id, status, count in self._database.rows(
            "SELECT interpreter, filter, status, COUNT(*) FROM outcome GROUP BY interpreter, filter, status"
        ):
            ended[name][filter_id][status] = count
        sums: dict[str | None, Sequence[Any]] = {
            name: values
            for name, *values in self._database.rows(
                """SELECT interpreter, COUNT(*), TOTAL(prompt_tokens), TOTAL(completion_tokens),
                    SUM(prompt_tokens IS NULL OR completion_tokens IS NULL), TOTAL(cost_usd), SUM(cost_usd IS NULL)
                FROM attempt GROUP BY interpreter"""
            )
        }
        names = sorted({*sums, *ended}, key=lambda name: (name is None, name))
        return [_summary(name, sums.get(name, (0,) * 6), ended.get(name, {})) for name in names]

    def records(self, interpreter: str | None, accepted_only: bool, size: int) -> Iterator[list[Record]]:
        """Attempts with all that is known of them, in pages, in order of saving.

        Args:
            interpreter: only this one's; None means all.
            accepted_only: only attempts that some filter's outcome accepted.
            size: attempts a page.
        """
        conditions = ["a.id > ?"]
        conditions += ["a.interpreter = ?"] if interpreter is not None else []
        conditions += [f"EXISTS ({_IS_ACCEPTED})"] if accepted_only else []
        sql = f"""SELECT a.id, {_ATTEMPT} FROM attempt a JOIN answer USING (id)
            WHERE {" AND ".join(conditions)} ORDER BY a.id LIMIT {size}"""
        last = 0
        while rows := self._database.rows(sql, (last,) if interpreter is None else (last, interpreter)):
            last = rows[-1][0]
            yield self._with_all_known({row[0]: _attempt(row[1:]) for row in rows})

    def merge(self, records: Iterable[Record]) -> MergeCounts:
        """Keep records from elsewhere, in one transaction; what is here already stays as it is.

        Where an attempt is here with another answer, verdicts and outcomes of the other one are left out.
        """
        counts = {"added": 0, "present": 0, "different": 0}
        with self._database.transaction():
            for record in records:
                counts[self._merge(record)] += 1
        return MergeCounts(**counts)

    def _renew_when_due(self) -> None:
        if self._renewed is None or time.time() - self._renewed > claims.LEASE_S / 4:
            claims.renew(self._database.connection, self._owner)
            self._renewed = time.time()

    def _insert(self, attempt: Attempt) -> bool:
        a, execute = attempt, self._database.connection.execute
        reason = None if a.finish_reason is None else storable(a.finish_reason)
        cursor = execute(
            f"INSERT INTO attempt VALUES (NULL{', ?' * 12}) ON CONFLICT (key) DO NOTHING",
            (a.key, a.task, a.round, a.interpreter, reason, storable(a.model), a.mode, a.prompt_tokens,
             a.completion_tokens, a.cost_usd, a.latency_s, a.created),
        )  # fmt: skip
        if cursor.rowcount:
            execute("INSERT INTO answer VALUES (?, ?)", (cursor.lastrowid, _pack(storable(a.raw))))
        return bool(cursor.rowcount)

    def _put(self, outcomes: Iterable[Outcome], on_conflict: str) -> None:
        self._database.connection.executemany(
            f"""INSERT OR {on_conflict} INTO outcome
                (task, filter, status, key, text, reasons, rounds, origin, updated, interpreter)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, COALESCE(
                (SELECT interpreter FROM attempt WHERE key = ?4),
                (SELECT interpreter FROM attempt WHERE task = ?1)))""",
            (
                (o.task, o.filter, o.status, o.key, storable(o.text), reasons_to_json(o.reasons), o.rounds,
                 to_json(dict(o.origin)), o.updated)
                for o in outcomes
            ),
        )  # fmt: skip

    def _with_all_known(self, attempts: Mapping[int, Attempt]) -> list[Record]:
        bounds = (min(attempts), max(attempts))
        verdicts: dict[int, dict[str, tuple[Reason, ...]]] = defaultdict(dict)
        for number, filter_id, reasons in self._database.rows(
            "SELECT attempt, filter, reasons FROM verdict WHERE attempt BETWEEN ? AND ?", bounds
        ):
            verdicts[number][filter_id] = reasons_from_json(reasons)
        ended: dict[int, list[Outcome]] = defaultdict(list)
        for number, *row in self._database.rows(
            f"""SELECT a.id, {_OUTCOME} FROM attempt a CROSS JOIN outcome o ON o.task = a.task AND o.key = a.key
            WHERE a.id BETWEEN ? AND ? ORDER BY a.id, o.filter""",
            bounds,
        ):
            ended[number] += _outcomes([row])
        settings = {name: self.settings_of(name) for name in {a.interpreter for a in attempts.values()}}
        return [
            Record(a, settings[a.interpreter], verdicts.get(number, {}), tuple(ended.get(number, ())))
            for number, a in attempts.items()
        ]

    def _merge(self, record: Record) -> str:
        execute, attempt = self._database.connection.execute, record.attempt
        added = self._insert(attempt)
        if not added:
            here = self.attempt(attempt.key)
            if here is None or here.raw != storable(attempt.raw):
                return "different"
        if record.settings is not None:
            values = (attempt.interpreter, to_json(dict(record.settings)))
            execute("INSERT OR IGNORE INTO interpreter VALUES (?, ?)", values)
        for filter_id, reasons in record.verdicts.items():
            execute(
                "INSERT OR IGNORE INTO verdict SELECT id, ?, ? FROM attempt WHERE key = ?",
                (filter_id, reasons_to_json(reasons), attempt.key),
            )
        self._put(record.outcomes, "IGNORE")
        return "added" if added else "present"


def _pack(raw: str) -> str | bytes:
    """Compressed where that is smaller; the type tells which it is."""
    plain = raw.encode()
    packed = zlib.compress(plain, level=1)  # 6 % more bytes than level 6, in 60 % of the time
    return packed if len(packed) < len(plain) else raw


def _attempt(row: Sequence[Any]) -> Attempt:
    key, task, turn, interpreter, raw, *rest = row
    return Attempt(key, task, turn, interpreter, raw if isinstance(raw, str) else zlib.decompress(raw).decode(), *rest)


def _outcomes(rows: Sequence[Sequence[Any]]) -> list[Outcome]:
    # One JSON list is read several times as fast as its members.
    origins = json.loads(f"[{','.join(row[7] for row in rows)}]")
    return [
        Outcome(task, filter_id, status, key, text, reasons_from_json(reasons), rounds, origin, updated)
        for (task, filter_id, status, key, text, reasons, rounds, _, updated), origin in zip(rows, origins, strict=True)
    ]


def _summary(name: str | None, sums: Sequence[Any], outcomes: Mapping[str, Mapping[Status, int]]) -> InterpreterSummary:
    attempts, prompt, completion, unknown_tokens, cost, unknown_cost = sums
    return InterpreterSummary(
        interpreter=name,
        attempts=attempts,
        known_prompt_tokens=int(prompt),
        known_completion_tokens=int(completion),
        unknown_tokens=unknown_tokens,
        known_cost_usd=cost,
        unknown_cost=unknown_cost,
        outcomes={filter_id: dict(counts) for filter_id, counts in outcomes.items()},
    )
