import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanhar.errors import LanharError
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.store import Attempt, Outcome, Record, Store

NOW = "2026-01-01T00:00:00+00:00"
FILE = "interpretations.sqlite"
WRONG = Reason("grounding", "wrong_number", "step rate 9 Hz, measured 1.9 Hz")
# Before each script: an attempt by its key, and a line that the test waits for.
PRELUDE = """
import sys
from dataclasses import replace
from pathlib import Path
from lanhar.interpretation.store import Attempt, Store
FOLDER = Path(sys.argv[1])
def attempt(key):
    return Attempt(key, key, 0, "a", "x" * 3000, "stop", "m", "schema", 1, 1, None, 0.1, "2026-01-01T00:00:00+00:00")
def say(line):
    print(line, flush=True)
"""
HOLD = "store = Store(FOLDER)\nsay(store.claim('k'))\ninput()\nstore.close()"


def an_attempt(key: str = "k", **changes: object) -> Attempt:
    plain = Attempt(key, "t", 0, "a", "walking", "stop", "m", "schema", 10, 5, 0.25, 1.5, NOW)
    return replace(plain, **changes)  # type: ignore[arg-type]


def an_outcome(task: str = "t", **changes: object) -> Outcome:
    plain = Outcome(task, "f1", "accepted", "k", "Strength: …", (), 1, {"dataset": "uci", "window": 3}, NOW)
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


def child(script: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + script, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def start_together(processes: Sequence["subprocess.Popen[str]"]) -> None:
    """Wait until all say that they are ready, then give each its number."""
    assert [said(process) for process in processes] == ["ready"] * len(processes)
    for number, process in enumerate(processes):
        assert process.stdin is not None
        process.stdin.write(f"{number}\n")
        process.stdin.flush()


def change(folder: Path, sql: str) -> None:
    """Change the file behind the store's back."""
    connection = sqlite3.connect(folder / FILE)
    with connection:
        connection.execute(sql)
    connection.close()


# Attempts

words = st.text(max_size=40)
counts = st.none() | st.integers(0, 2**40)
money = st.none() | st.floats(0, 1e6)
serial = count()
attempts = st.builds(
    Attempt,
    key=st.just(""), task=words, round=st.integers(0, 20), interpreter=words,
    raw=words | words.map(lambda text: text * 100), finish_reason=st.none() | words, model=words, mode=words,
    prompt_tokens=counts, completion_tokens=counts, cost_usd=money, latency_s=st.floats(0, 1e4), created=words,
)  # fmt: skip


@given(attempts)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
def test_what_is_saved_is_found(store: Store, attempt: Attempt) -> None:
    attempt = replace(attempt, key=str(next(serial)))
    store.save(attempt)
    assert store.attempt(attempt.key) == attempt
    assert attempt in store.attempts_of(attempt.task)


def test_an_unknown_cost_stays_unknown_and_a_free_answer_stays_free(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.save(an_attempt("unknown", cost_usd=None, prompt_tokens=None))
        store.save(an_attempt("free", cost_usd=0.0))
    with Store(tmp_path) as store:
        unknown, free = store.attempt("unknown"), store.attempt("free")
    assert unknown is not None and unknown.cost_usd is None and unknown.prompt_tokens is None
    assert free is not None and free.cost_usd == 0.0


def test_of_two_answers_to_one_key_the_first_is_kept(store: Store) -> None:
    store.save(an_attempt(raw="first"))
    store.save(an_attempt(raw="second"))
    assert [attempt.raw for attempt in store.attempts_of("t")] == ["first"]


def test_an_answer_cut_inside_a_json_escape_is_not_lost(store: Store) -> None:
    store.save(an_attempt(raw="ends with half an emoji \ud83d"))
    attempt = store.attempt("k")
    assert attempt is not None and attempt.raw == "ends with half an emoji \ufffd"
    store.judge("k", "f1", [Reason("form", "odd", "\udc00")])
    store.settle([an_outcome(text="\ud83d")])
    assert store.outcomes(["t"], "f1")["t"].text == "\ufffd"


def test_attempts_of_a_task_come_in_order_of_rounds(store: Store) -> None:
    for key, turn in (("c", 2), ("a", 0), ("b", 1)):
        store.save(an_attempt(key, round=turn))
    store.save(an_attempt("d", task="another"))
    assert [attempt.key for attempt in store.attempts_of("t")] == ["a", "b", "c"]


def test_a_killed_process_loses_no_save_that_returned(tmp_path: Path) -> None:
    process = child(
        "import itertools\nstore = Store(FOLDER)\n"
        "for i in itertools.count():\n    store.save(attempt(str(i)))\n    say(i)",
        tmp_path,
    )
    acknowledged = [said(process) for _ in range(300)]
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    acknowledged += [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    with Store(tmp_path, create=False) as store:
        assert all(store.attempt(key.strip()) is not None for key in acknowledged)
        assert len(store.attempts_of("0")) == 1
    connection = sqlite3.connect(tmp_path / FILE)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


# Verdicts, outcomes, sums


def test_verdicts_are_kept_for_each_filter_and_replaced_within_one(store: Store) -> None:
    store.save(an_attempt())
    assert store.verdict("k", "f1") is None
    store.judge("k", "f1", [WRONG])
    store.judge("k", "f2", [])
    assert store.verdict("k", "f1") == (WRONG,) and store.verdict("k", "f2") == ()
    store.judge("k", "f1", [])
    assert store.verdict("k", "f1") == ()


def test_no_verdict_of_a_batch_is_kept_where_one_has_no_attempt(store: Store) -> None:
    store.save(an_attempt())
    with pytest.raises(LanharError, match="no attempt nowhere"):
        store.judge_all({"k": [WRONG], "nowhere": []}, "f1")
    assert store.verdict("k", "f1") is None


def test_outcomes_are_found_by_task_and_filter_and_replaced(store: Store) -> None:
    rejected = an_outcome("u", status="rejected", reasons=(WRONG,), key=None, text="")
    store.settle([an_outcome(), rejected, an_outcome(filter="f2", rounds=3)])
    assert store.outcomes(["t", "u", "missing"], "f1") == {"t": an_outcome(), "u": rejected}
    assert store.outcomes(["t", "u"], "f2") == {"t": an_outcome(filter="f2", rounds=3)}
    store.settle([an_outcome("u", rounds=2)])
    assert store.outcomes(["u"], "f1") == {"u": an_outcome("u", rounds=2)}


def test_outcomes_of_more_tasks_than_one_query_takes(store: Store) -> None:
    tasks = [f"task {i}" for i in range(25_000)]
    store.settle([an_outcome(task, rounds=i) for i, task in enumerate(tasks[::2])])
    found = store.outcomes(tasks, "f1")
    assert [outcome.rounds for outcome in found.values()] == list(range(12_500))
    assert set(found) == set(tasks[::2])


def test_outcomes_keep_their_own_origin_whatever_order_they_are_asked_in(store: Store) -> None:
    tasks = [f"t{7 * i % 50}" for i in range(50)]
    store.settle([an_outcome(task, origin={"window": i, "of": [task]}) for i, task in enumerate(tasks)])
    wanted = [*tasks[::-1], "missing", tasks[3]]
    found = store.outcomes(wanted, "f1")
    assert list(found) == tasks[::-1]
    assert {task: outcome.origin for task, outcome in found.items()} == {
        task: {"window": i, "of": [task]} for i, task in enumerate(tasks)
    }


def test_either_all_of_the_outcomes_are_settled_or_none(store: Store) -> None:
    broken = an_outcome("u", status=None)
    with pytest.raises(LanharError):
        store.settle([an_outcome(), broken])
    assert store.outcomes(["t", "u"], "f1") == {}


def test_sums_of_each_interpreter(store: Store) -> None:
    store.save(an_attempt("1", task="t1"))
    store.save(an_attempt("2", task="t2", cost_usd=0.5))
    store.save(an_attempt("3", task="t3", interpreter="b"))
    store.save(an_attempt("4", task="t3", interpreter="b", cost_usd=None, completion_tokens=None))
    store.settle(
        [
            an_outcome("t1", key="1"),
            an_outcome("t2", key="2", status="rejected"),
            an_outcome("t3", key=None, status="failed"),
            an_outcome("t4", key=None, status="failed"),
        ]
    )
    store.settle([an_outcome("t1", key="1", filter="f2")])
    a, b, unanswered = store.interpreters()
    assert (a.interpreter, a.attempts, a.tokens, a.cost_usd, a.unknown_cost) == ("a", 2, 30, 0.75, 0)
    assert a.outcomes == {"f1": {"accepted": 1, "rejected": 1}, "f2": {"accepted": 1}}
    assert (b.interpreter, b.attempts, b.tokens, b.cost_usd) == ("b", 2, None, None)
    assert (b.unknown_cost, b.known_cost_usd, b.unknown_tokens, b.known_prompt_tokens) == (1, 0.25, 1, 20)
    assert b.outcomes == {"f1": {"failed": 1}}
    assert (unanswered.interpreter, unanswered.attempts) == (None, 0)
    assert unanswered.outcomes == {"f1": {"failed": 1}}


def test_what_an_interpreter_stands_for(store: Store) -> None:
    store.describe_interpreter("a", {"model": "m", "temperature": 0.7, "stop": ["ü"]})
    assert store.settings_of("a") == {"model": "m", "temperature": 0.7, "stop": ["ü"]}
    assert store.settings_of("b") is None


# Claims


def test_of_three_processes_that_want_the_same_keys_one_asks_for_each(tmp_path: Path) -> None:
    script = """
import random
keys = [str(i) for i in range(200)]
say("ready")
random.Random(input()).shuffle(keys)
with Store(FOLDER) as store:
    for key in keys:
        if store.claim(key):
            say(key)
            store.save(attempt(key))
"""
    processes = [child(script, tmp_path) for _ in range(3)]
    start_together(processes)
    asked = [process.communicate()[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(chain.from_iterable(asked)) == sorted(str(i) for i in range(200))


def test_four_processes_that_make_open_write_and_close_stores_without_pause_meet_no_lock(tmp_path: Path) -> None:
    script = """
say("ready")
name = input()
for i in range(30):
    with Store(FOLDER / str(i // 3)) as store:
        for j in range(10):
            key = f"{name} {i} {j}"
            store.claim(key)
            store.save(attempt(key))
            store.judge(key, "f", [])
say("done")
"""
    processes = [child(script, tmp_path) for _ in range(4)]
    start_together(processes)
    assert [process.communicate()[0] for process in processes] == ["done\n"] * 4
    for i in range(10):
        with Store(tmp_path / str(i)) as store:
            assert sum(summary.attempts for summary in store.interpreters()) == 4 * 3 * 10


def test_a_key_is_claimed_once_until_it_is_released_or_saved(tmp_path: Path) -> None:
    with Store(tmp_path) as one, Store(tmp_path) as other:
        assert one.claim("k")
        assert not one.claim("k") and not other.claim("k")
        other.release("k")
        assert not other.claim("k")
        one.release("k")
        assert other.claim("k")
        other.save(an_attempt())
        assert not one.claim("k") and not other.claim("k")
        assert one._database.rows("SELECT * FROM claim") == []


def test_a_closed_store_leaves_no_claim(tmp_path: Path) -> None:
    with Store(tmp_path) as one:
        one.claim("k")
    with Store(tmp_path) as other:
        assert other.claim("k")


@pytest.mark.parametrize("reaped", [True, False])
def test_the_claim_of_a_killed_process_is_taken_over(tmp_path: Path, reaped: bool) -> None:
    process = child(HOLD, tmp_path)
    assert said(process) == "True"
    with Store(tmp_path) as store:
        assert not store.claim("k")
        process.kill()
        # Until its parent has waited for it, a dead process still has its id.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        if reaped:
            process.communicate()
        assert store.claim("k")
    process.communicate()


def test_a_process_id_that_was_given_again_holds_no_claim(tmp_path: Path) -> None:
    with Store(tmp_path) as before, Store(tmp_path) as after:
        before.claim("k")
        change(tmp_path, "UPDATE owner SET started = 'another boot 5'")
        assert after.claim("k")


def test_the_claim_of_another_host_holds_until_its_lease_ends(tmp_path: Path) -> None:
    with Store(tmp_path) as there, Store(tmp_path) as here:
        there.claim("k")
        change(tmp_path, "UPDATE owner SET host = 'elsewhere', pid = 1")
        assert not here.claim("k")
        change(tmp_path, "UPDATE owner SET expires = 0")
        there.renew()
        assert not here.claim("k")
        change(tmp_path, "UPDATE owner SET expires = 0")
        assert here.claim("k")


# Records


def test_merging_twice_is_merging_once_and_what_is_here_stays(store: Store) -> None:
    record = Record(an_attempt(), {"model": "m"}, {"f1": ()}, (an_outcome(),))
    assert store.merge([record]).added == 1
    richer = replace(record, settings={"model": "x"}, verdicts={"f1": (WRONG,), "f2": (WRONG,)})
    counts = store.merge([richer])
    assert (counts.added, counts.present, counts.different) == (0, 1, 0)
    assert store.verdict("k", "f1") == () and store.verdict("k", "f2") == (WRONG,)
    assert store.settings_of("a") == {"model": "m"}


def test_a_verdict_on_another_answer_to_the_same_key_is_not_taken(store: Store) -> None:
    store.save(an_attempt(raw="mine"))
    counts = store.merge([Record(an_attempt(raw="theirs"), None, {"f1": ()}, (an_outcome(),))])
    assert counts.different == 1
    attempt = store.attempt("k")
    assert attempt is not None and attempt.raw == "mine"
    assert store.verdict("k", "f1") is None and store.outcomes(["t"], "f1") == {}


# Errors


def error_of(folder: Path, create: bool = True) -> str:
    with pytest.raises(LanharError) as caught:
        Store(folder, create)
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)
    return str(caught.value)


def test_no_store_is_made_where_one_is_only_read(tmp_path: Path) -> None:
    assert "no store" in error_of(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"x"])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert "no SQLite database" in error_of(tmp_path)
    assert (tmp_path / FILE).read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    change(tmp_path, "CREATE TABLE bookmarks (url)")
    assert "another program" in error_of(tmp_path)
    change(tmp_path, "INSERT INTO bookmarks VALUES (1)")


def test_a_store_of_a_newer_version(tmp_path: Path) -> None:
    Store(tmp_path).close()
    change(tmp_path, "PRAGMA user_version = 2")
    assert "version 2" in error_of(tmp_path) and "update lanhar" in error_of(tmp_path)


def test_a_damaged_store(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for i in range(50):
            store.save(an_attempt(str(i), raw=os.urandom(3000).hex()))
    content = bytearray((tmp_path / FILE).read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (tmp_path / FILE).write_bytes(content)
    with Store(tmp_path) as store, pytest.raises(LanharError, match="damaged"):
        store.attempt("1")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "Not a directory" in error_of(tmp_path / "file" / "store")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    Store(tmp_path).close()
    tmp_path.chmod(0o555)
    try:
        assert "written" in error_of(tmp_path) or "writing" in error_of(tmp_path)
    finally:
        tmp_path.chmod(0o755)


def test_a_store_that_must_not_be_written(store: Store) -> None:
    store._database.connection.execute("PRAGMA query_only = 1")
    with pytest.raises(LanharError, match="cannot be written"):
        store.save(an_attempt())


def test_a_full_disk_loses_nothing_and_saving_goes_on_afterwards(store: Store) -> None:
    store.save(an_attempt("before"))
    pages = store._database.connection.execute("PRAGMA page_count").fetchone()[0]
    store._database.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LanharError, match="disk is full"):
        for i in range(100):
            store.save(an_attempt(str(i), raw=os.urandom(2000).hex()))
    assert store.attempt("before") is not None
    store._database.connection.execute("PRAGMA max_page_count = 1000000")
    store.save(an_attempt("after"))
    assert store.attempt("after") is not None
