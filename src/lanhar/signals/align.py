"""Turning windows upright by their own gravity."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.signals.units import STANDARD_GRAVITY_M_S2

LEAST_GRAVITY_M_S2 = 0.5 * STANDARD_GRAVITY_M_S2
"""A mean acceleration below this is no measure of gravity (free fall, a dead sensor, wrong units)."""


def gravity_direction(windows: NDArray[Any]) -> NDArray[Any]:
    """Direction of gravity's reaction in the device frame: the window's mean acceleration, of unit length.

    Args:
        windows: (N, L, 6) acc xyz m/s² including gravity, then gyro xyz rad/s.

    Returns:
        (N, 3) unit vectors; (0, 0, 1) where the mean acceleration is exactly zero.
    """
    mean = windows[:, :, :3].mean(axis=1, dtype=np.float64)
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    upright = np.array([0.0, 0.0, 1.0])
    return np.where(length > 0, mean / np.where(length > 0, length, 1.0), upright).astype(windows.dtype)


def upright_rotation(gravity: NDArray[Any]) -> NDArray[np.float64]:
    """The smallest rotation that takes each direction to +z (Rodrigues' formula).

    Args:
        gravity: (N, 3) unit vectors.

    Returns:
        (N, 3, 3) rotation matrices; half a turn about x where gravity points along -z.
    """
    x, y, z = gravity.astype(np.float64).T
    horizontal = x**2 + y**2
    # Closer to -z than doubles can tell, squares underflow.
    upside_down = (z < 0) & (horizontal < 1e-300)
    # (1 - z) / (x² + y²) = 1 / (1 + z), without the cancellation near z = -1.
    lower = (1 - z) / np.where(horizontal < 1e-300, 1.0, horizontal)
    k = np.where(z < 0, lower, 1 / (1 + np.maximum(z, 0)))
    rows = [[1 - k * x * x, -k * x * y, -x], [-k * x * y, 1 - k * y * y, -y], [x, y, z]]
    rotation: NDArray[np.float64] = np.moveaxis(np.array(rows), 2, 0)
    rotation[upside_down] = np.diag([1.0, -1.0, -1.0])
    return rotation


def align(windows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
    """Rotate every window by its own mean acceleration so that +z is up; the heading stays free.

    Args:
        windows: (N, L, 6) acc xyz m/s² including gravity, then gyro xyz rad/s, device frame.

    Returns:
        The aligned windows (N, L, 6); gravity's direction in the device frame (N, 3); and (N,) whether the
        mean acceleration was large enough (half of g) to be called gravity. All finite for finite windows.
    """
    gravity = gravity_direction(windows)
    rotation = upright_rotation(gravity).astype(windows.dtype).swapaxes(1, 2)
    aligned = np.empty_like(windows)
    aligned[:, :, :3] = windows[:, :, :3] @ rotation
    aligned[:, :, 3:] = windows[:, :, 3:] @ rotation
    strength = np.linalg.norm(windows[:, :, :3].mean(axis=1, dtype=np.float64), axis=1)
    return aligned, gravity, strength >= LEAST_GRAVITY_M_S2
