"""The live page of a bundle, made for a phone: `python -m lanhar.serve bundle=runs/<name>/<key>/bundle`."""

from pathlib import Path

from omegaconf import DictConfig

from lanhar.cli import run_command
from lanhar.errors import LanharError


def serve(cfg: DictConfig) -> None:
    """Serve the page until the process is ended.

    Args:
        cfg: the composed config `serve`.

    Raises:
        LanharError: the bundle cannot be read, a package or the page's JavaScript is missing, or the port is taken.
    """
    from lanhar.edge.bundle import read_bundle

    if cfg.bundle is None:
        raise LanharError("no bundle is named; write bundle=<folder of a bundle>")
    bundle = read_bundle(Path(cfg.bundle))
    try:
        from lanhar.edge.page.server import PageServer
    except ImportError as error:
        raise LanharError(f"the page needs {error.name}; run: pip install 'lanhar[serve]'") from error
    certificates = _certificates(cfg) if cfg.https else None
    server = PageServer(bundle, str(cfg.host), cfg.port, certificates, cfg.hop_s, float(cfg.smoothing))
    server.announce()
    server.run()


def _certificates(cfg: DictConfig) -> Path:
    from platformdirs import user_cache_path

    return (user_cache_path("lanhar") if cfg.cache_dir is None else Path(cfg.cache_dir)) / "page"


if __name__ == "__main__":
    run_command(serve, "serve")
