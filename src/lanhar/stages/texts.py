"""The texts of a run: interpretations of windows and of labels, tokenised once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.activities import LabelSpace
from lanhar.datamodules.window_set import Windows
from lanhar.errors import LanharError
from lanhar.interpretation.labels import label_interpretations
from lanhar.interpretation.rules import RulesInterpreter
from lanhar.keys import digest
from lanhar.signals.table import FEATURES
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


def make_interpreter(cfg: DictConfig) -> RulesInterpreter:
    """The interpreter that the config names.

    Raises:
        LanharError: there is none of that name, or it has no such detail.
    """
    if cfg.interpreter.name != RulesInterpreter.name:
        raise LanharError(f"unknown interpreter '{cfg.interpreter.name}'; write interpreter=rules")
    return RulesInterpreter(detail=cfg.interpreter.detail)


def interpret(interpreter: RulesInterpreter, windows: Windows) -> list[str]:
    """Sensor interpretations of windows, N texts."""
    return interpreter.interpret(windows.features, [feature.name for feature in FEATURES])


def label_texts(space: LabelSpace) -> SpaceTexts:
    """Label interpretations of every activity of the label space."""
    return SpaceTexts(tuple(tuple(label_interpretations(name)) for name in space.activities))


def interpretation_key(cfg: DictConfig, labels: SpaceTexts) -> dict[str, Any]:
    """What identifies the texts of a run."""
    return {"interpreter": plain(cfg.interpreter), "labels": texts_digest(labels.flat)}


def texts_digest(texts: Sequence[str]) -> str:
    """Digest of texts in their order."""
    return digest({"texts": list(texts)})
