"""What the interpretation report says of a dataset: sums over its windows, and some of them one by one."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from omegaconf import DictConfig

from lanhar.errors import LanharError
from lanhar.evaluation.figures import principal_plane
from lanhar.evaluation.interpretation_report import Report, render_report
from lanhar.evaluation.interpretation_view import Corpus, ReasonCount, Status, TextMap, WindowView, usage_of
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.store import Attempt, Outcome
from lanhar.progress import progress_bar
from lanhar.stages.interpretation_jobs import choose_windows
from lanhar.stages.interpretation_show import Shelf, open_shelf, rules_views
from lanhar.stages.interpreters import is_language_model, make_embed, make_rules, make_rules_filter
from lanhar.stages.settings import SAMPLE

LEAST_TEXTS = 3
"""Fewer points make no map."""
EMBED_BATCH = 32
RULES_NOTE = (
    "These texts were written by fixed rules from the measured features, not by a language model. The filter judged "
    "them one by one; its rules about many texts together (outlier, duplicate) took no part."
)
LOCAL_NOTE = (
    "These texts come from a small language model on this machine. They exercise the plumbing and the filter only, and "
    "are no measure of what a language model can write."
)
CANDIDATES_NOTE = "The prompt listed the candidate activities (prompt.candidates=true): a prior leaks into every text."
SHOWN_NOTE = (
    "Activities, subjects and signals are shown to you; no prompt held them. This file holds samples of recordings: "
    "publish it only where you may publish those."
)


def write_report(cfg: DictConfig, n: int, file: Path) -> None:
    """Write the report of a dataset's interpretations as one HTML file.

    Args:
        cfg: the config `interpret`.
        n: windows shown one by one, at most.
        file: where to.

    Raises:
        LanharError: `n` is below 1, there is no store, or the file cannot be written.
    """
    html = render_report(make_report(cfg, n))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(html, encoding="utf-8")
    except OSError as error:
        raise LanharError(f"cannot write {file}: {error.strerror}; write file=<another path>") from error


def make_report(cfg: DictConfig, n: int) -> Report:
    """Gather what the report shows.

    Raises:
        LanharError: as `write_report`.
    """
    notes = [SHOWN_NOTE]
    if is_language_model(cfg):
        with open_shelf(cfg) as shelf:
            views, corpus, facts = shelf.views(n), shelf_corpus(shelf), _model_facts(shelf)
        notes = [CANDIDATES_NOTE] * bool(cfg.prompt.candidates) + notes
        notes = [LOCAL_NOTE] * (cfg.interpreter.name == "local") + notes
    else:
        windows = choose_windows(cfg).windows
        views = rules_views(cfg, windows, n)
        corpus, notes = shown_corpus(views, len(windows)), [RULES_NOTE, *notes]
        facts = [("interpreter", f"rules {make_rules(cfg).version}"), ("filter", _rules(cfg))]
    text_map, map_note = _text_map(cfg, views)
    sample = " (the sample that ships with the package)" if cfg.data_dir == SAMPLE else ""
    dataset = f"{cfg.dataset.name}{sample}, {cfg.windows.length / cfg.windows.rate_hz:g} s windows, as {cfg.role}"
    title = f"Interpretations of {cfg.dataset.name} windows"
    return Report(title, [("dataset", dataset), *facts], notes, corpus, views, text_map, map_note)


def shown_corpus(views: Sequence[WindowView], total: int) -> Corpus:
    """Sums over the windows shown, where no store keeps the verdicts of the others."""
    status: dict[str, Counter[Status]] = defaultdict(Counter)
    left: Counter[str] = Counter()
    for view in views:
        status[view.activity][view.status] += 1
        left.update(_kinds(view.reasons))
    scope = f"Over the {len(views):,} windows shown, of {total:,}."
    return Corpus(scope, status, _reason_counts(left, []), {}, usage_of([]), None)


def shelf_corpus(shelf: Shelf) -> Corpus:
    """Sums over all windows that the config chooses, shown or not."""
    status: dict[str, Counter[Status]] = defaultdict(Counter)
    rounds: Counter[int] = Counter()
    left: Counter[str] = Counter()
    found: list[Counter[str]] = []
    answers: list[Attempt] = []
    seen: set[str] = set()
    activities = shelf.windows.activity.tolist()
    for row, task in progress_bar(enumerate(shelf.tasks), "Adding up answers", len(shelf.tasks)):
        outcome, own = shelf.outcomes.get(task), shelf.store.attempts_of(task)
        if outcome is None:
            status[activities[row]]["unfinished" if own else "not written"] += 1
        else:
            status[activities[row]][outcome.status] += 1
            rounds[outcome.rounds] += outcome.status == "accepted"
            left.update(_kinds(outcome.reasons))
        # Two windows alike to the last digit are one task, paid for once.
        if task not in seen:
            seen.add(task)
            answers += [replace(answer, raw="") for answer in own]
            _count_reasons(found, shelf, outcome, own)
    writer = shelf.model.window_id
    judged = [answer for answer in answers if answer.interpreter != writer]
    return Corpus(
        scope=f"Over all {len(shelf.tasks):,} windows chosen from the dataset, shown below or not.",
        by_activity=status,
        reasons=_reason_counts(left, found),
        rounds=+rounds,
        usage=usage_of([answer for answer in answers if answer.interpreter == writer]),
        judge=usage_of(judged) if judged else None,
    )


def _count_reasons(
    found: list[Counter[str]], shelf: Shelf, outcome: Outcome | None, answers: Sequence[Attempt]
) -> None:
    for answer in answers:
        if answer.interpreter != shelf.model.window_id:
            continue
        found.extend(Counter() for _ in range(len(found), answer.round + 1))
        chosen = outcome is not None and outcome.key == answer.key
        reasons = outcome.reasons if chosen and outcome else shelf.store.verdict(answer.key, shelf.filter)
        found[answer.round].update(_kinds(reasons or ()))


def _kinds(reasons: Sequence[Reason]) -> set[str]:
    return {f"{reason.rule}.{reason.code}" for reason in reasons}


def _reason_counts(left: Counter[str], found: Sequence[Counter[str]]) -> list[ReasonCount]:
    total = sum(found, Counter(left))
    return [
        ReasonCount(kind, tuple(counts[kind] for counts in found), left[kind])
        for kind, _ in sorted(total.items(), key=lambda item: (-item[1], item[0]))
    ]


def _model_facts(shelf: Shelf) -> list[tuple[str, str]]:
    described = shelf.model.described(shelf.model.prompt.version)
    described["prompt"] = f"{shelf.model.prompt.name} {described['prompt']}"
    names = ("interpreter", "model", "prompt", "schema", "temperature")
    facts = [(name, str(described[name])) for name in names]
    return [*facts, ("interpreter's id", shelf.model.window_id), ("filter", f"{_rules(shelf.cfg)} ({shelf.filter})")]


def _rules(cfg: DictConfig) -> str:
    rules = make_rules_filter(cfg)
    if not is_language_model(cfg):
        return ", ".join(rule.name for rule in rules.rules)
    return ", ".join([*rules.identity, *["judge"] * (cfg.filter.judge is not None)])


def _text_map(cfg: DictConfig, views: Sequence[WindowView]) -> tuple[TextMap | None, str]:
    written = [i for i, view in enumerate(views) if view.text]
    texts = [views[i].text for i in written]
    if len(set(texts)) < LEAST_TEXTS:
        return None, f"No map: it takes {LEAST_TEXTS} different texts, and {len(set(texts))} are shown."
    embed = make_embed(cfg)
    try:
        starts = progress_bar(range(0, len(texts), EMBED_BATCH), "Embedding texts", -(-len(texts) // EMBED_BATCH))
        embedded = np.concatenate([embed(texts[start : start + EMBED_BATCH]) for start in starts])
    except LanharError as error:
        return None, f"No map: {error}"
    points, variance = principal_plane(embedded.astype(np.float64))
    encoder = str(cfg.filter.embedding.text_encoder)
    return TextMap(points, written, (float(variance[0]), float(variance[1])), encoder), ""
