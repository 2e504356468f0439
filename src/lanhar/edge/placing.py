"""A folder that is written whole or not at all."""

import ctypes
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder`, which takes its place when the block ends without an error.

    Until then, and after an error, what was there before stays as it is.

    Args:
        folder: where the written folder goes; it may be there.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        written = Path(temporary) / folder.name
        written.mkdir()
        yield written
        for path in (*written.rglob("*"), written):
            _sync(path)
        _swap(written, folder)
        _sync(folder.parent)


def _swap(written: Path, folder: Path) -> None:
    if not folder.exists():
        written.rename(folder)
    elif not _exchanged(written, folder):
        # No system call for it: for a moment there is neither.
        old = written.with_name(f"{folder.name}.old")
        folder.rename(old)
        try:
            written.rename(folder)
        except OSError:
            old.rename(folder)
            raise


def _exchanged(one: Path, other: Path) -> bool:
    """Whether two folders have changed names in one step, as Linux can."""
    try:
        exchange = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return bool(exchange(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0)


def _sync(path: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
