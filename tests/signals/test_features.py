"""Promises about all features at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.transform import Rotation

from lanhar.errors import LanharError
from lanhar.signals import features as module
from lanhar.signals.align import align
from lanhar.signals.features import classifier_features, compute_features, signed_log
from lanhar.signals.table import CLASSIFIER_COLUMNS, CLASSIFIER_FEATURES, FEATURES

RATE_HZ = 50.0
FREE = np.array([feature.orientation_free for feature in FEATURES])
angles = st.floats(-180, 180)


def up(windows: np.ndarray) -> np.ndarray:
    return np.tile(np.array([0.0, 0.0, 1.0], dtype=windows.dtype), (len(windows), 1))


@settings(max_examples=20, deadline=None)
@given(heading=angles, tilt=st.floats(0, 180), spin=angles, first=st.integers(0, 80))
def test_orientation_free_features_do_not_feel_how_the_device_lies(
    device_windows: np.ndarray, heading: float, tilt: float, spin: float, first: int
) -> None:
    windows = device_windows[first : first + 12]
    turn = Rotation.from_euler("zyz", [heading, tilt, spin], degrees=True).as_matrix().T
    turned = np.concatenate([windows[..., :3] @ turn, windows[..., 3:] @ turn], axis=-1)
    for compute in (compute_features, classifier_features):
        before, after = (compute(*align(w)[:2], RATE_HZ) for w in (windows, turned))
        free = FREE if compute is compute_features else slice(None)
        np.testing.assert_allclose(after[:, free], before[:, free], rtol=1e-4, atol=1e-4)


def test_features_that_are_not_free_do_feel_it(device_windows: np.ndarray) -> None:
    turn = Rotation.from_euler("zyz", [50, 70, 20], degrees=True).as_matrix()
    turned = np.concatenate([device_windows[..., :3] @ turn, device_windows[..., 3:] @ turn], axis=-1)
    before, after = (compute_features(*align(w)[:2], RATE_HZ) for w in (device_windows, turned))
    changed = (np.abs(after - before) > 1e-3 * (1 + np.abs(before))).any(axis=0)
    always_zero = {"acc_x_mean", "acc_y_mean"}
    # Turning does not change the rotation about the vertical: these are withheld because turns are no gait.
    turns = {"gyro_z_mean", "gyro_z_net_angle_deg"}
    bound = {f.name for f in FEATURES if not f.orientation_free} - always_zero - turns
    assert bound == {f.name for f, c in zip(FEATURES, changed, strict=True) if c}


@settings(max_examples=40, deadline=None)
@given(
    st.one_of(
        hnp.arrays(
            np.float32,
            st.tuples(st.just(2), st.integers(4, 130), st.just(6)),
            elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
        ),
        hnp.arrays(
            np.float32,
            st.tuples(st.just(2), st.integers(4, 130), st.just(6)),
            elements=st.sampled_from([0.0, 19.6, -19.6]),
        ),
    ),
    st.floats(5, 200),
)
def test_any_finite_window_has_finite_features(windows: np.ndarray, rate_hz: float) -> None:
    assert np.isfinite(compute_features(windows, up(windows), rate_hz)).all()
    assert np.isfinite(classifier_features(windows, up(windows), rate_hz)).all()


@pytest.mark.parametrize("value", [0.0, 9.81, -1e-30, 3e38])
def test_constant_windows_have_finite_features(value: float) -> None:
    windows = np.full((3, 300, 6), value, dtype=np.float32)
    assert np.isfinite(compute_features(windows, up(windows), RATE_HZ)).all()


def test_a_window_stands_alone(device_windows: np.ndarray) -> None:
    repeated = np.concatenate([device_windows] * 3)
    assert len(repeated) > module.CHUNK
    together = compute_features(*align(repeated)[:2], RATE_HZ)
    for index in (0, module.CHUNK - 1, module.CHUNK, len(repeated) - 1):
        alone = compute_features(*align(repeated[index : index + 1])[:2], RATE_HZ)
        np.testing.assert_allclose(together[index], alone[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("length", "means_over", "varies_over"),
    [
        (300, [(0, 120), (60, 180), (120, 240), (180, 300)], [(0, 120), (60, 180), (120, 240), (180, 300)]),
        (120, [(0, 120)], [(0, 60), (30, 90), (60, 120)]),
    ],
)
def test_classifier_features_are_means_and_variations_over_subwindows(
    device_windows: np.ndarray,
    length: int,
    means_over: list[tuple[int, int]],
    varies_over: list[tuple[int, int]],
) -> None:
    aligned, gravity, _ = align(device_windows[:40, :length])
    names = [feature.name for feature in FEATURES]
    columns = [names.index(feature.name) for feature in CLASSIFIER_FEATURES]

    def parts(spans: list[tuple[int, int]]) -> list[np.ndarray]:
        return [compute_features(aligned[:, a:b], gravity, RATE_HZ)[:, columns] for a, b in spans]

    variation = 100 * np.std([np.sign(x) * np.log1p(np.abs(x)) for x in parts(varies_over)], axis=0)
    means, computed = np.split(classifier_features(aligned, gravity, RATE_HZ), [len(columns)], axis=1)
    np.testing.assert_allclose(means, np.mean(parts(means_over), axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(computed, variation, rtol=1e-4, atol=1e-3)


def test_a_turn_halfway_varies_and_an_even_movement_does_not() -> None:
    seconds = np.arange(300) / RATE_HZ
    even = np.zeros((1, 300, 6))
    even[0, :, 2] = 9.81 + 2 * np.sin(2 * np.pi * 2 * seconds)
    even[0, :, 5] = 0.5 * np.sin(2 * np.pi * seconds)
    turning = even.copy()
    turning[0, 150:, 5] += 2.0
    before, after = (
        dict(zip(CLASSIFIER_COLUMNS, classifier_features(w, up(w), RATE_HZ)[0], strict=True)) for w in (even, turning)
    )
    assert before["gyro_z_rms_variation"] < 2 < 20 < after["gyro_z_rms_variation"]
    assert before["acc_vertical_rms_variation"] == pytest.approx(after["acc_vertical_rms_variation"])


def test_signed_log_is_odd_and_compresses() -> None:
    x = np.array([[-np.e + 1, 0.0, np.e - 1, 1e6]])
    assert signed_log(x) == pytest.approx(np.array([[-1.0, 0.0, 1.0, np.log(1e6 + 1)]]))


def test_no_windows_give_no_rows() -> None:
    none = np.zeros((0, 300, 6), dtype=np.float32)
    assert compute_features(none, up(none), RATE_HZ).shape == (0, len(FEATURES))
    assert classifier_features(none, up(none), RATE_HZ).shape == (0, len(CLASSIFIER_COLUMNS))


@pytest.mark.parametrize(
    ("shape", "rows", "rate_hz", "message"),
    [
        ((2, 300, 3), 2, 50, "shape"),
        ((2, 300, 6), 3, 50, "gravity"),
        ((2, 300, 6), 2, 0, "rate"),
        ((2, 2, 6), 2, 50, "4 or more"),
    ],
)
def test_what_does_not_fit_is_named(shape: tuple[int, ...], rows: int, rate_hz: float, message: str) -> None:
    with pytest.raises(LanharError, match=message):
        compute_features(np.zeros(shape), np.zeros((rows, 3)), rate_hz)
