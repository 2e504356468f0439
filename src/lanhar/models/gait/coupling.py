import torch
from torch import Tensor

from lanhar.models.gait.channels import Channels, centred, length, rms


def couplings(c: Channels) -> Tensor:
    """How the signals go together: correlations that no heading and no mirror image changes.

    Acceleration and rotation about horizontal axes are both vectors in the horizontal plane. A turn about the vertical
    leaves their inner and cross products alone; a mirror image (the other leg, the other pocket) flips the sign of the
    inner product, which is why only its size is used.

    Args:
        c: signals of (..., T) samples.

    Returns:
        (..., 12), about -1 to 1.
    """
    h, g, v = length(c.horizontal), length(c.swing), centred(c.vertical)
    rotation = (g.square() + c.turn.square()).sqrt()
    # The floors, (m/s²)² and (rad/s)², keep noise at rest from looking like structure.
    size_v, size_h, size_g, size_t = rms(c.vertical, 0.05), rms(h, 0.05), rms(g, 0.01), rms(c.turn, 0.01)
    inner = (c.horizontal * (c.swing - c.swing.mean(-2, keepdim=True))).sum(-1).mean(-1)
    with_vertical, swing_with_vertical = _plane_moment(v, c.horizontal), _plane_moment(v, c.swing)
    turn = centred(c.turn)
    rows = [
        _correlation(c.vertical, h),
        _correlation(c.vertical, g),
        _correlation(h, g),
        _correlation(c.vertical, rotation),
        _planarity(c.horizontal),
        _planarity(c.swing),
        inner.abs() / (size_h * size_g),
        length(with_vertical) / (size_v * size_h),
        length(swing_with_vertical) / (size_v * size_g),
        length(_plane_moment(turn, c.swing)) / (size_t * size_g),
        length(_plane_moment(turn, c.horizontal)) / (size_t * size_h),
        _cross(with_vertical, swing_with_vertical) / (size_v**2 * size_h * size_g),
    ]
    return torch.stack(rows, dim=-1)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _plane_moment(x: Tensor, plane: Tensor) -> Tensor:
    return (x[..., None] * (plane - plane.mean(dim=-2, keepdim=True))).mean(dim=-2)


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    a, b = centred(a), centred(b)
    return (a * b).mean(-1) / (a.square().mean(-1) * b.square().mean(-1) + 1e-3).sqrt()


def _planarity(plane: Tensor) -> Tensor:
    """0 where the movement in the plane is round, 1 where it follows one line."""
    x, y = (plane - plane.mean(dim=-2, keepdim=True)).unbind(dim=-1)
    xx, yy, xy = x.square().mean(-1), y.square().mean(-1), (x * y).mean(-1)
    return ((xx - yy).square() + 4 * xy.square() + 1e-8).sqrt() / (xx + yy + 1e-2)
