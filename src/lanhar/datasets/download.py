"""Download of a dataset's archive: resumed where it was cut, its checksum kept beside it for later."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lanhar.datasets.locate import Progress, no_progress
from lanhar.errors import LanharError

CHUNK_BYTES = 1 << 15
TIMEOUT_S = 30
TRIES = 5


def fetch(urls: Sequence[str], target: Path, *, sha256: str | None = None, progress: Progress = no_progress) -> Path:
    """Download the first of `urls` that answers to `target`; a part that is there already is continued.

    Args:
        urls: addresses of the same file, in the order to try.
        target: where the archive goes; `<target>.part` is what is there so far.
        sha256: the published checksum; None compares with that of the first download, recorded beside it.
        progress: counts pieces of 32 KiB.

    Raises:
        LanharError: no address gives the whole file, or the file has another checksum than it should.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")  # the progress bar says it already
    target.parent.mkdir(parents=True, exist_ok=True)
    expected = sha256 or _recorded(target)
    failures = []
    for url in urls:
        try:
            pooch.retrieve(
                url,
                known_hash=f"sha256:{expected}" if expected else None,
                fname=target.name,
                path=target.parent,
                downloader=_Resuming(target.with_name(f"{target.name}.part"), progress),
            )
        except OSError as error:  # every error of requests is one
            failures.append(f"{url} ({_reason(error)})")
        except ValueError as error:
            raise LanharError(
                f"{url} gives a file whose sha256 is no longer {expected}; look at its site "
                f"what changed, then put the file at {target} by hand"
            ) from error
        else:
            _record(target)
            return target
    raise LanharError(
        f"cannot download {'; '.join(failures)}: run the same command again to go on where "
        f"it stopped, or fetch the file by hand and put it at {target}"
    )


def check_recorded(archive: Path) -> None:
    """Compare an archive with the checksum kept after its download; keep it now if it was put there by hand.

    Raises:
        LanharError: the file changed since it was downloaded.
    """
    import pooch

    expected = _recorded(archive)
    if expected is None:
        _record(archive)
    elif (found := pooch.file_hash(str(archive), alg="sha256")) != expected:
        raise LanharError(
            f"{archive} has sha256 {found}, its download had {expected}: delete it and "
            f"{_record_path(archive).name} to fetch it again"
        )


def discard(archive: Path) -> None:
    """Delete a download that turned out not to be what it should, and its checksum."""
    archive.unlink()
    _record_path(archive).unlink(missing_ok=True)


def _record_path(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.sha256")


def _recorded(archive: Path) -> str | None:
    record = _record_path(archive)
    return record.read_text().split()[0] if record.exists() else None


def _record(archive: Path) -> None:
    """Write the checksum in the form that `sha256sum --check` reads."""
    import pooch

    _record_path(archive).write_text(f"{pooch.file_hash(str(archive), alg='sha256')}  {archive.name}\n")


def _reason(error: OSError) -> str:
    """A network error in a word or two; requests wraps them in a page of nested objects."""
    response = getattr(error, "response", None)
    return f"HTTP {response.status_code}" if response is not None else error.strerror or type(error).__name__


class _Resuming:
    """A downloader for pooch that keeps what it has in `part` and asks the site only for the rest."""

    def __init__(self, part: Path, progress: Progress) -> None:
        self.part = part
        self.validator = part.with_name(f"{part.name}.json")
        self.progress = progress

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:  # noqa: ARG002 - pooch's signature
        import requests

        tries = TRIES
        while True:
            before = self._size()
            try:
                self._continue(url)
                break
            except requests.RequestException as error:
                # A site that answers with an error, or gives not one more byte, will not do better at once.
                tries -= 1
                if error.response is not None or self._size() == before or not tries:
                    raise
        self.part.replace(output_file)
        self.validator.unlink(missing_ok=True)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _continue(self, url: str) -> None:
        """One request for what is missing, appended to the part; a changed or unranged answer starts over."""
        import requests

        headers = {"Accept-Encoding": "identity"}
        start = self._size()
        if start:
            headers |= {"Range": f"bytes={start}-", **self._if_range(url)}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
            if response.status_code == 416:  # the part is no beginning of what the site has now
                self.part.unlink()
                raise requests.ConnectionError(f"{url}: the kept part is longer than the file")
            response.raise_for_status()
            resumed = response.status_code == 206
            if not resumed:
                self._remember(url, response.headers)
            expected = int(response.headers.get("Content-Length", 0))
            chunks = response.iter_content(CHUNK_BYTES)
            self._append(chunks, expected, "ab" if resumed else "wb")
            missing = (start if resumed else 0) + expected - self._size()
            if expected and missing:
                raise requests.ConnectionError(f"{url}: {missing} bytes are missing")

    def _append(self, chunks: Iterator[bytes], expected: int, mode: str) -> None:
        with self.part.open(mode) as out:
            for chunk in self._show(chunks, expected):
                out.write(chunk)

    def _show(self, chunks: Iterator[bytes], expected: int) -> Iterable[bytes]:
        what = f"Downloading {self.part.name.removesuffix('.part')}"
        if expected:
            what += f" ({expected / 1e6:.1f} MB)"
        return self.progress(chunks, what, -(-expected // CHUNK_BYTES) or None)

    def _remember(self, url: str, headers: Any) -> None:
        """Keep what tells this version of the file from a later one."""
        validator = headers.get("ETag") or headers.get("Last-Modified")
        self.validator.write_text(json.dumps({"url": url, "validator": validator}))

    def _if_range(self, url: str) -> dict[str, str]:
        try:
            kept = json.loads(self.validator.read_text())
        except (OSError, ValueError):
            return {}
        if kept["url"] != url or not kept["validator"] or kept["validator"].startswith("W/"):
            return {}
        return {"If-Range": kept["validator"]}
