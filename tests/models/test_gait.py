"""The gait encoder sees only what no pocket changes."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lanhar.datamodules.window_cache import WindowSettings, open_windows
from lanhar.datasets import get_dataset, sample_dir
from lanhar.datasets.locate import no_progress
from lanhar.models.augment import turn
from lanhar.models.gait.encoder import GaitDescriptors, GaitEncoder
from lanhar.models.gait.harmonics import GaitHarmonics
from lanhar.models.gait.variation import drifts, subwindows, variation

GRAVITY = 9.80665
# Reflection in the vertical plane x = 0: a true vector loses its x sign, a rotation keeps only its x.
MIRROR = torch.tensor([-1.0, 1.0, 1.0, 1.0, -1.0, -1.0])


def walking(count: int = 4, length: int = 300, step_hz: float = 1.8, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(length) / 50
    phases = torch.rand(count, 6, 1, generator=generator) * 6.28
    multiples = torch.tensor([0.5, 1.0, 1.0, 0.5, 0.5, 0.5])[:, None]
    strengths = torch.tensor([1.0, 1.5, 2.5, 1.2, 0.8, 0.5])[:, None]
    x = strengths * torch.sin(2 * torch.pi * step_hz * multiples * time + phases)
    x = x + 0.3 * torch.randn(x.shape, generator=generator)
    x[:, 2] += GRAVITY
    return x.mT.contiguous()


@given(st.floats(-3.1, 3.1), st.integers(0, 20), st.sampled_from([120, 300]))
@settings(max_examples=20, deadline=None)
def test_no_heading_changes_what_is_measured(heading, seed, length):
    x = walking(length=length, seed=seed)
    describe = GaitDescriptors(length)
    torch.testing.assert_close(describe(turn(x, torch.full((4,), heading))), describe(x), atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("length", [120, 300])
def test_the_other_leg_is_measured_alike(length):
    x = walking(length=length)
    describe = GaitDescriptors(length)
    torch.testing.assert_close(describe(x * MIRROR), describe(x), atol=2e-4, rtol=1e-3)


def test_a_mirror_is_not_the_identity_on_the_raw_window():
    x = walking()
    assert not torch.allclose(x * MIRROR, x)


@pytest.mark.parametrize("step_hz", [1.3, 1.6, 1.9, 2.3, 2.7])
@pytest.mark.parametrize("length", [120, 300])
def test_the_step_rate_is_found(step_hz, length):
    harmonics = GaitHarmonics(length, 50.0)
    found = harmonics(walking(length=length, step_hz=step_hz)[:, None])[:, 0, 0].exp()
    torch.testing.assert_close(found, torch.full((4,), step_hz), atol=0.1 if length == 300 else 0.2, rtol=0)


def test_all_subwindows_are_measured_at_one_step_rate():
    parts = subwindows(walking(step_hz=2.1), 120)
    rate = GaitHarmonics(120, 50.0)(parts)[:, :, 0].exp()
    assert rate.shape == (4, 4)
    torch.testing.assert_close(rate, torch.full((4, 4), 2.1), atol=0.1, rtol=0)


def test_subwindows_overlap_by_half():
    parts = subwindows(walking(2), 120)
    assert parts.shape == (2, 4, 120, 6)
    torch.testing.assert_close(parts[:, 0, 60:], parts[:, 1, :60])


@pytest.mark.parametrize("length", [120, 300])
def test_steps_alike_vary_less_than_steps_that_change(length):
    time = torch.arange(length) / 50
    # Strides of 1.2 s: every sub-window, and every half of a short one, begins in the same place of a step.
    even = walking(1, length, step_hz=2 / 1.2) * 0 + 2 * torch.sin(2 * torch.pi * time / 0.6)[:, None]
    uneven = even.clone()
    uneven[:, length // 2 :, :3] *= -0.3
    short = 120 if length == 300 else 60
    assert variation(even, short, 50.0).mean() < 0.01
    assert variation(uneven, short, 50.0).mean() > 0.05


def test_drift_is_how_far_the_means_of_subwindows_lie_apart():
    x = torch.zeros(1, 300, 6)
    x[:, 150:, 2] = 2.0
    horizontal, vertical, swing = drifts(x, 150)[0]
    # Sub-windows from 0, 1.5 and 3 s have means of 0, 1 and 2 m/s².
    torch.testing.assert_close(vertical, torch.log1p(torch.tensor((2 / 3) ** 0.5 / 0.3)))
    assert float(horizontal) < 1e-3
    assert float(swing) < 2e-3


def test_what_is_measured_has_finite_gradients_at_rest():
    x = torch.zeros(1, 300, 6)
    x[..., 2] = GRAVITY
    x.requires_grad_()
    GaitDescriptors(300)(x).sum().backward()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize(
    "window",
    [
        torch.zeros(1, 300, 6),
        torch.full((1, 300, 6), 1e3),
        torch.tensor([0.0, 0.0, GRAVITY, 0.0, 0.0, 0.0]).expand(1, 300, 6),
    ],
    ids=["silence", "saturated", "at rest"],
)
def test_a_dead_sensor_gives_a_finite_embedding_of_unit_length(window):
    encoder = GaitEncoder(16, 300).eval()
    encoder.fit_scaling(encoder.describe(walking(8)))
    embedding = encoder(window)
    assert torch.isfinite(embedding).all()
    torch.testing.assert_close(embedding.norm(dim=1), torch.ones(1))


def test_a_window_stands_alone():
    encoder = GaitEncoder(16, 300).eval()
    x = walking(6)
    encoder.fit_scaling(encoder.describe(x))
    together = encoder(x)
    alone = torch.cat([encoder(x[i : i + 1]) for i in range(6)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
def test_an_exporter_can_trace_it_for_batches_of_any_size():
    encoder = GaitEncoder(16, 300).eval()
    encoder.fit_scaling(encoder.describe(walking(32)))
    traced = torch.jit.trace(encoder, walking(2), check_trace=False)
    torch.testing.assert_close(traced(walking(5, seed=9)), encoder(walking(5, seed=9)), atol=1e-5, rtol=1e-4)
    operators = str(traced.inlined_graph)
    # ONNX knows neither in the operator sets that phones run.
    assert "aten::mT" not in operators
    assert "aten::fft" not in operators


def test_scaling_travels_with_the_weights():
    encoder = GaitEncoder(16, 300).eval()
    encoder.fit_scaling(encoder.describe(walking(32)))
    copy = GaitEncoder(16, 300).eval()
    copy.load_state_dict(encoder.state_dict())
    torch.testing.assert_close(copy(walking(3, seed=9)), encoder(walking(3, seed=9)))


def test_the_fixed_fourier_matrices_agree_with_numpy():
    describe = GaitDescriptors(120)
    signal = walking(1, length=120)[0, :, 2]
    centred = (signal - signal.mean()).numpy()
    taper = torch.hann_window(120).numpy()
    spectrum = np.fft.rfft(centred * taper) * 2 / taper.sum()
    ours = describe.spectrum.transform(signal[None])
    count = ours.re.shape[-1]
    np.testing.assert_allclose(ours.re[0], spectrum.real[1 : count + 1], atol=1e-4)
    np.testing.assert_allclose(ours.im[0], spectrum.imag[1 : count + 1], atol=1e-4)


def sway_and_rest(windows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rotation about the vertical against that about the horizontal by wide band (B, 4), and strengths (B, 4)."""
    described = GaitDescriptors(300).spectrum(windows[:, 90:210])
    return described[:, -8:-4], described[:, -4:]


@pytest.mark.parametrize("strength", [0.005, 0.02])
def test_sway_is_measured_where_nothing_walks(strength):
    time = torch.arange(300) / 50
    x = torch.zeros(1, 300, 6)
    x[..., 2] = GRAVITY
    x[..., 3] = 0.25 * strength * torch.sin(2 * torch.pi * 0.8 * time)
    x[..., 5] = strength * torch.sin(2 * torch.pi * 0.8 * time)
    (sway,), (rest,) = sway_and_rest(x)
    # Powers go with the square: four times the rotation is sixteen times the power.
    assert float(sway[0]) == pytest.approx(math.log(16), abs=0.15)
    assert float(sway[2]) == pytest.approx(0, abs=0.1)
    assert float(rest[3] - rest[2]) == pytest.approx(math.log(16), abs=0.15)


@pytest.mark.parametrize("name", ["uci", "motionsense"])
def test_people_who_stand_sway_more_than_people_who_sit(name, tmp_path):
    dataset = get_dataset(name)(sample_dir(), tmp_path, download=False)
    windows = open_windows(dataset, WindowSettings(300, 50.0, 0.5), tmp_path, no_progress).windows
    stand, sit = (
        sway_and_rest(torch.from_numpy(np.array(windows.samples[windows.activity == activity])))[0][:, 0]
        for activity in ("stand", "sit")
    )
    assert min(len(stand), len(sit)) > 5
    assert (stand[:, None] > sit).float().mean() > 0.7
