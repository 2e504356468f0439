"""What the page consists of: every address that the server answers, and what with. There are no others."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lanhar.edge.bundle import (
    ENCODERS,
    LABEL_BANK,
    MANIFEST,
    PREPROCESSING,
    TEXT_ENCODER,
    TOKENIZER,
    Bundle,
    file_digest,
)
from lanhar.errors import LanharError

STATIC = Path(__file__).parent / "static"
RUNTIME = ("ort/ort.wasm.bundle.min.mjs", "ort/ort-wasm-simd-threaded.wasm")
"""onnxruntime-web, which comes from npm."""
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
    ".pem": "application/x-x509-ca-cert",
}
SERVICE_WORKER = "service_worker.js"
NOT_KEPT = {SERVICE_WORKER, "authority.pem"}
"""The browser keeps a service worker itself; nobody needs the certificate offline."""


@dataclass(frozen=True)
class Resource:
    """The answer to one address.

    Attributes:
        content: a file, or bytes made here.
        digest: SHA-256 of the content, hex digits.
        media_type: what a browser takes it for.
    """

    content: Path | bytes
    digest: str
    media_type: str


@dataclass(frozen=True)
class Serving:
    """How the page is served, which the page reads.

    Attributes:
        address: where a phone finds it; None where it is open to this computer alone.
        certificate: whether it comes with a certificate of its own.
        hop_s: seconds between predictions; None is the bundle's.
        smoothing: weight of the past in the confidences.
    """

    address: str | None = None
    certificate: bool = False
    hop_s: float | None = None
    smoothing: float = 0.0


def resources(bundle: Bundle, serving: Serving, made: dict[str, bytes]) -> dict[str, Resource]:
    """Path → answer, of the page, the bundle's files that it needs and what is made at the start.

    Args:
        bundle: checked files.
        serving: how the page is served.
        made: path → content of further files, such as the QR code.

    Raises:
        LanharError: onnxruntime-web is not there, or the bundle lacks a file.
    """
    if not all((STATIC / name).is_file() for name in RUNTIME):
        raise LanharError(
            "the page's onnxruntime-web is not in this installation; with npm installed write `make page` in a clone, "
            "or install lanhar again"
        )
    found = {path.relative_to(STATIC).as_posix(): _file(path) for path in _page_files()}
    found[""] = found.pop("index.html")
    words = all(
        name in bundle.manifest["files"] and (bundle.folder / name).is_file() for name in (TEXT_ENCODER, TOKENIZER)
    )
    needed = [PREPROCESSING, LABEL_BANK, ENCODERS["int8"], *((TEXT_ENCODER, TOKENIZER) if words else ())]
    found |= {f"bundle/{name}": _file(bundle.file(name)) for name in needed}
    found[f"bundle/{MANIFEST}"] = _file(bundle.folder / MANIFEST)
    told = {"words": words, "bundle": found[f"bundle/{MANIFEST}"].digest}
    found["serving.json"] = _made("serving.json", _json(vars(serving) | told))
    found |= {name: _made(name, content) for name, content in made.items()}
    found[SERVICE_WORKER] = _service_worker(found)
    return found


def _page_files() -> list[Path]:
    """Files of the page, and of onnxruntime-web the two that it needs."""
    runtime = [STATIC / name for name in RUNTIME]
    own = [path for path in STATIC.rglob("*") if path.is_file() and path.parent != runtime[0].parent]
    return [*sorted(own), *runtime]


def _service_worker(found: dict[str, Resource]) -> Resource:
    """Its first lines name all files and a digest of them, so that a browser sees when one has changed."""
    kept = {path: resource.digest for path, resource in sorted(found.items()) if path not in NOT_KEPT}
    worker = (STATIC / SERVICE_WORKER).read_text(encoding="utf-8")
    version = hashlib.sha256(_json([kept, worker])).hexdigest()[:16]
    files = [f"./{path}" for path in kept]
    text = f"const VERSION = {json.dumps(version)};\nconst FILES = {json.dumps(files)};\n{worker}"
    return _made(SERVICE_WORKER, text.encode())


def _file(path: Path) -> Resource:
    return Resource(path, file_digest(path), MEDIA_TYPES[path.suffix])


def _made(name: str, content: bytes) -> Resource:
    return Resource(content, hashlib.sha256(content).hexdigest(), MEDIA_TYPES[Path(name).suffix])


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
