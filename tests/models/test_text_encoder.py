import pytest
import torch

from lanhar.datamodules.batches import pad_tokens
from lanhar.errors import LanharError
from lanhar.pretrained import load_text_encoder, resolve_text_encoder, text_encoder_identity


@pytest.mark.parametrize(("layers", "trains"), [(0, set()), (1, {"1"}), (2, {"0", "1"})])
def test_only_the_topmost_layers_train(layers, trains, tiny_text_encoder):
    encoder, _ = load_text_encoder(str(tiny_text_encoder), 16, layers, 0.0)
    names = [name for name, p in encoder.named_parameters() if p.requires_grad]
    assert {name.split("layer.")[1].split(".")[0] for name in names} == trains


def test_none_trains_everything_but_the_pooler(tiny_text_encoder):
    encoder, _ = load_text_encoder(str(tiny_text_encoder), 16, None, 0.0)
    frozen = {name for name, p in encoder.named_parameters() if not p.requires_grad}
    assert frozen == {"backbone.pooler.dense.weight", "backbone.pooler.dense.bias"}


def test_embeddings_are_means_of_token_states_of_unit_length(tiny_text_encoder):
    encoder, tokenise = load_text_encoder(str(tiny_text_encoder), 16, 1, 0.0)
    (ids,) = tokenise(["steady strides"])
    states = encoder.backbone(input_ids=torch.tensor([ids])).last_hidden_state[0]
    mean = states.mean(dim=0)
    padded = torch.tensor([[*ids, 0, 0]]), torch.tensor([[1] * len(ids) + [0, 0]])
    torch.testing.assert_close(encoder(*padded)[0], mean / mean.norm(), atol=1e-5, rtol=1e-4)


def test_the_linear_map_reads_how_texts_differ_from_their_mean(tiny_text_encoder):
    encoder, tokenise = load_text_encoder(str(tiny_text_encoder), 16, 0, 0.0, projection=7, noise=0.5)
    assert encoder.frozen
    assert encoder.dim == 7
    assert {name for name, p in encoder.named_parameters() if p.requires_grad} == {"linear.weight", "linear.bias"}
    tokens = pad_tokens(tokenise(["steady strides", "no movement", "quick strides"]))
    pooled = encoder.pool(*tokens)
    encoder.fit_centre(pooled)
    encoder.train()
    assert not torch.equal(encoder.embed(pooled), encoder.embed(pooled))
    encoder.eval()
    expected = (pooled - pooled.mean(dim=0)) @ encoder.linear.weight.T + encoder.linear.bias
    torch.testing.assert_close(encoder.embed(pooled), expected / expected.norm(dim=1, keepdim=True))
    torch.testing.assert_close(encoder(*tokens), encoder.embed(pooled))
    torch.testing.assert_close(encoder.embed(tokens), encoder.embed(pooled))


def test_a_frozen_backbone_is_not_saved_and_a_tuned_one_is(tiny_text_encoder):
    fixed, tokenise = load_text_encoder(str(tiny_text_encoder), 16, 0, 0.0, projection=7)
    assert set(fixed.state_dict()) == {"centre", "linear.weight", "linear.bias"}
    other, _ = load_text_encoder(str(tiny_text_encoder), 16, 0, 0.0, projection=7)
    other.load_state_dict(torch.nn.Sequential(fixed)[0].state_dict())
    tokens = pad_tokens(tokenise(["steady strides"]))
    assert torch.equal(fixed.eval()(*tokens), other.eval()(*tokens))
    tuned, _ = load_text_encoder(str(tiny_text_encoder), 16, 1, 0.0)
    assert any(name.startswith("backbone.encoder.layer.1.") for name in tuned.state_dict())


def test_texts_are_cut_with_their_special_tokens(tiny_text_encoder):
    _, tokenise = load_text_encoder(str(tiny_text_encoder), 8, 1, 0.0)
    short, long = tokenise(["steps", "steps " * 50])
    assert len(long) == 8
    assert (long[0], long[-1]) == (short[0], short[-1])
    _, longest = load_text_encoder(str(tiny_text_encoder), 100_000, 1, 0.0)
    assert len(longest(["steps " * 1000])[0]) == 512


def test_the_identity_of_a_folder_is_its_content(tiny_text_encoder, tmp_path):
    assert text_encoder_identity("minilm") == "minilm"
    assert text_encoder_identity("allenai/scibert_scivocab_uncased") == "allenai/scibert_scivocab_uncased"
    assert str(tiny_text_encoder) not in text_encoder_identity(str(tiny_text_encoder))


WRONG = [("./nowhere", "no config.json"), ("no/such-model", "text_encoder=minilm"), ("a b c", "text_encoder=minilm")]


@pytest.mark.parametrize(("name", "hint"), WRONG)
def test_what_cannot_be_had_says_what_to_write(name, hint, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(LanharError, match=hint) as error:
        resolve_text_encoder(name)
    assert "\n" not in str(error.value)
