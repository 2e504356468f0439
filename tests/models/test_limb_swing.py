import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from lanhar.models.limb_swing import step_rate, swing

RATE = 50.0


def bouncing(hz: float = 1.8) -> torch.Tensor:
    x = torch.zeros(1, 300, 6)
    x[..., 2] = 9.81 + 2 * torch.sin(2 * torch.pi * hz * torch.arange(300) / RATE)
    return x


def swung(x: torch.Tensor, amplitude: float, length: float) -> torch.Tensor:
    torch.manual_seed(3)
    one = torch.ones(len(x))
    return swing(x, one * amplitude, one * length, one * 0.0, RATE)


@pytest.mark.parametrize("hz", [1.4, 1.8, 2.6])
def test_the_step_rate_is_that_of_the_bounce(hz):
    assert float(step_rate(bouncing(hz), RATE)) == pytest.approx(hz, abs=0.03)


def test_no_arc_is_no_change():
    x = bouncing()
    torch.testing.assert_close(swung(x, 0.0, 0.6), x, atol=1e-4, rtol=1e-4)


def test_a_window_at_rest_stays_at_rest():
    x = torch.zeros(1, 300, 6)
    x[..., 2] = 9.81
    assert torch.equal(swung(x, 0.5, 0.6), x)


def test_the_device_swings_once_a_stride():
    gyro = swung(bouncing(1.8), 0.4, 0.6)[0, :, 3:]
    spectrum = torch.fft.rfft(gyro - gyro.mean(0), dim=0).abs().sum(1)
    assert spectrum.argmax().item() * RATE / 300 == pytest.approx(0.9, abs=0.17)


def test_acceleration_is_that_of_a_body_moved_along_the_pendulum():
    """Against the second difference of positions in the world, with the rotation integrated from the gyroscope."""
    length, x = 0.5, bouncing()
    y = swung(x, 0.4, length)[0].double().numpy()
    fastest = y[np.linalg.norm(y[:, 3:], axis=1).argmax(), 3:]
    axis = fastest / np.linalg.norm(fastest)
    rate = y[:, 3:] @ axis
    angle = np.concatenate([[0], np.cumsum((rate[1:] + rate[:-1]) / 2)]) / RATE
    angle -= (angle.max() + angle.min()) / 2
    turned = Rotation.from_rotvec(angle[:, None] * axis)
    position = turned.apply(np.tile([0.0, 0.0, -length], (300, 1)))
    world = np.gradient(np.gradient(position, 1 / RATE, axis=0), 1 / RATE, axis=0)
    expected = turned.inv().apply(world + x[0, :, :3].double().numpy())
    error = np.abs(expected - y[:, :3])[5:-5]
    assert error.max() < 0.15 * np.abs(y[:, :3] - x[0, :, :3].double().numpy()).max()
