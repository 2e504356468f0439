"""litellm, imported late and kept quiet: its providers, their keys, prices and tokens."""

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from types import ModuleType
from typing import Any

from lanhar.errors import LanharError
from lanhar.interpretation.llm.addresses import is_loopback, says_loopback
from lanhar.interpretation.llm.errors import RunStopped, redact
from lanhar.interpretation.llm.settings import MODES, Mode, ModelSettings, Price

_NO_KEY = "none"  # litellm asks for a key even where the server asks for none


@cache
def load_litellm() -> ModuleType:
    """Import litellm (seconds) without its price download, callbacks and log lines."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    # Without it `openai/…` goes through the openai package, which takes 1.3 ms of processor time to copy a JSON schema.
    os.environ["EXPERIMENTAL_OPENAI_BASE_LLM_HTTP_HANDLER"] = "True"
    import litellm

    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "httpx"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.drop_params = True
    litellm.disable_hf_tokenizer_download = True
    litellm.num_retries = None
    litellm.cache = None
    for callbacks in ("callbacks", "success_callback", "failure_callback", "_async_success_callback"):
        setattr(litellm, callbacks, [])
    _skip_pricing()
    return litellm


def _skip_pricing() -> None:
    """Keep litellm from looking up the price of every answer (0.9 ms); here it is known once a run."""
    with suppress(ImportError, AttributeError):
        from litellm.litellm_core_utils.litellm_logging import Logging

        if callable(Logging.response_cost_calculator):
            Logging.response_cost_calculator = _no_price  # type: ignore[method-assign]


def _no_price(*_: object, **__: object) -> None:
    return None


def skip_logging() -> None:
    """Keep litellm from preparing a log record of every answer (0.7 ms) for callbacks that nobody has."""
    with suppress(ImportError, AttributeError):
        from litellm._internal_context import is_internal_call

        is_internal_call.set(True)


def provider_of(model: str) -> tuple[str, str]:
    """The provider of a model in litellm, and the model's name there.

    Raises:
        LanharError: litellm knows no such provider.
    """
    try:
        name, provider, *_ = load_litellm().get_llm_provider(model)
    except Exception as error:
        raise LanharError(
            f"model {model!r} has no provider that litellm knows; write e.g. openai/gpt-4o-mini or ollama_chat/llama3.2"
        ) from error
    return str(provider), str(name)


def api_key(settings: ModelSettings) -> str | None:
    """The key to hand to litellm: None where it finds the provider's own in the environment.

    Raises:
        RunStopped: the provider wants a key and the environment has none.
    """
    provider_of(settings.model)
    found = load_litellm().validate_environment(settings.model, api_base=settings.api_base)
    wanted = [name for name in found["missing_keys"] if not name.endswith("_API_BASE")]
    wanted += [f"{provider_of(settings.model)[0].upper()}_API_KEY"] if _empty_key(settings.model) else []
    if not wanted:
        return None
    if is_loopback(settings.api_base):
        return _NO_KEY
    raise RunStopped(f"no key for {settings.model}: set {' or '.join(dict.fromkeys(wanted))} in the environment")


def _empty_key(model: str) -> bool:
    return os.environ.get(f"{provider_of(model)[0].upper()}_API_KEY", "unset").strip() == ""


def modes_of(settings: ModelSettings) -> tuple[Mode, ...]:
    """The ways to ask for an answer's form, in the order of trying."""
    if settings.structured != "auto":
        return (settings.structured,)
    provider, name = provider_of(settings.model)
    try:
        known = load_litellm().get_supported_openai_params(model=name, custom_llm_provider=provider)
    except Exception:
        known = None
    # litellm would drop the parameter without a word.
    return MODES if known is None or "response_format" in known else ("text",)


def price_of(settings: ModelSettings) -> Price | None:
    """The price of a model.

    Args:
        settings: of the model; its own `price` comes first.

    Returns:
        None where it is unknown, such as for a server on this machine; unknown is never 0.
    """
    if settings.price is not None or says_loopback(settings.api_base):
        return settings.price
    table: Mapping[str, Mapping[str, Any]] = load_litellm().model_cost
    provider, name = provider_of(settings.model)
    entry = table.get(settings.model) or table.get(name) or {}
    per_input, per_output = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if entry.get("litellm_provider") != provider or per_input is None or not per_output:
        return None
    return Price(input=per_input * 1e6, output=per_output * 1e6)


def count_tokens(settings: ModelSettings, messages: Sequence[Mapping[str, str]]) -> int:
    """Tokens of a prompt, counted here; exact for models that use OpenAI's cl100k encoding, near for the others.

    Raises:
        LanharError: litellm knows no provider of the model.
    """
    provider_of(settings.model)
    return int(load_litellm().token_counter(model="", messages=[dict(message) for message in messages]))


def parameters(settings: ModelSettings, key: str | None) -> dict[str, Any]:
    """What every request of a run says to litellm."""
    given = {
        "model": settings.model,
        "api_base": settings.api_base,
        "api_key": key,
        "max_tokens": settings.max_answer_tokens,
        "top_p": settings.top_p,
        "seed": settings.seed,
    }
    fixed = {"timeout": settings.timeout_s, "num_retries": 0, "max_retries": 0, "drop_params": True, "caching": False}
    return {name: value for name, value in given.items() if value is not None} | fixed


def form(mode: Mode, schema: Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    """The `response_format` of a request, as keyword arguments; none for text."""
    if schema is None or mode == "text":
        return {}
    if mode == "json_object":
        return {"response_format": {"type": "json_object"}}
    strict = {"name": name, "schema": dict(schema), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": strict}}


def describe(error: BaseException) -> str:
    """An exception's reason on one line, without keys."""
    return redact(" ".join(str(error).split())) or type(error).__name__
