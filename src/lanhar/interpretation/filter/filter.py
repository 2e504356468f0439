"""The rules together: one verdict an answer, and what only the whole population shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanhar.errors import LanharError
from lanhar.interpretation.filter.consistency import ConsistencyRule
from lanhar.interpretation.filter.duplicate import DuplicateRule
from lanhar.interpretation.filter.form import FormRule
from lanhar.interpretation.filter.grounding import GroundingRule
from lanhar.interpretation.filter.leak import LeakRule
from lanhar.interpretation.filter.outlier import OutlierRule
from lanhar.interpretation.filter.verdict import Answer, Reason, Rule, Verdict
from lanhar.keys import digest

RULES: Mapping[str, type[Rule]] = {
    "form": FormRule,
    "leak": LeakRule,
    "grounding": GroundingRule,
    "consistency": ConsistencyRule,
}
"""Rules for one answer by their key in the config, cheapest first."""
Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts → (N, D) unit-length embeddings of the frozen text encoder."""


@dataclass(frozen=True)
class Filter:
    """Judges answers one by one, then the accepted texts as a population.

    Attributes:
        rules: rules for one answer, in the order in which their reasons are given.
        outlier: the rule for texts that lie apart from those like them; None leaves it out.
        duplicate: the rule for the same words about different windows; None leaves it out.
    """

    rules: tuple[Rule, ...]
    outlier: OutlierRule | None = None
    duplicate: DuplicateRule | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that a verdict depends on beside the answer: rules, their versions, settings and word lists."""
        chosen = [rule for rule in (*self.rules, self.outlier, self.duplicate) if rule is not None]
        described = {rule.name: {"version": rule.version, **vars(rule)} for rule in chosen}
        return {"words": words_digest(), **described}

    def judge(self, answer: Answer, features: Mapping[str, float]) -> Verdict:
        """The verdict on one answer.

        Args:
            answer: what the model wrote.
            features: the window's measured prompt features by name.
        """
        return Verdict(tuple(reason for rule in self.rules for reason in _checked(rule, answer, features)))

    def judge_population(
        self,
        texts: Sequence[str],
        features: NDArray[np.floating],
        columns: Sequence[str],
        groups: NDArray[np.str_],
        embed: Embed | None,
    ) -> list[tuple[Reason, ...]]:
        """What the accepted texts show only together.

        Args:
            texts: N accepted texts.
            features: (N, F) of their windows.
            columns: F feature names.
            groups: (N,) label of a training subject's window; "" where the label may not be used.
            embed: needed where there is an outlier rule.

        Returns:
            Reasons against each text, N tuples.
        """
        found: list[tuple[Reason, ...]] = [()] * len(texts)
        if not texts:
            return found
        if self.duplicate is not None:
            found = _joined(found, self.duplicate.check(texts, features, columns))
        if self.outlier is not None and embed is not None:
            found = _joined(found, self.outlier.check(embed(texts), groups))
        return found


def _checked(rule: Rule, answer: Answer, features: Mapping[str, float]) -> Sequence[Reason]:
    """A model can write anything: an answer that a rule cannot cope with is rejected, and the run goes on."""
    try:
        return rule.check(answer, features)
    except Exception as error:
        detail = f"the rule cannot judge this answer ({type(error).__name__}); write it in plain sentences"
        return [Reason(rule.name, "unjudged", detail)]


def make_filter(settings: Mapping[str, Mapping[str, Any] | None]) -> Filter:
    """Build a filter from the config group `filter`.

    Args:
        settings: rule → its settings, or None to switch it off.

    Raises:
        LanharError: there is no such rule, or a rule has no such setting.
    """
    makers: dict[str, Callable[..., Any]] = {**RULES, "outlier": OutlierRule, "duplicate": DuplicateRule}
    built: dict[str, Any] = {}
    for name, values in settings.items():
        if name not in makers:
            raise LanharError(f"filter.{name}: no such rule; there are {', '.join(makers)}")
        if values is not None:
            try:
                built[name] = makers[name](**values)
            except TypeError as error:
                raise LanharError(f"filter.{name}: {error}; see conf/filter/default.yaml") from error
    rules = tuple(built[name] for name in RULES if name in built)
    return Filter(rules, built.get("outlier"), built.get("duplicate"))


def filter_id(rules: Filter, **population: Any) -> str:
    """Digest that verdicts and outcomes are stored under.

    Args:
        rules: the filter.
        population: what else its population rules depend on: text encoder, and whose labels they may use.
    """
    return digest({"filter": rules.identity, **population})


@cache
def words_digest() -> str:
    """Digest of the word lists and limits that rules read."""
    data = files("lanhar.interpretation.filter") / "data"
    return digest({file.name: file.read_text(encoding="utf-8") for file in data.iterdir() if file.is_file()})


def _joined(left: Sequence[tuple[Reason, ...]], right: Sequence[tuple[Reason, ...]]) -> list[tuple[Reason, ...]]:
    return [(*a, *b) for a, b in zip(left, right, strict=True)]
