"""From the composed config to objects, with every check that needs no recording read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from lanhar.activities import REGISTRY, LabelSpace
from lanhar.cli import config_dir
from lanhar.datamodules.window_cache import WindowSettings
from lanhar.datasets import get_dataset, sample_dir
from lanhar.datasets.base import Dataset
from lanhar.errors import LanharError

# Key → smallest and largest value that make sense; None is no bound.
RANGES: dict[str, tuple[float, float | None]] = {
    "seed": (0, None),
    "split.max_windows": (1, None),
    "text_encoder.max_tokens": (8, None),
    "text_encoder.dropout": (0, 0.99),
    "text_encoder.projection": (1, None),
    "text_encoder.noise": (0, None),
    "virtual_windows.count": (0, None),
    "alignment.epochs": (1, None),
    "alignment.batch_size": (2, None),
    "alignment.label_texts_per_activity": (1, None),
    "alignment.max_windows": (1, None),
    "alignment.virtual_batch": (2, None),
    "alignment.lr": (0, None),
    "alignment.projection_lr": (0, None),
    "alignment.warmup": (0, 1),
    "mapping.epochs": (1, None),
    "mapping.batch_size": (2, None),
    "mapping.batches_per_epoch": (1, None),
    "mapping.augmented_copies": (0, None),
    "mapping.clean_share": (0, 1),
    "mapping.max_texts": (0, None),
    "mapping.lr": (0, None),
    "mapping.warmup": (0, 1),
    "baselines.logistic_regression.C": (1e-12, None),
    "baselines.random_forest.n_estimators": (1, None),
}
PROTOCOLS = ("source_only", "transductive")
# Of a baseline: what its classifier trains on, and how often.
COUNTS = {"augmented_copies", "self_training_rounds"}
TRAINING_KEYS = {*COUNTS, "augment"}
LOGGERS = ("csv", "wandb")
SAMPLE = "sample"
NO_METHOD = "none"
NEAREST_INTERPRETATION = "nearest_interpretation"


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


def label_spaces(cfg: DictConfig, source: set[str], target: set[str]) -> tuple[LabelSpace, LabelSpace]:
    """The label space that is trained on and the part of it that is tested, checked against what the datasets can hold.

    Args:
        cfg: the whole config.
        source: registry activities of the sources.
        target: registry activities of the targets.

    Returns:
        The same label space twice, unless `label_space.whole_source` adds what only the source holds to the first.
    """
    listed = plain(cfg.label_space.activities)
    names = [name for name in REGISTRY if name in source & target] if listed is None else listed
    if len(names) < 2:
        raise LanharError(
            f"source and target share {len(names)} activities ({', '.join(names) or 'none'}); a label space needs two "
            "or more: choose another pair, or write label_space=four"
        )
    tested = LabelSpace(tuple(names), {k: tuple(v) for k, v in plain(cfg.label_space.merges).items()})
    _check_space(cfg, tested, source, target)
    if not cfg.label_space.whole_source:
        return tested, tested
    if tested.merges:
        raise LanharError("label_space.whole_source trains on activities as the source names them; drop the merges")
    space = LabelSpace(tuple(name for name in REGISTRY if name in source))
    return space, space.restricted(names)


def _check_space(cfg: DictConfig, space: LabelSpace, source: set[str], target: set[str]) -> None:
    for which, held in (("source", source), ("target", target)):
        present = [a for a in space.activities if any(member in held for member in space.members(a))]
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
    for side in ("source", "target"):
        if "datasets" not in cfg[side]:
            raise LanharError(f"{side} names no dataset; write {side}=uci, or {side}=[uci,uschad] for several")
    if cfg.overlap not in ("error", "skip"):
        raise LanharError(f"overlap is '{cfg.overlap}'; write error or skip")
    if name := overlapping(cfg):
        raise LanharError(f"{name} is source and target: its subjects would be on both sides; choose another target")
    _check_ranges(cfg)
    _check_parts(cfg)
    resolve_text_encoder(cfg.text_encoder.name)
    sources = {name: make_dataset(card, cfg) for name, card in cfg.source.datasets.items()}
    targets = {name: make_dataset(card, cfg) for name, card in cfg.target.datasets.items()}
    label_spaces(cfg, activities_of(sources), activities_of(targets))
    for dataset in [*sources.values(), *targets.values()]:
        dataset.fingerprint()
    return sources, targets


def overlapping(cfg: DictConfig) -> str | None:
    """A dataset that is both source and target, if any; `recordings` may be two folders."""
    both = [set(cfg[side].get("datasets", ())) for side in ("source", "target")]
    return next(iter(sorted(both[0] & both[1] - {"recordings"})), None)


def baseline_settings(cfg: DictConfig) -> dict[str, dict[str, Any]]:
    """Every baseline that is not left out, with its settings; its `augment` is stage 2's with what it names changed.

    Raises:
        LanharError: a number of augmented copies or of rounds is not one.
    """
    found = {name: settings for name, settings in (plain(cfg.get("baselines")) or {}).items() if settings is not None}
    for name, settings in found.items():
        if "augmented_copies" in settings:
            settings["augment"] = {**plain(cfg.mapping.augment), **(settings.get("augment") or {})}
        for key in COUNTS & settings.keys():
            if not isinstance(settings[key], int) or settings[key] < 0:
                raise LanharError(f"baselines.{name}.{key} is {settings[key]}; write a whole number, 0 or more")
    if cfg.method.name == NO_METHOD and not found:
        raise LanharError("method=none leaves nothing to run; name baselines, as in baselines=[logistic_regression]")
    return found


def classifier_parameters(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A baseline's settings that its classifier takes, without those that say what it trains on."""
    return {key: value for key, value in settings.items() if key not in TRAINING_KEYS}


def uses_texts(cfg: DictConfig) -> bool:
    """Whether stage 1 is needed: for both stages of the method, or for a baseline that reads texts."""
    return cfg.method.name != NO_METHOD or NEAREST_INTERPRETATION in baseline_settings(cfg)


def _check_ranges(cfg: DictConfig) -> None:
    for key, (low, high) in RANGES.items():
        value = OmegaConf.select(cfg, key)
        if value is not None and not (low <= value and (high is None or value <= high)):
            bounds = f"{low:g} or more" if high is None else f"{low:g} to {high:g}"
            raise LanharError(f"{key} is {value}; write {bounds}")


def _check_parts(cfg: DictConfig) -> None:
    """Build what is cheap to build: a part that cannot be built is found now and not after stage 1."""
    from hydra.utils import instantiate

    from lanhar.models.baselines import make_baseline
    from lanhar.stages.interpreters import check_interpreter, is_language_model
    from lanhar.stages.networks import build_network
    from lanhar.stages.texts import open_store

    check_interpreter(cfg)
    if cfg.interpretation.labels not in ("interpretations", "names"):
        raise LanharError(f"interpretation.labels is '{cfg.interpretation.labels}'; write interpretations or names")
    if is_language_model(cfg):
        if cfg.interpretation.shuffled:
            raise LanharError("interpretation.shuffled=true needs interpreter=rules")
        open_store(cfg).close()
    for name, settings in baseline_settings(cfg).items():
        if "network" in settings:
            build_network(name, settings, 4, int(cfg.windows.length))
        elif name != NEAREST_INTERPRETATION:
            make_baseline(name, int(cfg.seed), **classifier_parameters(settings))
    encoder = {"embedding_dim": 8, "window_length": int(cfg.windows.length)}
    parts: dict[str, Any] = {
        "sensor_encoder": (cfg.sensor_encoder, encoder),
        "mapping.augment": (cfg.mapping.augment, {}),
    }
    for name, settings in baseline_settings(cfg).items():
        if "augment" in settings:
            parts[f"baselines.{name}.augment"] = (settings["augment"], {})
    for key, (part, arguments) in parts.items():
        try:
            instantiate(part, **arguments)
        except Exception as error:  # whatever a user's own class may raise
            reason = str(error.__cause__ or error).strip().splitlines()[0]
            raise LanharError(f"{key} cannot be built: {reason}; see conf/{key.split('.')[0]}") from error


def activities_of(datasets: Mapping[str, Dataset]) -> set[str]:
    """Registry activities that the data cards promise."""
    return {activity for dataset in datasets.values() for activity in dataset.registry_activities()}


def option_name(node: DictConfig, group: str) -> str:
    """Name of a group's option as it may stand beside a number: marked where single keys were overridden."""
    file = config_dir() / group / f"{node.name}.yaml"
    changed = file.exists() and plain(OmegaConf.load(file)) != plain(node)
    return f"{node.name} (changed)" if changed else str(node.name)


def run_name(cfg: DictConfig) -> str:
    """Name of the run's folder."""
    return cfg.name or f"{'+'.join(cfg.source.datasets)}_to_{'+'.join(cfg.target.datasets)}"
