"""A bundle with words, a server of its page on loopback, and a browser to open it in."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lanhar.edge.bundle import MANIFEST, TEXT_ENCODER, TOKENIZER, file_digest, read_bundle
from lanhar.edge.graphs import quantise, write_graph
from lanhar.edge.page.resources import RUNTIME, STATIC
from lanhar.files import write_json

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def full_bundle(built, tiny_text_encoder, tmp_path_factory) -> Path:
    """The bundle of the sample, with a small text encoder of random weights and the real vocabulary."""
    import torch
    from torch import nn
    from transformers import AutoModel, AutoTokenizer

    from lanhar.edge.text_graph import LabelText
    from lanhar.models.text_encoder import TextEncoder

    folder = tmp_path_factory.mktemp("words") / "bundle"
    shutil.copytree(built.folder, folder)
    encoder = TextEncoder(AutoModel.from_pretrained(tiny_text_encoder)).eval()
    encoder.backbone.set_attn_implementation("eager")
    module = LabelText(encoder, nn.Identity())
    example = torch.ones(2, 8, dtype=torch.int64)
    axes = {name: {0: "texts", 1: "tokens"} for name in ("input_ids", "attention_mask")}
    write_graph(module, (example, example), list(axes), folder / "exact.onnx", axes)
    quantise(folder / "exact.onnx", module, folder / TEXT_ENCODER)
    (folder / "exact.onnx").unlink()
    tokenizer = AutoTokenizer.from_pretrained(tiny_text_encoder).backend_tokenizer
    tokenizer.enable_truncation(128)
    tokenizer.enable_padding()
    tokenizer.save(str(folder / TOKENIZER))
    describe(folder)
    return folder


def describe(folder: Path, **changes: object) -> None:
    """Write the manifest of what lies in a bundle's folder, with other values where they are given."""
    manifest = json.loads((folder / MANIFEST).read_text()) | changes
    manifest["files"] = {path.name: file_digest(path) for path in folder.iterdir() if path.name != MANIFEST}
    write_json(folder / MANIFEST, manifest)


@pytest.fixture
def changed(full_bundle, tmp_path) -> Callable[..., Path]:
    """A copy of the bundle whose manifest says something else: `changed(temperature=1.0)`."""

    def change(**changes: object) -> Path:
        folder = tmp_path / "changed"
        shutil.copytree(full_bundle, folder)
        describe(folder, **changes)
        return folder

    return change


class Site:
    """A running page server that notes what it is asked for."""

    def __init__(self, bundle: Path, **options: Any) -> None:
        from lanhar.edge.page.server import PageServer

        self._server = PageServer(read_bundle(bundle), **options)
        self.requests: list[str] = []
        self._server.uvicorn.config.app = self._noting(self._server.uvicorn.config.app)
        self.port = self._server.port
        self.address = self._server.address
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def _noting(self, app: Any) -> Any:
        async def noting(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "lifespan":
                self.requests.append(scope["path"])
            await app(scope, receive, send)

        return noting

    def stop(self) -> None:
        self._server.uvicorn.should_exit = self._server.uvicorn.force_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture(scope="session")
def serving() -> Callable[..., Any]:
    """Serves a bundle for the length of a block: `with serving(folder, port=0) as site`."""

    @contextmanager
    def started(bundle: Path, **options: Any) -> Iterator[Site]:
        site = Site(bundle, **options)
        try:
            yield site
        finally:
            site.stop()

    return started


@pytest.fixture(scope="session")
def site(full_bundle, serving) -> Iterator[Site]:
    """The page of the sample's bundle."""
    if not all((STATIC / name).is_file() for name in RUNTIME):
        pytest.skip("SKIPPED: the page's onnxruntime-web is not there; run `make page` (needs npm)")
    with serving(full_bundle) as site:
        yield site


@pytest.fixture(scope="session")
def chromium() -> Iterator[Callable[..., Any]]:
    """Starts the system's Chromium: `chromium("--flag")`."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"SKIPPED: none of {', '.join(BROWSERS)} is on the PATH; apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="SKIPPED: no playwright; pip install -e '.[dev]'")
    with playwright.sync_playwright() as driver:

        def start(*flags: str) -> Any:
            return driver.chromium.launch(executable_path=path, args=["--no-sandbox", *flags])

        yield start


@pytest.fixture(scope="session")
def browser(chromium) -> Iterator[Any]:
    browser = chromium()
    yield browser
    browser.close()


@pytest.fixture
def context(browser) -> Iterator[Any]:
    """A browser that has seen no page."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def lab(site, browser) -> Iterator[Any]:
    """A document of the page's origin with nothing in it, where its modules can be called."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.address}bundle/preprocessing.json")
    yield page
    context.close()


@pytest.fixture(scope="session")
def recording(recordings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (N,) and samples (N, 6) of real recordings of six activities, one after the other, 50 Hz."""
    names: Sequence[str] = ("walk", "stairs_up", "stairs_down", "sit", "stand", "jog")
    parts = [np.concatenate([recordings[n].acc, recordings[n].gyro], axis=1).astype(np.float64) for n in names]
    samples = np.concatenate(parts)
    return np.arange(len(samples)) / 50.0, samples
