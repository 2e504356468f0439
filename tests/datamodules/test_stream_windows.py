from dataclasses import replace

import numpy as np
import pytest

from lanhar.activities import LabelSpace
from lanhar.datamodules.stream_windows import cut_stream
from lanhar.datamodules.window_cache import WindowSettings, open_windows
from lanhar.datasets import get_dataset, sample_dir
from lanhar.datasets.uci_streams import Stream, read_streams
from lanhar.errors import LanharError

SPACE = LabelSpace(("walk", "still", "stairs_up"), {"still": ("sit", "stand")})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return get_dataset("uci")(sample_dir(), tmp_path_factory.mktemp("cache"))


def stream(names, rate_hz=50.0):
    """Some samples of every name, each a bout of its own; '' is none."""
    activity = np.repeat([name for name, _ in names], [count for _, count in names])
    bout = np.repeat([i if name else -1 for i, (name, _) in enumerate(names)], [count for _, count in names])
    rng = np.random.default_rng(0)
    acc = rng.normal([0, 3, 9], 1, (len(bout), 3)).astype(np.float32)
    return Stream(acc, acc / 9, rate_hz, "uci", "1", "waist", 1, activity, bout)


def part(whole, first, last):
    fields = ("acc", "gyro", "activity", "bout")
    return replace(whole, **{name: getattr(whole, name)[first:last] for name in fields})


def test_windows_inside_a_bout_are_those_of_the_cut_dataset(dataset):
    settings = WindowSettings(300, 50.0, 0.5)
    cut = open_windows(dataset, settings, dataset.cache_dir).windows
    recordings = list(dataset.recordings())
    one = next(iter(read_streams(dataset)))
    compared = 0
    for index in np.unique(cut.recording):
        trial, first = recordings[index].trial.split("_")
        own = cut.select(cut.recording == index)
        if trial != f"exp{one.experiment:02d}" or own.subject[0] != f"uci/{one.subject}":
            continue
        # From a bout's first sample, so that the hop meets its windows, and on beyond its end.
        start = int(first) - 1
        stream = part(one, start, start + len(recordings[index].acc) + 500)
        found = cut_stream(stream, SPACE, settings.length, settings.hop, 50.0)
        assert found.inside[: len(own)].all() and not found.inside[len(own) : len(own) + 1].any()
        windows = found.windows.select(np.arange(len(own)))
        for name in ("samples", "gravity", "activity", "subject", "placement", "start_s"):
            assert np.array_equal(getattr(windows, name), getattr(own, name)), name
        np.testing.assert_allclose(windows.classifier_features, own.classifier_features, rtol=1e-4, atol=1e-4)
        compared += len(own)
    assert compared > 20


def test_truth_is_the_centre_s_and_a_border_lowers_its_share():
    cut = cut_stream(stream([("walk", 100), ("stairs_up", 60), ("", 80), ("sit", 100)]), SPACE, 40, 20, 50.0)
    at = {round(start * 50): row for row, start in enumerate(cut.windows.start_s)}
    activity, share, inside = cut.windows.activity, cut.share, cut.inside
    assert (activity[at[60]], share[at[60]], inside[at[60]]) == ("walk", 1.0, True)
    # Samples 80 to 119: the centre, sample 100, is the first of the stairs.
    assert (activity[at[80]], share[at[80]], inside[at[80]]) == ("stairs_up", 0.5, False)
    assert (activity[at[140]], share[at[140]], inside[at[140]]) == ("", 0.0, False)
    assert (activity[at[180]], inside[at[180]]) == ("", False)
    assert (activity[at[240]], share[at[240]], inside[at[240]]) == ("sit", 1.0, True)


def test_two_bouts_of_one_activity_share_a_label_and_are_two_bouts():
    cut = cut_stream(stream([("sit", 30), ("stand", 30), ("lie", 40)]), SPACE, 40, 20, 50.0)
    assert cut.share.tolist() == [1.0, 1.0, 0.0, 0.0]
    assert cut.inside.tolist() == [False, False, False, True]
    assert cut.windows.labels(SPACE).tolist() == [1, 1, -1, -1]


def test_labels_keep_their_time_at_another_rate():
    cut = cut_stream(stream([("walk", 200), ("sit", 200)], rate_hz=100.0), SPACE, 40, 20, 50.0)
    times = cut.windows.start_s + 20 / 50
    assert cut.windows.activity.tolist() == ["walk" if time < 2.0 else "sit" for time in times]


def test_a_window_without_gravity_keeps_its_place_in_time_and_is_inside_no_bout():
    whole = stream([("walk", 120)])
    acc = whole.acc.copy()
    acc[30:90] = 0
    cut = cut_stream(replace(whole, acc=acc), SPACE, 40, 20, 50.0)
    assert cut.windows.start_s.tolist() == [0.0, 0.4, 0.8, 1.2, 1.6]
    assert cut.inside.tolist() == [True, False, False, False, True]
    assert np.isfinite(cut.windows.samples).all() and np.isfinite(cut.windows.classifier_features).all()


def test_a_stream_that_cannot_be_cut_says_why():
    with pytest.raises(LanharError, match="windows=short"):
        cut_stream(stream([("walk", 30)]), SPACE, 40, 20, 50.0)
