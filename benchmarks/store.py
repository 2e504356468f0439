"""The store of interpretations: saving, opening a million rows, looking up 100,000 tasks, Parquet.

python benchmarks/store.py [attempts]
"""

import hashlib
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from lanhar.interpretation.store import Attempt, Outcome, Record, Store
from lanhar.interpretation.store.parquet import export_parquet, import_parquet
from lanhar.signals.table import FEATURES, HEADINGS

T = TypeVar("T")
PAGE = 10_000
LOOKED_UP = 100_000


def answer(generator: random.Random) -> str:
    """JSON of a real answer's size and sameness: seven sections of three numbers and a sentence, 2.5 kB."""
    sections = {
        heading: {
            "evidence": [
                {"feature": f.name, "value": round(generator.gauss(0, 9), 3), "unit": f.unit, "origin": str(f.origin)}
                for f in generator.sample(FEATURES, 3)
            ],
            "conclusion": f"The {heading.lower()} is {generator.choice(('low', 'high'))} here, as measured.",
        }
        for heading in HEADINGS
    }
    return json.dumps(sections)


def attempts(count: int, seed: str) -> Iterator[Attempt]:
    generator = random.Random(seed)
    texts = [answer(generator) for _ in range(1000)]
    for i in range(count):
        key = hashlib.sha256(f"{seed} {i}".encode()).hexdigest()
        raw = f"{texts[i % 1000]} {i}"
        usage = (1200, 600, 0.0012, 2.5)
        yield Attempt(key, key, 0, "model-a", raw, "stop", "model", "schema", *usage, "2026-01-01T00:00:00+00:00")


def record(attempt: Attempt) -> Record:
    text = attempt.raw[:900]
    outcome = Outcome(attempt.task, "f1", "accepted", attempt.key, text, (), 1, {"window": 7}, attempt.created)
    return Record(attempt, None, {"f1": ()}, (outcome,))


def calls(store: Store, count: int = 5000) -> None:
    """What one answer costs an asyncio program: claim, save, judge, settle, each committed by itself."""
    names = ("claim", "save", "judge", "settle")
    took: dict[str, list[float]] = {name: [] for name in names}
    for attempt in attempts(count, "calls"):
        steps = (
            lambda a=attempt: store.claim(a.key),
            lambda a=attempt: store.save(a),
            lambda a=attempt: store.judge(a.key, "f1", ()),
            lambda a=attempt: store.settle(record(a).outcomes),
        )
        for name, step in zip(names, steps, strict=True):
            began = time.perf_counter()
            step()
            took[name].append((time.perf_counter() - began) * 1e3)
    for name in names:
        times = sorted(took[name])
        print(
            f"  {name}: median {times[count // 2]:.3f} ms, mean {sum(times) / count:.3f} ms, "
            f"99 % {times[count * 99 // 100]:.2f} ms, {1e3 * count / sum(times):.0f} a second"
        )


def timed(what: str, work: Callable[[], T]) -> T:
    began, worked = time.perf_counter(), time.process_time()
    result = work()
    seconds, busy = time.perf_counter() - began, time.process_time() - worked
    print(f"{what}: {seconds:.3f} s ({busy:.3f} s of processor time)", flush=True)
    return result


def fill(store: Store, count: int) -> None:
    generated = map(record, attempts(count, "fill"))
    while page := list(islice(generated, PAGE)):
        store.merge(page)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def parquet(place: Path, count: int) -> None:
    file = place / "all.parquet"
    with Store(place / "exported") as store, Store(place / "imported") as other:
        fill(store, count)
        before = peak_mib()
        rows = timed("export", lambda: export_parquet(store, file))
        print(f"  {rows} rows, {file.stat().st_size / 2**20:.0f} MiB, peak memory {peak_mib() - before:+.0f} MiB")
        counts = timed("import", lambda: import_parquet(other, file))
        print(f"  {counts.added} added, peak memory {peak_mib() - before:+.0f} MiB in all")


def large(place: Path, count: int) -> None:
    with Store(place) as store:
        timed(f"{count} attempts with verdict and outcome merged", lambda: fill(store, count))
    size = sum(file.stat().st_size for file in place.iterdir())
    print(f"  {size / 2**30:.2f} GiB on disk")
    tasks = [attempt.task for attempt in attempts(count, "fill")]
    store = timed("open", lambda: Store(place, create=False))
    timed("read the first attempt", lambda: store.attempt(tasks[count // 2]))
    wanted = random.Random(0).sample(tasks, min(LOOKED_UP, count))
    found = timed(f"outcomes of {len(wanted)} tasks at random", lambda: store.outcomes(wanted, "f1"))
    assert len(found) == len(wanted)
    timed("sums over all", store.interpreters)
    print(f"calls on {count} attempts:")
    calls(store)
    store.close()


def main(count: int = 1_000_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with Store(place / "empty") as store:
            print("calls on an empty store:")
            calls(store)
        parquet(place, count // 20)
        large(place / "large", count)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
