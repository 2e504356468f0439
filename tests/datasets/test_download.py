import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lanhar.datasets.download import CHUNK_BYTES, check_recorded, fetch
from lanhar.datasets.uci import UCI
from lanhar.errors import LanharError

CONTENT = bytes(range(256)) * (100 * CHUNK_BYTES // 256) + b"the end"


class Site:
    """A loopback site of one file that answers ranges, and cuts its answers short as often as told."""

    def __init__(self) -> None:
        self.content, self.tag, self.cuts, self.ranges = CONTENT, '"v1"', 0, True
        self.asked: list[str | None] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/file.zip"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        fresh = request.headers.get("If-Range", self.tag) == self.tag
        given = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        start = given if self.ranges and fresh else 0
        body = self.content[start:]
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("ETag", self.tag)
        request.end_headers()
        if self.cuts:
            self.cuts -= 1
            body = body[: len(body) // 2]
        request.wfile.write(body)
        request.close_connection = True


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    site.server.shutdown()
    thread.join()
    site.server.server_close()


def test_a_download_keeps_its_checksum_beside_it(site, tmp_path):
    target = fetch([site.url], tmp_path / "data" / "file.zip")
    assert target.read_bytes() == CONTENT
    recorded = (tmp_path / "data" / "file.zip.sha256").read_text()
    assert recorded == f"{hashlib.sha256(CONTENT).hexdigest()}  file.zip\n"
    assert sorted(p.name for p in target.parent.iterdir()) == ["file.zip", "file.zip.sha256"]


def test_a_connection_that_is_cut_goes_on_where_it_stopped(site, tmp_path):
    site.cuts = 1
    assert fetch([site.url], tmp_path / "file.zip").read_bytes() == CONTENT
    assert site.asked[0] is None
    assert site.asked[1] is not None
    start = int(site.asked[1].removeprefix("bytes=").removesuffix("-"))
    assert len(CONTENT) // 2 - CHUNK_BYTES <= start <= len(CONTENT) // 2


def test_a_later_command_goes_on_where_an_earlier_one_gave_up(site, tmp_path):
    site.cuts = 5
    with pytest.raises(LanharError, match=r"cannot download http://127.*run the same command again.*by hand"):
        fetch([site.url], tmp_path / "file.zip")
    kept = (tmp_path / "file.zip.part").stat().st_size
    assert kept > len(CONTENT) // 2
    assert fetch([site.url], tmp_path / "file.zip").read_bytes() == CONTENT
    assert site.asked[-1] == f"bytes={kept}-"


@pytest.mark.parametrize("change", ["new file", "no ranges", "longer part"])
def test_parts_of_two_files_are_never_joined(site, tmp_path, change):
    site.cuts = 5
    with pytest.raises(LanharError):
        fetch([site.url], tmp_path / "file.zip")
    if change == "new file":
        site.content, site.tag = CONTENT[::-1], '"v2"'
    elif change == "no ranges":
        site.ranges = False
    else:
        (tmp_path / "file.zip.part").write_bytes(b"x" * (len(CONTENT) + 5))
        site.ranges = False
    assert fetch([site.url], tmp_path / "file.zip").read_bytes() == site.content


def test_the_second_address_is_tried_when_the_first_is_gone(site, tmp_path):
    gone = "http://127.0.0.1:1/file.zip"
    assert fetch([gone, site.url], tmp_path / "file.zip").read_bytes() == CONTENT
    with pytest.raises(LanharError, match=r"127\.0\.0\.1:1/file\.zip.*put it at .*other\.zip"):
        fetch([gone], tmp_path / "other.zip")


def test_another_file_than_the_published_one_is_refused(site, tmp_path):
    with pytest.raises(LanharError, match="sha256 is no longer 0000"):
        fetch([site.url], tmp_path / "file.zip", sha256="0" * 64)
    assert not (tmp_path / "file.zip").exists()
    good = hashlib.sha256(CONTENT).hexdigest()
    assert fetch([site.url], tmp_path / "file.zip", sha256=good).read_bytes() == CONTENT


def test_a_file_that_changed_after_its_download_is_found_out(site, tmp_path):
    target = fetch([site.url], tmp_path / "file.zip")
    check_recorded(target)
    target.write_bytes(CONTENT + b"!")
    with pytest.raises(LanharError, match=r"delete it and file\.zip\.sha256"):
        check_recorded(target)


def test_a_dataset_downloads_once_into_the_cache_and_reads(fake, site, tmp_path, monkeypatch):
    from zipfile import ZipFile

    files = fake("uci").write(tmp_path / "files", users=1, seconds=1.0)
    packed = tmp_path / "packed.zip"
    with ZipFile(packed, "w") as archive:
        for path in sorted(files.rglob("*.txt")):
            archive.write(path, path.relative_to(files))
    site.content = packed.read_bytes()
    monkeypatch.setattr(UCI, "urls", (site.url,))
    empty = tmp_path / "empty"
    empty.mkdir()
    for _ in range(2):
        assert len(list(UCI(empty, tmp_path / "cache", download=True).recordings())) == 6
    assert len(site.asked) == 1
    assert list(empty.iterdir()) == []


def test_a_site_that_gives_something_else_is_told(site, tmp_path, monkeypatch):
    from io import BytesIO
    from zipfile import ZipFile

    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr("index.html", "moved")
    site.content = buffer.getvalue()
    monkeypatch.setattr(UCI, "urls", (site.url,))
    with pytest.raises(LanharError, match=r"without RawData/labels\.txt"):
        UCI(Path(tmp_path), tmp_path / "cache", download=True).root()
    site.content = b"<html>moved</html>"
    with pytest.raises(LanharError, match=r"uci\.zip is damaged"):
        UCI(Path(tmp_path), tmp_path / "cache", download=True).root()
    assert not list((tmp_path / "cache").rglob("uci.zip*")), "nothing stays that a later run would trip over"
