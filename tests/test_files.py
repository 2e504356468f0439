import json
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanhar.files import locked, read_json, write_json, write_text

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_what_is_written_is_read_again(tmp_path, value):
    write_json(tmp_path / "new" / "value.json", value)
    assert read_json(tmp_path / "new" / "value.json") == value


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "metrics.json"
    write_json(path, {"a": 1})
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "ok \ud800")
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_files_can_be_read_by_whom_the_umask_lets(tmp_path):
    old = os.umask(0o022)
    try:
        write_text(tmp_path / "a", "x")
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_locked_folder_keeps_another_process_out_and_death_frees_it(tmp_path):
    script = f"""
import os, sys
from pathlib import Path
from filelock import FileLock, Timeout
from lanhar.files import locked
if sys.argv[1] == "try":
    try:
        FileLock(Path({str(tmp_path)!r}) / ".lock", timeout=0).acquire()
        print("in")
    except Timeout:
        print("kept out")
else:
    with locked(Path({str(tmp_path)!r})):
        os.kill(os.getpid(), 9)
"""

    def other(word):
        return subprocess.run([sys.executable, "-c", script, word], capture_output=True, text=True)

    with locked(tmp_path):
        assert other("try").stdout == "kept out\n"
    assert other("die").returncode == -9
    assert other("try").stdout == "in\n"
