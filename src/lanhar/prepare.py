"""Find or download a dataset, read it and say what it holds: `python -m lanhar.prepare dataset=motionsense`."""

from omegaconf import DictConfig

from lanhar.cli import run_command
from lanhar.errors import LanharError


def prepare(cfg: DictConfig) -> None:
    """Read one dataset, cut its windows into the cache and print what was found.

    Args:
        cfg: the composed config `prepare`.

    Raises:
        LanharError: the dataset cannot be found or read, or `verify=true` found a difference.
    """
    from lanhar.datamodules.window_cache import open_windows
    from lanhar.datasets.report import comparison, summary
    from lanhar.progress import console, progress_bar
    from lanhar.stages.settings import cache_folder, make_dataset, window_settings

    settings = window_settings(cfg)
    dataset = make_dataset(cfg.dataset, cfg)
    cached = open_windows(dataset, settings, cache_folder(cfg), progress_bar)
    console.print(summary(dataset))
    counts = ", ".join(f"{name} {count:,}" for name, count in cached.counts.items())
    console.print(f"windows of {settings.length / settings.rate_hz:g} s: {len(cached.windows):,} ({counts})")
    for reason, samples in cached.dropped.items():
        console.print(f"not in a window: {samples:,} samples, {reason}")
    if cfg.verify:
        facts = dataset.verify()
        console.print(comparison(facts))
        wrong = [f"{f.what}: data card {f.published}, found {f.found}" for f in facts if not f.agrees]
        if wrong:
            raise LanharError(f"{dataset.name} differs from its data card: {'; '.join(wrong)}")


if __name__ == "__main__":
    run_command(prepare, "prepare")
