"""A few labelled windows of the target move the label bank: `python -m lanhar.few_shot run=runs/<name>/<key>`."""

from omegaconf import DictConfig

from lanhar.cli import run_command


def few_shot(cfg: DictConfig) -> None:
    """Test finished runs with a few labelled windows of their targets.

    Args:
        cfg: the composed config `few_shot`.

    Raises:
        LanharError: a mistake in the config, or a run that cannot be opened.
    """
    from lanhar.stages.few_shot import run_few_shot

    run_few_shot(cfg)


if __name__ == "__main__":
    run_command(few_shot, "few_shot")
