"""Temperature and an `unknown` answer for finished runs: `python -m lanhar.confidence run=runs/<name>/<key>`."""

from omegaconf import DictConfig

from lanhar.cli import run_command


def confidence(cfg: DictConfig) -> None:
    """Set confidence on the source of finished runs and test it on their targets.

    Args:
        cfg: the composed config `confidence`.

    Raises:
        LanharError: a mistake in the config, or a run that cannot be opened.
    """
    from lanhar.stages.confidence import run_confidence

    run_confidence(cfg)


if __name__ == "__main__":
    run_command(confidence, "confidence")
