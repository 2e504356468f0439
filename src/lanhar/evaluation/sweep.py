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

    def on_job_end(self, config: DictConfig, job_return: Any, **_: Any) -> None:  # noqa: ARG002
        """Bring a study's table up to date, so that a long sweep can be read while it runs."""
        from lanhar.evaluation.study import write_study

        notes = os.environ.get(NOTES)
        if notes and config.get("study") and (reports := _reports(Path(notes))):
            write_study(reports, Path(config.study))

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        """Print the table of the runs that finished."""
        import pandas as pd

        from lanhar.evaluation.figures import plot_methods
        from lanhar.evaluation.gather import write_gathered
        from lanhar.evaluation.tables import SETTINGS, run_rows, sweep_frame, sweep_table
        from lanhar.progress import console

        notes = Path(os.environ.pop(NOTES))
        reports = _reports(notes)
        if not reports:
            return
        frame = sweep_frame(reports)
        rows = pd.DataFrame([row for report in reports for row in run_rows(report)])
        csv, markdown = write_gathered(rows, notes.parent / "runs")
        console.print(sweep_table(frame))
        if config.get("study"):
            console.print(f"The study: {config.study}.csv, .md and .png", soft_wrap=True)
        console.print(f"Every run: {csv} and {markdown}", soft_wrap=True)
        # A bar chart compares methods under one set of conditions; a sweep over conditions is read from the table.
        if len(frame[[*SETTINGS, "key"]].drop_duplicates()) == 1:
            conditions = reports[0]["run"]
            title = f"protocol {conditions['protocol']} · {conditions['window_seconds']:g} s windows · mean over seeds"
            console.print(f"Picture: {plot_methods(frame, notes.parent / 'methods.png', title=title)}", soft_wrap=True)


def _reports(notes: Path) -> list[dict[str, Any]]:
    folders = dict.fromkeys(notes.read_text().splitlines())
    return [read_json(Path(folder) / "metrics.json") for folder in folders]


def note_run(folder: Path) -> None:
    """Tell the sweep that this process is a job of, if any, where a finished run is."""
    if notes := os.environ.get(NOTES):
        with Path(notes).open("a") as file:
            file.write(f"{folder.resolve()}\n")
