"""One model, asked by many tasks at once."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from lanhar.interpretation.llm.addresses import check_address, is_loopback
from lanhar.interpretation.llm.budget import Budget
from lanhar.interpretation.llm.errors import RequestFailed, RunStopped
from lanhar.interpretation.llm.faults import Fault, judge
from lanhar.interpretation.llm.limits import Clock, Limits, Sleep, TokenEstimate
from lanhar.interpretation.llm.provider import (
    api_key,
    form,
    load_litellm,
    modes_of,
    parameters,
    price_of,
    skip_logging,
)
from lanhar.interpretation.llm.settings import Mode, ModelSettings
from lanhar.interpretation.llm.transport import Exchange, Transport, exchange, open_session

_UNUSABLE_RETRIES = 2  # each may have been paid for
_FIRST_CONNECT_RETRIES = 2  # before anything was answered, the address is probably wrong


@dataclass(frozen=True)
class Request:
    """What is asked.

    Attributes:
        messages: role and content of each.
        schema: JSON schema of the answer; None: prose.
        schema_name: its name, letters, digits, `-` and `_`.
        temperature: of the sampling, 0 or more.
    """

    messages: tuple[Mapping[str, str], ...]
    schema: Mapping[str, Any] | None
    schema_name: str
    temperature: float


@dataclass(frozen=True)
class Reply:
    """What was answered, well or badly.

    Attributes:
        text: the answer, "" where the model wrote none.
        finish_reason: why it ended: stop, length, content_filter, …
        model: the provider's own name of the model that answered.
        mode: how the form of the answer was asked for.
        prompt_tokens: as counted by the provider; None where it does not count.
        completion_tokens: likewise, of the answer.
        cost_usd: None where the price or the tokens are unknown.
        latency_s: of the request that was answered, seconds.
        retries: repeats before it.
    """

    text: str
    finish_reason: str
    model: str
    mode: Mode
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    latency_s: float
    retries: int


class _RefusedError(Exception):
    """The server takes no request in this mode."""


class Client:
    """Asks a model within limits and budget; repeats what is worth repeating.

    Use it as an asynchronous context, in one event loop.

    Args:
        settings: of the model.
        budget: counted in and asked before each request.
        clock: monotonic, seconds.
        sleep: waits that many seconds.
        draw: source of the jitter.

    Raises:
        LanharError: on entering: the address is not allowed, the provider unknown, or a limit in USD has no price.
        RunStopped: on entering: a key is missing.
    """

    def __init__(
        self,
        settings: ModelSettings,
        budget: Budget,
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        draw: random.Random | None = None,
    ) -> None:
        self._settings, self._budget = settings, budget
        self._clock, self._sleep, self._draw = clock, sleep, draw or random.Random()
        self._limits = Limits(settings.requests_per_minute, settings.tokens_per_minute, clock, sleep)
        self._estimate = TokenEstimate(settings.max_answer_tokens)
        self._places = asyncio.Semaphore(settings.concurrency)
        self._probe = asyncio.Lock()
        self._mode: Mode | None = None
        self._answers = 0

    async def __aenter__(self) -> Self:
        settings = self._settings
        check_address(settings)
        self._price = price_of(settings)
        self._budget.check_price(self._price, settings.model)
        self._parameters = parameters(settings, api_key(settings))
        self._modes = modes_of(settings)
        self._litellm = load_litellm()
        self._session = open_session(loopback=is_loopback(settings.api_base), only_loopback=not settings.allow_remote)
        self._parameters["client"] = _http_client(Transport(self._session, settings.timeout_s))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def complete(self, request: Request) -> Reply:
        """Ask.

        Args:
            request: what to ask.

        Returns:
            What was answered; whether it is any good is not judged here.

        Raises:
            RunStopped: no request of this run can succeed.
            RequestFailed: this one did not, repeats included.
            BudgetSpent: it was not sent.
        """
        async with self._places:
            if request.schema is None:
                return await self._in_modes(request, ("text",))
            if self._mode is None:
                async with self._probe:  # the first finds out for all
                    if self._mode is None:
                        reply = await self._in_modes(request, self._modes)
                        self._mode = reply.mode
                        return reply
            return await self._in_modes(request, self._modes[self._modes.index(self._mode) :])

    async def _in_modes(self, request: Request, modes: tuple[Mode, ...]) -> Reply:
        refusals: list[str] = []
        for mode in modes:
            try:
                return await self._persistently(request, mode)
            except _RefusedError as refused:
                refusals.append(str(refused))
        raise (RequestFailed if self._answers else RunStopped)(refusals[-1])

    async def _persistently(self, request: Request, mode: Mode) -> Reply:
        unusable, retries, answers_before = 0, 0, self._answers
        while True:
            outcome = await self._paced(request, mode, retries)
            if isinstance(outcome, Reply):
                self._answers += 1
                return outcome
            unusable += outcome.kind == "unusable"
            self._raise_unless_worth_it(outcome, retries, unusable, self._answers > answers_before)
            await self._back_off(outcome, retries)
            retries += 1

    def _raise_unless_worth_it(self, fault: Fault, retries: int, unusable: int, others_answered: bool) -> None:
        tries = f" ({retries + 1} tries)" if retries else ""
        if fault.kind == "run":
            raise RunStopped(fault.reason)
        if fault.kind == "request":
            raise RequestFailed(fault.reason)
        if fault.kind == "form" or (fault.kind == "bad_request" and self._mode is None):
            raise _RefusedError(fault.reason)
        if fault.kind == "bad_request":
            raise RequestFailed(fault.reason)
        if fault.kind == "connect":
            allowed = self._settings.max_retries if self._answers else _FIRST_CONNECT_RETRIES
            if retries >= min(allowed, self._settings.max_retries):
                raise (RequestFailed if others_answered else RunStopped)(fault.reason + tries)
        if retries >= self._settings.max_retries or unusable > _UNUSABLE_RETRIES:
            raise RequestFailed(fault.reason + tries)

    async def _back_off(self, fault: Fault, retries: int) -> None:
        longest = self._settings.max_backoff_s
        if fault.retry_after_s is not None:
            self._limits.pause(min(fault.retry_after_s, longest))
            return
        # Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        await self._sleep(self._draw.uniform(0, min(longest, self._settings.backoff_s * 2.0**retries)))

    async def _paced(self, request: Request, mode: Mode, retries: int) -> Reply | Fault:
        characters = sum(len(message["content"]) for message in request.messages)
        prompt, answer = self._estimate.prompt(characters), self._estimate.answer
        await self._limits.wait(prompt + answer)
        self._budget.admit()
        outcome, record = await self._send(request, mode, retries, round(prompt))
        used = record.usage()
        if isinstance(outcome, Reply):
            if outcome.prompt_tokens is not None and outcome.completion_tokens is not None:
                used = outcome.prompt_tokens, outcome.completion_tokens
                self._estimate.learn(characters, *used)
            else:
                used = round(prompt), len(outcome.text) // TokenEstimate.CHARACTERS_PER_TOKEN
        if used is not None:
            self._limits.correct(prompt + answer, sum(used))
            self._budget.spend(sum(used), self._price.cost_usd(*used) if self._price else None)
        return outcome

    async def _send(
        self, request: Request, mode: Mode, retries: int, prompt_tokens: int
    ) -> tuple[Reply | Fault, Exchange]:
        record = Exchange()
        exchange.set(record)
        skip_logging()
        started = self._clock()
        try:
            answer = await self._litellm.acompletion(
                messages=[dict(message) for message in request.messages],
                temperature=request.temperature,
                **form(mode, request.schema, request.schema_name),
                **self._parameters,
            )
            return self._reply(answer, record, mode, self._clock() - started, retries), record
        except Exception as error:
            return judge(error, record, self._settings, prompt_tokens, time.time()), record

    def _reply(self, answer: Any, record: Exchange, mode: Mode, latency_s: float, retries: int) -> Reply:
        choice = answer.choices[0]
        # litellm estimates what a provider does not count; that is not passed on as the provider's count.
        counted = record.usage() is not None or not record.sent
        used = (answer.usage.prompt_tokens, answer.usage.completion_tokens) if counted else None
        return Reply(
            text=choice.message.content or getattr(choice.message, "refusal", None) or "",
            finish_reason=str(choice.finish_reason),
            model=record.model() or str(answer.model),
            mode=mode,
            prompt_tokens=used[0] if used else None,
            completion_tokens=used[1] if used else None,
            cost_usd=self._price.cost_usd(*used) if used and self._price else None,
            latency_s=latency_s,
            retries=retries,
        )


def _http_client(transport: Transport) -> Any:
    import httpx
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler

    handler = AsyncHTTPHandler()
    handler.client = httpx.AsyncClient(transport=transport, follow_redirects=False, trust_env=False)
    return handler
