import pytest
import torch
from torch.nn import functional as F

from lanhar.models.augment import turn
from lanhar.models.networks.cnn import Cnn
from lanhar.models.networks.deepconvlstm import DeepConvLstm
from lanhar.models.networks.masked import MaskedEncoder
from lanhar.models.networks.transformer import Transformer

torch.set_num_threads(1)

NETWORKS = {
    "cnn": (Cnn, {"filters": (8, 16), "kernel": 5}),
    "deepconvlstm": (DeepConvLstm, {"filters": 8, "units": 16, "layers": 2, "dropout": 0.0, "downsample": 4}),
    "transformer": (Transformer, {"dim": 16, "layers": 1, "heads": 2, "feedforward": 32, "dropout": 0.0}),
    "masked": (MaskedEncoder, {"dim": 16, "layers": 1, "heads": 2, "feedforward": 32, "dropout": 0.0, "units": 16}),
}


def build(name, window_length=120, activities=3, **options):
    torch.manual_seed(0)
    network, small = NETWORKS[name]
    return network(activities, window_length, **(small | options))


def windows(count, length=120):
    """Windows at rest, +z up, with some noise."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(count, length, 6, generator=generator)
    return noise + torch.tensor([0, 0, 9.81, 0, 0, 0])


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("window_length", [120, 300])
@pytest.mark.parametrize("channels", ["raw", "invariant"])
def test_each_window_gets_its_own_logits(name, window_length, channels):
    network = build(name, window_length, channels=channels).eval()
    x = windows(5, window_length)
    together = network(x)
    assert together.shape == (5, 3)
    torch.testing.assert_close(torch.cat([network(w[None]) for w in x]), together, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_published_sizes_are_small(name):
    for window_length in (120, 300):
        network = NETWORKS[name][0](4, window_length)
        assert sum(p.numel() for p in network.parameters()) <= 300_000


def rhythms(count, generator):
    """Two steps a second, four, or none, at any phase."""
    labels = torch.arange(count) % 3
    hertz = torch.tensor([2.0, 4.0, 0.0])[labels]
    phase = torch.rand(count, generator=generator) * 6.28
    x = windows(count)
    x[..., 2] += 4 * torch.sin(2 * torch.pi * hertz[:, None] * torch.arange(120) / 50 + phase[:, None])
    return x, labels


@pytest.mark.parametrize("name", NETWORKS)
def test_a_rhythm_is_learnt(name):
    generator = torch.Generator().manual_seed(2)
    network = build(name).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for step in range(40):
        x, labels = rhythms(48, generator)
        inputs = network.describe(x)
        if step == 0:
            network.fit_scaling(inputs)
        optimizer.zero_grad()
        F.cross_entropy(network.classify(inputs), labels).backward()
        optimizer.step()
    x, labels = rhythms(48, generator)
    assert (network.eval()(x).argmax(dim=1) == labels).float().mean() > 0.8


@pytest.mark.parametrize("name", NETWORKS)
def test_invariant_channels_know_neither_heading_nor_left_from_right(name):
    x = windows(4)
    turned = turn(x, torch.tensor([0.5, 1.5, 3.0, -2.0]))
    # In a mirror that shows y as -y, rotations keep their sense about y alone.
    mirrored = x * torch.tensor([1, -1, 1, -1, 1, -1])
    for channels, same in (("invariant", True), ("raw", False)):
        network = build(name, channels=channels).eval()
        for other in (turned, mirrored):
            assert torch.allclose(network(x), network(other), atol=1e-4) == same


def test_invariant_channels_by_hand():
    network = build("cnn", downsample=1)
    window = torch.tensor([3.0, 4.0, 12.0, 0.6, -0.8, -2.0]).expand(1, 120, 6)
    signals = network.describe(window)
    g = 9.80665
    expected = torch.tensor([12 - g, 5.0, 13 - g, 2.0, 1.0])
    torch.testing.assert_close(signals, expected.expand(1, 120, 5))


def test_samples_are_averaged_and_the_rest_left_out():
    network = build("cnn", channels="raw", downsample=4)
    x = windows(2, 122)
    signals = network.describe(x)
    assert signals.shape == (2, 30, 6)
    torch.testing.assert_close(signals[:, 3], x[:, 12:16].mean(dim=1))


@pytest.mark.parametrize("name", NETWORKS)
def test_scaling_comes_from_training_windows_and_travels_with_the_weights(name):
    network, x = build(name).eval(), windows(20)
    inputs = network.describe(x)
    before = network(x)
    network.fit_scaling(inputs)
    scaled = network.standardise(inputs)
    torch.testing.assert_close(scaled.mean(dim=(0, 1)), torch.zeros(5), atol=1e-4, rtol=0)
    torch.testing.assert_close(scaled.std(dim=(0, 1)), torch.ones(5), atol=1e-4, rtol=0)
    assert not torch.allclose(before, network(x))
    other = build(name).eval()
    other.load_state_dict(network.state_dict())
    assert torch.equal(other(x), network(x))


def test_what_cannot_be_built_says_why():
    with pytest.raises(ValueError, match="raw or invariant"):
        build("cnn", channels="vertical")
    with pytest.raises(ValueError, match="patch of 70"):
        build("transformer", patch=70)
    with pytest.raises(ValueError, match="leave nothing"):
        build("deepconvlstm", downsample=20)
