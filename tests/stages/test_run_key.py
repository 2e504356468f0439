"""The key of a run covers what changes its numbers and nothing else."""

import shutil

import pytest

from lanhar.keys import digest
from lanhar.stages.align import alignment_identity
from lanhar.stages.mapping import mapping_identity
from lanhar.stages.test import test_identity as identity_of_test


@pytest.fixture
def keys(tmp_path, configure, loaded):
    def of(*words):
        cfg = configure(tmp_path, *words)
        data = loaded(cfg)
        alignment = digest(alignment_identity(cfg, data))
        mapping = digest(mapping_identity(cfg, data, alignment))
        return alignment, mapping, digest(identity_of_test(cfg, data, mapping))

    return of


def test_paths_loggers_callbacks_and_names_do_not_change_it(keys, tmp_path, data_dir, tiny_text_encoder):
    moved, encoder = tmp_path / "elsewhere", tmp_path / "encoder"
    shutil.copytree(data_dir, moved)
    shutil.copytree(tiny_text_encoder, encoder)
    words = [f"data_dir={moved}", f"cache_dir={tmp_path / 'cache'}", f"runs_dir={tmp_path / 'runs'}", "name=other"]
    words += ["logger=wandb", "callbacks.learning_rate=null", "force=true", f"text_encoder.name={encoder}"]
    assert keys(*words) == keys()


CHANGES = {
    # words: how many of the three keys (alignment, mapping, test) are other ones
    "seed=1": 3,
    "alignment.loss.prototype.weight=0.31": 3,
    "alignment.lr=2e-4": 3,
    "windows=short": 3,
    "source=uschad": 3,
    "label_space.activities=[walk,still,stairs_down,stairs_up]": 3,
    "interpreter.detail=full": 3,
    "text_encoder.max_tokens=33": 3,
    "split.validation_fraction=0.5": 3,
    "mapping.loss.clip.weight=0.4": 2,
    "mapping.epochs=3": 2,
    "sensor_encoder.layers=2": 2,
    "mapping.augment.rotate=false": 2,
    "protocol=transductive": 2,
    "target=uschad": 1,
    "baselines.logistic_regression.C=1.0": 1,
}


@pytest.mark.parametrize(("word", "changed"), CHANGES.items(), ids=list(CHANGES))
def test_what_changes_numbers_changes_the_key_of_its_stage_and_of_those_after_it(word, changed, keys):
    differs = [one != other for one, other in zip(keys(), keys(word), strict=True)]
    assert differs == [False] * (3 - changed) + [True] * changed


def test_other_weights_in_the_text_encoders_folder_change_it(keys, tmp_path, tiny_text_encoder):
    encoder = tmp_path / "encoder"
    shutil.copytree(tiny_text_encoder, encoder)
    weights = encoder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    assert keys(f"text_encoder.name={encoder}")[0] != keys()[0]
