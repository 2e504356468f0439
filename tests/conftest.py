import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from faulty_server import FaultyServer, serve

os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers that each spin two threads on two cores wait for each other most of the time.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Where LANHAR_DATA says, or in a folder beside the checkout.
FULL_DATA = Path(os.environ.get("LANHAR_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


@pytest.fixture(scope="session")
def full_data() -> Path:
    """The full recordings, which are not part of the project."""
    if not (FULL_DATA / "uci.zip").exists():
        pytest.skip(f"SKIPPED: no uci.zip in {FULL_DATA}; set LANHAR_DATA to run the tests on full recordings")
    return FULL_DATA


@pytest.fixture(scope="session")
def fake() -> Callable[[str], ModuleType]:
    """Loads a generator of small files in a dataset's original layout: `fake("hhar").write(folder)`."""

    def load(name: str) -> ModuleType:
        path = Path(__file__).parent / "datasets" / f"fake_{name}.py"
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def tiny_text_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of 32 dimensions with random weights and the packaged tokenizer: the real loading code in a second."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    from lanhar.pretrained import resolve_text_encoder

    folder = tmp_path_factory.mktemp("tiny_text_encoder")
    tokenizer = AutoTokenizer.from_pretrained(resolve_text_encoder("minilm"))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(tokenizer), **shape)).save_pretrained(folder)
    return folder


@pytest.fixture
def small(tiny_text_encoder: Path, tmp_path: Path) -> list[str]:
    """Overrides that make any training a matter of seconds."""
    return [
        f"runs_dir={tmp_path / 'runs'}",
        f"cache_dir={tmp_path / 'cache'}",
        f"text_encoder.name={tiny_text_encoder}",
        "virtual_windows.count=40",
        "alignment.max_windows=48",
        "alignment.epochs=1",
        "alignment.batch_size=16",
        "mapping.epochs=2",
        "mapping.batch_size=32",
        "baselines.random_forest.n_estimators=10",
        "callbacks.progress_bar=null",
    ]


@pytest.fixture(scope="session")
def running_server() -> Iterator[FaultyServer]:
    """The server behind `faulty_server`: one for all tests."""
    with serve() as server:
        yield server


@pytest.fixture
def faulty_server(running_server: FaultyServer) -> FaultyServer:
    """A language model's API on loopback that goes wrong on demand; it starts well-behaved."""
    running_server.reset()
    return running_server
