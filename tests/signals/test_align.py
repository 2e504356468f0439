import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.transform import Rotation

from lanhar.signals.align import align, gravity_direction, upright_rotation
from lanhar.signals.units import STANDARD_GRAVITY_M_S2

components = st.floats(-1, 1)


def test_the_mean_acceleration_of_real_windows_points_up_after_alignment(device_windows: np.ndarray) -> None:
    aligned, gravity, valid = align(device_windows)
    mean = aligned[:, :, :3].mean(axis=1)
    length = np.linalg.norm(device_windows[:, :, :3].mean(axis=1), axis=1)
    np.testing.assert_allclose(mean[:, :2], 0, atol=1e-9)
    np.testing.assert_allclose(mean[:, 2], length)
    np.testing.assert_allclose(np.linalg.norm(gravity, axis=1), 1)
    assert valid.all()


def test_both_sensors_turn_together(device_windows: np.ndarray) -> None:
    aligned, _, _ = align(device_windows)
    acc, gyro = device_windows[..., :3], device_windows[..., 3:]
    turned_acc, turned_gyro = aligned[..., :3], aligned[..., 3:]
    np.testing.assert_allclose((turned_acc * turned_gyro).sum(-1), (acc * gyro).sum(-1), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(turned_gyro, axis=-1), np.linalg.norm(gyro, axis=-1), atol=1e-9)


@settings(deadline=None)
@example((0.0, 3.6e-162, -1.0))
@given(st.tuples(components, components, components).filter(lambda v: np.linalg.norm(v) > 1e-3))
def test_the_rotation_is_proper_and_the_smallest(direction: tuple[float, float, float]) -> None:
    unit = np.array(direction) / np.linalg.norm(direction)
    (rotation,) = upright_rotation(unit[None])
    np.testing.assert_allclose(rotation @ unit, [0, 0, 1], atol=1e-9)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(rotation) > 0
    angle = np.arctan2(np.hypot(unit[0], unit[1]), unit[2])
    assert abs(Rotation.from_matrix(rotation).magnitude() - angle) < 1e-6


def test_a_device_upside_down_is_turned_over() -> None:
    for tilt in (0.0, 1e-12, 1e-8, 1e-4):
        window = np.zeros((1, 10, 6))
        window[:, :, :3] = np.array([tilt, 0, -1]) * STANDARD_GRAVITY_M_S2
        window[:, :, 5] = 1.0
        aligned, gravity, valid = align(window)
        np.testing.assert_allclose(aligned[0, 0, :3], [0, 0, STANDARD_GRAVITY_M_S2], atol=1e-6)
        np.testing.assert_allclose(aligned[0, 0, 5], -1, atol=1e-6)
        assert valid[0]
        assert gravity[0, 2] < -0.99


def test_windows_without_gravity_are_flagged_and_finite() -> None:
    windows = np.zeros((3, 20, 6), dtype=np.float32)
    windows[1, :, 0] = 0.3 * STANDARD_GRAVITY_M_S2
    windows[2, :, 0] = 0.9 * STANDARD_GRAVITY_M_S2
    aligned, gravity, valid = align(windows)
    assert valid.tolist() == [False, False, True]
    assert np.isfinite(aligned).all()
    assert gravity[0].tolist() == [0, 0, 1]


@settings(max_examples=50, deadline=None)
@given(hnp.arrays(np.float32, (2, 5, 6), elements=st.floats(-1e6, 1e6, width=32)))
def test_any_finite_window_stays_finite(windows: np.ndarray) -> None:
    aligned, gravity, _ = align(windows)
    assert np.isfinite(aligned).all()
    np.testing.assert_allclose(np.linalg.norm(gravity_direction(windows), axis=1), 1, rtol=1e-5)
    assert gravity.dtype == aligned.dtype == np.float32
