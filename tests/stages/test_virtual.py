import numpy as np
import pytest
import torch

from lanhar.datamodules.window_set import LabelledWindows, Windows
from lanhar.pretrained import load_text_encoder
from lanhar.signals.features import compute_features
from lanhar.stages.pooled_texts import PooledTexts
from lanhar.stages.texts import texts_of
from lanhar.stages.virtual import COLUMNS, virtual_windows

COUNT = "virtual_windows.count=40"


def test_virtual_windows_are_of_training_subjects_and_say_what_they_measure(tmp_path, configure, loaded):
    cfg = configure(tmp_path, COUNT)
    data = loaded(cfg)
    virtual = virtual_windows(cfg, data.train)
    # A plain Windows has neither activity nor subject.
    assert type(virtual.windows) is Windows
    assert not isinstance(virtual.windows, LabelledWindows)
    assert len(virtual.windows) == len(virtual.texts) == 40
    own = {row.tobytes() for row in np.asarray(data.train.gravity)}
    assert {row.tobytes() for row in virtual.windows.gravity} <= own
    features = compute_features(virtual.windows.samples, virtual.windows.gravity, 50.0)
    np.testing.assert_allclose(virtual.windows.features, features, rtol=1e-4, atol=1e-4)
    assert texts_of(data.interpreter, virtual.windows) == virtual.texts
    recorded = np.asarray(data.train.features)[:, COLUMNS.index("acc_vertical_rms")]
    assert virtual.windows.features[:, COLUMNS.index("acc_vertical_rms")].max() > recorded.max()


def test_the_seed_fixes_them(tmp_path, configure, loaded):
    cfg = configure(tmp_path, COUNT)
    train = loaded(cfg).train
    one, again = (virtual_windows(cfg, train) for _ in range(2))
    assert np.array_equal(one.windows.samples, again.windows.samples)
    other = virtual_windows(configure(tmp_path, COUNT, "seed=1"), train)
    assert not np.array_equal(one.windows.samples, other.windows.samples)


def test_there_are_none_where_they_are_not_wanted_or_another_writes_the_texts(tmp_path, configure, loaded):
    train = loaded(configure(tmp_path)).train
    assert virtual_windows(configure(tmp_path, "virtual_windows.count=0"), train) is None
    assert virtual_windows(configure(tmp_path, COUNT, "interpreter=openai", "interpreter.model=any"), train) is None
    assert virtual_windows(configure(tmp_path, COUNT, "virtual_windows.least_bounce_m_s2=1000"), train) is None


@pytest.fixture
def pooled(tiny_text_encoder, tmp_path):
    encoder, tokenise = load_text_encoder(str(tiny_text_encoder), 16, 0, 0.0)
    return PooledTexts(encoder, tmp_path / "texts" / "pooled.sqlite"), tokenise


def test_pooled_texts_are_the_encoders_own_and_are_read_once(pooled, monkeypatch):
    texts, tokenise = pooled
    tokens = tokenise(["steady strides", "no movement", "steady strides", "quick uneven strides"])
    first = texts.of(tokens)
    alone = torch.cat([texts.encoder.pool(torch.tensor([ids]), torch.ones(1, len(ids))) for ids in tokens])
    torch.testing.assert_close(first, alone, atol=1e-6, rtol=1e-5)
    read = []
    pool = texts.encoder.pool
    monkeypatch.setattr(texts.encoder, "pool", lambda *inputs: read.append(inputs) or pool(*inputs))
    assert torch.equal(texts.of(tokens[::-1]), first.flip(0))
    assert read == []
    new = tokenise(["a text of its own"])
    assert torch.equal(texts.of([*new, *tokens])[1:], first)
    assert len(read) == 1
