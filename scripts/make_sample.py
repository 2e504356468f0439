"""Cut the sample of real recordings that ships with the package from the full datasets.

    python scripts/make_sample.py --data-dir <folder that holds uci and motionsense>

Which subjects, trials and rows go in follows fixed rules that look at no signal and no result: evenly spaced
subject ids and the middle of each stretch. Rows are copied as text, so every number is the original one; the
layouts are the original ones, so the same readers read them.
"""

import argparse
import io
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import track

from lanhar.datasets import sample_dir
from lanhar.datasets.motionsense import GRAVITY, ROTATION_RATE, USER_ACCELERATION, MotionSense
from lanhar.datasets.report import summary
from lanhar.datasets.uci import UCI, experiment_and_user, read_labels

UCI_USERS = range(3, 31, 3)
UCI_LONGEST_S = 30
UCI_LONGEST_LIE_S = 12
UCI_LIE = 6
MOTIONSENSE_SUBJECTS = range(2, 25, 2)
MOTIONSENSE_TRIALS = (
    "dws_1", "dws_11", "ups_3", "ups_12", "wlk_7", "wlk_15", "sit_5", "sit_13", "std_6", "std_14", "jog_9",
)  # fmt: skip
MOTIONSENSE_LONGEST_S = 12
RATE_HZ = 50


def middle(length: int, longest: int) -> slice:
    """The middle `longest` of `length` rows, all of them where there are fewer."""
    start = max(0, (length - longest) // 2)
    return slice(start, min(length, start + longest))


def cut_uci(root: Path) -> dict[str, str]:
    """File name → text: one experiment of each chosen user (the first and the second take turns).

    The middle parts of its labelled stretches are joined, and the labels moved along.
    """
    raw = root / "RawData"
    files: dict[str, str] = {}
    moved_labels = []
    labels = read_labels(raw / "labels.txt")
    for turn, user in enumerate(UCI_USERS):
        experiments = sorted(p for p in raw.glob("acc_exp*_user*.txt") if experiment_and_user(p)[1] == user)
        acc = experiments[turn % len(experiments)]
        experiment = experiment_and_user(acc)[0]
        signals = (acc, acc.with_name(acc.name.replace("acc", "gyro")))
        rows = {path: path.read_text().splitlines() for path in signals}
        kept: dict[Path, list[str]] = {path: [] for path in signals}
        end = 0
        for _, _, activity, first, last in labels[labels[:, 0] == experiment].tolist():
            longest_s = UCI_LONGEST_LIE_S if activity == UCI_LIE else UCI_LONGEST_S
            cut = middle(last - first + 1, longest_s * RATE_HZ)
            for path, lines in rows.items():
                kept[path] += lines[first - 1 : last][cut]
            start, end = end + 1, end + cut.stop - cut.start
            moved_labels.append(f"{experiment} {user} {activity} {start} {end}")
        files |= {f"RawData/{path.name}": "\n".join(lines) + "\n" for path, lines in kept.items()}
    return files | {"RawData/labels.txt": "\n".join(moved_labels) + "\n"}


def cut_motionsense(root: Path) -> dict[str, str]:
    """File name → text: the middle of the chosen trials and subjects, without the attitude columns."""
    files = {}
    for trial in MOTIONSENSE_TRIALS:
        for subject in MOTIONSENSE_SUBJECTS:
            name = f"A_DeviceMotion_data/{trial}/sub_{subject}.csv"
            header, *rows = (line.split(",") for line in (root / name).read_text().splitlines())
            columns = [header.index(column) for column in ("", *GRAVITY, *ROTATION_RATE, *USER_ACCELERATION)]
            lines = [header, *rows[middle(len(rows), MOTIONSENSE_LONGEST_S * RATE_HZ)]]
            files[name] = "\n".join(",".join(line[i] for i in columns) for line in lines) + "\n"
    return files


def write_zip(path: Path, files: Mapping[str, str]) -> None:
    """Write the same bytes for the same files: sorted names, a fixed date, the better compression."""
    packed = []
    for compression in (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in track(sorted(files), description=f"Packing {path.name}"):
                info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                info.compress_type = compression
                info.external_attr = 0o644 << 16
                archive.writestr(info, files[name], compresslevel=9)
        packed.append(buffer.getvalue())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(min(packed, key=len))


def main() -> None:
    """Write `uci.zip` and `motionsense.zip` and print what is in them."""
    parser = argparse.ArgumentParser(description="Cut the sample of recordings that ships with the package.")
    parser.add_argument("--data-dir", type=Path, required=True, help="holds the full uci and motionsense")
    parser.add_argument("--out", type=Path, default=sample_dir(), help="where the sample goes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        for reader, cut in ((UCI, cut_uci), (MotionSense, cut_motionsense)):
            target = arguments.out / f"{reader.name}.zip"
            write_zip(target, cut(reader(arguments.data_dir, cache).root()))
            sample = reader(target, cache)
            subjects = sorted({int(recording.subject) for recording in sample.recordings()})
            size = f"{target}: {target.stat().st_size:,} bytes"
            Console().print(summary(sample), f"subjects {subjects}", size, sep="\n")


if __name__ == "__main__":
    main()
