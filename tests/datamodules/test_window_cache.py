import dataclasses
import shutil
from collections import Counter

import numpy as np
import pytest

from lanhar.datamodules import window_cache
from lanhar.datamodules.window_cache import WindowSettings, open_windows, window_key
from lanhar.datasets import get_dataset, sample_dir
from lanhar.errors import LanharError

LONG, SHORT = WindowSettings(300, 50.0, 0.5), WindowSettings(120, 50.0, 0.5)
NAMES = ("uci", "motionsense", "uschad")


@pytest.fixture(scope="module")
def data_dir(fake, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    fake("uci").write(folder / "uci", users=2)
    fake("motionsense").write(folder / "motionsense", subjects=2)
    fake("uschad").write(folder / "uschad", subjects=2)
    return folder


def dataset(name, data_dir, cache):
    return get_dataset(name)(data_dir, cache)


def test_the_second_opening_maps_what_the_first_cut(data_dir, tmp_path, monkeypatch):
    first = open_windows(dataset("uci", data_dir, tmp_path), LONG, tmp_path)
    monkeypatch.setattr(window_cache, "_cut", lambda *_: pytest.fail("cut again"))
    reader = dataset("uci", data_dir, tmp_path)
    second = open_windows(reader, LONG, tmp_path)
    base = second.windows.samples
    while not isinstance(base, np.memmap):
        base = base.base
    assert base.mode == "r"
    assert (second.key, second.counts, second.dropped) == (first.key, first.counts, first.dropped)
    for field in dataclasses.fields(first.windows):
        np.testing.assert_array_equal(getattr(first.windows, field.name), getattr(second.windows, field.name))
    # What the reader met is told as if it had read.
    assert set(reader.report.subjects) == {"1", "2"}
    assert reader.report.complete


def expected_windows(recordings, settings):
    """Counted one by one: slide until the window's end passes the recording's."""
    counts, rest = Counter(), 0
    for recording in recordings:
        samples = round(len(recording.acc) * settings.rate_hz / recording.rate_hz)
        start = end = 0
        while start + settings.length <= samples:
            counts[recording.activity] += 1
            end = start + settings.length
            start += settings.length // 2
        rest += samples - end
    return dict(counts), rest


@pytest.mark.parametrize("settings", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("name", NAMES)
def test_windows_are_counted_from_the_recordings_lengths(name, settings, data_dir, tmp_path):
    opened = open_windows(dataset(name, data_dir, tmp_path), settings, tmp_path)
    counts, rest = expected_windows(dataset(name, data_dir, tmp_path).recordings(), settings)
    assert opened.counts == counts == dict(Counter(opened.windows.activity.tolist()))
    assert sum(opened.dropped.values()) == rest
    assert opened.windows.samples.shape == (sum(counts.values()), settings.length, 6)


@pytest.mark.parametrize("name", NAMES)
def test_windows_stand_upright(name, data_dir, tmp_path):
    windows = open_windows(dataset(name, data_dir, tmp_path), LONG, tmp_path).windows
    mean = windows.samples[:, :, :3].mean(axis=1)
    assert np.abs(mean[:, :2]).max() < 1e-2
    assert np.abs(mean[:, 2] - 9.8).max() < 1.0
    np.testing.assert_allclose(np.linalg.norm(windows.gravity, axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("name", ["uci", "motionsense"])
def test_real_windows_stand_upright_and_carry_their_subjects(name, tmp_path):
    opened = open_windows(dataset(name, sample_dir(), tmp_path), LONG, tmp_path)
    windows = opened.windows
    mean = windows.samples[:, :, :3].mean(axis=1)
    assert np.abs(mean[:, :2]).max() < 1e-2
    # Phones read up to a few per cent too much.
    assert abs(np.median(mean[:, 2]) - 9.8) < 0.4
    counts, _ = expected_windows(dataset(name, sample_dir(), tmp_path).recordings(), LONG)
    assert opened.counts == counts
    assert all(subject.startswith(f"{name}/") for subject in windows.subject)
    assert np.isfinite(windows.features).all()
    assert np.isfinite(windows.classifier_features).all()


def test_a_window_is_its_stretch_of_the_recording_turned(data_dir, tmp_path):
    windows = open_windows(dataset("motionsense", data_dir, tmp_path), SHORT, tmp_path).windows
    recordings = list(dataset("motionsense", data_dir, tmp_path).recordings())
    for row in (0, 7, len(windows) - 1):
        recording = recordings[windows.recording[row]]
        first = round(windows.start_s[row] * recording.rate_hz)
        assert (windows.activity[row], windows.subject[row]) == (recording.activity, f"motionsense/{recording.subject}")
        for part, values in ((slice(0, 3), recording.acc), (slice(3, 6), recording.gyro)):
            length = np.linalg.norm(values[first : first + 120], axis=1)
            np.testing.assert_allclose(np.linalg.norm(windows.samples[row, :, part], axis=1), length, atol=1e-3)
        np.testing.assert_allclose(
            windows.samples[row, :, 2], recording.acc[first : first + 120] @ windows.gravity[row], atol=1e-3
        )


def test_settings_files_and_placements_change_the_key_but_their_place_does_not(data_dir, fake, tmp_path):
    key = window_key(dataset("uci", data_dir, tmp_path), LONG)
    shutil.copytree(data_dir, tmp_path / "moved")
    assert window_key(dataset("uci", tmp_path / "moved", tmp_path / "other"), LONG) == key
    others = [window_key(dataset("uci", data_dir, tmp_path), WindowSettings(*s)) for s in
              ((299, 50.0, 0.5), (300, 25.0, 0.5), (300, 50.0, 0.25))]  # fmt: skip
    (file,) = (tmp_path / "moved" / "uci" / "RawData").glob("acc_exp01*")
    file.write_text(file.read_text().replace("1", "2", 1))
    others.append(window_key(dataset("uci", tmp_path / "moved", tmp_path), LONG))
    assert len({key, *others}) == 5


def test_what_a_killed_cut_left_is_not_used(data_dir, tmp_path, monkeypatch):
    whole = open_windows(dataset("uci", data_dir, tmp_path / "a"), LONG, tmp_path / "a")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(window_cache, "_add_features", killed)
        with pytest.raises(KeyboardInterrupt):
            open_windows(dataset("uci", data_dir, tmp_path / "b"), LONG, tmp_path / "b")
    assert list((tmp_path / "b" / "windows").glob("*.partial/samples.f32"))
    # A folder without its report, as older code or a full disk may leave it, counts for nothing either.
    broken = tmp_path / "b" / "windows" / f"uci-{whole.key}"
    broken.mkdir()
    (broken / "samples.f32").write_bytes(b"\0" * 7200)
    again = open_windows(dataset("uci", data_dir, tmp_path / "b"), LONG, tmp_path / "b")
    np.testing.assert_array_equal(again.windows.samples, whole.windows.samples)
    assert not list((tmp_path / "b" / "windows").glob("*.partial"))


WRONG = [((1, 50.0, 0.5), "windows.length"), ((300, 0.0, 0.5), "windows.rate_hz=50"), ((300, 50.0, 1.0), "overlap")]


@pytest.mark.parametrize(("values", "hint"), WRONG)
def test_impossible_settings_say_what_to_write(values, hint):
    with pytest.raises(LanharError, match=hint):
        WindowSettings(*values)


def test_a_window_longer_than_every_recording_is_an_error_each_time(data_dir, tmp_path):
    for _ in range(2):
        with pytest.raises(LanharError, match="windows=short"):
            open_windows(dataset("uci", data_dir, tmp_path), WindowSettings(100_000, 50.0, 0.5), tmp_path)
