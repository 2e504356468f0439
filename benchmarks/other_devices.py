"""What other devices, wearers and places cost: finished runs on recordings of their target, changed on purpose.

LANHAR_DATA=/path/to/datasets python -m benchmarks.other_devices 'runs/cross_dataset/*'

Macro F1 in the runs' label space: the mean over the runs of a target, whose recordings are read, changed, cut into
windows and predicted, and how it differs from that of the recordings as they are. The limb is a pendulum (`limb`), the
physics of training with other parameters: it stands in for wrists and arms, which these datasets do not have.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

Samples = np.ndarray[Any, np.dtype[np.float64]]
G, STILL = 9.80665, 0.3


def changed(recording: Any, acc: Samples, gyro: Samples, rate_hz: float | None = None) -> Any:
    """The recording with other samples."""
    rate = recording.rate_hz if rate_hz is None else rate_hz
    return replace(recording, acc=acc.astype(np.float32), gyro=gyro.astype(np.float32), rate_hz=rate)


def generator(recording: Any) -> np.random.Generator:
    """Random numbers that are the same for a recording in every call."""
    return np.random.default_rng(list(f"{recording.subject} {recording.activity} {recording.trial}".encode()))


def sampled(rate_hz: float) -> Callable[[Any], Any]:
    """At another rate, anti-aliased."""

    def change(r: Any) -> Any:
        from lanhar.signals.resample import resample

        acc, gyro = (np.asarray(resample(x, r.rate_hz, rate_hz), float) for x in (r.acc, r.gyro))
        return changed(r, acc, gyro, rate_hz)

    return change


def smoothed(cutoff_hz: float, gyro: bool) -> Callable[[Any], Any]:
    """Second-order Butterworth there and back, of the acceleration or both."""

    def change(r: Any) -> Any:
        from scipy.signal import butter, sosfiltfilt

        if len(r.acc) <= 18:
            return r
        sos = butter(2, cutoff_hz, fs=r.rate_hz, output="sos")
        smooth = [sosfiltfilt(sos, x, axis=0) for x in (r.acc, r.gyro)]
        return changed(r, smooth[0], smooth[1] if gyro else r.gyro)

    return change


def played(factor: float) -> Callable[[Any], Any]:
    """Everything done so many times as fast: the same arcs and paths in less time."""

    def change(r: Any) -> Any:
        time = np.arange(0, len(r.acc) - 1, factor)
        acc, gyro = (np.stack([np.interp(time, np.arange(len(x)), c) for c in x.T], axis=1) for x in (r.acc, r.gyro))
        return changed(r, acc.mean(0) + (acc - acc.mean(0)) * factor**2, gyro * factor)

    return change


def late(seconds: float) -> Callable[[Any], Any]:
    """The gyroscope behind the accelerometer."""

    def change(r: Any) -> Any:
        return changed(r, r.acc, r.gyro[np.maximum(np.arange(len(r.gyro)) - round(seconds * r.rate_hz), 0)])

    return change


def turned(r: Any) -> Any:
    """The device anyhow in its pocket."""
    from scipy.spatial.transform import Rotation

    turn = Rotation.random(rng=generator(r))
    return changed(r, turn.apply(r.acc), turn.apply(r.gyro))


def offset(r: Any) -> Any:
    """Accelerometer off by 0.3 m/s² and 3 % an axis, gyroscope by 0.1 rad/s."""
    rng = generator(r)
    off, drift = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
    return changed(r, r.acc * (1 + 0.03 * rng.choice([-1, 1], 3)) + 0.3 * off, r.gyro + 0.1 * drift)


def limb(degrees: float, metres: float) -> Callable[[Any], Any]:
    """At the end of a limb that hangs from where the device was and swings once in two steps."""

    def change(r: Any) -> Any:
        from scipy.signal import welch
        from scipy.spatial.transform import Rotation

        up = r.acc.mean(0) / np.linalg.norm(r.acc.mean(0))
        vertical = (r.acc - r.acc.mean(0)) @ up
        if len(vertical) < 2 * r.rate_hz or vertical.std() < STILL:
            return r
        frequency, power = welch(vertical, r.rate_hz, nperseg=min(len(vertical), round(6 * r.rate_hz)), nfft=4096)
        walking = (frequency > 1.2) & (frequency < 2.8)
        stride_hz = frequency[walking][power[walking].argmax()] / 2
        rng = generator(r)
        axis = np.cross(up, rng.normal(size=3))
        axis /= np.linalg.norm(axis)
        pace = np.repeat(1 + 0.03 * rng.normal(size=int(len(vertical) / r.rate_hz) + 2), round(r.rate_hz))
        phase = 2 * np.pi * stride_hz * np.cumsum(pace[: len(vertical)]) / r.rate_hz + rng.uniform(0, 2 * np.pi)
        angle = np.deg2rad(degrees) * np.sin(phase)
        rate = np.gradient(angle) * r.rate_hz
        felt = np.outer(np.gradient(rate) * r.rate_hz, np.cross(axis, -up)) + np.outer(rate**2, up)
        back = Rotation.from_rotvec(-angle[:, None] * axis)
        return changed(r, back.apply(r.acc) + metres * felt, back.apply(r.gyro) + rate[:, None] * axis)

    return change


CHANGES: dict[str, Callable[[Any], Any]] = {
    "as recorded": lambda r: r,
    "turned at random": turned,
    "acceleration off by 0.3 m/s² and 3 %, rotation by 0.1 rad/s": offset,
    "acceleration clipped at 2 g": lambda r: changed(r, r.acc.clip(-2 * G, 2 * G), r.gyro),
    "25 Hz": sampled(25.0),
    "20 Hz": sampled(20.0),
    "acceleration smoothed at 5 Hz": smoothed(5.0, gyro=False),
    "both smoothed at 5 Hz": smoothed(5.0, gyro=True),
    "gyroscope 0.1 s late": late(0.1),
    "0.7 times as fast": played(0.7),
    "0.85 times as fast": played(0.85),
    "1.3 times as fast": played(1.3),
    "on a limb: 10° of swing, 0.25 m": limb(10, 0.25),
    "on a limb: 25° of swing, 0.6 m": limb(25, 0.6),
}


def windows(runs: list[Any], change: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Changed windows (N, L, 6) of the runs' target, and their activities."""
    from lanhar.datamodules.window_cache import cut_recording
    from lanhar.stages.settings import make_dataset, window_settings

    cfg, settings = runs[0].cfg, window_settings(runs[0].cfg)
    parts, activities = [], []
    space = runs[0].data.tested
    wanted = {member for activity in space.activities for member in space.members(activity)}
    for card in cfg.target.datasets.values():
        for recording in make_dataset(card, cfg).recordings():
            if recording.activity in wanted:
                samples, _, _ = cut_recording(change(recording), settings, Counter())
                parts.append(samples)
                activities += [recording.activity] * len(samples)
    return np.concatenate(parts), np.array(activities)


def rows(runs: list[Any]) -> Iterator[tuple[str, float, int]]:
    """Change, mean macro F1 over the runs, windows."""
    from sklearn.metrics import f1_score

    from lanhar.stages.reopen import described

    tested = runs[0].data.tested
    names = {member: name for name in tested.activities for member in tested.members(name)}
    encoder = runs[0].run.mapping.module.sensor_encoder
    for name, change in CHANGES.items():
        samples, activities = windows(runs, change)
        truth = np.array([names[activity] for activity in activities])
        inputs, scores = described(encoder, samples), []
        for opened in runs:
            module = opened.run.mapping.module
            cosines = module.sensor_encoder.embed(inputs) @ module.bank().T
            chosen = np.array(tested.activities)[cosines[:, opened.data.space.positions(tested)].argmax(1).numpy()]
            scores.append(f1_score(truth, chosen, average="macro", labels=list(tested.activities)))
        yield name, float(np.mean(scores)), len(samples)


def main(*named: str) -> None:
    """Print a table for each target."""
    import os

    import torch

    from lanhar.stages.reopen import open_run, run_folders

    if not named or not os.environ.get("LANHAR_DATA"):
        print("SKIPPED: name finished runs, and set LANHAR_DATA to the folder of the full datasets")
        return
    by_target: dict[str, list[Any]] = {}
    for folder in run_folders(list(named)):
        opened = open_run(Path(folder), os.environ["LANHAR_DATA"], os.environ.get("LANHAR_CACHE"))
        by_target.setdefault(opened.conditions["target"], []).append(opened)
    with torch.no_grad():
        for target, runs in by_target.items():
            print(f"\n| {target}, {len(runs)} runs | macro F1 | change | windows |\n|:--|--:|--:|--:|")
            plain = None
            for name, score, count in rows(runs):
                plain = score if plain is None else plain
                print(f"| {name} | {score:.3f} | {score - plain:+.3f} | {count:,} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
