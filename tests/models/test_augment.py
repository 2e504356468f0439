import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lanhar.models.augment import (
    KNOTS_HZ,
    PhysicalAugmentation,
    interpolation,
    low_pass,
    stretch,
    transmit,
    turn,
    upright,
)
from lanhar.signals.align import align


def windows(count: int = 5, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 300, 6, generator=generator)
    x[..., 2] += 9.8
    return x


def tone(hz: float) -> torch.Tensor:
    x = torch.zeros(1, 300, 6)
    x[..., 2] = 9.8 + torch.sin(2 * torch.pi * hz * torch.arange(300) / 50)
    return x


def test_no_change_is_no_change():
    x, knots = windows(), len(KNOTS_HZ)
    torch.testing.assert_close(stretch(x, torch.ones(5)), x, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(transmit(x, torch.zeros(5, knots, 4), 50.0), x, atol=1e-4, rtol=1e-4)


def test_a_filter_never_touches_gravity():
    x = windows()
    generator = torch.Generator().manual_seed(1)
    changed = transmit(x, torch.randn(5, len(KNOTS_HZ), 4, generator=generator), 50.0)
    # Padding lets a little of the filtered movement leave the window; gravity itself is added back untouched.
    torch.testing.assert_close(changed[..., 2].mean(1), x[..., 2].mean(1), atol=0.3, rtol=0)


def test_a_gain_at_one_frequency_acts_there_and_on_that_channel_only():
    log_gain = torch.zeros(1, len(KNOTS_HZ), 4)
    log_gain[:, KNOTS_HZ.index(2.5), 1] = float(np.log(2.0))
    louder = transmit(tone(2.5), log_gain, 50.0)[..., 2].std()
    same = transmit(tone(6.5), log_gain, 50.0)[..., 2].std()
    assert louder == pytest.approx(2 * float(tone(2.5)[..., 2].std()), rel=0.1)
    assert same == pytest.approx(float(tone(6.5)[..., 2].std()), rel=0.05)


def test_half_of_the_power_is_left_at_the_cutoff_and_nothing_far_above():
    cutoff = torch.tensor([5.0])
    at = float(tone(5.0)[..., 2].std())
    assert float(low_pass(tone(5.0), cutoff, 50.0)[..., 2].std()) == pytest.approx(at / 2**0.5, rel=0.05)
    assert float(low_pass(tone(15.0), cutoff, 50.0)[:, 30:-30, 2].std()) < 0.03 * at
    slow = low_pass(tone(1.0), cutoff, 50.0)[:, 30:-30]
    torch.testing.assert_close(slow, tone(1.0)[:, 30:-30], atol=0.01, rtol=0)


def test_interpolation_weights_are_a_partition_of_one():
    weights = interpolation(torch.fft.rfftfreq(360, 1 / 50))
    torch.testing.assert_close(weights.sum(1), torch.ones(181))
    assert (weights >= -1e-6).all()


def test_faster_steps_come_at_a_higher_rate():
    faster = stretch(tone(2.0), torch.tensor([1.25]))[0, :, 2]
    spectrum = torch.fft.rfft(faster - faster.mean()).abs()
    assert spectrum.argmax().item() * 50 / 300 == pytest.approx(2.5, abs=0.17)


@given(st.floats(-3.1, 3.1))
@settings(max_examples=20, deadline=None)
def test_a_turn_keeps_lengths_and_the_vertical(heading):
    x = windows()
    turned = turn(x, torch.full((5,), heading))
    torch.testing.assert_close(turned[..., :3].norm(dim=2), x[..., :3].norm(dim=2), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(turned[..., 2], x[..., 2])


def test_the_torch_alignment_is_the_one_that_windows_were_cut_with():
    x = windows() + torch.tensor([3.0, -2.0, 0.0, 0.0, 0.0, 0.0])
    expected, _, _ = align(x.numpy())
    np.testing.assert_allclose(upright(x).numpy(), expected, atol=1e-4)


def test_augmented_windows_are_upright_and_differ():
    torch.manual_seed(0)
    x = windows(50)
    y = PhysicalAugmentation()(x)
    assert y[..., :2].mean(1).abs().max() < 1e-3
    assert ((y - x).abs().flatten(1).mean(1) > 0.1).all()


def test_parts_that_are_switched_off_change_nothing():
    x = upright(windows())
    off = PhysicalAugmentation(
        limb=0, tempo=0, gain=0, smooth=0, rotate=False, acc_noise_m_s2=0, gyro_noise_rad_s=0
    )  # fmt: skip
    torch.testing.assert_close(off(x), x, atol=1e-4, rtol=1e-4)
