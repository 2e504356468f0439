"""What context across windows is worth to finished runs: `python -m lanhar.context run=runs/<name>/<key>`."""

from omegaconf import DictConfig

from lanhar.cli import run_command


def context(cfg: DictConfig) -> None:
    """Test finished runs and their baselines on uncut experiments, each window alone and with context.

    Args:
        cfg: the composed config `context`.

    Raises:
        LanharError: a mistake in the config, or a run that cannot be opened.
    """
    from lanhar.stages.context import run_context

    run_context(cfg)


if __name__ == "__main__":
    run_command(context, "context")
