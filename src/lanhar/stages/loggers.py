"""Loggers beyond the CSV file of each stage: Weights & Biases, always finished."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig

from lanhar.stages.settings import plain

PICTURES = ("confusion", "embedding")


@contextmanager
def open_loggers(cfg: DictConfig, name: str, runs_dir: Path) -> Iterator[list[Logger]]:
    """The configured loggers for one run, finished whatever happens: jobs of a sweep would else merge into one."""
    if cfg.logger.name == "csv":
        yield []
        return
    import wandb
    from lightning.pytorch.loggers import WandbLogger

    options = {key: value for key, value in plain(cfg.logger).items() if key != "name"}
    runs_dir.mkdir(parents=True, exist_ok=True)
    failed = 1
    try:
        yield [WandbLogger(name=name, save_dir=str(runs_dir), config=plain(cfg), **options)]
        failed = 0
    finally:
        wandb.finish(exit_code=failed)


def log_results(loggers: list[Logger], report: Mapping[str, Any], folder: Path, texts: list[dict[str, str]]) -> None:
    """Send the test's scores, pictures and sample interpretations to W&B, where it is on."""
    for logger in loggers:
        import wandb

        scores = {
            f"test/{method}/{score}": metrics[score]
            for method, metrics in report["methods"].items()
            for score in ("accuracy", "weighted_f1", "macro_f1")
        }
        columns = list(texts[0])
        pictures = {name: folder / f"{name}.png" for name in PICTURES}
        rows = [[row[column] for column in columns] for row in texts]
        logger.experiment.log(  # type: ignore[attr-defined]
            {
                **scores,
                **{name: wandb.Image(str(path)) for name, path in pictures.items() if path.exists()},
                "interpretations": wandb.Table(columns=columns, data=rows),
            }
        )
