"""The server without a browser: what it answers, what it refuses, and what it says."""

import datetime
import json
import os
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from cryptography import x509

from lanhar.edge.bundle import read_bundle
from lanhar.edge.page import certificate as certificates
from lanhar.edge.page import resources as page_resources
from lanhar.edge.page.address import code_picture
from lanhar.edge.page.app import POLICY
from lanhar.edge.page.certificate import certificate
from lanhar.edge.page.resources import RUNTIME, STATIC, Serving, resources
from lanhar.edge.page.server import PageServer
from lanhar.errors import LanharError


@pytest.fixture(autouse=True)
def runtime(tmp_path, monkeypatch):
    """The page's own files, with a stand-in for onnxruntime-web where npm was never run: no browser runs it here."""
    if all((STATIC / name).is_file() for name in RUNTIME):
        return
    static = tmp_path / "static"
    shutil.copytree(STATIC, static)
    for name in RUNTIME:
        (static / name).parent.mkdir(exist_ok=True)
        (static / name).write_bytes(b"")
    monkeypatch.setattr(page_resources, "STATIC", static)


def ask(url, context=None, **options):
    """Status, headers and body of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **options), timeout=20, context=context) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_every_file_comes_with_the_policy_that_keeps_samples_on_the_phone(full_bundle, serving):
    with serving(full_bundle) as site:
        worker = ask(f"{site.address}service_worker.js")[2].decode()
        files = json.loads(worker.split("const FILES = ")[1].split(";\n")[0])
        assert {"./", "./js/main.js", "./ort/ort.wasm.bundle.min.mjs", "./bundle/encoder.int8.onnx"} <= set(files)
        assert {"./bundle/text_encoder.int8.onnx", "./bundle/tokenizer.json", "./serving.json"} <= set(files)
        for name in [*files, "./service_worker.js", "./nothing"]:
            status, headers, _ = ask(f"{site.address}{name.removeprefix('./')}")
            assert status == (404 if name == "./nothing" else 200)
            assert headers["content-security-policy"] == POLICY
            assert headers["x-content-type-options"] == "nosniff"
    sources = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert sources["default-src"] == "'none'"
    assert {source for value in sources.values() for source in value.split()} == {
        "'none'",
        "'self'",
        "'wasm-unsafe-eval'",
    }


def test_nothing_but_the_page_can_be_had_and_nothing_can_be_sent(full_bundle, serving):
    with serving(full_bundle) as site:
        for path in (
            "bundle/encoder.onnx",
            "bundle/../manifest.json",
            "../app.py",
            "%2e%2e/app.py",
            "//etc/passwd",
            "js/",
        ):
            assert ask(f"{site.address}{path}")[0] == 404
        assert ask(site.address, data=b"9.81")[0] == 405
        etag = ask(site.address)[1]["etag"]
        assert ask(site.address, headers={"if-none-match": etag})[0] == 304


def test_a_bundle_without_words_is_served_without(built, serving):
    with serving(built.folder) as site:
        assert json.loads(ask(f"{site.address}serving.json")[2])["words"] is False
        assert ask(f"{site.address}bundle/tokenizer.json")[0] == 404


def test_the_worker_changes_with_any_file_and_with_nothing_else(full_bundle, changed):
    found = [
        resources(read_bundle(folder), serving, {})["service_worker.js"].digest
        for folder in (full_bundle, changed(temperature=1.0))
        for serving in (Serving(), Serving(), Serving(smoothing=0.5))
    ]
    assert found[0] == found[1] and found[3] == found[4]
    assert len(set(found)) == 4


def test_a_page_that_was_not_fetched_from_npm_says_what_to_run(full_bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(page_resources, "STATIC", tmp_path)
    with pytest.raises(LanharError, match="make page"):
        PageServer(read_bundle(full_bundle))


def test_a_port_that_is_taken_is_named(full_bundle):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LanharError, match=rf"port {port} is in use; write another, such as port={port + 1}"):
            PageServer(read_bundle(full_bundle), port=port)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "no such host"}, "is no address of this computer"),
        ({"host": "203.0.113.7"}, "is no address of this computer"),
        ({"port": 70000}, "write a port of 0 to 65535"),
        ({"port": -1}, "write a port of 0 to 65535"),
        ({"smoothing": 1.0}, "write 0 to below 1"),
        ({"hop_s": 0.0}, "write 0.01 seconds or more"),
    ],
)
def test_what_cannot_be_served_costs_one_line(full_bundle, options, message):
    with pytest.raises(LanharError, match=message):
        PageServer(read_bundle(full_bundle), **options)


def test_an_open_host_is_warned_of_and_gets_a_code(full_bundle, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("lanhar.edge.page.server.local_addresses", lambda: ["192.168.7.9"])
    server = PageServer(read_bundle(full_bundle), host="0.0.0.0", certificates=tmp_path)
    server.announce()
    said = capsys.readouterr().out
    assert server.address == f"https://192.168.7.9:{server.port}/"
    assert f"{server.address}authority.pem" in said and "Warning: everyone" in said and "▄" in said
    server.close()
    server = PageServer(read_bundle(full_bundle), host="0.0.0.0")
    server.announce()
    assert "https=true" in capsys.readouterr().out
    server.close()


def test_the_code_is_a_picture_without_script_or_style():
    picture = code_picture("https://192.168.7.9:8765/").decode()
    assert picture.startswith("<svg") and "<path" in picture
    assert "script" not in picture and "style" not in picture


def test_the_certificate_holds_for_its_addresses_and_its_key_is_ones_own(tmp_path):
    os.umask(0o000)
    files = certificate(tmp_path / "page", ["192.168.7.9", "kitchen.local"])
    os.umask(0o022)
    found = x509.load_pem_x509_certificate(files.chain.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(ip) for ip in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1", "192.168.7.9"}
    assert {"localhost", "kitchen.local"} <= set(names.get_values_for_type(x509.DNSName))
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert b"PRIVATE" not in files.authority.read_bytes() + files.chain.read_bytes()
    assert sorted(path.name for path in files.key.parent.iterdir()) == ["authority.pem", "certificate.pem", "key.pem"]


def test_a_certificate_is_kept_until_it_does_not_do(tmp_path, monkeypatch):
    first = certificate(tmp_path, ["192.168.7.9"]).chain.read_bytes()
    assert certificate(tmp_path, ["192.168.7.9"]).chain.read_bytes() == first
    moved = certificate(tmp_path, ["192.168.7.10"]).chain.read_bytes()
    assert moved != first
    monkeypatch.setattr(certificates, "LEFT", certificates.VALID + datetime.timedelta(days=1))
    assert certificate(tmp_path, ["192.168.7.10"]).chain.read_bytes() != moved


def test_a_browser_that_trusts_the_authority_trusts_the_page(full_bundle, serving, tmp_path):
    with serving(full_bundle, certificates=tmp_path) as site:
        trusting = ssl.create_default_context(cafile=tmp_path / "authority.pem")
        status, headers, _ = ask(f"https://127.0.0.1:{site.port}/", trusting)
        assert (status, headers["content-security-policy"]) == (200, POLICY)
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            ask(f"https://127.0.0.1:{site.port}/", ssl.create_default_context())


def command(*words, cwd, code="from lanhar.serve import serve, run_command; run_command(serve, 'serve')"):
    return subprocess.run([sys.executable, "-c", code, *words], cwd=cwd, capture_output=True, text=True, timeout=120)


BLOCKED = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name == "segno":
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
sys.meta_path.insert(0, Without())
from lanhar.serve import serve, run_command; run_command(serve, 'serve')
"""


def test_the_command_says_in_one_line_what_is_wrong(full_bundle, tmp_path):
    shutil.copytree(full_bundle, tmp_path / "altered")
    (tmp_path / "altered" / "label_bank.json").write_text("{}")
    for words, message in (
        ([], "write bundle=<folder of a bundle>"),
        (["bundle=nowhere"], "'nowhere' is no bundle"),
        (["bundle=altered"], "its sha256 differs"),
    ):
        result = command(*words, cwd=tmp_path)
        assert result.returncode == 2
        assert message in result.stderr and len(result.stderr.splitlines()) == 1
    result = command(f"bundle={full_bundle}", cwd=tmp_path, code=BLOCKED)
    assert result.returncode == 2
    assert result.stderr == "lanhar: the page needs segno; run: pip install 'lanhar[serve]'\n"


def test_the_command_serves_the_page_on_this_computer_alone(full_bundle, tmp_path):
    if not all((STATIC / name).is_file() for name in RUNTIME):
        pytest.skip("SKIPPED: the page's onnxruntime-web is not there; run `make page` (needs npm)")
    words = [sys.executable, "-m", "lanhar.serve", f"bundle={full_bundle}", "port=0"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().split()[-1]
        status, _, body = ask(address)
        process.terminate()
    assert address.startswith("http://localhost:")
    assert status == 200 and b"<title>lanhar" in body
    assert list(tmp_path.iterdir()) == []
