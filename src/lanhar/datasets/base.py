"""The contract of a reader: original files in, recordings in SI units out."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from lanhar.datasets.locate import Progress, fingerprint_files, locate, no_progress
from lanhar.datasets.recording import Recording


@dataclass
class ReadReport:
    """What a reader met on its way.

    Attributes:
        dropped: reason → rows (samples) that did not make it into a recording.
        notes: anything else worth a line to the user.
    """

    dropped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def drop(self, reason: str, rows: int) -> None:
        """Count rows that were left out, and why."""
        if rows:
            self.dropped[reason] += int(rows)


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

    Subclasses fill the class attributes, `marker` (a file or folder that proves that a folder is this dataset's root)
    and `read`. `version` rises whenever `read` gives other samples for the same files: caches depend on it.

    Args:
        data_dir: folder that holds the dataset as a folder or as an archive (or is the dataset's folder itself).
        cache_dir: where archives are unpacked and downloads are kept; never beside the original.
        placements: read only these placements; None reads `default_placements`.
        download: fetch the dataset from its site when `data_dir` does not hold it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int] = 1
    source: ClassVar[str]
    urls: ClassVar[tuple[str, ...]]
    licence: ClassVar[str]
    citation: ClassVar[str]
    sensors: ClassVar[str]
    rate_hz: ClassVar[float]
    placements: ClassVar[tuple[str, ...]]
    default_placements: ClassVar[tuple[str, ...]]
    activities: ClassVar[Mapping[str, str]]
    defects: ClassVar[tuple[str, ...]]
    marker: ClassVar[str]
    folders: ClassVar[tuple[str, ...]]
    archives: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        data_dir: Path | str,
        cache_dir: Path | str,
        *,
        placements: Sequence[str] | None = None,
        download: bool = False,
    ) -> None: ...

    @abstractmethod
    def read(self, root: Path, progress: Progress) -> Iterator[Recording]: ...
