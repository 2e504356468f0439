import pytest
import torch

from lanhar.models.transformer_encoder import TransformerEncoder

torch.set_num_threads(1)


def build(**options):
    torch.manual_seed(0)
    shape = {"patch": 10, "dim": 16, "layers": 1, "heads": 2, "feedforward": 32}
    return TransformerEncoder(8, 120, **(shape | options)).eval()


@pytest.mark.parametrize("pool", ["mean", "sum"])
def test_embeddings_have_unit_length_and_each_window_stands_alone(pool):
    encoder, windows = build(pool=pool), torch.randn(5, 120, 6)
    together = encoder(windows)
    assert together.shape == (5, 8)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(5))
    torch.testing.assert_close(torch.cat([encoder(w[None]) for w in windows]), together, atol=1e-5, rtol=1e-4)


def test_scaling_comes_from_training_windows_and_travels_with_the_weights():
    encoder = build()
    windows = torch.randn(50, 120, 6) * torch.tensor([1.0, 2, 3, 0, 5, 6]) + torch.arange(6)
    encoder.fit_scaling(windows)
    torch.testing.assert_close(encoder.mean, windows.mean(dim=(0, 1)))
    assert encoder.std[3] == pytest.approx(1e-3)
    other = build()
    assert not torch.allclose(other(windows[:2]), encoder(windows[:2]))
    other.load_state_dict(encoder.state_dict())
    torch.testing.assert_close(other(windows[:2]), encoder(windows[:2]))


def test_order_in_time_matters():
    encoder, window = build(), torch.randn(1, 120, 6)
    turned = window.reshape(1, 12, 10, 6).flip(1).reshape(1, 120, 6)
    assert not torch.allclose(encoder(window), encoder(turned), atol=1e-4)


def test_the_released_codes_shape_has_its_number_of_parameters():
    shape = {"patch": 1, "dim": 768, "layers": 3, "heads": 2, "feedforward": 1024, "pool": "sum"}
    encoder = TransformerEncoder(768, 120, **shape)
    assert sum(p.numel() for p in encoder.parameters()) == pytest.approx(12.4e6, rel=0.02)
