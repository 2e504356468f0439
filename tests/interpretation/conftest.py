import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lanhar.activities import REGISTRY
from lanhar.datasets import get_dataset, sample_dir
from lanhar.pretrained import PACKAGED, resolve_text_encoder
from lanhar.signals.align import align
from lanhar.signals.features import compute_features
from lanhar.signals.table import FEATURES
from lanhar.signals.units import RATE_HZ
from lanhar.signals.windows import slide

COLUMNS = tuple(feature.name for feature in FEATURES)


@dataclass(frozen=True)
class RealWindows:
    features: NDArray[np.float32]
    activities: list[str]


@pytest.fixture(scope="session", params=[300, 120], ids=["long", "short"])
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RealWindows:
    """Features of real windows of the sample: three of each recording."""
    cache: Path = tmp_path_factory.mktemp("cache")
    windows: list[NDArray[np.float32]] = []
    activities: list[str] = []
    for name in ("uci", "motionsense"):
        for recording in get_dataset(name)(sample_dir(), cache).recordings():
            cut = slide(np.hstack([recording.acc, recording.gyro]), request.param, request.param)[:3]
            windows.append(cut)
            activities += [recording.activity] * len(cut)
    aligned, gravity, _ = align(np.concatenate(windows))
    return RealWindows(compute_features(aligned, gravity, RATE_HZ), activities)


@pytest.fixture(scope="session")
def count_tokens() -> Callable[[list[str]], list[int]]:
    """Word pieces of each text for the packaged encoder, special tokens included."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(resolve_text_encoder(PACKAGED))
    return lambda texts: [len(ids) for ids in tokenizer(texts)["input_ids"]]


@pytest.fixture(scope="session")
def activity_words() -> re.Pattern[str]:
    """Any word of the registry that names an activity."""
    words = [re.escape(word) for activity in REGISTRY.values() for word in activity.words]
    return re.compile(rf"\b({'|'.join(words)})\b", re.IGNORECASE)
