import math
import shutil
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanhar.edge.runtime import Recogniser, load, softmax
from lanhar.errors import LanharError
from lanhar.signals.align import upright_rotation


@pytest.fixture(scope="session")
def encoder(built):
    return load(built.folder)


def pushed(recogniser, times, samples, block=25):
    found = []
    for start in range(0, len(times), block):
        found += recogniser.push(times[start : start + block], samples[start : start + block])
    return found + recogniser.finish()


def test_the_runtime_needs_numpy_and_onnxruntime_and_nothing_else(built):
    code = f"""
import sys
allowed = {{"numpy", "onnxruntime", "lanhar"}}
class Only:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top in {{"torch", "scipy", "pandas", "hydra", "omegaconf", "sklearn", "lightning", "transformers", "onnx",
                   "rich", "matplotlib", "yaml", "tokenizers", "pyarrow"}}:
            raise ImportError(f"{{name}} is blocked")
sys.meta_path.insert(0, Only())
import numpy as np
from lanhar.edge.runtime import Recogniser, load
recogniser = Recogniser(load({str(built.folder)!r}))
noise = np.random.default_rng(0).normal(size=(500, 6)) * 0.05 + [0, 0, 9.8, 0, 0, 0]
found = recogniser.push(np.arange(500) / 50, noise)
print(len(found), {{p.activity for p in found}} <= set(recogniser.names))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["4", "True"]


def test_a_stream_gives_what_the_trained_encoder_gives_for_each_window(built, encoder, recordings):
    import torch

    for name in ("walk", "sit", "jog", "stairs_down"):
        recording = recordings[name]
        samples = np.concatenate([recording.acc, recording.gyro], axis=1).astype(np.float64)
        found = pushed(Recogniser(encoder), np.arange(len(samples)) / 50, samples)
        assert [p.time_s for p in found] == pytest.approx(6 + np.arange(len(found)))
        for prediction in found:
            start = round(prediction.time_s * 50) - 300
            window = samples[start : start + 300].astype(np.float32)
            gravity = window[:, :3].mean(axis=0)
            rotation = upright_rotation((gravity / np.linalg.norm(gravity))[None])[0].T.astype(np.float32)
            aligned = np.concatenate([window[:, :3] @ rotation, window[:, 3:] @ rotation], axis=1)
            embedded = built.encoder(torch.from_numpy(aligned[None]))[0].numpy()
            expected = softmax(encoder.bundle.labels.embeddings @ embedded / encoder.bundle.temperature)
            assert prediction.confidence == pytest.approx(expected.max(), abs=0.05)
            assert prediction.activity == encoder.bundle.labels.names[expected.argmax()]


def test_most_of_a_real_walk_is_walking_and_sitting_is_not(encoder, walk, recordings):
    found = pushed(Recogniser(encoder), *walk)
    assert np.mean([p.activity == "walk" for p in found]) > 0.6
    sit = recordings["sit"]
    found = pushed(Recogniser(encoder), np.arange(len(sit.acc)) / 50, np.concatenate([sit.acc, sit.gyro], axis=1))
    assert {p.activity for p in found} <= {"sit", "stand"}


@given(seed=st.integers(0, 1000), block=st.sampled_from([1, 7, 50, 400]))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_late_doubled_and_disordered_samples_change_nothing(encoder, walk, seed, block):
    times, samples = walk[0][:700], walk[1][:700]
    expected = pushed(Recogniser(encoder), times, samples)
    generator = np.random.default_rng(seed)
    # Each sample comes up to 0.4 s late, and some come twice.
    rows = np.concatenate([np.arange(700), generator.integers(0, 700, 60)])
    arrival = times[rows] + generator.uniform(0, 0.4, len(rows))
    rows = rows[np.argsort(arrival)]
    found = pushed(Recogniser(encoder), times[rows] + 1000, samples[rows], block)
    # The clock starts with the sample that came first, which may be a few samples into the stream.
    assert abs(len(found) - len(expected)) <= 1
    known = {round(p.time_s, 1): p for p in found}
    assert all(p.activity is not None for p in known.values())
    aligned = Recogniser(encoder)
    aligned.push(times[:1] + 1000, samples[:1])
    again = pushed(aligned, times[rows] + 1000, samples[rows], block)
    assert [p.activity for p in again] == [p.activity for p in expected]
    np.testing.assert_allclose([p.confidence for p in again], [p.confidence for p in expected], atol=1e-6)


def test_a_gap_is_marked_and_passes(encoder, walk):
    times, samples = walk[0].copy(), walk[1]
    times[1000:] += 3.0
    found = pushed(Recogniser(encoder), times, samples)
    unknown = [p for p in found if p.unknown]
    assert 6 <= len(unknown) <= 8
    assert all("gap of" in p.reason for p in unknown)
    assert all(p.top == () and p.confidence == 0 for p in unknown)
    assert not found[-1].unknown


@pytest.mark.parametrize("block", [1, 40, 3000])
def test_after_an_hour_without_samples_a_new_clock_begins(encoder, walk, block):
    times = walk[0].copy()
    times[1000:] += 3600.0
    found = pushed(Recogniser(encoder), times, walk[1], block)
    assert not any(p.unknown for p in found)
    assert [p.time_s for p in found if p.time_s < 100] == pytest.approx(6 + np.arange(15))
    after = [p.time_s for p in found if p.time_s > 100]
    assert 3626 <= after[0] <= 3628
    assert after[-1] == pytest.approx(times[-1], abs=1.1)


def test_a_clock_that_is_set_back_begins_anew(encoder, walk):
    recogniser = Recogniser(encoder)
    pushed(recogniser, walk[0][:1000] + 1e6, walk[1][:1000])
    found = pushed(recogniser, walk[0], walk[1])
    assert [p for p in found if not p.unknown]
    assert found[-1].time_s == pytest.approx(walk[0][-1], abs=1)


def test_one_wild_time_stamp_does_not_stop_the_stream(encoder, walk):
    times = walk[0].copy()
    times[700] = 1e9
    found = pushed(Recogniser(encoder), times, walk[1])
    assert [p for p in found if not p.unknown and p.time_s > 25]


@pytest.mark.parametrize("scale", [1e12, 1e9 * 1e6])
def test_time_stamps_that_are_no_seconds_are_named(encoder, walk, scale):
    found = Recogniser(encoder).push(walk[0] + scale, walk[1])
    assert [p.reason for p in found] == ["the time stamps are no seconds; deliver seconds"]


@pytest.mark.parametrize("block", [1, 25, 3000])
@pytest.mark.parametrize(
    "spoil",
    [lambda times: times * 1e3, lambda times: times * 0 + 3, lambda times: times[::-1]],
    ids=["jumps", "still", "backwards"],
)
def test_a_clock_that_makes_no_window_is_named(encoder, walk, spoil, block):
    found = pushed(Recogniser(encoder), spoil(walk[0]), walk[1], block)
    sorted_by_push = block == 3000 and spoil(walk[0])[0] > spoil(walk[0])[-1]
    assert sorted_by_push or any("jump or stand still" in p.reason for p in found)


def test_two_sensors_in_batches_and_a_recording_in_one_push_have_a_clock(encoder, walk):
    times, samples = walk[0][:2000], walk[1][:2000]
    assert not any("jump or" in p.reason for p in Recogniser(encoder).push(times, samples))
    recogniser, found = Recogniser(encoder, wait_s=10.0), []
    for start in range(0, 2000, 250):
        for columns in (slice(0, 3), slice(3, 6)):
            apart = np.full((250, 6), np.nan)
            apart[:, columns] = samples[start : start + 250, columns]
            found += recogniser.push(times[start : start + 250], apart)
    found += recogniser.finish()
    assert found and not any(p.unknown for p in found)


anything = st.one_of(st.floats(width=32), st.sampled_from([0.0, math.nan, math.inf, -math.inf, 9.8, 1e30, -39.2]))


@given(values=st.lists(st.tuples(st.floats(), *[anything] * 6), min_size=1, max_size=40), tail=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_samples_whatever_end_the_stream(encoder, walk, values, tail):
    recogniser = Recogniser(encoder)
    table = np.array(values, dtype=np.float64)
    recogniser.push(walk[0][:350], walk[1][:350])
    for row in table:
        for prediction in recogniser.push(row[0], row[1:]):
            assert prediction.unknown or prediction.activity in recogniser.names
    if tail:
        found = pushed(recogniser, walk[0][350:], walk[1][350:])
        assert found


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (np.r_[np.full(3, 1 / 9.80665), 1, 1, 1], "like g"),
        (np.r_[1, 1, 1, np.full(3, 180 / np.pi)], "rad/s"),
        (np.r_[1, 1, 1, np.full(3, np.nan)], "gyroscope is silent"),
        (np.r_[np.full(3, np.inf), 1, 1, 1], "accelerometer is silent"),
        (np.r_[1, 1, 1, 0, 0, 0], "gyroscope is silent"),
        (np.zeros(6), "accelerometer is silent"),
    ],
)
def test_bad_input_is_never_a_confident_answer(encoder, walk, spoil, reason):
    found = pushed(Recogniser(encoder), walk[0], walk[1] * spoil)
    assert len(found) > 40
    assert all(p.unknown and reason in p.reason for p in found)


def test_degrees_stay_degrees_when_the_phone_lies_still(encoder, walk, recordings):
    recogniser = Recogniser(encoder)
    degrees = np.r_[1, 1, 1, np.full(3, 180 / np.pi)]
    pushed(recogniser, walk[0], walk[1] * degrees)
    sit = recordings["sit"]
    samples = np.concatenate([sit.acc, sit.gyro], axis=1) * degrees
    found = pushed(recogniser, walk[0][-1] + 0.02 + np.arange(len(samples)) / 50, samples)
    assert all(p.unknown for p in found)


def test_a_recording_of_one_window_gives_one_prediction(encoder, walk):
    assert len(pushed(Recogniser(encoder), walk[0][:300], walk[1][:300])) == 1
    assert pushed(Recogniser(encoder), walk[0][:299], walk[1][:299]) == []


def test_labels_come_and_go_while_the_stream_runs(encoder, walk):
    recogniser = Recogniser(encoder)
    first = recogniser.push(walk[0][:500], walk[1][:500])
    window = np.asarray(walk[1][200:500], dtype=np.float32)
    recogniser.add_label("my stroll", encoder.embed(window) * 3)
    second = recogniser.push(walk[0][500:1000], walk[1][500:1000])
    assert {p.activity for p in second} == {"my stroll"}
    recogniser.remove_label("my stroll")
    third = recogniser.push(walk[0][1000:1500], walk[1][1000:1500])
    assert "my stroll" not in {p.activity for p in first + third}
    with pytest.raises(LanharError, match="no label 'my stroll'"):
        recogniser.remove_label("my stroll")


def test_labels_of_one_stream_are_not_those_of_another(encoder):
    one, other = Recogniser(encoder), Recogniser(encoder)
    one.add_label("new", np.ones(32))
    assert "new" not in other.names


@pytest.mark.parametrize("embedding", [np.ones(31), np.zeros(32), np.full(32, np.nan), np.ones((1, 32))])
def test_an_embedding_that_is_none_is_refused(encoder, embedding):
    with pytest.raises(LanharError, match="length above 0"):
        Recogniser(encoder).add_label("new", embedding)


def test_without_labels_everything_is_unknown(encoder, walk):
    recogniser = Recogniser(encoder)
    for name in recogniser.names:
        recogniser.remove_label(name)
    assert {p.reason for p in recogniser.push(walk[0][:400], walk[1][:400])} == {"there is no label"}


def test_smoothing_is_an_average_over_time(encoder, walk):
    raw = pushed(Recogniser(encoder), *walk)
    smooth = pushed(Recogniser(encoder, smoothing=0.8), *walk)
    assert np.std([p.confidence for p in smooth]) < np.std([p.confidence for p in raw])
    changes = [sum(a.activity != b.activity for a, b in pairwise(found)) for found in (raw, smooth)]
    assert changes[1] <= changes[0]


def test_below_the_threshold_the_activity_is_unknown_but_the_nearest_are_told(built, walk, tmp_path, new_manifest):
    folder = shutil.copytree(built.folder, tmp_path / "strict")
    new_manifest(folder, unknown_threshold=0.999999)
    found = pushed(Recogniser(load(folder)), *walk)
    assert all(p.unknown and len(p.top) == 3 and "below" in p.reason for p in found)


def test_memory_does_not_grow_with_the_stream(encoder, walk):
    recogniser = Recogniser(encoder, hop_s=5.0)
    for minute in range(3):
        recogniser.push(walk[0][:3000] + minute * walk[0][:3000][-1], walk[1][:3000])
    stored = len(recogniser._stream._buffer)
    assert stored < 50 * 20


@pytest.mark.parametrize("wrong", [{"hop_s": 0.0}, {"hop_s": math.nan}, {"smoothing": 1.0}, {"wait_s": -1.0}])
def test_settings_that_make_no_sense_are_refused(encoder, wrong):
    with pytest.raises(LanharError, match="write"):
        Recogniser(encoder, **wrong)


def test_samples_of_another_shape_are_an_error_of_the_program(encoder):
    with pytest.raises(ValueError, match="give"):
        Recogniser(encoder).push([0.0, 0.1], np.ones((2, 3)))
