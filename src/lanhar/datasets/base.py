"""The contract of a reader: original files in, recordings in SI units out."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from lanhar.datasets import sample_dir
from lanhar.datasets.locate import (
    Place,
    Progress,
    fingerprint_files,
    list_files,
    locate,
    no_progress,
    unpack,
)
from lanhar.datasets.recording import Recording
from lanhar.errors import LanharError


@dataclass
class ReadReport:
    """What a reader met on its way.

    Attributes:
        dropped: reason → rows (samples) that did not make it into a recording.
        notes: anything else worth a line to the user.
        counts: what the reader counted in the files (`files`, `label rows`, ...), for the published facts.
        subjects: subject → samples read.
        samples: activity → samples read.
        seconds: activity → seconds read.
        recordings: number of recordings read.
        complete: whether the reader came to its end.
    """

    dropped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    subjects: Counter[str] = field(default_factory=Counter)
    samples: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    recordings: int = 0
    complete: bool = False

    def drop(self, reason: str, rows: int) -> None:
        """Count rows that were left out, and why."""
        if rows:
            self.dropped[reason] += int(rows)

    def add(self, recording: Recording) -> None:
        """Count a recording that was read."""
        self.recordings += 1
        self.subjects[recording.subject] += len(recording.acc)
        self.samples[recording.activity] += len(recording.acc)
        self.seconds[recording.activity] = self.seconds.get(recording.activity, 0.0) + recording.seconds

    def found(self, what: str) -> int:
        """One number by the name that a data card's `published` uses.

        That is `subjects`, `recordings`, `seconds of walk` and the like, or anything the reader counted; 0
        where nothing was found.
        """
        known = {"subjects": len(self.subjects), "recordings": self.recordings}
        known |= {f"seconds of {activity}": round(seconds) for activity, seconds in self.seconds.items()}
        return known.get(what, self.counts[what])


@dataclass(frozen=True)
class Fact:
    """One published fact of a data card beside what was found in the files."""

    what: str
    published: int | float | str
    found: int | float | str

    @property
    def agrees(self) -> bool:
        """Whether the files say what the publication says."""
        return self.published == self.found


class Dataset(ABC):
    """A public dataset in its original layout. The class body of a subclass is its data card.

    Subclasses fill the class attributes and `read`. Files are looked for as a folder, then as an archive, and
    last at the dataset's site if `download` says so.

    Args:
        data_dir: folder that holds the dataset as a folder or an archive, or is the dataset's folder itself.
        cache_dir: where archives are unpacked and downloads are kept; never beside the original.
        placements: read only these placements; None reads `default_placements`.
        download: fetch the dataset from its site when `data_dir` does not hold it.

    Attributes:
        name: key of the dataset in commands and configs.
        title: what a person calls it.
        version: rises whenever `read` gives other samples for the same files; caches depend on it.
        source: page that describes it.
        urls: where the archive `archives[0]` is fetched, in the order to try.
        sha256: checksum of that archive where its site never changes it, else None.
        licence: terms of use.
        citation: what to cite.
        sensors: devices and units of the original files.
        rate_hz: sampling rate of the recordings, nominal where devices differ.
        placements: every placement the dataset has; empty where only the files tell.
        default_placements: those that are read unless told otherwise.
        activities: label in the files → canonical name of `lanhar.activities`.
        defects: known defects of the files and what the reader does about each.
        published: published facts by the names of `ReadReport.found`, whole numbers.
        marker: glob below the root that proves a folder to be this dataset; '' takes any folder.
        patterns: globs below the root of all files that `read` reads; only they make the fingerprint.
        folders: names under which the dataset's folder may lie in `data_dir`.
        archives: file names under which its archive may lie in `data_dir`, or inside another archive.
        report: what the last call of `recordings` met.

    Raises:
        LanharError: a placement that the dataset does not have.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int] = 1
    source: ClassVar[str]
    urls: ClassVar[tuple[str, ...]] = ()
    sha256: ClassVar[str | None] = None
    licence: ClassVar[str]
    citation: ClassVar[str]
    sensors: ClassVar[str]
    rate_hz: ClassVar[float]
    placements: ClassVar[tuple[str, ...]]
    default_placements: ClassVar[tuple[str, ...]]
    activities: ClassVar[Mapping[str, str]]
    defects: ClassVar[tuple[str, ...]] = ()
    published: ClassVar[Mapping[str, int]] = {}
    marker: ClassVar[str]
    folders: ClassVar[tuple[str, ...]]
    archives: ClassVar[tuple[str, ...]]
    patterns: tuple[str, ...]

    def __init__(
        self,
        data_dir: Path | str,
        cache_dir: Path | str,
        *,
        placements: Sequence[str] | None = None,
        download: bool = False,
    ) -> None:
        self.data_dir = Path(data_dir).expanduser()
        self.cache_dir = Path(cache_dir).expanduser()
        self.download = download
        self.report = ReadReport()
        self._place: Place | None = None
        self.selected_placements = tuple(self.default_placements if placements is None else placements)
        unknown = [p for p in self.selected_placements if self.placements and p not in self.placements]
        if unknown or (self.placements and not self.selected_placements):
            raise LanharError(
                f"{self.name} has no placement {', '.join(map(repr, unknown)) or '[]'}; "
                f"choose from {', '.join(self.placements)}"
            )

    def root(self, progress: Progress = no_progress) -> Path:
        """The folder that holds the dataset's files; an archive is unpacked into the cache first.

        Raises:
            LanharError: the dataset is not in `data_dir` and was not downloaded, or its archive is damaged.
        """
        place = self._locate(progress)
        if not place.is_archive:
            return place.path
        unpacked = self.cache_dir / "unpacked" / f"{self.name}-{self.fingerprint()[:16]}"
        if not unpacked.exists():
            if place.path.parent == self._download_dir:
                from lanhar.datasets.download import check_recorded

                check_recorded(place.path)
            unpack(place, self.patterns, unpacked, progress)
        return unpacked

    def fingerprint(self, progress: Progress = no_progress) -> str:
        """Hex digest of the files that `read` reads, the same for an archive and its unpacked folder."""
        place = self._locate(progress)
        return fingerprint_files(list_files(place, self.patterns, self.cache_dir / "checksums"))

    def recordings(self, progress: Progress = no_progress) -> Iterator[Recording]:
        """Read the files, a recording at a time, and fill `report`."""
        self.report = ReadReport()
        for recording in self.read(self.root(progress), progress):
            self.report.add(recording)
            yield recording
        self.report.complete = True

    @property
    def called(self) -> str:
        """What tables call it."""
        return self.name

    @property
    def is_sample(self) -> bool:
        """Whether the files are the excerpt that ships with the package rather than the whole dataset."""
        return self._locate().path.resolve().is_relative_to(sample_dir().resolve())

    def verify(self) -> list[Fact]:
        """The published facts beside what the files hold; reads the dataset unless that was done.

        Raises:
            LanharError: the files are the package's sample, of which nothing was published.
        """
        if self.is_sample:
            raise LanharError(
                f"the sample is an excerpt, the published facts are of all of {self.title}: "
                "write data_dir=<the folder that holds the whole dataset>"
            )
        if not self.report.complete:
            for _ in self.recordings():
                pass
        return [Fact(what, number, self.report.found(what)) for what, number in self.published.items()]

    def registry_activities(self) -> set[str]:
        """Canonical names that the data card promises."""
        return {activity for activity in self.activities.values() if activity}

    @abstractmethod
    def read(self, root: Path, progress: Progress) -> Iterator[Recording]:
        """Yield the recordings of `selected_placements` in a fixed order; note in `report` what was left out.

        Args:
            root: the dataset's folder.
            progress: wraps the loop over files.
        """

    @property
    def _download_dir(self) -> Path:
        return self.cache_dir / "downloads" / self.name

    def _locate(self, progress: Progress = no_progress) -> Place:
        """Folder, then archive, then download; once."""
        if self._place is None:
            self._place = self._search() or self._fetch(progress)
        return self._place

    def _search(self) -> Place | None:
        for folder in (self.data_dir, self._download_dir):
            place = locate(folder, marker=self.marker, folders=self.folders, archives=self.archives)
            if place is not None:
                return place
        return None

    def _fetch(self, progress: Progress) -> Place:
        if not (self.download and self.urls):
            raise LanharError(self._missing())
        from lanhar.datasets.download import discard, fetch

        target = self._download_dir / self.archives[0]
        archive = fetch(self.urls, target, sha256=self.sha256, progress=progress)
        place = None
        try:
            place = locate(archive, marker=self.marker, folders=self.folders, archives=self.archives)
        finally:
            if place is None:
                discard(archive)
        if place is None:
            raise LanharError(
                f"{', '.join(self.urls)} gives something else now, without {self.marker}; "
                f"fetch {self.title} by hand from {self.source}"
            )
        return place

    def _missing(self) -> str:
        names = ", ".join(f"{folder}/" for folder in self.folders) + "".join(f", {a}" for a in self.archives)
        ways = f"write data_dir=<the folder that holds {names}>"
        ways += " or download=true" if self.urls else f", fetched by hand from {self.source}"
        return f"{self.title} not found in {self.data_dir} (no {self.marker}, {names}); {ways}"
