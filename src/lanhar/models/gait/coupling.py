import torch
from torch import Tensor

from lanhar.models.gait.channels import GYRO_X, GYRO_Y, GYRO_Z, X, Y, Z, centred, centred_channels, length
from lanhar.signals.units import STANDARD_GRAVITY_M_S2

# Beside a window's six channels: how strong the horizontal acceleration, the rotation about horizontal axes and the
# whole rotation are.
SHAKE, SWING, ROTATION = 6, 7, 8
FLOORS = (0.05, 0.05, 0.01, 0.01)
"""Of vertical and horizontal acceleration, (m/s²)², and of swing and turn, (rad/s)²: noise at rest is no structure."""


def couplings(windows: Tensor) -> Tensor:
    """How the signals go together: correlations that no heading and no mirror image changes.

    Acceleration and rotation about horizontal axes are both vectors in the horizontal plane. A turn about the vertical
    leaves their inner and cross products alone; a mirror image (the other leg, the other pocket) flips the sign of the
    inner product, which is why only its size is used.

    Args:
        windows: (..., T, 6) aligned windows, acc in m/s² and gyro in rad/s.

    Returns:
        (..., 12), about -1 to 1.
    """
    moments = _Moments(windows)
    v, h, g, t = moments.sizes
    inner = moments.at([X], [GYRO_X]) + moments.at([Y], [GYRO_Y])
    vertical = moments.at([Z, Z, Z, Z], [X, Y, GYRO_X, GYRO_Y])
    turn = moments.at([GYRO_Z, GYRO_Z, GYRO_Z, GYRO_Z], [GYRO_X, GYRO_Y, X, Y])
    cross = vertical[..., 0:1] * vertical[..., 3:4] - vertical[..., 1:2] * vertical[..., 2:3]
    rows = [
        moments.correlations([Z, Z, SHAKE, Z], [SHAKE, SWING, SWING, ROTATION]),
        moments.planarities(),
        inner.abs() / (h * g),
        length(vertical[..., :2])[..., None] / (v * h),
        length(vertical[..., 2:])[..., None] / (v * g),
        length(turn[..., :2])[..., None] / (t * g),
        length(turn[..., 2:])[..., None] / (t * h),
        cross / (v**2 * h * g),
    ]
    return torch.cat(rows, dim=-1)


class _Moments:
    """Covariances of a window's channels and of their lengths, all from one product."""

    def __init__(self, windows: Tensor) -> None:
        channels = centred_channels(windows)
        shake = length(channels[..., :2, :], dim=-2)
        gyro = windows[..., 3:].square()
        swing = (gyro[..., 0] + gyro[..., 1] + 1e-6).sqrt()
        rotation = (gyro.sum(dim=-1) + 1e-6).sqrt()
        signals = torch.cat([channels, centred(torch.stack([shake, swing, rotation], dim=-2))], dim=-2)
        self._all = (signals @ signals.transpose(-1, -2) / windows.shape[-2]).flatten(-2)
        vertical = windows[..., Z] - STANDARD_GRAVITY_M_S2
        squares = torch.stack([vertical.square(), shake.square(), swing.square(), gyro[..., 2]], dim=-1).mean(dim=-2)
        self.sizes = torch.split((squares + torch.tensor(FLOORS).to(windows)).sqrt(), 1, dim=-1)

    def at(self, rows: list[int], columns: list[int]) -> Tensor:
        """Covariances (..., K) of pairs of signals."""
        return self._all[..., [9 * row + column for row, column in zip(rows, columns, strict=True)]]

    def correlations(self, rows: list[int], columns: list[int]) -> Tensor:
        """(..., K) of pairs of signals."""
        variances = self.at(rows, rows) * self.at(columns, columns)
        return self.at(rows, columns) / (variances + 1e-3).sqrt()

    def planarities(self) -> Tensor:
        """Of acceleration and swing (..., 2): 0 where the movement is round, 1 where it follows one line."""
        first, second = [X, GYRO_X], [Y, GYRO_Y]
        xx, yy, xy = self.at(first, first), self.at(second, second), self.at(first, second)
        return ((xx - yy).square() + 4 * xy.square() + 1e-8).sqrt() / (xx + yy + 1e-2)
