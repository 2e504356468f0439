import numpy as np
import torch

from lanhar.models.virtual_motion import VirtualMotion
from lanhar.signals.features import compute_features
from lanhar.signals.table import FEATURES

COLUMNS = [feature.name for feature in FEATURES]


def steps(count: int, hz: float = 1.8, bounce: float = 2.0) -> torch.Tensor:
    """Upright windows that bounce at `hz`, sway at half of it and turn a little."""
    t = torch.arange(300) / 50
    x = torch.zeros(count, 300, 6)
    x[..., 2] = 9.80665 + bounce * 2**0.5 * torch.sin(2 * torch.pi * hz * t)
    x[..., 0] = torch.sin(torch.pi * hz * t)
    x[..., 4] = 0.5 * torch.sin(2 * torch.pi * hz * t)
    return x


def make(count: int = 200, **options) -> torch.Tensor:
    torch.manual_seed(0)
    return VirtualMotion(**options)(steps(count), torch.full((count,), 1.8))


def measured(windows: torch.Tensor) -> dict[str, np.ndarray]:
    gravity = np.tile(np.array([0, 0, 1], np.float32), (len(windows), 1))
    features = np.asarray(compute_features(windows.numpy(), gravity, 50.0))
    return {name: features[:, i] for i, name in enumerate(COLUMNS)}


def test_cadence_and_strength_come_out_as_wanted():
    found = measured(make(40, cadence_hz=(2.6, 2.6), bounce_m_s2=(4.0, 4.0), gain=0.0))
    np.testing.assert_allclose(np.median(found["acc_step_hz"]), 2.6, rtol=0.03)
    np.testing.assert_allclose(np.median(found["acc_vertical_rms"]), 4.0, rtol=0.1)


def test_they_go_beyond_what_was_recorded():
    found = measured(make())
    assert found["acc_vertical_rms"].min() < 0.6
    assert found["acc_vertical_rms"].max() > 8.0
    assert found["acc_step_hz"].max() > 2.7
    assert 0 < found["acc_step_hz"].min() < 1.3


def test_they_stay_upright_finite_and_never_fall_faster_than_free():
    x = make(bounce_m_s2=(15.0, 15.0))
    assert torch.isfinite(x).all()
    mean = x[..., :3].mean(dim=1)
    torch.testing.assert_close(mean[:, :2], torch.zeros(len(x), 2), atol=1e-3, rtol=0)
    assert (mean[:, 2] > 9.0).all()
    # Nothing but a rope pulls a body down faster than gravity; noise and the new alignment leave a little.
    assert (x[..., 2] > -2.5).float().mean() > 0.99
