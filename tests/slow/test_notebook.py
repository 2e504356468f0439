"""The tour runs from top to bottom on the built-in sample."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from lanhar.signals.table import HEADINGS

TOUR = Path(__file__).resolve().parents[2] / "notebooks" / "tour.ipynb"


def outputs_of(notebook: Any, words: str) -> list[Any]:
    """Outputs of the one cell whose source holds `words`."""
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and words in cell.source]
    return list(cell.outputs)


def text_of(outputs: list[Any]) -> str:
    """All plain text among outputs."""
    return "\n".join(o.text if o.output_type == "stream" else o.data.get("text/plain", "") for o in outputs)


def images_in(outputs: list[Any]) -> int:
    """Number of PNG pictures among outputs."""
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_the_tour_is_kept_without_outputs():
    notebook = nbformat.read(TOUR, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [], "clear the outputs before committing"
            assert cell.execution_count is None


@pytest.mark.slow
def test_the_tour_goes_from_recordings_to_predictions(tmp_path, monkeypatch):
    monkeypatch.setenv("LANHAR_CACHE", str(tmp_path / "cache"))
    notebook = nbformat.read(TOUR, as_version=4)
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}})
    client.execute()
    assert images_in(outputs_of(notebook, "plt.subplots")) == 1
    assert images_in(outputs_of(notebook, "confusion.png")) == 2
    for words in ("interpreter.interpret", "label_interpretations("):
        text = text_of(outputs_of(notebook, words))
        assert all(f"{heading}:" in text for heading in HEADINGS)
    assert "lanhar" in text_of(outputs_of(notebook, "report = train(cfg)"))
    predicted = text_of(outputs_of(notebook, "mapping.predict"))
    assert all(predicted.count(name) >= 3 for name in ("walk", "still", "stairs_up", "stairs_down"))
    (metrics,) = tmp_path.glob("runs/tour/*/metrics.json")
    report = json.loads(metrics.read_text())
    assert report["run"]["n_windows"] > 300
    # Still windows are told from moving ones however short the training was.
    assert report["methods"]["lanhar"]["per_activity"]["still"]["f1"] > 0.5
