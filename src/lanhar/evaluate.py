"""Test a trained run again, with other labels: `python -m lanhar.evaluate run=... labels.add='[rope skipping]'`."""

import sys
from typing import Any

from omegaconf import DictConfig

from lanhar.cli import run_command
from lanhar.errors import LanharError

TASKS = ("labels", "new_activities")
DESCRIPTION = "labels.descriptions."


def evaluate(cfg: DictConfig) -> dict[str, Any] | None:
    """Evaluate one run with other labels, or every run on the activities that it was not trained on.

    Args:
        cfg: the composed config `evaluate`.

    Returns:
        The content of the evaluation's metrics.json; None for `new_activities`.

    Raises:
        LanharError: a mistake in the config, or a run or data that cannot be used.
    """
    if cfg.what not in TASKS:
        raise LanharError(f"what is '{cfg.what}'; write one of {', '.join(TASKS)}")
    needed = "run" if cfg.what == "labels" else "runs"
    if cfg[needed] is None:
        place = "runs/<name>/<key>, the folder that the training printed at its end"
        raise LanharError(f"{needed} is missing; write {needed}={place if needed == 'run' else 'runs/cross_dataset'}")
    if cfg.what == "labels":
        return _labels(cfg)
    _new_activities(cfg)
    return None


def _labels(cfg: DictConfig) -> dict[str, Any]:
    from lanhar.progress import console
    from lanhar.stages.evaluation import run_evaluation

    report, folder = run_evaluation(cfg)
    console.print((folder / "table.md").read_text(encoding="utf-8"), markup=False, soft_wrap=True)
    console.print(f"Evaluation: {folder}", soft_wrap=True)
    return report


def _new_activities(cfg: DictConfig) -> None:
    from lanhar.progress import console
    from lanhar.stages.new_activities import run_study

    for path in run_study(cfg):
        console.print(f"Written: {path}", soft_wrap=True)


def main() -> None:
    """Run the command; its first word may name the task, and a description may be given for any name."""
    if len(sys.argv) > 1 and sys.argv[1] in TASKS:
        sys.argv[1] = f"what={sys.argv[1]}"
    # The names of descriptions are not known beforehand, so Hydra wants a plus before them.
    sys.argv[1:] = [f"++{word}" if word.startswith(DESCRIPTION) else word for word in sys.argv[1:]]
    run_command(evaluate, "evaluate")


if __name__ == "__main__":
    main()
