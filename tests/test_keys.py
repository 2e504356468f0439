import shutil
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import lanhar
from lanhar.keys import NUMERIC_ROOMS, code_digest, digest

plain = st.dictionaries(st.text(max_size=4), st.one_of(st.integers(), st.text(max_size=4), st.none(), st.booleans()))


@given(plain, plain)
@settings(max_examples=50, deadline=None)
def test_equal_values_and_only_they_have_equal_keys(one, other):
    assert digest(one) == digest(dict(reversed(one.items())))
    assert (digest(one) == digest(other)) == (repr(sorted(one.items())) == repr(sorted(other.items())))


def test_every_room_of_the_code_digest_exists():
    package = Path(lanhar.__file__).parent
    assert all((package / room).exists() for room in NUMERIC_ROOMS)


def test_the_code_digest_follows_code_and_data_files_and_no_others(tmp_path, monkeypatch):
    package = tmp_path / "lanhar"
    source = Path(lanhar.__file__).parent
    for room in ("signals", "interpretation"):
        shutil.copytree(source / room, package / room, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(lanhar, "__file__", str(package / "__init__.py"))
    now = code_digest.__wrapped__
    rooms = ("signals", "interpretation")
    before = now(rooms)
    (package / "signals" / "notes.txt").write_text("a note")
    assert now(rooms) == before
    (package / "signals" / "units.py").open("a").write("\n")
    changed = now(rooms)
    assert changed != before
    next((package / "interpretation").rglob("*.yaml")).open("a").write("\n")
    assert now(rooms) != changed
