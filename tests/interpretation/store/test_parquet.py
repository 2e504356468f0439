from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanhar.errors import LanharError
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.store import Attempt, MergeCounts, Outcome, Record, Store, parquet
from lanhar.interpretation.store.parquet import export_parquet, import_parquet

NOW = "2026-01-01T00:00:00+00:00"
WRONG = Reason("grounding", "wrong_number", "step rate 9 Hz, measured 1.9 Hz")


def a_record(number: int, accepted: bool = True, interpreter: str = "a") -> Record:
    key = f"{interpreter} {number}"
    reasons = () if accepted else (WRONG,)
    attempt = Attempt(key, key, 0, interpreter, f"raw {number}", "stop", "m-1", "schema", 10, 5, None, 1.5, NOW)
    outcome = Outcome(key, "f1", "accepted" if accepted else "rejected", key, "text", reasons, 1, {"window": 3}, NOW)
    return Record(attempt, {"model": interpreter, "temperature": 0.7}, {"f1": reasons, "f2": (WRONG,)}, (outcome,))


def all_of(store: Store) -> list[Record]:
    return [record for page in store.records(None, False, 1000) for record in page]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "one") as opened:
        yield opened


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "other") as opened:
        yield opened


words = st.text(max_size=20)
counts = st.none() | st.integers(0, 2**40)
reasons = st.lists(st.builds(Reason, words, words, words), max_size=2).map(tuple)
records = st.builds(
    lambda attempt, settings, verdicts, outcomes: Record(attempt, settings, verdicts, outcomes),
    st.builds(
        Attempt,
        key=st.just("k"), task=st.just("t"), round=st.integers(0, 20), interpreter=words, raw=words,
        finish_reason=st.none() | words, model=st.text("aä-1", max_size=5), mode=words, prompt_tokens=counts,
        completion_tokens=counts, cost_usd=st.none() | st.floats(0, 1e6), latency_s=st.floats(0, 1e4), created=words,
    ),
    st.none() | st.dictionaries(st.sampled_from(["model", "seed"]), st.integers() | st.text("aé 1", max_size=5)),
    st.dictionaries(words, reasons, max_size=2),
    st.lists(
        st.builds(
            Outcome,
            task=st.just("t"), filter=words, status=st.sampled_from(["accepted", "rejected", "failed"]),
            key=st.just("k"), text=words, reasons=reasons, rounds=st.integers(0, 9),
            origin=st.dictionaries(st.sampled_from(["dataset", "window"]), st.none() | st.integers()), updated=words,
        ),
        max_size=2, unique_by=lambda outcome: outcome.filter,
    ).map(lambda outcomes: tuple(sorted(outcomes, key=lambda outcome: outcome.filter.encode()))),
)  # fmt: skip


@given(records)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_a_file_brings_back_all_that_was_known(tmp_path_factory: pytest.TempPathFactory, record: Record) -> None:
    folder = tmp_path_factory.mktemp("trip")
    with Store(folder / "one") as store, Store(folder / "other") as other:
        store.merge([record])
        assert export_parquet(store, folder / "texts.parquet") == 1
        assert import_parquet(other, folder / "texts.parquet") == MergeCounts(1, 0, 0)
        assert all_of(store) == all_of(other) == [record]


def test_more_attempts_than_a_row_group_holds(
    store: Store, other: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROWS_A_GROUP", 10)
    store.merge([a_record(i, accepted=i % 2 == 0) for i in range(35)])
    assert export_parquet(store, tmp_path / "texts.parquet") == 35
    assert pq.ParquetFile(tmp_path / "texts.parquet").num_row_groups == 4
    assert import_parquet(other, tmp_path / "texts.parquet").added == 35
    assert all_of(other) == all_of(store)


def test_importing_twice_is_importing_once(store: Store, other: Store, tmp_path: Path) -> None:
    store.merge([a_record(i) for i in range(5)])
    export_parquet(store, tmp_path / "texts.parquet")
    import_parquet(other, tmp_path / "texts.parquet")
    assert import_parquet(other, tmp_path / "texts.parquet") == MergeCounts(0, 5, 0)
    assert all_of(other) == all_of(store)


def test_an_import_overwrites_nothing(store: Store, other: Store, tmp_path: Path) -> None:
    store.merge([a_record(1), a_record(2)])
    export_parquet(store, tmp_path / "texts.parquet")
    mine = a_record(1).attempt
    other.save(Attempt(**{**vars(mine), "raw": "mine"}))
    assert import_parquet(other, tmp_path / "texts.parquet") == MergeCounts(1, 0, 1)
    kept = other.attempt(mine.key)
    assert kept is not None and kept.raw == "mine"
    assert other.verdict(mine.key, "f1") is None and other.outcomes([mine.task], "f1") == {}


def test_what_is_exported_can_be_chosen(store: Store, tmp_path: Path) -> None:
    store.merge([a_record(1), a_record(2, accepted=False), a_record(3, interpreter="b")])
    file = tmp_path / "texts.parquet"

    def keys(interpreter: str | None, accepted_only: bool) -> list[str]:
        export_parquet(store, file, interpreter, accepted_only)
        return list(pd.read_parquet(file)["key"])

    assert keys(None, False) == ["a 1", "a 2", "b 3"]
    assert keys("a", False) == ["a 1", "a 2"]
    assert keys("a", True) == ["a 1"]
    assert keys(None, True) == ["a 1", "b 3"]
    assert keys("nobody", True) == []


def test_an_unknown_cost_is_null_in_the_file(store: Store, tmp_path: Path) -> None:
    store.merge([a_record(1)])
    export_parquet(store, tmp_path / "texts.parquet")
    assert pq.read_table(tmp_path / "texts.parquet")["cost_usd"].to_pylist() == [None]


def test_folders_addresses_and_credentials_stay_at_home(store: Store, tmp_path: Path) -> None:
    private = {
        "model": "/home/someone/models/smollm2.gguf",
        "cache": ["~/cache/lanhar", "C:\\Users\\someone\\x.gguf", "file:///home/someone/y"],
        "api_base": "http://10.0.0.7:8000/v1",
        "client": {"apiKey": "sk-someone", "headers": {"Authorization": "Bearer someone"}, "max_tokens": 900},
    }
    record = a_record(1)
    attempt = Attempt(**{**vars(record.attempt), "model": "/home/someone/models/smollm2.gguf"})
    outcome = Outcome(**{**vars(record.outcomes[0]), "origin": {"file": "/home/someone/data/a.csv", "unit": "m/s²"}})
    store.merge([Record(attempt, private, {}, (outcome,))])
    export_parquet(store, tmp_path / "texts.parquet")
    row = pq.read_table(tmp_path / "texts.parquet").to_pylist()[0]
    assert "someone" not in str(row) and "10.0.0.7" not in str(row)
    assert (tmp_path / "texts.parquet").read_bytes().find(b"someone") == -1
    assert row["model"] == "smollm2.gguf" and '"max_tokens": 900' in row["settings"]
    assert row["outcomes"][0]["origin"] == '{"file": "a.csv", "unit": "m/s²"}'


# Errors


def error_of(store: Store, file: Path) -> str:
    with pytest.raises(LanharError) as caught:
        import_parquet(store, file)
    assert "\n" not in str(caught.value) and str(file) in str(caught.value)
    assert all_of(store) == []
    return str(caught.value)


def change_raw(row: dict[str, Any]) -> None:
    row["raw"] = "a better text"


def change_text(row: dict[str, Any]) -> None:
    row["outcomes"][0]["text"] = "a better text"


def drop_a_reason(row: dict[str, Any]) -> None:
    row["verdicts"][1]["reasons"] = []


def make_it_free(row: dict[str, Any]) -> None:
    row["cost_usd"] = 0.0


@pytest.mark.parametrize("change", [change_raw, change_text, drop_a_reason, make_it_free])
def test_a_row_changed_by_hand_is_found_and_nothing_is_imported(
    store: Store, other: Store, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    store.merge([a_record(i) for i in range(3)])
    file = tmp_path / "texts.parquet"
    export_parquet(store, file)
    table = pq.read_table(file)
    rows = table.to_pylist()
    change(rows[2])
    pq.write_table(pa.Table.from_pylist(rows, table.schema), file)
    message = error_of(other, file)
    assert "row 2" in message and "a 2" in message and "changed" in message


def test_a_made_up_status_is_no_outcome(store: Store, other: Store, tmp_path: Path) -> None:
    record = a_record(1)
    store.merge([Record(record.attempt, None, {}, (Outcome(**{**vars(record.outcomes[0]), "status": "perfect"}),))])
    export_parquet(store, tmp_path / "texts.parquet")
    assert "status 'perfect'" in error_of(other, tmp_path / "texts.parquet")


def test_files_that_are_something_else(store: Store, other: Store, tmp_path: Path) -> None:
    store.merge([a_record(1)])
    file, wrong = tmp_path / "texts.parquet", tmp_path / "wrong.parquet"
    export_parquet(store, file)
    assert "cannot be read" in error_of(other, tmp_path / "missing.parquet")
    wrong.write_bytes(file.read_bytes()[:-100])
    assert "cannot be read" in error_of(other, wrong)
    wrong.write_text("key,raw\n1,2\n")
    assert "cannot be read" in error_of(other, wrong)
    pd.DataFrame({"key": ["1"]}).to_parquet(wrong)
    assert "no export of interpretations" in error_of(other, wrong)
    table = pq.read_table(file)
    pq.write_table(table.replace_schema_metadata({b"lanhar.interpretations": b"2"}), wrong)
    assert "version 2" in error_of(other, wrong)
    pq.write_table(table.drop_columns(["cost_usd"]), wrong)
    assert "columns: cost_usd" in error_of(other, wrong)
    pq.write_table(table.set_column(2, "round", table["round"].cast(pa.string())), wrong)
    assert "columns: round" in error_of(other, wrong)


def test_bytes_changed_anywhere_never_pass(store: Store, other: Store, tmp_path: Path) -> None:
    store.merge([a_record(i) for i in range(3)])
    file, wrong = tmp_path / "texts.parquet", tmp_path / "wrong.parquet"
    export_parquet(store, file)
    content = file.read_bytes()
    for at in range(4, len(content), max(1, len(content) // 60)):
        wrong.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        try:
            import_parquet(other, wrong)
        except LanharError as error:
            assert "\n" not in str(error)
            assert all_of(other) == []
        else:
            # Some bytes, such as statistics, say nothing of the rows.
            with Store(tmp_path / f"check {at}") as check:
                import_parquet(check, wrong)
                assert all_of(check) == all_of(store)
            other.close()
            other = Store(tmp_path / f"other {at}")
    other.close()


def test_an_export_that_fails_leaves_the_old_file_and_nothing_else(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "published" / "texts.parquet"
    store.merge([a_record(1)])
    export_parquet(store, file)
    old = file.read_bytes()
    store._database.connection.execute("DROP TABLE verdict")
    with pytest.raises(LanharError):
        export_parquet(store, file)
    assert file.read_bytes() == old and list(file.parent.iterdir()) == [file]
    with pytest.raises(LanharError, match="cannot be written"):
        export_parquet(store, file / "below.parquet")
