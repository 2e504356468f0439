from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanhar.datasets.uci import UCI, read_labels
from lanhar.errors import LanharError


def counting(length: int) -> np.ndarray:
    """Rows 0, 1, 2, ... so that a wrong offset shows."""
    return np.repeat(np.arange(length, dtype=float)[:, None], 3, axis=1) * [1.0, 0.1, 0.01]


@pytest.fixture
def tiny(fake, tmp_path) -> Path:
    labels = [(5, 1, 3), (7, 4, 4), (1, 11, 20)]
    fake("uci").write_experiment(tmp_path / "uci", 7, 4, counting(20), -counting(20), labels)
    return tmp_path / "uci"


def test_labels_count_from_one_and_include_their_last_sample(tiny, tmp_path):
    stand, transition, walk = UCI(tiny, tmp_path / "cache").recordings()
    np.testing.assert_allclose(stand.acc[:, 0], np.array([0, 1, 2]) * 9.80665, rtol=1e-6)
    np.testing.assert_allclose(transition.acc[:, 0], [3 * 9.80665], rtol=1e-6)
    np.testing.assert_allclose(walk.gyro[:, 0], -np.arange(10, 20), rtol=1e-6)
    assert [r.activity for r in (stand, transition, walk)] == ["stand", "stand_to_sit", "walk"]


def test_acceleration_becomes_m_s2_and_rotation_stays_in_rad_s(tiny, tmp_path):
    walk = list(UCI(tiny, tmp_path / "cache").recordings())[-1]
    np.testing.assert_allclose(walk.acc[0], [10 * 9.80665, 9.80665, 0.980665], rtol=1e-6)
    np.testing.assert_allclose(walk.gyro[0], [-10, -1, -0.1], rtol=1e-6)
    assert (walk.subject, walk.placement, walk.rate_hz, walk.trial) == ("4", "waist", 50.0, "exp07_11")


def test_rows_without_a_label_are_counted_as_left_out(tiny, tmp_path):
    dataset = UCI(tiny, tmp_path / "cache")
    kept = sum(len(r.acc) for r in dataset.recordings())
    assert kept == 14
    assert dataset.report.dropped == {"unlabelled, between activities": 6}


def test_a_label_beyond_the_end_of_its_file_is_cut_and_counted(fake, tmp_path):
    fake("uci").write_experiment(tmp_path, 1, 1, counting(10), counting(10), [(1, 6, 12), (2, 11, 14)])
    dataset = UCI(tmp_path, tmp_path / "cache")
    (walk,) = dataset.recordings()
    assert len(walk.acc) == 5
    assert dataset.report.dropped["labelled beyond the end of the file"] == 2 + 4


def test_a_sensor_that_stops_earlier_cuts_the_other(fake, tmp_path):
    fake("uci").write_experiment(tmp_path, 1, 1, counting(10), counting(8), [(1, 1, 10)])
    dataset = UCI(tmp_path, tmp_path / "cache")
    (walk,) = dataset.recordings()
    assert walk.acc.shape == walk.gyro.shape == (8, 3)
    assert dataset.report.dropped["one sensor went on after the other had stopped"] == 2


def test_labels_of_an_experiment_that_is_not_there_are_told(tiny, tmp_path):
    with (tiny / "RawData/labels.txt").open("a") as file:
        file.write("9 5 1 1 10\n")
    dataset = UCI(tiny, tmp_path / "cache")
    assert len(list(dataset.recordings())) == 3
    assert dataset.report.notes == ["experiment 9 of user 5 has labels but no signals"]


def test_a_user_never_gets_the_samples_of_another(tiny, tmp_path):
    with (tiny / "RawData/labels.txt").open("a") as file:
        file.write("7 5 1 5 10\n")
    assert {r.subject for r in UCI(tiny, tmp_path / "cache").recordings()} == {"4"}


@pytest.mark.parametrize("row", ["1 1 13 1 10", "1 1 1 0 10", "1 1 1 10 9", "1 1 1 10", "1 1 walk 1 10"])
def test_a_row_that_is_no_label_is_an_error_that_names_the_file(tiny, tmp_path, row):
    (tiny / "RawData/labels.txt").write_text(f"{row}\n")
    with pytest.raises(LanharError, match=r"labels\.txt"):
        list(UCI(tiny, tmp_path / "cache").recordings())


def test_a_signal_file_with_a_word_in_it_is_an_error_that_names_it(tiny, tmp_path):
    (tiny / "RawData/acc_exp07_user04.txt").write_text("0.1 0.2 oops\n")
    with pytest.raises(LanharError, match="acc_exp07_user04"):
        list(UCI(tiny, tmp_path / "cache").recordings())


LABEL = st.tuples(*(st.integers(low, high) for low, high in ((1, 61), (1, 30), (1, 12), (1, 99), (0, 99))))


@given(st.lists(LABEL, min_size=1, max_size=20))
def test_labels_come_back_whole_and_in_order(tmp_path_factory, rows):
    rows = [(e, u, a, first, first + extra) for e, u, a, first, extra in rows]
    path = tmp_path_factory.mktemp("labels") / "labels.txt"
    path.write_text("".join(" ".join(map(str, row)) + "\n" for row in rows))
    read = [tuple(row) for row in read_labels(path).tolist()]
    assert sorted(read) == sorted(rows)
    order = [(e, u, first) for e, u, _, first, _ in read]
    assert order == sorted(order)


@pytest.mark.full_data
def test_the_full_dataset_holds_what_was_published(full_data, tmp_path):
    dataset = UCI(full_data, tmp_path)
    recordings = list(dataset.recordings())
    assert [fact for fact in dataset.verify() if not fact.agrees] == []
    rest = [r.acc for r in recordings if r.activity in ("sit", "stand", "lie")]
    magnitude = np.linalg.norm(np.concatenate(rest), axis=1).mean()
    assert magnitude == pytest.approx(9.81, rel=0.04)
    stand = np.concatenate([r.acc for r in recordings if r.activity == "stand"]).mean(axis=0)
    assert stand[0] > 9.0, "the waist phone's x axis points up"


@pytest.mark.full_data
def test_gyro_and_accelerometer_agree_about_turns(full_data, tmp_path):
    """What is fixed in the world changes by -w x v for a body that turns with w: units and handedness."""

    def smooth(x: np.ndarray) -> np.ndarray:
        return np.stack([np.convolve(column, np.ones(25) / 25, "valid") for column in x.T], axis=1)

    changes, expected = [], []
    for r in UCI(full_data, tmp_path).recordings():
        if r.activity in ("sit_to_lie", "lie_to_sit"):
            acc, gyro = smooth(r.acc), smooth(r.gyro)
            changes.append(np.gradient(acc, 1 / r.rate_hz, axis=0))
            expected.append(-np.cross(gyro, acc))
    change, turn = np.concatenate(changes), np.concatenate(expected)
    assert (change * turn).sum() / (turn**2).sum() == pytest.approx(1.0, abs=0.1)
