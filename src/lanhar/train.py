"""Train both stages on the source and test on the target: `python -m lanhar.train +experiment=quickstart`."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from lanhar.cli import run_command


def train(cfg: DictConfig) -> dict[str, Any]:
    """Run, resume or show one experiment.

    Args:
        cfg: the composed config `train`.

    Returns:
        The content of the run's metrics.json; empty where `overlap=skip` left the run out.

    Raises:
        LanharError: a mistake in the config or the data, found before the long work.
    """
    from lanhar.progress import console
    from lanhar.stages.settings import check, overlapping

    if cfg.overlap == "skip" and (name := overlapping(cfg)):
        console.print(f"Skipped: {name} is source and target.")
        return {}
    sources, targets = check(cfg)

    from lanhar.evaluation.sweep import note_run
    from lanhar.evaluation.tables import comparison_table
    from lanhar.files import read_json
    from lanhar.keys import digest
    from lanhar.progress import progress_bar
    from lanhar.stages.align import alignment_identity
    from lanhar.stages.data import load_data
    from lanhar.stages.mapping import mapping_identity
    from lanhar.stages.settings import run_name
    from lanhar.stages.test import METRICS, test_identity

    data = load_data(cfg, sources, targets, progress_bar)
    alignment_key = digest(alignment_identity(cfg, data))
    mapping_key = digest(mapping_identity(cfg, data, alignment_key))
    folder = Path(cfg.runs_dir) / run_name(cfg) / digest(test_identity(cfg, data, mapping_key))
    # A logger beyond the CSV files wants the curves and the pictures, so stages are loaded and the test is repeated.
    if (folder / METRICS).exists() and not cfg.force and cfg.logger.name == "csv":
        report: dict[str, Any] = read_json(folder / METRICS)
        console.print("Already done; force=true tests again.")
    else:
        report = _run(cfg, data, folder)
    note_run(folder)
    console.print(comparison_table(report))
    console.print(f"Run folder: {folder}", soft_wrap=True)
    return report


def _run(cfg: DictConfig, data: Any, folder: Path) -> dict[str, Any]:
    from lanhar.stages.align import run_alignment
    from lanhar.stages.loggers import log_results, open_loggers
    from lanhar.stages.mapping import run_mapping
    from lanhar.stages.settings import NO_METHOD, uses_texts
    from lanhar.stages.test import run_test, sample_texts

    stages_dir = Path(cfg.runs_dir) / "stages"
    alignment = mapping = None
    with open_loggers(cfg, f"{folder.parent.name}-{folder.name}", Path(cfg.runs_dir)) as loggers:
        if uses_texts(cfg):
            alignment = run_alignment(cfg, data, stages_dir, loggers)
        if alignment is not None and cfg.method.name != NO_METHOD:
            mapping = run_mapping(cfg, data, alignment, stages_dir, loggers)
        report = run_test(cfg, data, alignment, mapping, loggers, folder)
        log_results(loggers, report, folder, sample_texts(data))
    return report


if __name__ == "__main__":
    run_command(train, "train")
