import json
import shutil

import numpy as np
import pytest

from lanhar.edge.bundle import BUNDLE_VERSION, LABEL_BANK, MANIFEST, read_bundle, short_floats
from lanhar.edge.runtime import load
from lanhar.errors import LanharError


@pytest.fixture
def copy(built, tmp_path):
    return shutil.copytree(built.folder, tmp_path / "bundle")


def change(folder, **values):
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_bundle_is_read_back(built):
    bundle = read_bundle(built.folder)
    assert bundle.labels.names[0] == "walk"
    assert bundle.labels.titles[1] == "climbing stairs"
    np.testing.assert_allclose(np.linalg.norm(bundle.labels.embeddings, axis=1), 1, atol=1e-6)
    assert bundle.preprocessing.window_s == 6.0


@pytest.mark.parametrize("name", ["encoder.int8.onnx", LABEL_BANK, "preprocessing.json"])
def test_a_changed_file_is_refused(copy, name):
    (copy / name).write_bytes((copy / name).read_bytes() + b" ")
    with pytest.raises(LanharError, match=rf"{name}.*sha256"):
        load(copy)


def test_a_newer_bundle_is_refused_before_its_files_are_read(copy):
    change(copy, bundle_version=BUNDLE_VERSION + 1, files="in a new shape")
    with pytest.raises(LanharError, match="update lanhar"):
        load(copy)


def test_files_that_the_device_does_not_need_may_stay_behind(copy):
    (copy / "encoder.onnx").unlink()
    assert load(copy).embed(np.ones((300, 6), np.float32)).shape == (32,)
    with pytest.raises(LanharError, match=r"no encoder\.onnx"):
        load(copy, precision="fp32")


@pytest.mark.parametrize("content", ["", "{", '{"bundle_version": 1}', '{"bundle_version": 1, "files": {}}', "[]"])
def test_a_broken_manifest_is_one_clear_error(copy, content):
    (copy / MANIFEST).write_text(content)
    with pytest.raises(LanharError, match=r"export the run again|update lanhar"):
        load(copy)


def test_a_folder_that_is_no_bundle_says_so(tmp_path):
    with pytest.raises(LanharError, match="no bundle"):
        load(tmp_path)


def test_numbers_in_json_bring_the_same_float32_back():
    values = np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32)
    again = np.array(json.loads(json.dumps(short_floats(values))), dtype=np.float32)
    np.testing.assert_array_equal(again, values)
    assert short_floats(np.float32([0.1])) == [0.1]
