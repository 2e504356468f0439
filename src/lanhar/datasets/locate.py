"""Where a dataset's files are: in a folder or inside an archive, and what identifies them.

A dataset is recognised by its *marker*, a glob such as `RawData/labels.txt` that may lie at any depth: sites,
mirrors and people wrap the same files in different top-level folders. The folder above the marker is the
dataset's root, and only the files under it that the reader reads (its *patterns*) count. So an archive and
its unpacked folder have one fingerprint, whatever else lies beside the files.
"""

import hashlib
import json
import os
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, TypeVar

from lanhar.errors import LanharError

T = TypeVar("T")

ARCHIVE_SUFFIXES = (".zip", ".tar.gz", ".tgz", ".tar")
CHUNK_BYTES = 1 << 20


class Progress(Protocol):
    """What shows a person how far a loop is: wraps an iterable and passes its items through."""

    def __call__(self, iterable: Iterable[T], description: str, total: int | None = None) -> Iterable[T]:
        """Return the items of `iterable` unchanged while showing how many of `total` have passed."""
        ...


def no_progress(iterable: Iterable[T], description: str, total: int | None = None) -> Iterable[T]:  # noqa: ARG001
    """Pass the items through and show nothing."""
    return iterable


@dataclass(frozen=True)
class FileEntry:
    """One file of a dataset: name below the root (with `/`), size in bytes, CRC-32 of its content."""

    name: str
    size: int
    crc32: int


@dataclass(frozen=True)
class Place:
    """Where a dataset's root was found.

    Attributes:
        path: the root folder itself, or the archive.
        inner: the archives inside the archive to go through, outermost first.
        prefix: the root inside the innermost archive, '' or ending in '/'.
    """

    path: Path
    inner: tuple[str, ...] = ()
    prefix: str = ""

    @property
    def is_archive(self) -> bool:
        """Whether the files have to be unpacked before they are read."""
        return self.path.is_file()


@dataclass(frozen=True)
class Member:
    """One entry of an archive; `crc32` is None where the format keeps none."""

    name: str
    size: int
    crc32: int | None
    is_file: bool
    open: Callable[[], IO[bytes]]


def glob_regex(pattern: str) -> str:
    """Regular expression of a glob over `/`-separated names: `*`, `?` stay in a folder, `**/` crosses any."""
    out = ""
    for token in re.split(r"(\*\*/|\*|\?)", pattern):
        out += {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}.get(token, re.escape(token))
    return out


def find_prefix(names: Iterable[str], marker: str) -> str | None:
    """The shortest folder ('' or ending in '/') below which `marker` matches a name, None for no match."""
    marked = re.compile(rf"(?P<root>(?:.*/)?){glob_regex(marker)}")
    roots = {m["root"] for n in names if not _is_litter(n) and (m := marked.fullmatch(n))}
    return min(roots, key=lambda root: (root.count("/"), root), default=None)


def locate(data_dir: Path, *, marker: str, folders: Sequence[str], archives: Sequence[str]) -> Place | None:
    """Find a dataset in `data_dir`: as that folder itself, as one of `folders`, or as one of `archives`.

    Args:
        data_dir: a folder, or an archive itself.
        marker: glob that proves a dataset, at the top of `data_dir` or at any depth of a named folder or
            archive; '' takes `data_dir` as it is.
        folders: names under which people keep the dataset.
        archives: file names under which sites give the dataset, also looked for in `folders` and archives.

    Returns:
        The place, or None where the dataset is not there.
    """
    if data_dir.is_file():
        return _locate_in_archive(data_dir, marker, archives)
    if not marker:
        return Place(data_dir) if data_dir.is_dir() else None
    if any(data_dir.glob(marker)):
        return Place(data_dir)
    inside = [data_dir] if data_dir.name in folders else []
    inside += [data_dir / folder for folder in folders if (data_dir / folder).is_dir()]
    for folder in inside:
        prefix = find_prefix(_names_below(folder), marker)
        if prefix is not None:
            return Place(folder / prefix)
    for folder in (data_dir, *inside):
        for name in archives:
            place = _locate_in_archive(folder / name, marker, archives) if (folder / name).is_file() else None
            if place is not None:
                return place
    return None


def list_files(place: Place, patterns: Sequence[str], crc_cache: Path) -> list[FileEntry]:
    """The dataset's files that match `patterns`, sorted by name, without unpacking anything.

    Args:
        place: where the dataset is.
        patterns: globs below its root.
        crc_cache: folder that keeps the checksums of files by path, size and time of change.
    """
    wanted = re.compile("|".join(glob_regex(pattern) for pattern in patterns))
    if place.is_archive:
        with _open_members(place.path, place.inner) as members:
            entries = [
                FileEntry(name, m.size, _crc32(m.open) if m.crc32 is None else m.crc32)
                for m in members
                if (name := _name_in_root(m, place.prefix, wanted))
            ]
    else:
        names = [n for n in _names_below(place.path) if wanted.fullmatch(n) and not _is_litter(n)]
        entries = _entries_of_folder(place.path, names, crc_cache)
    return sorted(entries, key=lambda entry: entry.name)


def fingerprint_files(entries: Iterable[FileEntry]) -> str:
    """Hex digest of names, sizes and contents (CRC-32) of a dataset's files."""
    lines = sorted(f"{e.name}\t{e.size}\t{e.crc32:08x}\n" for e in entries)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def unpack(place: Place, patterns: Sequence[str], target: Path, progress: Progress = no_progress) -> None:
    """Unpack the dataset's files that match `patterns` into `target`, which then is the dataset's root.

    The folder appears whole or not at all: files are written to a sibling first, which is then renamed.

    Raises:
        LanharError: the archive is damaged, or a name in it would be written outside `target`.
    """
    wanted = re.compile("|".join(glob_regex(pattern) for pattern in patterns))
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        with _open_members(place.path, place.inner) as members:
            for member in progress(members, f"Unpacking {place.path.name}", None):
                _refuse_escape(member, place.path)
                name = _name_in_root(member, place.prefix, wanted)
                if name:
                    _write(member, partial / name)
        if not target.exists():
            partial.rename(target)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise LanharError(f"{place.path} is damaged ({error}); fetch it again") from error
    except OSError as error:
        if not target.exists():  # another run may have unpacked the same archive meanwhile
            raise LanharError(f"cannot unpack {place.path} into {target}: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _is_litter(name: str) -> bool:
    """Whether a name is what operating systems leave behind."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith("._") for part in parts)


def _names_below(folder: Path) -> list[str]:
    paths = (Path(base) / name for base, _, names in os.walk(folder) for name in names)
    return [path.relative_to(folder).as_posix() for path in paths]


def _locate_in_archive(path: Path, marker: str, archives: Sequence[str]) -> Place | None:
    """Look for the marker in an archive, then in the known archives within it."""
    if not path.name.endswith(ARCHIVE_SUFFIXES):
        raise LanharError(
            f"{path} is no archive that can be unpacked here ({', '.join(ARCHIVE_SUFFIXES)}); "
            "unpack it by hand and write data_dir=<its folder>"
        )
    with _open_members(path) as members:
        names = [m.name for m in members if m.is_file]
    prefix = find_prefix(names, marker) if marker else ""
    if prefix is not None:
        return Place(path, (), prefix)
    for inner in (n for n in names if PurePosixPath(n).name in archives):
        with _open_members(path, (inner,)) as members:
            prefix = find_prefix([m.name for m in members if m.is_file], marker)
        if prefix is not None:
            return Place(path, (inner,), prefix)
    return None


@contextmanager
def _open_members(path: Path, inner: Sequence[str] = ()) -> Iterator[Iterable[Member]]:
    """The members of an archive, or of an archive inside it; each can be opened while the context lasts."""
    try:
        with path.open("rb") as file, _members_of(file, path.name) as members:
            if not inner:
                yield members
                return
            nested = next(m for m in members if m.name == inner[0])
            with nested.open() as nested_file, _members_of(nested_file, nested.name) as nested_members:
                yield nested_members
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        raise LanharError(f"{path} is damaged ({error}); fetch it again") from error


@contextmanager
def _members_of(file: IO[bytes], name: str) -> Iterator[Iterable[Member]]:
    if name.endswith(".zip"):
        with zipfile.ZipFile(file) as archive:
            yield [_zip_member(archive, info) for info in archive.infolist()]
    else:
        with tarfile.open(fileobj=file) as tar:
            # One pass in file order: going back in a compressed tar would unpack it again from its start.
            yield (_tar_member(tar, info) for info in tar)


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    mode = info.external_attr >> 16
    regular = not info.is_dir() and not stat.S_ISLNK(mode)
    return Member(info.filename, info.file_size, info.CRC, regular, lambda: archive.open(info))


def _tar_member(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    def open_member() -> IO[bytes]:
        file = tar.extractfile(info)
        if file is None:
            raise tarfile.TarError(f"no content for {info.name}")
        return file

    return Member(info.name.removeprefix("./"), info.size, None, info.isreg(), open_member)


def _name_in_root(member: Member, prefix: str, wanted: re.Pattern[str]) -> str | None:
    """A member's name below the dataset's root, None where the reader does not read it (links never)."""
    if not member.is_file or not member.name.startswith(prefix) or _is_litter(member.name):
        return None
    name = member.name.removeprefix(prefix)
    return name if wanted.fullmatch(name) else None


def _refuse_escape(member: Member, archive: Path) -> None:
    parts = re.split(r"[/\\]", member.name)
    if ".." in parts or member.name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", member.name):
        raise LanharError(
            f"{archive} holds '{member.name}', which would be written outside its folder; "
            "nothing was unpacked, fetch the archive from its original site"
        )


def _write(member: Member, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with member.open() as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, CHUNK_BYTES)


def _crc32(open_file: Callable[[], IO[bytes]]) -> int:
    value = 0
    with open_file() as file:
        while chunk := file.read(CHUNK_BYTES):
            value = zlib.crc32(chunk, value)
    return value


def _crc32_of(path: Path) -> int:
    return _crc32(lambda: path.open("rb"))


def _entries_of_folder(root: Path, names: Sequence[str], crc_cache: Path) -> list[FileEntry]:
    """Checksums of a folder's files; for those that did not change since the last look, from the cache."""
    store = crc_cache / f"{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]}.json"
    try:
        known: dict[str, int] = json.loads(store.read_text())
    except (OSError, ValueError):
        known = {}
    fresh: dict[str, int] = {}
    entries = []
    for name in names:
        path = root / name
        status = path.stat()
        key = f"{name}|{status.st_size}|{status.st_mtime_ns}"
        fresh[key] = known[key] if key in known else _crc32_of(path)
        entries.append(FileEntry(name, status.st_size, fresh[key]))
    if fresh != known:
        crc_cache.mkdir(parents=True, exist_ok=True)
        partial = store.with_suffix(f".{os.getpid()}.tmp")
        partial.write_text(json.dumps(fresh))
        partial.replace(store)
    return entries
