"""Interpretations by a language model: `python -m lanhar.interpret dataset=uci interpreter=openai dry_run=true`."""

import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from lanhar.cli import run_command
from lanhar.errors import LanharError

TASKS = ("windows", "labels", "show", "report", "stats", "export", "import")


def interpret(cfg: DictConfig) -> None:
    """Write, look at, publish or take in interpretations.

    Args:
        cfg: the composed config `interpret`.

    Raises:
        LanharError: a mistake in the config, or a model that cannot be used.
    """
    from lanhar.stages.interpreters import check_interpreter

    if cfg.what not in TASKS:
        raise LanharError(f"what is '{cfg.what}'; write one of {', '.join(TASKS)}")
    check_interpreter(cfg)
    {
        "windows": _write,
        "labels": _write,
        "show": _show,
        "report": _report,
        "stats": _stats,
        "export": _export,
        "import": _import,
    }[cfg.what](cfg)


def _write(cfg: DictConfig) -> None:
    from lanhar.interpretation.regeneration import Job
    from lanhar.interpretation.store import Store
    from lanhar.progress import console
    from lanhar.stages.interpretation_jobs import choose_windows, label_job, label_space_of, window_job
    from lanhar.stages.interpretation_run import (
        check_addresses,
        estimate,
        has_written,
        must_ask,
        next_command,
        rounds_table,
        run_job,
        why_unusable,
    )
    from lanhar.stages.interpreters import is_language_model, make_language_model

    if not is_language_model(cfg):
        raise LanharError(
            "interpreter=rules writes its texts whenever they are needed, so there is nothing to write; "
            "name a language model, such as interpreter=openai, or look at the texts: python -m lanhar.interpret show"
        )
    space = label_space_of(cfg)
    model = make_language_model(cfg, space)
    check_addresses(cfg, model)
    folder = Path(cfg.store)
    unusable = None if cfg.dry_run else why_unusable(cfg, model)
    if unusable and not has_written(folder, model.window_id if cfg.what == "windows" else model.label_id):
        raise unusable
    chosen = choose_windows(cfg) if cfg.what == "windows" else None

    def make_job(judge: Any) -> Job:
        return label_job(cfg, model) if chosen is None else window_job(cfg, model, chosen, judge, space)

    if cfg.dry_run:
        store = Store(folder, create=False) if folder.exists() else None
        for line in estimate(make_job(None), model, store).lines:
            console.print(line, soft_wrap=True)
        return
    with Store(folder) as store:
        if unusable and must_ask(make_job(None), model, store):
            raise unusable
        store.describe_interpreter(model.window_id, model.described(model.prompt.version))
        store.describe_interpreter(model.label_id, model.described(model.labels.version))
        written = run_job(cfg, model, store, make_job, f"Interpreting {cfg.dataset.name if chosen else 'activities'}")
    console.print(rounds_table(written))
    if written.stopped:
        console.print(
            f"Stopped: {written.stopped}. Every answer is kept; the same command goes on from here:", soft_wrap=True
        )
        console.print(next_command(), soft_wrap=True, markup=False)


def _show(cfg: DictConfig) -> None:
    from lanhar.evaluation.interpretation_terminal import terminal_view
    from lanhar.progress import console
    from lanhar.stages.interpretation_show import shown_windows

    for view in shown_windows(cfg, 5 if cfg.n is None else int(cfg.n)):
        console.print(terminal_view(view))


def _report(cfg: DictConfig) -> None:
    from lanhar.progress import console
    from lanhar.stages.interpretation_report import write_report

    file = Path(cfg.file or f"interpretations_{cfg.dataset.name}.html")
    write_report(cfg, 200 if cfg.n is None else int(cfg.n), file)
    console.print(f"Report: {file}", soft_wrap=True)


def _stats(cfg: DictConfig) -> None:
    from lanhar.evaluation.interpretation_terminal import store_table
    from lanhar.interpretation.store import Store
    from lanhar.progress import console

    with Store(Path(cfg.store), create=False) as store:
        console.print(store_table(store))


def _export(cfg: DictConfig) -> None:
    from lanhar.interpretation.store import Store
    from lanhar.interpretation.store.parquet import export_parquet
    from lanhar.progress import console

    file = Path(cfg.file or "interpretations.parquet")
    with Store(Path(cfg.store), create=False) as store:
        rows = export_parquet(store, file, None, bool(cfg.accepted_only))
    console.print(f"{rows:,} answers written to {file}", soft_wrap=True)


def _import(cfg: DictConfig) -> None:
    from lanhar.interpretation.store import Store
    from lanhar.interpretation.store.parquet import import_parquet
    from lanhar.progress import console

    if cfg.file is None:
        raise LanharError("import needs the file; write file=<a Parquet file that export wrote>")
    with Store(Path(cfg.store)) as store:
        console.print(str(import_parquet(store, Path(cfg.file))), soft_wrap=True)


def main() -> None:
    """Run the command; its first word may name the task: `show`, `report`, `labels`, ..."""
    if len(sys.argv) > 1 and sys.argv[1] in TASKS:
        sys.argv[1] = f"what={sys.argv[1]}"
    run_command(interpret, "interpret")


if __name__ == "__main__":
    main()
