"""The texts of a run: interpretations of windows and of labels, tokenised once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.activities import LabelSpace
from lanhar.datamodules.window_set import Windows
from lanhar.errors import LanharError
from lanhar.interpretation.labels import label_interpretations
from lanhar.interpretation.store import Store
from lanhar.interpretation.stored import StoredInterpreter, stored_label_texts
from lanhar.keys import digest
from lanhar.signals.table import FEATURES
from lanhar.stages.interpreters import (
    is_language_model,
    label_filter_id,
    make_language_model,
    make_rules,
    make_rules_filter,
    window_filter_id,
)
from lanhar.stages.settings import plain


@dataclass(frozen=True)
class SpaceTexts:
    """Label interpretations of a label space.

    Attributes:
        per_activity: texts of each activity, in the label space's order.
    """

    per_activity: tuple[tuple[str, ...], ...]

    @property
    def flat(self) -> list[str]:
        """All M texts, activity after activity."""
        return [text for texts in self.per_activity for text in texts]

    @property
    def labels(self) -> NDArray[np.int64]:
        """(M,) activity index of each."""
        return np.array([i for i, texts in enumerate(self.per_activity) for _ in texts], dtype=np.int64)


class Interpreter(Protocol):
    """What writes interpretations of windows."""

    def interpret(self, features: NDArray[np.floating], columns: Sequence[str]) -> Sequence[str | None]:
        """Texts of windows, N; None where there is none."""
        ...


@dataclass(frozen=True)
class Shuffled:
    """An interpreter whose texts are handed to the wrong windows, so that they say nothing of their own.

    Attributes:
        interpreter: writes the texts.
        seed: of the permutation.
    """

    interpreter: Interpreter
    seed: int

    def interpret(self, features: NDArray[np.floating], columns: Sequence[str]) -> list[str | None]:
        """The windows' texts in another order."""
        texts = self.interpreter.interpret(features, columns)
        return [texts[i] for i in np.random.default_rng(self.seed).permutation(len(texts))]


def make_interpreter(cfg: DictConfig, space: LabelSpace, role: str = "source") -> Interpreter:
    """The interpreter that the config names; a language model's texts are read from the store.

    Args:
        cfg: the whole config.
        space: the label space.
        role: `source`, or `target` for windows whose labels nothing may have looked at.

    Raises:
        LanharError: there is none of that name, or the store cannot be opened.
    """
    if not is_language_model(cfg):
        rules = make_rules(cfg)
        return Shuffled(rules, int(cfg.seed)) if cfg.interpretation.shuffled else rules
    model = make_language_model(cfg, space)
    filter_id = window_filter_id(cfg, make_rules_filter(cfg), role)
    unaccepted = bool(cfg.interpretation.unaccepted)
    return StoredInterpreter(open_store(cfg), model.window_id, filter_id, model.prompt, unaccepted)


def open_store(cfg: DictConfig) -> Store:
    """The store, which must be there.

    Raises:
        LanharError: there is none; the message says how to make one.
    """
    return Store(Path(cfg.store), create=False)


def texts_of(interpreter: Interpreter, windows: Windows) -> list[str | None]:
    """Sensor interpretations of windows, N texts; None where there is none."""
    return list(interpreter.interpret(windows.features, [feature.name for feature in FEATURES]))


def interpret(interpreter: Interpreter, windows: Windows) -> list[str]:
    """Sensor interpretations of windows that all have one, N texts.

    Raises:
        LanharError: the store has lost one since the windows were chosen.
    """
    texts = [text for text in texts_of(interpreter, windows) if text is not None]
    if len(texts) < len(windows):
        raise LanharError("interpretations vanished from the store while the run was reading them; start it again")
    return texts


def label_texts(cfg: DictConfig, space: LabelSpace) -> SpaceTexts:
    """Label interpretations of every activity: of the literature for `rules`, else the language model's own.

    Raises:
        LanharError: the store lacks those of an activity.
    """
    if cfg.interpretation.labels == "names":
        return SpaceTexts(tuple((title,) for title in space.titles))
    if not is_language_model(cfg):
        count = int(cfg.interpretation.variations)
        return SpaceTexts(tuple(tuple(label_interpretations(name)[:count]) for name in space.activities))
    model, count = make_language_model(cfg, space), int(cfg.interpretation.variations)
    filter_id = label_filter_id(make_rules_filter(cfg))
    with open_store(cfg) as store:
        per_activity = {
            name: stored_label_texts(store, model.label_id, filter_id, model.labels, name, count)
            for name in space.activities
        }
    missing = [name for name, texts in per_activity.items() if not texts]
    if missing:
        raise LanharError(
            f"the store '{cfg.store}' has no accepted label interpretation by {model.settings.model} of "
            f"{', '.join(missing)}; run: python -m lanhar.interpret labels {rerun_words(cfg)}"
        )
    return SpaceTexts(tuple(map(tuple, per_activity.values())))


def rerun_words(cfg: DictConfig) -> str:
    """The words of an `interpret` command that writes what this config reads."""
    words = [f"interpreter={cfg.interpreter.name}", f"interpreter.model={cfg.interpreter.model}"]
    words += [f"label_space={cfg.label_space.name}"] * (cfg.label_space.name != "four")
    words += [f"prompt={cfg.prompt.name}"] * (cfg.prompt.name != "compact")
    words += [f"seed={cfg.seed}"] * (cfg.seed != 0)
    return " ".join(words)


def described_interpreter(cfg: DictConfig, space: LabelSpace) -> dict[str, Any]:
    """What a result says of the interpreter behind it: its version, or model, prompt, filter and who may be used."""
    if not is_language_model(cfg):
        return {**plain(cfg.interpreter), "version": make_rules(cfg).version}
    model = make_language_model(cfg, space)
    return {
        **model.described(model.prompt.version),
        "label_prompt": model.labels.version,
        "filter": window_filter_id(cfg, make_rules_filter(cfg), "source"),
        "missing": cfg.interpretation.missing,
        "unaccepted": bool(cfg.interpretation.unaccepted),
    }


def interpretation_key(cfg: DictConfig, labels: SpaceTexts, windows: Sequence[str]) -> dict[str, Any]:
    """What identifies the texts of a run: the texts themselves, whoever wrote them."""
    return {"interpreter": cfg.interpreter.name, "windows": texts_digest(windows), "labels": texts_digest(labels.flat)}


def texts_digest(texts: Sequence[str]) -> str:
    """Digest of texts in their order."""
    return digest({"texts": list(texts)})
