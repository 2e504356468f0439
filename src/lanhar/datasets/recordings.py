"""A user's own recordings, described by one YAML."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from lanhar.datasets.base import Dataset
from lanhar.datasets.locate import Progress, no_progress
from lanhar.datasets.recording import Recording
from lanhar.datasets.recordings_paths import Source, find_sources
from lanhar.datasets.recordings_sensors import Key, Sensor, load_sensors, uniform_stretches
from lanhar.datasets.recordings_spec import ACC_UNITS, Spec, alias_lines, load_spec
from lanhar.errors import LanharError
from lanhar.signals.units import STANDARD_GRAVITY_M_S2

SHORTEST_S = 1.0
FASTEST_TURN_RAD_S = 30.0
"""No person turns so fast on average; degrees per second easily do."""
SLOWEST_TURN_RAD_S = 0.06
"""Nobody whose acceleration deviates by `LIVELY_M_S2` turns so slowly."""
LIVELY_M_S2 = 1.0
ACC_OF_GRAVITY = (0.5, 2.0)
"""No recording's median |acc| lies outside, in g: people run and sit, but gravity stays."""


@dataclass
class Levels:
    """What was measured of every recording, to judge the units by.

    Attributes:
        acc: medians of |acc| in m/s².
        gyro: root mean squares of |gyro| in rad/s.
        lively: those of them while the acceleration is lively.
    """

    acc: list[float] = field(default_factory=list)
    gyro: list[float] = field(default_factory=list)
    lively: list[float] = field(default_factory=list)

    def add(self, recording: Recording) -> None:
        """Measure a recording."""
        acc = np.linalg.norm(recording.acc, axis=1)
        self.acc.append(float(np.median(acc)))
        self.gyro.append(float(np.sqrt(np.mean(np.sum(recording.gyro**2, axis=1)))))
        if acc.std() > LIVELY_M_S2:
            self.lively.append(self.gyro[-1])


class Recordings(Dataset):
    """Any folder of CSV, Parquet or MAT files, read by the description in a YAML (`docs/own_recordings.md`).

    Args:
        data_dir: where the files are if they are not beside the YAML.
        cache_dir: where an archive is unpacked.
        spec: path of the YAML.
        placements: read only these placements; None reads all.
        download: has no meaning here; own files are not fetched.

    Raises:
        LanharError: the YAML cannot be meant, or there is no such folder.
    """

    name = "recordings"
    title = "own recordings"
    source = "your own files"
    licence = "yours"
    citation = ""
    sensors = "as the YAML says"
    rate_hz = 50.0
    placements = ()
    default_placements = ()
    activities: ClassVar = {}
    marker = ""
    folders = ()
    archives = ()

    def __init__(
        self,
        data_dir: Path | str,
        cache_dir: Path | str,
        *,
        spec: Path | str,
        placements: Sequence[str] | None = None,
        download: bool = False,
    ) -> None:
        self.spec_path = Path(spec)
        self.spec: Spec = load_spec(self.spec_path)
        places = [base / self.spec.folder for base in (self.spec_path.parent, Path(data_dir))]
        found = next((place for place in places if place.exists()), None)
        if found is None:
            raise LanharError(
                f"{self.spec_path}: folder '{self.spec.folder}' is neither beside the YAML nor "
                f"in data_dir={data_dir}; write folder: <path>"
            )
        super().__init__(found, cache_dir, placements=placements, download=download)
        self.patterns = (self.spec.files,)

    @property
    def called(self) -> str:
        """What the YAML calls it, by its own name unless it says another."""
        return self.spec.name

    def fingerprint(self, progress: Progress = no_progress) -> str:
        """Hex digest of the files and of the YAML, because both decide what is read."""
        files = super().fingerprint(progress).encode()
        return hashlib.sha256(files + self.spec_path.read_bytes()).hexdigest()

    def registry_activities(self) -> set[str]:
        """Canonical names that the YAML gives."""
        return {activity for activity in self.spec.activities.values() if activity}

    def read(self, root: Path, progress: Progress) -> Iterator[Recording]:
        """Yield every stretch of one subject, activity, trial, placement and device without gaps."""
        sources, lone = find_sources(root, self.spec)
        self.report.counts["files"] = len({path for s in sources for path in (s.acc, s.gyro)})
        if lone:
            self.report.notes.append(f"{len(lone)} files without one of the other sensor, such as {lone[0]}")
        unmapped: Counter[str] = Counter()
        levels = Levels()
        for source in progress(sources, f"Reading {self.spec.name}", len(sources)):
            for recording in self._source(source, unmapped):
                levels.add(recording)
                # The rest is read only to name every missing alias at once.
                if not unmapped:
                    yield recording
        if unmapped:
            names = ", ".join(f"'{name}' ({rows} rows)" for name, rows in unmapped.most_common())
            raise LanharError(
                f"{self.spec_path}: no alias for {names}; add below activities: "
                f"{alias_lines(sorted(unmapped))} (null leaves one out)"
            )
        if not levels.acc:
            lost = ", ".join(f"{rows:,} × {reason}" for reason, rows in self.report.dropped.most_common())
            raise LanharError(
                f"{self.spec_path}: no recording came out of {self.report.counts['files']} files: "
                f"{lost or 'no row has the placement that was asked for'}"
            )
        self._judge_units(levels)

    def _source(self, source: Source, unmapped: Counter[str]) -> Iterator[Recording]:
        acc, gyro = load_sensors(source, self.spec)
        pieces: Counter[Key] = Counter()
        for key, rows in acc.rows.items():
            if key.activity and key.activity not in self.spec.activities:
                unmapped[key.activity] += len(rows)
                continue
            activity = self.spec.activities.get(key.activity)
            if activity is None:
                what = f"activity '{key.activity}' left out" if key.activity else "rows without an activity"
                self.report.drop(what, len(rows))
            elif self._is_selected(key.placement) and self._has_both(key, acc, gyro):
                pieces_here = uniform_stretches(key, acc, gyro, self.spec)
                if not pieces_here:
                    self.report.drop("rows while the other sensor did not run (two clocks?)", len(rows))
                for piece in pieces_here:
                    if len(piece.acc) < SHORTEST_S * piece.rate_hz:
                        self.report.drop(f"stretches under {SHORTEST_S:g} s between gaps", len(piece.acc))
                        continue
                    pieces[key._replace(run=0)] += 1
                    yield Recording(
                        acc=piece.acc,
                        gyro=piece.gyro,
                        rate_hz=piece.rate_hz,
                        dataset=self.spec.name,
                        subject=key.subject,
                        activity=activity,
                        placement=key.placement,
                        device=key.device,
                        trial=f"{key.activity}/{key.trial or source.name}-{pieces[key._replace(run=0)]}",
                    )

    def _is_selected(self, placement: str) -> bool:
        return not self.selected_placements or placement in self.selected_placements

    def _has_both(self, key: Key, acc: Sensor, gyro: Sensor) -> bool:
        """Count what is missing; whether anything is left."""
        missing = _missing(acc, key)
        self.report.drop("rows with missing numbers", missing)
        if key in gyro.rows:
            self.report.drop("rows of the gyroscope with missing numbers", _missing(gyro, key))
        else:
            self.report.drop("acceleration without gyroscope", len(acc.rows[key]) - missing)
        return key in gyro.rows

    def _judge_units(self, levels: Levels) -> None:
        """Compare what was read with gravity and with how fast people turn."""
        self._judge_acc(float(np.median(levels.acc)))
        # Most recordings may be of people who sit: the liveliest tenth tells the unit of turning.
        fast, unit = float(np.quantile(levels.gyro, 0.9)), self.spec.units.gyro
        if fast > FASTEST_TURN_RAD_S:
            raise LanharError(
                f"{self.spec_path}: gyro turns at {fast:.0f} rad/s (RMS), so it looks like "
                f"{'deg/s; write units.gyro: deg/s' if unit == 'rad/s' else f'another unit than {unit}'}"
            )
        if levels.lively and (slow := float(np.median(levels.lively))) < SLOWEST_TURN_RAD_S:
            raise LanharError(
                f"{self.spec_path}: gyro turns at {slow:.2g} rad/s (RMS) while people move; write units.gyro as it was "
                "measured (rad/s or deg/s), or other columns.gyro: without a gyroscope nothing can be recognised"
            )
        if max(levels.gyro) < SLOWEST_TURN_RAD_S:
            self.report.notes.append(f"gyro stays below {max(levels.gyro):.2g} rad/s (RMS): check units.gyro")

    def _judge_acc(self, acc: float) -> None:
        g, unit = STANDARD_GRAVITY_M_S2, self.spec.units.acc
        measured = acc / ACC_UNITS[unit]
        if not ACC_OF_GRAVITY[0] < acc / g < ACC_OF_GRAVITY[1]:
            where = f"{self.spec_path}: median |acc| is {measured:.2f}"
            if fits := [other for other, factor in ACC_UNITS.items() if 0.9 < measured * factor / g < 1.1]:
                raise LanharError(f"{where}, so it looks like {fits[0]}; write units.acc: {fits[0]}")
            raise LanharError(
                f"{where} {unit}, gravity alone gives {g / ACC_UNITS[unit]:.2f}; write units.acc as it was measured, "
                "and columns.gravity where gravity was taken out"
            )
        if not 0.8 < acc / g < 1.2:
            self.report.notes.append(
                f"median |acc| is {acc:.2f} m/s², gravity alone gives {g:.2f}: check units.acc and columns.gravity"
            )


def _missing(sensor: Sensor, key: Key) -> int:
    return int((~np.isfinite(sensor.xyz[sensor.rows[key]]).all(axis=1)).sum())
