from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lanhar.datasets import get_dataset, sample_dir
from lanhar.signals.windows import slide

Windows = NDArray[np.float64]


@pytest.fixture(scope="session")
def device_windows(tmp_path_factory: pytest.TempPathFactory) -> Windows:
    """(N, 300, 6) real windows in the device's own frame: two of each recording of the sample."""
    cache: Path = tmp_path_factory.mktemp("cache")
    windows = []
    for name in ("uci", "motionsense"):
        for recording in get_dataset(name)(sample_dir(), cache).recordings():
            samples = np.hstack([recording.acc, recording.gyro]).astype(np.float64)
            windows.append(slide(samples, 300, 300)[:2])
    together = np.concatenate(windows)
    assert len(together) > 100
    return together
