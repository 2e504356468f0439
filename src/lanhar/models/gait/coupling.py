import torch
from torch import Tensor

from lanhar.models.gait.channels import Channels, centred, length, rms, signed_log


def couplings(c: Channels, rate_hz: float) -> Tensor:
    """How the signals go together: correlations, ratios and third moments that no heading and no mirror changes.

    Acceleration and rotation about horizontal axes are both vectors in the horizontal plane. A rotation about the
    vertical leaves their inner product and their cross product alone; a mirror image (the other leg, the other pocket)
    flips the sign of the inner product, which is why only its size is used.

    Args:
        c: signals of (..., T) samples.
        rate_hz: samples per second.

    Returns:
        (..., K), each about -1 to 1, or a log ratio.
    """
    scales = _Scales(c, rate_hz)
    return torch.cat([_moments(c, scales, rate_hz), _correlations(c, scales), scales.ratios()], dim=-1)


class _Scales:
    """RMS of every signal and of its derivative; floors keep noise at rest from looking like structure."""

    def __init__(self, c: Channels, rate_hz: float) -> None:
        self.vertical = rms(c.vertical, 0.05)
        self.horizontal = rms(length(c.horizontal), 0.05)
        self.swing = rms(length(c.swing), 0.01)
        self.turn = rms(c.turn, 0.01)
        self.jerk = rms(_derivative(c.vertical, rate_hz), 25.0)
        self.horizontal_jerk = rms(length(_derivative_plane(c.horizontal, rate_hz)), 25.0)
        self.swing_change = rms(length(_derivative_plane(c.swing, rate_hz)), 5.0)

    def ratios(self) -> Tensor:
        """Log ratios of strengths: what remains when everything is stronger or weaker by one factor."""
        return torch.stack(
            [
                self.vertical / self.horizontal,
                self.swing / self.vertical,
                self.swing / self.turn,
                self.jerk / self.vertical,
                self.horizontal_jerk / self.horizontal,
                self.swing_change / self.swing,
            ],
            dim=-1,
        ).log()


def _moments(c: Channels, s: _Scales, rate_hz: float) -> Tensor:
    cross = _cross(c.horizontal, c.swing)
    v = centred(c.vertical)
    jerk = _derivative(c.vertical, rate_hz)
    horizontal_jerk, swing_change = _derivative_plane(c.horizontal, rate_hz), _derivative_plane(c.swing, rate_hz)
    horizontal_mid, swing_mid = _mid(c.horizontal.mT).mT, _mid(c.swing.mT).mT
    orbit = _cross(horizontal_mid, horizontal_jerk)
    swing_orbit = _cross(swing_mid, swing_change)
    jerk_cross = _cross(horizontal_jerk, swing_mid)
    h2, g2 = c.horizontal.square().sum(-1), c.swing.square().sum(-1)
    turn_mid = _mid(c.turn)
    rows = [
        cross.mean(-1) / (s.horizontal * s.swing),
        (v * cross).mean(-1) / (s.vertical * s.horizontal * s.swing),
        (v * h2).mean(-1) / (s.vertical * s.horizontal**2),
        (v * g2).mean(-1) / (s.vertical * s.swing**2),
        (v * c.turn**2).mean(-1) / (s.vertical * s.turn**2),
        (jerk / s.jerk[..., None]).pow(3).mean(-1),
        (jerk * _mid(cross)).mean(-1) / (s.jerk * s.horizontal * s.swing),
        (jerk * _mid(h2)).mean(-1) / (s.jerk * s.horizontal**2),
        (jerk * _mid(g2)).mean(-1) / (s.jerk * s.swing**2),
        (jerk * _mid(c.vertical) ** 2).mean(-1) / (s.jerk * s.vertical**2),
        (jerk * turn_mid**2).mean(-1) / (s.jerk * s.turn**2),
        signed_log(orbit.mean(-1).abs() / (s.horizontal * s.horizontal_jerk)),
        signed_log(swing_orbit.mean(-1).abs() / (s.swing * s.swing_change)),
        (orbit * turn_mid).mean(-1) / (s.horizontal * s.horizontal_jerk * s.turn),
        (swing_orbit * turn_mid).mean(-1) / (s.swing * s.swing_change * s.turn),
        jerk_cross.mean(-1) / (s.horizontal_jerk * s.swing),
        (jerk_cross * _mid(c.vertical)).mean(-1) / (s.horizontal_jerk * s.swing * s.vertical),
    ]
    return torch.stack(rows, dim=-1)


def _correlations(c: Channels, s: _Scales) -> Tensor:
    h, g, v = length(c.horizontal), length(c.swing), centred(c.vertical)
    rotation = (g.square() + c.turn.square()).sqrt()
    inner = (c.horizontal * (c.swing - c.swing.mean(-2, keepdim=True))).sum(-1).mean(-1)
    with_vertical = _plane_moment(v, c.horizontal)
    swing_with_vertical = _plane_moment(v, c.swing)
    rows = [
        _correlation(c.vertical, h),
        _correlation(c.vertical, g),
        _correlation(h, g),
        _correlation(c.vertical, rotation),
        _planarity(c.horizontal),
        _planarity(c.swing),
        inner.abs() / (s.horizontal * s.swing),
        length(with_vertical) / (s.vertical * s.horizontal),
        length(swing_with_vertical) / (s.vertical * s.swing),
        length(_plane_moment(centred(c.turn), c.swing)) / (s.turn * s.swing),
        length(_plane_moment(centred(c.turn), c.horizontal)) / (s.turn * s.horizontal),
        _cross(with_vertical, swing_with_vertical) / (s.vertical**2 * s.horizontal * s.swing),
    ]
    return torch.stack(rows, dim=-1)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _mid(x: Tensor) -> Tensor:
    return (x[..., 1:] + x[..., :-1]) / 2


def _derivative(x: Tensor, rate_hz: float) -> Tensor:
    return (x[..., 1:] - x[..., :-1]) * rate_hz


def _derivative_plane(x: Tensor, rate_hz: float) -> Tensor:
    return (x[..., 1:, :] - x[..., :-1, :]) * rate_hz


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
