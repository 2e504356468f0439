"""Windows of one dataset, cut once and kept memory-mapped."""

import shutil
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lanhar.datamodules.window_set import LabelledWindows
from lanhar.datasets.base import Dataset, ReadReport
from lanhar.datasets.locate import Progress, no_progress
from lanhar.datasets.recording import Recording
from lanhar.errors import LanharError
from lanhar.files import locked, read_json, write_json
from lanhar.keys import code_digest, digest
from lanhar.signals.align import align
from lanhar.signals.features import classifier_features, compute_features
from lanhar.signals.resample import resample
from lanhar.signals.windows import slide, window_starts

CODE = ("activities.py", "datasets", "signals", "datamodules/window_cache.py")


@dataclass(frozen=True)
class WindowSettings:
    """How recordings are cut.

    Attributes:
        length: L, samples a window.
        rate_hz: samples per second after resampling.
        overlap: share of a window that the next one repeats, 0 to below 1.
    """

    length: int
    rate_hz: float
    overlap: float

    def __post_init__(self) -> None:
        if not self.rate_hz > 0:
            raise LanharError(f"windows.rate_hz is {self.rate_hz}; write a rate above 0, such as windows.rate_hz=50")
        if self.length < 2:
            raise LanharError(f"windows.length is {self.length} samples; write 2 or more, such as windows=long")
        if not 0 <= self.overlap < 1:
            raise LanharError(f"windows.overlap is {self.overlap}; write a share from 0 to below 1, such as 0.5")

    @property
    def hop(self) -> int:
        """Samples from one window's start to the next's."""
        return max(1, round(self.length * (1 - self.overlap)))


@dataclass(frozen=True)
class CachedWindows:
    """Windows of one dataset with the identity that run keys are made of.

    Attributes:
        windows: all windows, of every activity.
        key: digest of the files, the reader and the settings.
        counts: activity → windows.
        dropped: reason → samples that were read but did not make it into a window.
    """

    windows: LabelledWindows
    key: str
    counts: dict[str, int]
    dropped: dict[str, int]


def open_windows(
    dataset: Dataset, settings: WindowSettings, cache_dir: Path, progress: Progress = no_progress
) -> CachedWindows:
    """Open a dataset's windows, cutting them first where the cache has none for these files and settings.

    Either way `dataset.report` says afterwards what the reader met.

    Raises:
        LanharError: the dataset cannot be found, or not one window comes out of it.
    """
    key = window_key(dataset, settings)
    folder = cache_dir / "windows" / f"{dataset.name}-{key}"
    if not (folder / "report.json").exists():
        with locked(cache_dir / "windows" / f".{dataset.name}-{key}"):
            if not (folder / "report.json").exists():
                _cut(dataset, settings, folder, progress)
    report = read_json(folder / "report.json")
    dataset.report = restore_report(report["read"])
    return CachedWindows(_load(folder, settings.length), key, report["windows"], report["dropped"])


def window_key(dataset: Dataset, settings: WindowSettings) -> str:
    """Digest of the dataset's files, the reader's version, its placements, the settings and the code that cuts."""
    return digest(
        {
            "dataset": dataset.name,
            "version": dataset.version,
            "files": dataset.fingerprint(),
            "placements": dataset.selected_placements,
            "settings": asdict(settings),
            "code": code_digest(CODE),
        }
    )


def _cut(dataset: Dataset, settings: WindowSettings, folder: Path, progress: Progress) -> None:
    working = folder.with_name(folder.name + ".partial")
    shutil.rmtree(working, ignore_errors=True)
    working.mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    gravities: list[NDArray[np.float32]] = []
    dropped: Counter[str] = Counter()
    with (working / "samples.f32").open("wb") as file:
        for index, recording in enumerate(dataset.recordings(progress)):
            samples, gravity, start_s = cut_recording(recording, settings, dropped)
            file.write(samples.tobytes())
            gravities.append(gravity)
            rows += [_row(recording, index, float(start)) for start in start_s]
    if not rows:
        raise LanharError(
            f"{dataset.name}: no window of {settings.length / settings.rate_hz:g} s fits into any of its "
            f"{dataset.report.recordings} recordings; write windows=short or a smaller windows.length"
        )
    _add_features(working, settings, np.concatenate(gravities), progress)
    pd.DataFrame(rows).to_parquet(working / "index.parquet")
    windows = dict(sorted(Counter(row["activity"] for row in rows).items()))
    lost = {reason: count for reason, count in dropped.items() if count}
    report = {"read": dict(vars(dataset.report)), "windows": windows, "dropped": lost}
    write_json(working / "report.json", report)
    shutil.rmtree(folder, ignore_errors=True)
    working.rename(folder)


def cut_recording(
    recording: Recording, settings: WindowSettings, dropped: Counter[str]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
    """Cut one recording into windows.

    Args:
        recording: at any rate; it is resampled to that of the windows.
        settings: length, rate and overlap.
        dropped: counts samples that end in no window, by reason.

    Returns:
        Aligned windows (N, L, 6), their gravity (N, 3) in the device's axes, m/s², and where they start (N,), seconds.
    """
    samples = np.concatenate([recording.acc, recording.gyro], axis=1)
    if recording.rate_hz != settings.rate_hz:
        samples = resample(samples, recording.rate_hz, settings.rate_hz)
    starts = window_starts(len(samples), settings.length, settings.hop)
    if not len(starts):
        dropped[f"recording shorter than a window of {settings.length / settings.rate_hz:g} s"] += len(samples)
        none = np.empty((0, settings.length, 6), np.float32)
        return none, np.empty((0, 3), np.float32), np.empty(0)
    dropped["rest of a recording, shorter than a window"] += int(len(samples) - starts[-1] - settings.length)
    windows, gravity, valid = align(slide(samples, settings.length, settings.hop))
    dropped["window without gravity (mean acceleration too small)"] += int((~valid).sum()) * settings.hop
    kept = np.ascontiguousarray(windows[valid], dtype=np.float32)
    return kept, gravity[valid].astype(np.float32), starts[valid] / settings.rate_hz


def _row(recording: Recording, index: int, start_s: float) -> dict[str, Any]:
    return {
        "dataset": recording.dataset,
        "subject": f"{recording.dataset}/{recording.subject}",
        "activity": recording.activity,
        "placement": recording.placement,
        "recording": index,
        "start_s": start_s,
    }


def restore_report(saved: dict[str, Any]) -> ReadReport:
    """A reader's report as it was written beside the windows."""
    report = ReadReport(**saved)
    for name in ("dropped", "counts", "subjects", "samples"):
        setattr(report, name, Counter(getattr(report, name)))
    return report


def _add_features(folder: Path, settings: WindowSettings, gravity: NDArray[np.float32], progress: Progress) -> None:
    samples = _map_samples(folder, settings.length)
    chunks = range(0, len(samples), 2048)
    tables = [
        (
            compute_features(samples[i : i + 2048], gravity[i : i + 2048], settings.rate_hz),
            classifier_features(samples[i : i + 2048], gravity[i : i + 2048], settings.rate_hz),
        )
        for i in progress(chunks, "Measuring features", len(chunks))
    ]
    np.save(folder / "gravity.npy", gravity)
    np.save(folder / "features.npy", np.concatenate([table[0] for table in tables]))
    np.save(folder / "classifier_features.npy", np.concatenate([table[1] for table in tables]))


def _map_samples(folder: Path, length: int) -> NDArray[np.float32]:
    flat: NDArray[np.float32] = np.memmap(folder / "samples.f32", dtype=np.float32, mode="r")
    return flat.reshape(-1, length, 6)


def _load(folder: Path, length: int) -> LabelledWindows:
    index = pd.read_parquet(folder / "index.parquet")
    return LabelledWindows(
        samples=_map_samples(folder, length),
        gravity=np.load(folder / "gravity.npy", mmap_mode="r"),
        features=np.load(folder / "features.npy", mmap_mode="r"),
        classifier_features=np.load(folder / "classifier_features.npy", mmap_mode="r"),
        dataset=index["dataset"].to_numpy(dtype=str),
        activity=index["activity"].to_numpy(dtype=str),
        subject=index["subject"].to_numpy(dtype=str),
        placement=index["placement"].to_numpy(dtype=str),
        recording=index["recording"].to_numpy(dtype=np.int64),
        start_s=index["start_s"].to_numpy(dtype=np.float64),
    )
