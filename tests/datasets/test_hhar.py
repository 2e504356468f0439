import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lanhar.datasets.hhar import HHAR, common_offsets, steady_pieces
from lanhar.errors import LanharError

ONE_PHONE = {"s3mini_1": 100.0}


def read(folder, cache, **options):
    dataset = HHAR(folder, cache, **options)
    return dataset, list(dataset.recordings())


@pytest.fixture(scope="module")
def generated(fake, tmp_path_factory) -> Path:
    return fake("hhar").write(tmp_path_factory.mktemp("hhar"), users="ab", seconds=8.0, watches=True)


def test_every_user_phone_and_activity_is_read_whole(generated, tmp_path):
    dataset, recordings = read(generated, tmp_path)
    assert {r.subject for r in recordings} == {"a", "b"}
    assert {r.placement for r in recordings} == {"waist"}
    assert {r.activity for r in recordings} == {"walk", "sit", "stand", "bike", "stairs_up", "stairs_down"}
    rates = {r.device: r.rate_hz for r in recordings}
    expected = {"nexus4_1": 200, "s3_1": 150, "s3mini_1": 100, "samsungold_1": 50}
    assert rates == pytest.approx(expected, rel=0.01)
    assert len(recordings) == 2 * 4 * 6, "no gap inside an activity, so no activity is cut"
    assert all(r.seconds == pytest.approx(8, abs=0.1) for r in recordings)
    assert dataset.report.dropped["rows without a label (null)"] == 2 * 2 * 8 * (200 + 150 + 100 + 50)


def test_acceleration_and_rotation_of_one_moment_stand_together(generated, tmp_path, fake):
    _, recordings = read(generated, tmp_path)
    walk = next(r for r in recordings if r.activity == "walk" and r.device == "nexus4_1")
    # The generator's rotation about x leads its vertical swing by 0.3 rad of the step's phase.
    up = walk.acc @ walk.acc.mean(axis=0) / np.linalg.norm(walk.acc.mean(axis=0))
    spectrum_up, spectrum_x = np.fft.rfft(up - up.mean()), np.fft.rfft(walk.gyro[:, 0])
    peak = np.argmax(np.abs(spectrum_x))
    assert np.angle(spectrum_x[peak] / spectrum_up[peak]) == pytest.approx(0.3, abs=0.08)


def test_a_watch_that_counts_from_its_start_is_read_as_wrist(generated, tmp_path):
    _, recordings = read(generated, tmp_path, placements=["wrist"])
    assert {(r.placement, r.device) for r in recordings} == {("wrist", "gear_1")}
    assert all(r.seconds == pytest.approx(8, abs=0.1) for r in recordings)


def damaged(table: pd.DataFrame, path: Path, damage: str) -> None:
    if damage == "tabs":
        table.to_csv(path, index=False, sep="\t")
    elif damage == "no header":
        table.to_csv(path, index=False, header=False)
    else:
        table["Creation_Time"] = [f"{t:.14E}".replace("E+18", "E+018") for t in table["Creation_Time"]]
        table.to_csv(path, index=False)


@pytest.mark.parametrize("damage", ["tabs", "no header", "scientific"])
def test_damaged_copies_read_as_the_whole_one(damage, fake, tmp_path):
    whole = fake("hhar").write(tmp_path / "whole", users="a", seconds=3.0, phones=ONE_PHONE)
    copy = tmp_path / "copy"
    copy.mkdir()
    for sensor in ("accelerometer", "gyroscope"):
        name = f"Phones_{sensor}.csv"
        damaged(pd.read_csv(whole / name, keep_default_na=False), copy / name, damage)
    _, expected = read(whole, tmp_path / "cache")
    _, found = read(copy, tmp_path / "cache")
    assert [r.activity for r in found] == [r.activity for r in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.acc, other.acc, atol=0.02)


def test_creation_times_without_resolution_give_way_to_arrival_times(fake, tmp_path):
    root = fake("hhar").write(tmp_path, users="a", seconds=3.0, phones=ONE_PHONE)
    for sensor in ("accelerometer", "gyroscope"):
        table = pd.read_csv(root / f"Phones_{sensor}.csv", keep_default_na=False)
        table["Creation_Time"] = [f"{t:.6E}" for t in table["Creation_Time"]]
        table.to_csv(root / f"Phones_{sensor}.csv", index=False)
    dataset, recordings = read(root, tmp_path / "cache")
    assert "too coarse" in " ".join(dataset.report.notes)
    assert len(dataset.report.notes) == 1
    assert all(r.seconds == pytest.approx(3, abs=0.1) for r in recordings)
    assert all(r.rate_hz == pytest.approx(100, abs=1) for r in recordings)


def test_a_sensor_clock_in_another_origin_is_brought_to_the_other(fake, tmp_path):
    root = fake("hhar").write(tmp_path, users="a", seconds=3.0, phones=ONE_PHONE)
    table = pd.read_csv(root / "Phones_gyroscope.csv", keep_default_na=False)
    table["Creation_Time"] -= 1_424_000_000 * 10**9
    table.to_csv(root / "Phones_gyroscope.csv", index=False)
    _, recordings = read(root, tmp_path / "cache")
    assert len(recordings) == 6
    assert all(r.seconds == pytest.approx(3, abs=0.15) for r in recordings)


def test_order_is_restored_within_a_piece_and_a_sleeping_clock_cuts():
    real = np.arange(0, 6.5, 0.01)
    awake = (real < 2) | (real >= 5)
    arrived = 1.4e9 + real[awake]
    created = 100 + np.where(real < 2, real, real - 2.99)[awake]
    created[[10, 11, 12]] = created[[12, 10, 11]]
    first, second = steady_pieces(arrived, created)
    assert np.all(np.diff(created[first]) > 0)
    assert first[10:13].tolist() == [11, 12, 10]
    assert (len(first), len(second)) == (200, 150)


def test_a_restarted_clock_does_not_interleave_two_sessions():
    arrived = np.concatenate([np.arange(0, 3, 0.01), 60 + np.arange(0, 3, 0.01)])
    created = np.concatenate([np.arange(0, 3, 0.01), 1 + np.arange(0, 3, 0.01)])
    pieces = steady_pieces(arrived, created)
    assert [set(np.diff(np.round(arrived[p], 2)).round(2)) for p in pieces] == [{0.01}, {0.01}]


def test_a_clock_that_is_set_back_amid_an_activity_neither_cuts_nor_interleaves(fake, tmp_path):
    root = fake("hhar").write(tmp_path, users="a", seconds=6.0, phones=ONE_PHONE)
    _, expected = read(root, tmp_path / "cache")
    for sensor in ("accelerometer", "gyroscope"):
        table = pd.read_csv(root / f"Phones_{sensor}.csv", keep_default_na=False)
        walking = np.flatnonzero(table["gt"] == "walk")
        table.loc[walking[walking >= walking[300]], "Creation_Time"] -= 308_000_000
        table.to_csv(root / f"Phones_{sensor}.csv", index=False)
    _, found = read(root, tmp_path / "cache")
    assert [(r.activity, r.rate_hz) for r in found] == [(r.activity, r.rate_hz) for r in expected]
    for one, other in zip(found, expected, strict=True):
        length = min(len(one.acc), len(other.acc))
        assert abs(len(one.acc) - len(other.acc)) <= 3
        # Arrival times jitter by milliseconds, and so may the seam.
        assert np.abs(one.acc[:length] - other.acc[:length]).max() < 1.0
        assert np.sqrt(np.mean((one.acc[:length] - other.acc[:length]) ** 2)) < 0.2


def test_stretches_under_a_second_are_counted_and_not_read(fake, tmp_path):
    root = fake("hhar").write(tmp_path, users="a", seconds=0.5, phones=ONE_PHONE)
    dataset, recordings = read(root, tmp_path / "cache")
    assert recordings == []
    assert dataset.report.dropped["acceleration without a second of gyroscope beside it"] == 6 * 50


def test_offsets_of_one_clock_become_equal_and_others_stay_apart():
    acc, gyro = common_offsets([np.array([1.990, 40.0]), np.array([1.995])])
    assert acc[0] == gyro[0] == pytest.approx(1.9925)
    assert acc[1] == 40.0


def test_errors_say_what_is_wrong(fake, tmp_path):
    root = fake("hhar").write(tmp_path, users="a", seconds=2.0, phones=ONE_PHONE)
    with pytest.raises(LanharError, match=r"Watch_accelerometer\.csv is missing"):
        read(root, tmp_path / "cache", placements=["wrist"])
    path = root / "Phones_gyroscope.csv"
    text = path.read_text()
    path.write_text(text.replace("stairsup", "escalator"))
    with pytest.raises(LanharError, match="unknown activity 'escalator'"):
        read(root, tmp_path / "cache")
    path.write_text(text.replace("Creation_Time", "Creation_Time_x", 1))
    with pytest.raises(LanharError, match=r"Phones_gyroscope\.csv"):
        read(root, tmp_path / "cache")


@pytest.mark.full_data
def test_the_three_damaged_forms_of_the_real_excerpt_agree(full_data, tmp_path):
    _, headless = read(full_data / "hhar_excerpt/no_header", tmp_path)
    _, tabbed = read(full_data / "hhar_excerpt/tab_separated_gyro", tmp_path)
    long, short = headless[0], next(r for r in tabbed if r.activity == "stand")
    assert long.rate_hz == pytest.approx(200, rel=0.02)
    assert long.seconds == pytest.approx(short.seconds, abs=0.05), "both start with the same rows"
    g_long, g_short = (np.linalg.norm(r.acc, axis=1).mean() for r in (long, short))
    assert g_long == pytest.approx(g_short, abs=0.01)
    assert {r.activity for r in tabbed} == {"walk", "sit", "stand", "bike", "stairs_up", "stairs_down"}
    assert max(r.seconds for r in headless) > 30
    # A phone's clock is set back by 0.3 s in here; interleaved samples would show as a higher rate.
    assert all(r.rate_hz == pytest.approx(199, abs=1.5) for r in tabbed)


@pytest.mark.full_data
def test_the_real_watch_is_cut_where_it_slept(full_data, tmp_path):
    dataset, recordings = read(full_data / "hhar_excerpt/no_header", tmp_path, placements=["wrist"])
    assert {r.activity for r in recordings} == {"sit", "stand"}
    assert all(np.linalg.norm(r.acc, axis=1).mean() == pytest.approx(9.8, abs=0.3) for r in recordings)
    assert dataset.report.dropped["rows without a label (null)"] == 344 + 343


def test_the_archive_of_the_site_holds_an_archive(fake, tmp_path):
    root = fake("hhar").write(tmp_path / "plain", users="a", seconds=2.0, phones=ONE_PHONE)
    inner = shutil.make_archive(str(tmp_path / "Activity recognition exp"), "zip", root.parent, root.name)
    with zipfile.ZipFile(tmp_path / "heterogeneity+activity+recognition.zip", "w") as outer:
        outer.write(inner, Path(inner).name)
    Path(inner).unlink()
    _, recordings = read(tmp_path, tmp_path / "cache")
    assert len(recordings) == 6
