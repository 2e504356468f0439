import pytest
import torch

from lanhar.losses import TokenReconstruction
from lanhar.models.text_decoder import TextDecoder

torch.set_num_threads(1)


def build(**options):
    torch.manual_seed(0)
    return TextDecoder(8, [101, 7, 2000, 7], dim=16, heads=2, layers=1, max_tokens=6, **options)


def test_own_indices_leave_room_for_padding_and_the_unknown():
    decoder = build()
    encoded = decoder.encode([[7, 101, 2000], [55, 7]])
    assert encoded.tolist() == [[2, 3, 4], [TextDecoder.unknown, 2, TextDecoder.pad]]
    assert decoder.out.out_features == 5
    assert decoder.encode([[7] * 9]).shape == (1, 6)


@pytest.mark.parametrize("position", [0, 2, 4])
def test_a_prediction_sees_only_earlier_tokens(position):
    decoder = build().eval()
    embedding, tokens = torch.randn(1, 8), torch.tensor([[2, 3, 4, 2, 3]])
    other = tokens.clone()
    other[0, position] = 4 if tokens[0, position] != 4 else 2
    one, two = decoder(embedding, tokens), decoder(embedding, other)
    torch.testing.assert_close(one[:, : position + 1], two[:, : position + 1])
    if position < 4:
        assert not torch.allclose(one[:, position + 1 :], two[:, position + 1 :])


def test_every_prediction_sees_the_embedding():
    decoder = build().eval()
    tokens = torch.tensor([[2, 3, 4, 2]])
    one, two = (decoder(torch.randn(1, 8), tokens) for _ in range(2))
    assert ((one - two).abs().amax(dim=-1) > 1e-6).all()


def test_padding_does_not_count():
    decoder, loss = build().eval(), TokenReconstruction(TextDecoder.pad)
    embedding = torch.randn(1, 8)
    tokens = decoder.encode([[7, 101]])
    padded = torch.cat([tokens, torch.zeros(1, 3, dtype=torch.long)], dim=1)
    torch.testing.assert_close(loss(decoder(embedding, tokens), tokens), loss(decoder(embedding, padded), padded))


def test_tokens_are_hidden_while_training_only():
    decoder = build(token_dropout=0.5)
    embedding, tokens = torch.randn(1, 8), torch.tensor([[2, 3, 4, 2, 3, 4]])
    assert not torch.equal(decoder.train()(embedding, tokens), decoder(embedding, tokens))
    assert torch.equal(decoder.eval()(embedding, tokens), decoder(embedding, tokens))
