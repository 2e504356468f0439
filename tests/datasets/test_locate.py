import io
import re
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanhar.datasets import DATASET_NAMES, get_dataset, sample_dir
from lanhar.datasets.locate import Place, find_prefix, glob_regex, unpack
from lanhar.datasets.uci import UCI
from lanhar.errors import LanharError


@pytest.fixture
def files(fake, tmp_path) -> Path:
    return fake("uci").write(tmp_path / "files", users=2, seconds=1.0)


def pack(folder: Path, target: Path, *, top: str = "", compression: int = zipfile.ZIP_DEFLATED) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", compression) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, top + path.relative_to(folder).as_posix())
    return target


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_folder_itself_named_folder_and_every_kind_of_archive_have_one_fingerprint(files, tmp_path):
    named = tmp_path / "named"
    shutil.copytree(files, named / "HAPT Data Set" / "deeper")
    (named / "HAPT Data Set" / ".DS_Store").write_text("litter")
    deflate = pack(files, tmp_path / "deflate" / "uci.zip")
    lzma = pack(files, tmp_path / "lzma" / "uci.zip", top="HAPT Data Set/", compression=zipfile.ZIP_LZMA)
    nested = tmp_path / "nested" / "uci.zip"
    nested.parent.mkdir()
    with zipfile.ZipFile(nested, "w") as archive:
        archive.write(lzma, "HAPT Data Set.zip")
        archive.writestr("names.txt", "what the site adds")
    tarred = tmp_path / "tar" / "HAPT.tar.gz"
    tarred.parent.mkdir()
    with tarfile.open(tarred, "w:gz") as tar:
        tar.add(files, ".")
    places = [files, named, deflate.parent, deflate, lzma.parent, nested.parent, tarred]
    datasets = [UCI(place, tmp_path / "cache" / str(i)) for i, place in enumerate(places)]
    assert len({dataset.fingerprint() for dataset in datasets}) == 1
    wanted = {name: data for name, data in content(files).items() if name.startswith("RawData/")}
    for dataset in datasets:
        found = content(dataset.root())
        assert {name: found[name] for name in wanted} == wanted


def test_a_changed_file_changes_the_fingerprint_and_a_stray_one_does_not(files, tmp_path):
    before = UCI(files, tmp_path / "cache").fingerprint()
    (files / "RawData" / ".DS_Store").write_text("litter")
    (files / "notes.txt").write_text("mine")
    assert UCI(files, tmp_path / "cache").fingerprint() == before
    signal = files / "RawData" / "acc_exp01_user01.txt"
    changed = signal.read_text().replace("1", "2", 1)
    signal.write_text(changed)
    assert UCI(files, tmp_path / "cache").fingerprint() != before


def test_checksums_of_a_folder_are_not_computed_twice(files, tmp_path, monkeypatch):
    first = UCI(files, tmp_path / "cache").fingerprint()
    monkeypatch.setattr("lanhar.datasets.locate._crc32", None)
    assert UCI(files, tmp_path / "cache").fingerprint() == first


def test_a_read_only_archive_is_unpacked_into_the_cache_once_and_only_what_is_read(files, tmp_path):
    archive = pack(files, tmp_path / "data" / "uci.zip")
    archive.parent.chmod(0o555)
    try:
        dataset = UCI(archive.parent, tmp_path / "cache")
        root = dataset.root()
        assert root.is_relative_to(tmp_path / "cache")
        assert list(archive.parent.iterdir()) == [archive]
        assert not (root / "activity_labels.txt").exists()
        stamp = root.stat().st_mtime_ns
        assert UCI(archive.parent, tmp_path / "cache").root() == root
        assert root.stat().st_mtime_ns == stamp
        assert [p.name for p in root.parent.iterdir()] == [root.name], "no half-unpacked folder stays"
    finally:
        archive.parent.chmod(0o755)


@pytest.mark.parametrize("name", ["../evil.txt", "RawData/../../evil.txt", "/evil.txt", "C:/evil.txt", "..\\evil.txt"])
def test_an_archive_that_writes_outside_its_folder_is_refused_and_nothing_stays(files, tmp_path, name):
    archive = pack(files, tmp_path / "data" / "uci.zip")
    with zipfile.ZipFile(archive, "a") as evil:
        evil.writestr(name, "evil")
    with pytest.raises(LanharError, match="outside its folder"):
        UCI(archive.parent, tmp_path / "cache").root()
    assert not list((tmp_path / "cache").rglob("*.txt"))
    assert not list(tmp_path.parent.glob("evil.txt"))


def test_a_link_in_an_archive_is_never_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    linked_zip = tmp_path / "linked.zip"
    with zipfile.ZipFile(linked_zip, "w") as archive:
        link = zipfile.ZipInfo("RawData/labels.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, str(secret))
        archive.writestr("RawData/acc_exp01_user01.txt", "1 2 3\n")
    linked_tar = tmp_path / "linked.tar.gz"
    with tarfile.open(linked_tar, "w:gz") as tar:
        info = tarfile.TarInfo("RawData/labels.txt")
        info.type, info.linkname = tarfile.SYMTYPE, str(secret)
        tar.addfile(info)
        info = tarfile.TarInfo("RawData/acc_exp01_user01.txt")
        info.size = 6
        tar.addfile(info, io.BytesIO(b"1 2 3\n"))
    for archive_path in (linked_zip, linked_tar):
        target = tmp_path / f"{archive_path.name}-out"
        unpack(Place(archive_path), UCI.patterns, target)
        assert list(content(target)) == ["RawData/acc_exp01_user01.txt"]


def test_a_damaged_archive_is_an_error_and_leaves_nothing(files, tmp_path):
    archive = pack(files, tmp_path / "data" / "uci.zip", compression=zipfile.ZIP_STORED)
    whole = archive.read_bytes()
    middle = whole.index(b"RawData/acc_exp02") + 200
    archive.write_bytes(whole[:middle] + b"damage" + whole[middle + 6 :])
    with pytest.raises(LanharError, match=r"uci\.zip is damaged"):
        UCI(archive.parent, tmp_path / "cache").root()
    assert not list((tmp_path / "cache" / "unpacked").iterdir())
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LanharError, match=r"uci\.zip is damaged"):
        UCI(archive.parent, tmp_path / "cache").root()


def test_an_archive_of_another_kind_says_to_unpack_it_by_hand(tmp_path):
    rar = tmp_path / "uci.rar"
    rar.write_bytes(b"Rar!")
    with pytest.raises(LanharError, match="unpack it by hand"):
        UCI(rar, tmp_path / "cache").root()


def test_what_is_not_there_says_where_it_looked_and_both_ways_out(tmp_path):
    with pytest.raises(LanharError, match=rf"{tmp_path}.*data_dir=.*uci\.zip.*download=true") as caught:
        UCI(tmp_path, tmp_path / "cache").root()
    assert "\n" not in str(caught.value)


def test_an_unknown_placement_names_those_there_are(tmp_path):
    with pytest.raises(LanharError, match=r"'ear'.*waist"):
        UCI(tmp_path, tmp_path, placements=["ear"])


def test_the_registry_suggests_a_name():
    assert get_dataset("uci") is UCI
    assert "uschad" in DATASET_NAMES
    with pytest.raises(LanharError, match="did you mean motionsense"):
        get_dataset("motion_sense")


def test_the_sample_claims_none_of_the_published_facts(files, tmp_path):
    with pytest.raises(LanharError, match="excerpt"):
        UCI(sample_dir(), tmp_path).verify()
    differ = {fact.what: fact.found for fact in UCI(files, tmp_path).verify() if not fact.agrees}
    assert differ["subjects"] == 2
    assert differ["label rows"] == 12


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("Subject*/a*t*.mat", "Subject1/a1t1.mat", True),
        ("Subject*/a*t*.mat", "Subject1/x/a1t1.mat", False),
        ("**/*.csv", "a.csv", True),
        ("**/*.csv", "a/b/c.csv", True),
        ("a?.csv", "a/.csv", False),
        ("a.csv", "abcsv", False),
    ],
)
def test_globs_stay_in_their_folder_unless_told_otherwise(pattern, name, matches):
    assert bool(re.fullmatch(glob_regex(pattern), name)) is matches


@given(st.lists(st.text("ab.", min_size=1, max_size=3).filter(lambda s: set(s) != {"."}), max_size=4))
def test_the_root_is_what_stands_before_the_marker(folders):
    prefix = "".join(f"{folder}/" for folder in folders)
    hidden = any(folder.startswith("._") for folder in folders)
    names = [f"{prefix}RawData/labels.txt", "other.txt", f"{prefix}deeper/RawData/labels.txt"]
    found = find_prefix(names, UCI.marker)
    assert found == (None if hidden else prefix)
