"""From the composed config to objects, with every check that needs no recording read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from lanhar.activities import REGISTRY, LabelSpace
from lanhar.datamodules.window_cache import WindowSettings
from lanhar.datasets import get_dataset, sample_dir
from lanhar.datasets.base import Dataset
from lanhar.errors import LanharError

PROTOCOLS = ("source_only", "transductive")
LOGGERS = ("csv", "wandb")
SAMPLE = "sample"


def plain(node: Any) -> Any:
    """A config node as plain dicts and lists, interpolations resolved."""
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def cache_folder(cfg: DictConfig) -> Path:
    """Where unpacked archives and windows are kept."""
    if cfg.cache_dir is not None:
        return Path(cfg.cache_dir)
    from platformdirs import user_cache_path

    return user_cache_path("lanhar")


def make_dataset(card: Mapping[str, Any], cfg: DictConfig) -> Dataset:
    """Build the reader that one entry of the `dataset` group describes.

    Args:
        card: `name`, `placements` and what else the reader takes.
        cfg: the whole config, for `data_dir`, `cache_dir` and `download`.
    """
    data_dir = sample_dir() if cfg.data_dir == SAMPLE else Path(cfg.data_dir)
    arguments = {key: value for key, value in plain(card).items() if key != "name"}
    if "spec" in arguments and arguments["spec"] is None:
        raise LanharError(
            "recordings need the YAML that describes them; write source.spec=<its path> (or target.spec, dataset.spec "
            "where one dataset is named)"
        )
    return get_dataset(card["name"])(data_dir, cache_folder(cfg), download=cfg.download, **arguments)


def window_settings(cfg: DictConfig) -> WindowSettings:
    """The `windows` group as checked settings."""
    return WindowSettings(int(cfg.windows.length), float(cfg.windows.rate_hz), float(cfg.windows.overlap))


def label_space(cfg: DictConfig, source: set[str], target: set[str]) -> LabelSpace:
    """The run's label space, checked against what the datasets can hold.

    Args:
        cfg: the whole config.
        source: registry activities of the sources.
        target: registry activities of the targets.
    """
    listed = plain(cfg.label_space.activities)
    names = [name for name in REGISTRY if name in source & target] if listed is None else listed
    if len(names) < 2:
        raise LanharError(
            f"source and target share {len(names)} activities ({', '.join(names) or 'none'}); a label space needs two "
            "or more: choose another pair, or write label_space=four"
        )
    space = LabelSpace(tuple(names), {k: tuple(v) for k, v in plain(cfg.label_space.merges).items()})
    for which, held in (("source", source), ("target", target)):
        present = space.restricted(sorted(held)).activities if any(space.index(a) is not None for a in held) else ()
        if len(present) < 2:
            raise LanharError(
                f"label space '{cfg.label_space.name}' ({', '.join(space.activities)}) has {len(present)} of its "
                f"activities in the {which}, which holds {', '.join(sorted(held))}; write label_space=common or list "
                "label_space.activities that both hold"
            )
    missing = [a for a in space.activities if not any(member in source for member in space.members(a))]
    if missing:
        raise LanharError(
            f"label space '{cfg.label_space.name}' has {', '.join(missing)}, which no source holds; write "
            "label_space=common or list label_space.activities that the source holds"
        )
    return space


def check(cfg: DictConfig) -> tuple[dict[str, Dataset], dict[str, Dataset]]:
    """Find every mistake that can be found before any work, and build the readers.

    Returns:
        Readers of the sources and of the targets by name.

    Raises:
        LanharError: one line that says what to write instead.
    """
    from lanhar.pretrained import resolve_text_encoder

    window_settings(cfg)
    if cfg.protocol.name not in PROTOCOLS:
        raise LanharError(f"unknown protocol '{cfg.protocol.name}'; choose from {', '.join(PROTOCOLS)}")
    if cfg.logger.name not in LOGGERS:
        raise LanharError(f"unknown logger '{cfg.logger.name}'; write logger=csv or logger=wandb")
    both = set(cfg.source.datasets) & set(cfg.target.datasets) - {"recordings"}
    if both:
        name = sorted(both)[0]
        raise LanharError(f"{name} is source and target: its subjects would be on both sides; choose another target")
    resolve_text_encoder(cfg.text_encoder.name)
    sources = {name: make_dataset(card, cfg) for name, card in cfg.source.datasets.items()}
    targets = {name: make_dataset(card, cfg) for name, card in cfg.target.datasets.items()}
    label_space(cfg, activities_of(sources), activities_of(targets))
    for dataset in [*sources.values(), *targets.values()]:
        dataset.fingerprint()
    return sources, targets


def activities_of(datasets: Mapping[str, Dataset]) -> set[str]:
    """Registry activities that the data cards promise."""
    return {activity for dataset in datasets.values() for activity in dataset.registry_activities()}


def run_name(cfg: DictConfig) -> str:
    """Name of the run's folder."""
    return cfg.name or f"{'+'.join(cfg.source.datasets)}_to_{'+'.join(cfg.target.datasets)}"
