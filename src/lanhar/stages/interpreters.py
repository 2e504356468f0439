"""From the config to what writes interpretations: the rules, or a language model with its prompt and filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from lanhar.activities import REGISTRY, LabelSpace
from lanhar.errors import LanharError
from lanhar.interpretation.filter.filter import Embed, Filter, filter_id, make_filter
from lanhar.interpretation.llm.local import model_digest
from lanhar.interpretation.llm.settings import ModelSettings, Price
from lanhar.interpretation.prompt import LabelPrompt, WindowPrompt, prompt_version
from lanhar.interpretation.regeneration import Regeneration
from lanhar.interpretation.rules import RulesInterpreter
from lanhar.interpretation.schema import SCHEMA_VERSION
from lanhar.keys import digest
from lanhar.stages.settings import plain

LANGUAGE_MODELS = ("openai", "anthropic", "gemini", "ollama", "vllm", "local")
REQUEST_KEYS = ("max_answer_tokens", "top_p", "structured")
"""Settings of a model that change its answers; limits and addresses do not."""


@dataclass(frozen=True)
class LanguageModel:
    """A language model as an interpreter.

    Attributes:
        name: option of the config group `interpreter`.
        settings: how it is asked.
        regeneration: rounds and temperatures.
        prompt: about windows.
        labels: about activities.
    """

    name: str
    settings: ModelSettings
    regeneration: Regeneration
    prompt: WindowPrompt
    labels: LabelPrompt
    model: str

    @property
    def window_id(self) -> str:
        """Id of all that determines its answers about windows, beside the window."""
        return digest(self.described(self.prompt.version))

    @property
    def label_id(self) -> str:
        """Id of all that determines its answers about activities, beside the activity."""
        return digest(self.described(self.labels.version))

    def described(self, version: str) -> dict[str, Any]:
        """What an id stands for."""
        asked = {key: getattr(self.settings, key) for key in REQUEST_KEYS}
        return {
            "interpreter": self.name,
            "model": self.model,
            **asked,
            "sampling_seed": self.settings.seed,
            "temperature": list(self.regeneration.temperature),
            "prompt": version,
            "feedback": prompt_version("feedback"),
            "schema": SCHEMA_VERSION,
        }


def is_language_model(cfg: DictConfig) -> bool:
    """Whether the config's interpreter is a language model.

    Raises:
        LanharError: there is no interpreter of that name.
    """
    name = cfg.interpreter.name
    if name not in (RulesInterpreter.name, *LANGUAGE_MODELS):
        known = ", ".join(LANGUAGE_MODELS)
        raise LanharError(f"unknown interpreter '{name}'; write interpreter=rules, or a language model's: {known}")
    return bool(name != RulesInterpreter.name)


def check_interpreter(cfg: DictConfig) -> None:
    """Find mistakes in what describes the interpreter, its prompt and its filter, without opening anything."""
    if is_language_model(cfg):
        model_settings(plain(cfg.interpreter))
        make_rules_filter(cfg)
        Regeneration(int(cfg.regeneration.rounds), tuple(map(float, cfg.regeneration.temperature)))
    else:
        make_rules(cfg)


def make_rules(cfg: DictConfig) -> RulesInterpreter:
    """The offline interpreter."""
    return RulesInterpreter(detail=cfg.interpreter.detail)


def make_language_model(cfg: DictConfig, space: LabelSpace | None) -> LanguageModel:
    """The language model that the config names, without starting or asking anything.

    Raises:
        LanharError: it has no name, a setting is wrong, or a local model's file is missing.
    """
    given = plain(cfg.interpreter)
    return LanguageModel(
        name=given["name"],
        settings=model_settings(given),
        regeneration=Regeneration(int(cfg.regeneration.rounds), tuple(map(float, cfg.regeneration.temperature))),
        prompt=make_prompt(cfg, space),
        labels=LabelPrompt(),
        model=_identity(given),
    )


def make_prompt(cfg: DictConfig, space: LabelSpace | None) -> WindowPrompt:
    """The prompt about windows."""
    names = REGISTRY if space is None else space.activities
    candidates = [REGISTRY[name].title for name in names] if cfg.prompt.candidates else []
    seconds = cfg.windows.length / cfg.windows.rate_hz
    return WindowPrompt(cfg.prompt.file or cfg.prompt.name, seconds, float(cfg.windows.rate_hz), candidates)


def model_settings(given: dict[str, Any]) -> ModelSettings:
    """The config group `interpreter` (or `filter.judge`) as settings of a client.

    Raises:
        LanharError: no model is named, or a setting does not exist.
    """
    if not given.get("model"):
        raise LanharError(f"interpreter={given.get('name')} needs a model; write interpreter.model=<its name>")
    own = ("name", "provider", "model", "model_file", "context_tokens", "threads", "sampling_seed")
    values = {key: value for key, value in given.items() if key not in own}
    try:
        values["price"] = None if values.get("price") is None else Price(**values["price"])
        return ModelSettings(model=_prefixed(given), seed=given.get("sampling_seed"), **values)
    except TypeError as error:
        raise LanharError(f"interpreter: {error}; see conf/interpreter/{given.get('name')}.yaml") from error


def judge_settings(cfg: DictConfig) -> ModelSettings:
    """How the judging model is asked."""
    return model_settings({"name": "judge", **plain(cfg.filter.judge)})


def judge_id(cfg: DictConfig) -> str:
    """Id of the judging model, its parameters and its question."""
    settings = judge_settings(cfg)
    asked = {key: getattr(settings, key) for key in (*REQUEST_KEYS, "model", "seed")}
    return digest({"judge": asked, "prompt": prompt_version("judge")})


def _prefixed(given: dict[str, Any]) -> str:
    model, prefix = str(given["model"]), f"{given['provider']}/"
    return model if model.startswith(prefix) else prefix + model


def _identity(given: dict[str, Any]) -> str:
    """A model's name; a local model is known by its file's content instead."""
    if given["name"] != "local":
        return _prefixed(given)
    return model_digest(Path(given["model_file"]) if given.get("model_file") else None)


def make_rules_filter(cfg: DictConfig) -> Filter:
    """The filter that the config describes."""
    other = ("name", "judge", "embedding")
    return make_filter({name: values for name, values in plain(cfg.filter).items() if name not in other})


def window_filter_id(cfg: DictConfig, rules: Filter, role: str) -> str:
    """Id of the filter for windows: where labels of training subjects serve, it depends on who those are."""
    depends: dict[str, Any] = {"judge": None if cfg.filter.judge is None else judge_id(cfg)}
    if rules.outlier is not None:
        labelled = role == "source" and cfg.filter.embedding.own_label
        split = {"seed": int(cfg.seed), "validation_fraction": float(cfg.split.validation_fraction)}
        depends |= {"embedding": plain(cfg.filter.embedding), "split": split if labelled else None}
    return filter_id(rules, **depends)


def label_filter_id(rules: Filter) -> str:
    """Id of the filter for label interpretations."""
    return filter_id(Filter(rules.rules), labels=True)


def make_embed(cfg: DictConfig) -> Embed:
    """The frozen text encoder as a function, loaded when it is first used; a text is embedded once."""
    known: dict[str, NDArray[np.float32]] = {}
    loaded: list[Any] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        import torch

        from lanhar.datamodules.batches import token_batches
        from lanhar.modules.text_alignment import embed_tokens
        from lanhar.pretrained import load_text_encoder

        if not loaded:
            given = cfg.filter.embedding
            loaded.extend(load_text_encoder(given.text_encoder, int(given.max_tokens), trainable_layers=0, dropout=0.0))
        encoder, tokenise = loaded
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            with torch.no_grad():
                vectors = embed_tokens(encoder.eval(), token_batches(tokenise(new), 32)).numpy()
            known.update(zip(new, vectors, strict=True))
        return np.stack([known[text] for text in texts])

    return embed
