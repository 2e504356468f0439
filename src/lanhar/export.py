"""Write the bundle of a finished run, for a device: `python -m lanhar.export run=runs/<name>/<key>`."""

from pathlib import Path

from omegaconf import DictConfig

from lanhar.cli import run_command


def export(cfg: DictConfig) -> Path:
    """Export a run, and print what the bundle holds.

    Args:
        cfg: the composed config `export`.

    Returns:
        The bundle's folder.

    Raises:
        LanharError: a mistake in the config, a package is missing, or a graph differs from the trained encoder.
    """
    from lanhar.edge.export import export_run
    from lanhar.edge.summary import summary
    from lanhar.progress import console

    folder = export_run(cfg)
    console.print(summary(folder))
    console.print(f"Bundle: {folder}", soft_wrap=True)
    return folder


if __name__ == "__main__":
    run_command(export, "export")
