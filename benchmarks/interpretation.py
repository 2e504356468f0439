"""What interpreting costs beside the model: processor time a request, and memory, at 64 requests at once on loopback.

python benchmarks/interpretation.py [windows]

The same requests are made through litellm alone, so that the difference is what lanhar adds: limits, schema, filter,
store and loop.
"""

import asyncio
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

CONCURRENT = 64


def serve(port: Connection) -> None:
    """An OpenAI-compatible server that answers truthfully, in a process of its own."""
    from faulty_server import serve
    from truthful import truthful_answer

    with serve() as server:
        server.answer = lambda body: truthful_answer(body["messages"])
        server.delay_s = 0.05
        port.send(server.url)
        port.recv()


def sample_features() -> tuple[np.ndarray, list[str]]:
    """Features of the built-in sample's windows, repeated with noise by the caller."""
    from lanhar.datamodules.window_cache import WindowSettings, open_windows
    from lanhar.datasets import get_dataset, sample_dir
    from lanhar.signals.table import FEATURES

    with tempfile.TemporaryDirectory() as cache:
        dataset = get_dataset("uci")(sample_dir(), Path(cache), download=False)
        windows = open_windows(dataset, WindowSettings(300, 50.0, 0.5), Path(cache)).windows
        return np.array(windows.features), [feature.name for feature in FEATURES]


def measured(what: str, work: Callable[[], Coroutine[Any, Any, None]], count: int) -> float:
    """Processor time a request, milliseconds; printed with throughput and the growth of memory."""
    before, began, memory = time.process_time(), time.perf_counter(), _memory_mib()
    asyncio.run(work())
    spent = (time.process_time() - before) / count * 1e3
    rate = count / (time.perf_counter() - began)
    print(f"{what}: {spent:.2f} ms of processor time a request, {rate:.0f} a second, {_memory_mib() - memory:+.0f} MiB")
    return spent


def _memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(count: int = 2000) -> None:
    from lanhar.interpretation.filter.filter import make_filter
    from lanhar.interpretation.llm.budget import Budget
    from lanhar.interpretation.llm.client import Client
    from lanhar.interpretation.llm.provider import load_litellm
    from lanhar.interpretation.llm.settings import ModelSettings
    from lanhar.interpretation.prompt import WindowPrompt
    from lanhar.interpretation.regeneration import Regeneration, Watch, Writer
    from lanhar.interpretation.store import Store
    from lanhar.interpretation.window_job import WindowJob

    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    url = here.recv()
    base, columns = sample_features()
    rows = np.random.default_rng(0).integers(len(base), size=count)
    features = base[rows] * (1 + np.arange(count)[:, None] * 1e-5)
    prompt = WindowPrompt("compact", 6.0, 50.0)
    settings = ModelSettings("openai/benchmark", api_base=url, concurrency=CONCURRENT)
    litellm = load_litellm()

    async def litellm_alone() -> None:
        places = asyncio.Semaphore(CONCURRENT)

        async def ask(messages: list[dict[str, str]]) -> None:
            async with places:
                await litellm.acompletion(model="openai/benchmark", api_base=url, api_key="none", messages=messages)

        await asyncio.gather(*(ask(messages) for messages in prompt.render(features, columns)))

    async def lanhar(folder: Path, count: int) -> None:
        rules = make_filter({"form": {}, "leak": {}, "grounding": {}, "consistency": {}})
        groups = np.full(count, "", dtype=str)
        job = WindowJob("id", rules, "filter", prompt, features[:count], columns, groups, lambda _: {}, None)
        with Store(folder) as store:
            async with Client(settings, Budget()) as client:
                writer = Writer(job, client, store, Regeneration(0, (0.0,)), Watch())
                states = await writer.run(CONCURRENT)
        print(f"  accepted {sum(state.status == 'accepted' for state in states)} of {count}")

    with tempfile.TemporaryDirectory() as folder:
        # Word lists and the language model of the filter are loaded once, whatever follows.
        asyncio.run(lanhar(Path(folder) / "warm", 20))
        alone = measured("litellm alone", litellm_alone, count)
        ours = measured("lanhar", lambda: lanhar(Path(folder) / "store", count), count)
    print(f"lanhar adds {ours - alone:.2f} ms a request")
    here.send("end")
    server.join(5)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
