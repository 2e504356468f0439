"""One table at the end of a sweep."""

import os
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from lanhar.files import read_json

NOTES = "LANHAR_SWEEP_NOTES"


class SweepTable(Callback):
    """Gather the runs of a Hydra multirun into one table, printed and kept in the sweep's folder."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Begin an empty list of runs that jobs, in whatever process, add to."""
        folder = Path(config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        notes = (folder / "runs.txt").resolve()
        notes.write_text("")
        os.environ[NOTES] = str(notes)

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:  # noqa: ARG002
        """Print the table of the runs that finished."""
        from lanhar.evaluation.gather import write_gathered
        from lanhar.evaluation.tables import run_rows, sweep_frame, sweep_table
        from lanhar.progress import console

        notes = Path(os.environ.pop(NOTES))
        folders = dict.fromkeys(notes.read_text().splitlines())
        if not folders:
            return
        reports = [read_json(Path(folder) / "metrics.json") for folder in folders]
        import pandas as pd

        csv, markdown = write_gathered(pd.DataFrame([r for x in reports for r in run_rows(x)]), notes.parent / "runs")
        console.print(sweep_table(sweep_frame(reports)))
        console.print(f"Every run: {csv} and {markdown}", soft_wrap=True)


def note_run(folder: Path) -> None:
    """Tell the sweep that this process is a job of, if any, where a finished run is."""
    if notes := os.environ.get(NOTES):
        with Path(notes).open("a") as file:
            file.write(f"{folder.resolve()}\n")
