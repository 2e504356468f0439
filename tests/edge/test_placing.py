import pytest

from lanhar.edge import placing
from lanhar.edge.placing import replacing


@pytest.fixture
def old(tmp_path):
    folder = tmp_path / "bundle"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "a").write_text("old")
    (folder / "gone").write_text("old")
    return folder


def content(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("one_step", [True, False])
def test_a_folder_is_swapped_as_one(old, monkeypatch, one_step):
    if not one_step:
        monkeypatch.setattr(placing, "_exchanged", lambda one, other: False)
    with replacing(old) as written:
        (written / "inner").mkdir()
        (written / "inner" / "a").write_text("new")
        assert content(old) == {"inner/a": "old", "gone": "old"}
    assert content(old) == {"inner/a": "new"}
    assert [path.name for path in old.parent.iterdir()] == ["bundle"]


def test_an_interrupted_writing_leaves_the_old_folder_whole(old):
    with pytest.raises(KeyboardInterrupt), replacing(old) as written:
        (written / "half").write_text("new")
        raise KeyboardInterrupt
    assert content(old) == {"inner/a": "old", "gone": "old"}
    assert [path.name for path in old.parent.iterdir()] == ["bundle"]


def test_a_swap_that_fails_halfway_brings_the_old_folder_back(old, monkeypatch):
    monkeypatch.setattr(placing, "_exchanged", lambda one, other: False)
    rename = placing.Path.rename

    def broken(path, target):
        if path.parent != old.parent and not path.name.endswith(".old"):
            raise OSError("no space")
        return rename(path, target)

    monkeypatch.setattr(placing.Path, "rename", broken)
    with pytest.raises(OSError, match="no space"), replacing(old) as written:
        (written / "a").write_text("new")
    assert content(old) == {"inner/a": "old", "gone": "old"}


def test_a_folder_that_is_not_there_is_made_with_its_parents(tmp_path):
    with replacing(tmp_path / "x" / "bundle") as written:
        (written / "a").write_text("new")
    assert content(tmp_path / "x" / "bundle") == {"a": "new"}
