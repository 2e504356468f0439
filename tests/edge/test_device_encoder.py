import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lanhar.edge.device_encoder import DeviceEncoder, Upright
from lanhar.signals.align import align

directions = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1)).filter(
    lambda g: sum(v * v for v in g) > 0.01
)


@given(directions, st.floats(0, 2), st.integers(0, 99))
@example((0.0, 0.0, -1.0), 0.0, 0)
@example((0.0, 0.0, -1.0), 1.0, 1)
@example((1e-9, -1e-10, -1.0), 0.0, 2)
@example((1e-4, 1e-5, -1.0), 0.5, 3)
@example((0.0, 1e-17, -1.0), 0.0, 5)
@example((1e-25, 1e-30, -1.0), 0.0, 6)
@example((0.0, 0.0, 1.0), 0.0, 4)
@settings(max_examples=200, deadline=None)
def test_the_graph_turns_windows_upright_as_training_does(direction, movement, seed):
    gravity = 9.8 * np.array(direction) / np.linalg.norm(direction)
    noise = np.random.default_rng(seed).normal(size=(1, 40, 6))
    window = (noise * movement + np.r_[gravity, 0, 0, 0]).astype(np.float32)
    window[..., 3:] += noise[..., 3:].astype(np.float32)
    expected, _, _ = align(window)
    np.testing.assert_allclose(Upright()(torch.from_numpy(window)).numpy(), expected, atol=1e-4)


def test_without_acceleration_the_rotation_stays_as_it_is():
    window = torch.zeros(1, 20, 6)
    window[..., 5] = 1.5
    torch.testing.assert_close(Upright()(window), window)


def test_the_way_a_phone_lies_in_the_pocket_does_not_matter(built):
    window = torch.from_numpy(np.array(built.windows.samples[5]))
    model = DeviceEncoder(built.encoder).eval()
    rotation = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))[0]
    rotation = rotation * torch.linalg.det(rotation)
    turned = torch.cat([window[:, :3] @ rotation, window[:, 3:] @ rotation], dim=1)
    torch.testing.assert_close(model(turned), model(window), atol=2e-3, rtol=0)
    assert float(model(window).norm()) == pytest.approx(1, abs=1e-5)
