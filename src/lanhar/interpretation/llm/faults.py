"""What an error means for its request and for the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

import aiohttp

from lanhar.interpretation.llm.errors import redact
from lanhar.interpretation.llm.settings import ModelSettings
from lanhar.interpretation.llm.transport import Exchange

Kind = Literal["retry", "connect", "unusable", "form", "bad_request", "request", "run"]
_LONGEST_REASON = 200
_AGAIN = (408, 409, 425, 429)
_FORM = ("response_format", "json_schema", "json_object", "responseschema", "response_schema", "structured output")
_CONTEXT = (
    "context_length_exceeded",
    "context length",
    "context size",
    "context window",
    "prompt is too long",
    "maximum number of tokens",
    "input token count",
)
_MONEY = (
    "insufficient_quota",
    "insufficient balance",
    "insufficient credits",
    "billing_hard_limit_reached",
    "billing_not_active",
    "credit balance is too low",
)
_KEY = ("invalid_api_key", "api_key_invalid", "api key not valid", "incorrect api key")
_FILTERED = ("content_filter", "content_policy", "content management policy")


@dataclass(frozen=True)
class Fault:
    """Why a request has no answer.

    Attributes:
        kind: `retry`, `connect` (nobody answers at the address) and `unusable` (an answer that cannot be read) may
            come right by themselves; `form`: the server refuses this way to ask for JSON; `bad_request`: it refuses
            the request without saying that; `request`: this request is lost; `run`: all are.
        reason: one line, without keys.
        retry_after_s: how long the provider asks to wait, seconds.
    """

    kind: Kind
    reason: str
    retry_after_s: float | None = None


def judge(error: Exception, record: Exchange, settings: ModelSettings, prompt_tokens: int, now: float) -> Fault:
    """Say what an error means.

    Args:
        error: of litellm.
        record: of the HTTP exchange, which knows better than litellm's exception.
        settings: of the model.
        prompt_tokens: of the request, about.
        now: seconds since 1970, for a Retry-After that is a date.
    """
    if record.error is not None:
        return _of_network(record.error, settings)
    status = record.status if record.sent else getattr(error, "status_code", None)
    reason = _one_line(record.message() if record.body else str(error))
    if status is None or (not record.sent and status < 500 and status not in _AGAIN):
        return Fault("run", f"{settings.model} cannot be asked: {reason}")
    if 200 <= status < 300:
        return Fault("unusable", f"answer cannot be read: {reason}")
    if 300 <= status < 400:
        target = _one_line(record.headers.get("location", "elsewhere"))
        return Fault("run", f"{_where(settings)} redirects to {target}; write that as api_base if you trust it")
    if status == 413 or (status in (400, 422, 500) and _any(_CONTEXT, _said(record, reason))):
        return Fault(
            "run",
            f"context of {settings.model} too small for about {prompt_tokens} tokens of prompt and "
            f"{settings.max_answer_tokens} of answer ({status}: {reason}); use prompt=compact, a smaller "
            "interpreter.max_answer_tokens, or a model (a server) with more context",
        )
    return _of_status(status, reason, record, settings, now)


def _of_network(error: Exception, settings: ModelSettings) -> Fault:
    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
        return Fault("retry", f"no complete answer within {settings.timeout_s:g} s")
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, PermissionError):
        return Fault("run", f"refused to connect: {_one_line(str(error.os_error))}")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return Fault("run", f"{_where(settings)} has no valid certificate: {_one_line(str(error))}")
    if isinstance(error, aiohttp.InvalidURL):
        return Fault("run", f"{_where(settings)} is not an address")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Fault("connect", f"nobody answers at {_where(settings)}: {_one_line(str(error))}")
    return Fault("retry", f"connection lost: {_one_line(str(error)) or type(error).__name__}")


def _of_status(status: int, reason: str, record: Exchange, settings: ModelSettings, now: float) -> Fault:
    said = _said(record, reason)
    if status == 402 or (status < 500 and _any(_MONEY, said)):
        return Fault("run", f"{settings.model}: the account may not spend more ({status}): {reason}")
    if status in (401, 403) or (status == 400 and _any(_KEY, said)):
        return Fault("run", f"{_where(settings)} refuses the key or its rights ({status}): {reason}")
    if status == 404:
        return Fault("run", f"{_where(settings)} knows no model {settings.model!r} or no such path (404): {reason}")
    if status in _AGAIN or status >= 500:
        return Fault("retry", f"{status}: {reason}", retry_after_s(record.headers, now))
    if _any(_FILTERED, said):
        return Fault("request", f"refused by the provider's filter ({status}): {reason}")
    return Fault("form" if _any(_FORM, said) else "bad_request", f"request refused ({status}): {reason}")


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """How long the provider asks to wait.

    Args:
        headers: of the answer, names in lower case; RFC 9110, section 10.2.3: seconds or a date.
        now: seconds since 1970.

    Returns:
        Seconds, 0 or more; None where it does not say, or says nonsense.
    """
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        try:
            seconds = float(value) * unit
        except ValueError:
            continue
        return max(seconds, 0.0) if seconds == seconds else None
    try:
        return max(parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - now, 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _said(record: Exchange, reason: str) -> str:
    return record.body[:20_000].decode("utf-8", "replace").lower() or reason.lower()


def _any(words: tuple[str, ...], text: str) -> bool:
    return any(word in text for word in words)


def _where(settings: ModelSettings) -> str:
    return redact(settings.api_base) if settings.api_base else f"the API of {settings.model}"


def _one_line(text: str) -> str:
    line = redact(" ".join(text.split()))
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"
