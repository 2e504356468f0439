import math

import torch
from torch import Tensor

STEP_HZ = (1.2, 3.2)
GRID_HZ = 0.025
# Vertical deviation, m/s², below which a window holds no steps to swing to.
LEAST_BOUNCE = 0.3


def swing(windows: Tensor, amplitude_rad: Tensor, length_m: Tensor, second: Tensor, rate_hz: float) -> Tensor:
    """Move the device from the body to the end of a limb that swings once a stride, as an arm or a leg does.

    The limb is a pendulum that hangs from where the device was and swings in a vertical plane of any heading, in time
    with the window's own steps: the device turns with it, and feels its tangential and centripetal acceleration.
    Windows without steps stay as they are.

    Args:
        windows: (B, L, 6) aligned windows, acc in m/s² with +z up and gyro in rad/s.
        amplitude_rad: (B,) half of the arc.
        length_m: (B,) from the joint to the device.
        second: (B,) share of a second harmonic in the angle; a forearm lags behind.
        rate_hz: samples per second.

    Returns:
        (B, L, 6) in the same units, not aligned.
    """
    count = len(windows)
    angle = amplitude_rad[:, None] * _stride(windows, second, rate_hz)
    rate = torch.gradient(angle, dim=1)[0] * rate_hz
    change = torch.gradient(rate, dim=1)[0] * rate_hz
    heading = torch.rand(count, device=windows.device) * 2 * math.pi
    axis = torch.stack([heading.cos(), heading.sin(), torch.zeros_like(heading)], dim=1)
    down = windows.new_tensor([0.0, 0.0, -1.0]).expand(count, 3)
    forward = torch.linalg.cross(axis, down)
    felt = change[..., None] * forward[:, None] - rate.square()[..., None] * down[:, None]
    acc = _turned(windows[..., :3], axis, -angle) + length_m[:, None, None] * felt
    gyro = _turned(windows[..., 3:], axis, -angle) + rate[..., None] * axis[:, None]
    moving = windows[..., 2].std(dim=1) > LEAST_BOUNCE
    return torch.where(moving[:, None, None], torch.cat([acc, gyro], dim=-1), windows)


def step_rate(windows: Tensor, rate_hz: float) -> Tensor:
    """Step rate (B,) in Hz of windows (B, L, 6): the strongest vertical acceleration between 1.2 and 3.2 Hz."""
    vertical = windows[..., 2] - windows[..., 2].mean(dim=1, keepdim=True)
    points = round(rate_hz / GRID_HZ)
    taper = torch.hann_window(windows.shape[1], device=windows.device)
    power = torch.fft.rfft(vertical * taper, n=points, dim=1).abs()
    low, high = (round(hz / GRID_HZ) for hz in STEP_HZ)
    strongest: Tensor = low + power[:, low : high + 1].argmax(dim=1)
    return strongest * GRID_HZ


def _stride(windows: Tensor, second: Tensor, rate_hz: float) -> Tensor:
    """(B, L) a swing of height 1 at half the step rate, whose pace wavers a little from second to second."""
    count, size, _ = windows.shape
    every = max(1, round(rate_hz))
    waver = 1 + 0.02 * torch.randn(count, -(-size // every), device=windows.device)
    pace = math.pi * step_rate(windows, rate_hz)[:, None] * waver.repeat_interleave(every, dim=1)[:, :size]
    start, lag = torch.rand(2, count, 1, device=windows.device) * 2 * math.pi
    phase = pace.cumsum(dim=1) / rate_hz + start
    swung: Tensor = phase.sin() + second[:, None] * (2 * phase + lag).sin()
    return swung


def _turned(vectors: Tensor, axis: Tensor, angle: Tensor) -> Tensor:
    """Vectors (B, L, 3) turned about axes (B, 3) of unit length by angles (B, L), by Rodrigues' formula."""
    along = axis[:, None].expand_as(vectors)
    cos, sin = angle.cos()[..., None], angle.sin()[..., None]
    part = (vectors * along).sum(dim=-1, keepdim=True) * along
    turned: Tensor = cos * (vectors - part) + sin * torch.linalg.cross(along, vectors) + part
    return turned
