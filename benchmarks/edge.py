"""A bundle on one core: size, time a window, 500 devices at once, memory over an hour; and the released encoder's size.

python benchmarks/edge.py [folder of a bundle]

Without a bundle: an untrained default encoder, which is as large and as fast.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

DEVICES, RATE_HZ = 500, 50
LAYERS, WIDTH, FEEDFORWARD, TOKENS = 3, 768, 1024, 120


def untrained(folder: Path) -> Path:
    """A bundle of the default encoder with random weights, written as an export writes it."""
    import torch

    from lanhar.edge import description
    from lanhar.edge.bundle import BUNDLE_VERSION, ENCODERS, LABEL_BANK, MANIFEST, PREPROCESSING, file_digest
    from lanhar.edge.device_encoder import DeviceEncoder
    from lanhar.edge.graphs import quantise, write_graph
    from lanhar.files import write_json
    from lanhar.models.gait.encoder import GaitEncoder
    from lanhar.models.label_bank import LabelBank

    torch.manual_seed(0)
    encoder = GaitEncoder(384, 300).eval()
    write_graph(DeviceEncoder(encoder), (torch.ones(300, 6),), ["window"], folder / ENCODERS["fp32"])
    quantise(folder / ENCODERS["fp32"], encoder, folder / ENCODERS["int8"])
    names = ("walk", "still", "stairs_up", "stairs_down")
    bank = LabelBank(names, (("",),) * 4, torch.nn.functional.normalize(torch.randn(4, 384), dim=1))
    write_json(folder / PREPROCESSING, description.preprocessing(300, 50.0, 1.0))
    write_json(folder / LABEL_BANK, description.label_bank(bank))
    files = {path.name: file_digest(path) for path in folder.iterdir()}
    content = {"bundle_version": BUNDLE_VERSION, "temperature": 0.1, "unknown_threshold": None, "files": files}
    write_json(folder / MANIFEST, content)
    return folder


def movement(seconds: int) -> tuple[np.ndarray, np.ndarray]:
    """Times and samples of a walk-like movement with noise."""
    time_s = np.arange(seconds * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(0).normal(scale=0.3, size=(len(time_s), 6))
    steps = np.sin(2 * np.pi * 1.8 * time_s)[:, None] * [1, 1, 3, 1, 1, 0.5]
    return time_s, noise + steps + [0, 0, 9.8, 0, 0, 0]


def one_window(folder: Path) -> None:
    from lanhar.edge.bundle import ENCODERS
    from lanhar.edge.runtime import load

    _, samples = movement(20)
    for precision, name in ENCODERS.items():
        encoder = load(folder, precision)
        windows = [samples[start : start + 300].astype(np.float32) for start in range(600)]
        for window in windows[:50]:
            encoder.embed(window)
        spent = []
        for window in windows:
            began = time.perf_counter()
            encoder.embed(window)
            spent.append(time.perf_counter() - began)
        size = (folder / name).stat().st_size / 1e6
        print(f"{name}: {size:.2f} MB, one window {np.median(spent) * 1e3:.2f} ms (median), one core")


def many_devices(folder: Path, seconds: int = 20) -> None:
    """Every device sends its samples ten times a second; the share of one core that all need together."""
    from lanhar.edge.runtime import Recogniser, load

    encoder = load(folder)
    devices = [Recogniser(encoder) for _ in range(DEVICES)]
    time_s, samples = movement(seconds)
    block = RATE_HZ // 10
    named, began, busy = 0, time.perf_counter(), 0.0
    for start in range(0, len(time_s), block):
        if start == 8 * RATE_HZ:  # every device predicts by now
            named, began, busy = 0, time.perf_counter(), time.process_time()
        for device in devices:
            named += len(device.push(time_s[start : start + block], samples[start : start + block]))
    streamed = seconds - 8
    spent, worked = time.perf_counter() - began, time.process_time() - busy
    print(
        f"{DEVICES} devices at {RATE_HZ} Hz, {streamed} s of stream, {named} predictions: {spent:.1f} s "
        f"({worked:.1f} s of processor time), {worked / streamed:.0%} of one core"
    )


def an_hour(folder: Path) -> None:
    """Memory after a minute and after an hour of samples of one device."""
    from lanhar.edge.runtime import Recogniser, load

    recogniser = Recogniser(load(folder))
    time_s, samples = movement(60)
    first = 0.0
    for minute in range(60):
        for start in range(0, len(time_s), 5):
            recogniser.push(time_s[start : start + 5] + 60 * minute, samples[start : start + 5])
        first = first or _resident_mib()
    print(f"an hour of samples: {first:.1f} MiB after a minute, {_resident_mib():.1f} MiB at its end")


def _resident_mib() -> float:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20


def released() -> None:
    """The sensor encoder of the released code, by its published shape."""
    attention = 4 * (WIDTH * WIDTH + WIDTH)
    feedforward = 2 * WIDTH * FEEDFORWARD + FEEDFORWARD + WIDTH
    layer = attention + feedforward + 4 * WIDTH
    projection = WIDTH * WIDTH + WIDTH + 2 * WIDTH
    total = 6 * WIDTH + WIDTH + LAYERS * layer + projection
    per_token = 4 * WIDTH * WIDTH + 2 * WIDTH * FEEDFORWARD + 2 * TOKENS * WIDTH
    products = TOKENS * (6 * WIDTH + LAYERS * per_token) + WIDTH * WIDTH
    print(
        f"the released LanHAR sensor encoder, computed from its shape: {total / 1e6:.1f} M parameters, "
        f"{total * 4 / 1e6:.0f} MB in floating point, {total / 1e6:.0f} MB in 8 bits, "
        f"{products / 1e9:.1f} G products a window"
    )


def main(bundle: str | None = None) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(bundle) if bundle else untrained(Path(temporary))
        # A process of its own each: what was imported to write the bundle must not count as memory of the runtime.
        for part in ("one_window", "many_devices", "an_hour"):
            code = f"from pathlib import Path; from benchmarks.edge import {part}; {part}(Path({str(folder)!r}))"
            subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])
    released()


if __name__ == "__main__":
    main(*sys.argv[1:])
