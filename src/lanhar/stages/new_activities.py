"""The study of new activities: every finished run, tested on activities that it never saw, beside three baselines."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor

from lanhar.activities import REGISTRY, LabelSpace
from lanhar.datamodules.batches import token_batches
from lanhar.datamodules.sampling import balanced_subset
from lanhar.datamodules.window_set import LabelledWindows
from lanhar.errors import LanharError
from lanhar.evaluation.new_activities import score_new_activities
from lanhar.evaluation.new_activities_table import write_tables
from lanhar.files import read_json, write_json
from lanhar.interpretation.attributes import attribute_scores
from lanhar.interpretation.labels import label_interpretations
from lanhar.interpretation.rules import RulesInterpreter
from lanhar.keys import code_digest, digest
from lanhar.models.label_bank import build_label_bank
from lanhar.modules.text_alignment import embed_tokens
from lanhar.pretrained import load_text_encoder
from lanhar.progress import console
from lanhar.signals.table import FEATURES
from lanhar.stages.align import EMBED_BATCH, TrainedAlignment
from lanhar.stages.evaluation import target_windows
from lanhar.stages.loading import LoadedRun, load_run
from lanhar.stages.settings import cache_folder, plain

Score = Callable[[LabelledWindows], NDArray[np.float64]]
COLUMNS = [feature.name for feature in FEATURES]


def run_study(cfg: DictConfig) -> list[Path]:
    """Test every run below `cfg.runs` and write the tables of the study; a run that was tested before is read.

    Args:
        cfg: the config `evaluate`.

    Returns:
        The files written.

    Raises:
        LanharError: there is no run, or none whose target has activities that it did not train on.
    """
    unknown = sorted({*cfg.unseen, *cfg.apart} - set(REGISTRY))
    if unknown:
        raise LanharError(f"unseen and apart hold {', '.join(unknown)}; the registry has {', '.join(REGISTRY)}")
    found = sorted(path.parent for path in Path(cfg.runs).rglob("stages.json"))
    folders = [folder for folder in found if "mapping" in read_json(folder / "stages.json")]
    if not folders:
        raise LanharError(f"no folder of a run with a trained sensor encoder is below '{cfg.runs}'; write runs=runs")
    results = [result for folder in folders if (result := _tested(cfg, folder)) is not None]
    if not results:
        raise LanharError(f"no run below '{cfg.runs}' has a target with windows of {', '.join(cfg.unseen)} to test")
    return write_tables(results, Path(cfg.study))


def _tested(cfg: DictConfig, folder: Path) -> dict[str, Any] | None:
    settings = {name: plain(cfg[name]) for name in ("unseen", "apart", "text_windows")}
    file = folder / "evaluations" / f"new_activities-{digest({**settings, 'code': code_digest()})}.json"
    if file.exists() and not cfg.force:
        result: dict[str, Any] = read_json(file)
        return result
    run = load_run(folder)
    windows, _ = target_windows(cfg, run)
    known = {member for name in run.space.activities for member in run.space.members(name)}
    held = set(windows.activity.tolist()) - known
    unseen = [name for name in cfg.unseen if name in held]
    if not unseen:
        console.print(f"{folder}: the target has no activity that is unseen", soft_wrap=True)
        return None
    space = LabelSpace((*run.tested.activities, *unseen), run.tested.merges)
    tested = windows.in_space(space)
    apart = windows.select(np.isin(windows.activity, list(cfg.apart)) & np.isin(windows.activity, list(held)))
    methods = _methods(cfg, run, space, tested, apart)
    result = {"run": run.report["run"], "unseen": unseen, "methods": methods}
    write_json(file, result)
    return result


def _methods(
    cfg: DictConfig, run: LoadedRun, space: LabelSpace, tested: LabelledWindows, apart: LabelledWindows
) -> dict[str, Any]:
    """Scores of every method on the tested windows, and where it puts those that stand apart."""
    n_seen = len(run.tested)
    texts = [list(run.bank.interpretations[i]) for i in run.space.positions(run.tested)]
    texts += [label_interpretations(name) for name in space.activities[n_seen:]]
    few = tested.select(_few(tested, space, cfg.text_windows))
    embed = _embedder(run)
    found: dict[str, Any] = {}
    for name, score, windows in (
        (str(run.cfg.method.name), _cosines(run, embed, texts, n_seen), tested),
        ("label_names", _cosines(run, embed, [[title] for title in space.titles], 0), tested),
        ("attributes", _attributes(texts), tested),
        ("untrained_text_encoder", _untrained(run, space, texts), few),
    ):
        truth = windows.labels(space)
        values = score(windows)
        outcome = score_new_activities(values, truth, space.activities, n_seen)
        elsewhere = {} if windows is few else _shares(score, apart, space)
        found[name] = {**vars(outcome), "n_windows": len(windows), "n_seen": n_seen, "apart": elsewhere}
    return found


def _embedder(run: LoadedRun) -> Callable[[LabelledWindows], Tensor]:
    """Sensor embeddings (N, D), computed once for each set of windows."""
    known: list[tuple[LabelledWindows, Tensor]] = []

    def embed(windows: LabelledWindows) -> Tensor:
        for seen, embedded in known:
            if seen is windows:
                return embedded
        known.append((windows, run.mapping.predict(windows.samples)[0]))
        return known[-1][1]

    return embed


def _cosines(
    run: LoadedRun,
    embed: Callable[[LabelledWindows], Tensor],
    texts: Sequence[Sequence[str]],
    own: int,
) -> Score:
    """Cosines of sensor embeddings to texts; the first `own` activities keep the embeddings that the run tested."""
    bank = run.embed_labels([str(i) for i in range(len(texts))], texts).embeddings
    bank[:own] = run.bank.embeddings[run.space.positions(run.tested)][:own]
    return lambda windows: (embed(windows) @ bank.T).numpy().astype(np.float64)


def _attributes(texts: Sequence[Sequence[str]]) -> Score:
    scales = RulesInterpreter().scales
    return lambda windows: attribute_scores(scales, np.asarray(windows.features), COLUMNS, texts)


def _untrained(run: LoadedRun, space: LabelSpace, texts: Sequence[Sequence[str]]) -> Score:
    """Cosines of windows' rules texts to label texts in the language model as it was published."""
    settings = plain(run.cfg.text_encoder) | {"projection": None}
    encoder, tokenise = load_text_encoder(**settings)
    encoder.requires_grad_(False).eval()
    flat = [text for group in texts for text in group]
    bank = build_label_bank(space.activities, texts, embed_tokens(encoder, token_batches(tokenise(flat), EMBED_BATCH)))
    key = digest({"text_encoder": settings})
    untrained = TrainedAlignment(key, cache_folder(run.cfg) / "untrained_texts" / key, encoder, tokenise, bank)

    def score(windows: LabelledWindows) -> NDArray[np.float64]:
        described = RulesInterpreter().interpret(windows.features, COLUMNS)
        embedded = untrained.embed(described, "Embedding texts (untrained)")
        return (embedded @ bank.embeddings.T).numpy().astype(np.float64)

    return score


def _few(windows: LabelledWindows, space: LabelSpace, limit: int | None) -> NDArray[np.int64]:
    labels = windows.labels(space)
    size = len(labels) if limit is None else min(len(labels), int(limit) * len(space))
    return np.asarray(balanced_subset(labels, windows.subject, size, 0))


def _shares(score: Score, apart: LabelledWindows, space: LabelSpace) -> dict[str, dict[str, float]]:
    """Activity that stands apart → share of its windows that each candidate gets."""
    if not len(apart):
        return {}
    predicted = score(apart).argmax(axis=1)
    shares = {}
    for name in sorted(set(apart.activity.tolist())):
        counts = np.bincount(predicted[apart.activity == name], minlength=len(space))
        shares[name] = dict(zip(space.activities, (counts / counts.sum()).tolist(), strict=True))
    return shares
