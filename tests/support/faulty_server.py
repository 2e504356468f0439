"""A language model's API on loopback that goes wrong on demand: OpenAI's protocol over real HTTP."""

import asyncio
import json
import random
import re
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from lanhar.interpretation.schema import FIELDS
from lanhar.signals.table import BY_NAME, HEADINGS

Body = dict[str, Any]
PROMPT_TOKENS, ANSWER_TOKENS = 1000, 300


@dataclass(frozen=True)
class Seen:
    """A request as it arrived, and the fault that answered it ("" for none)."""

    path: str
    headers: Mapping[str, str]
    text: str
    fault: str

    @property
    def body(self) -> Body:
        return json.loads(self.text)


def answer_from_prompt(body: Body) -> str:
    """A valid interpretation whose every number stands in the prompt; what it concludes is hand-written filler."""
    prompt = " ".join(str(message["content"]) for message in body["messages"] if message["role"] == "user")
    sections: dict[str, Any] = {}
    for heading in HEADINGS:
        evidence = []
        for name, feature in BY_NAME.items():
            found = re.search(rf"\b{re.escape(name)}\b\W{{0,3}}?(-?\d+(?:\.\d+)?)", prompt)
            if feature.heading == heading and found:
                unit = "" if feature.unit == "1" else feature.unit
                evidence.append({"feature": name, "value": float(found[1]), "unit": unit, "origin": feature.origin})
        conclusion = f"The measured values under {heading.lower()} are as listed in the evidence."
        sections[FIELDS[heading]] = {"evidence": evidence[:4], "conclusion": conclusion}
    return json.dumps(sections, ensure_ascii=False)


def _edited(change: Callable[[dict[str, Any]], None]) -> Callable[[Body, str], str]:
    """The good answer with one thing changed."""

    def content(body: Body, good: str) -> str:
        try:
            answer = json.loads(good)
            change(answer)
        except (ValueError, KeyError, TypeError, AttributeError):
            return good  # the hook answers in a form of its own
        return json.dumps(answer, ensure_ascii=False)

    return content


def _invent(answer: dict[str, Any]) -> None:
    invented = {"feature": "acc_vertical_rms", "value": 987.654, "unit": "m/s²", "origin": "ACC"}
    answer["strength"]["evidence"] = [invented]


def _leak(answer: dict[str, Any]) -> None:
    answer["rhythm"]["conclusion"] = "The steady beat shows a person walking up a staircase."


CONTENTS: Mapping[str, Callable[[Body, str], str]] = {
    "malformed_content": lambda body, good: good[: len(good) // 2],
    "wrong_schema": lambda body, good: json.dumps({"summary": "moves", "confidence": 0.9}),
    "empty": lambda body, good: "",
    "refusal": lambda body, good: "I'm sorry, but I can't help with that.",
    "invented_numbers": _edited(_invent),
    "label_leak": _edited(_leak),
    "echo": lambda body, good: str(body["messages"][-1]["content"]),
    "other_language": lambda body, good: (
        "Die Bewegung ist kräftig und gleichmäßig, das Gerät liegt ruhig in einer Lage."
    ),
    "length": lambda body, good: good[:100],
}
"""Answers that arrive, and are paid for, but are no good."""

_ERRORS: Mapping[str, tuple[int, Body, Mapping[str, str]]] = {
    "429": (429, {"message": "Rate limit reached", "code": "rate_limit_exceeded"}, {}),
    "429_retry_after": (429, {"message": "Rate limit reached", "code": "rate_limit_exceeded"}, {"Retry-After": "7"}),
    "500": (500, {"message": "The server had an error"}, {}),
    "503": (503, {"message": "Overloaded"}, {}),
    "error_body": (200, {"message": "Upstream error from the provider", "code": 502}, {}),
    "unknown_model": (404, {"message": "The model `m` does not exist", "code": "model_not_found"}, {}),
    "bad_key": (401, {"message": "Incorrect API key provided: sk-plan***ted.", "code": "invalid_api_key"}, {}),
    "no_permission": (403, {"message": "Your key may not use this model"}, {}),
    "no_quota": (429, {"message": "You exceeded your current quota", "code": "insufficient_quota"}, {}),
    "context": (
        400,
        {"message": "This model's maximum context length is 512 tokens", "code": "context_length_exceeded"},
        {},
    ),
    "form": (400, {"message": "Invalid parameter: 'response_format' is not supported", "param": "response_format"}, {}),
    "bad_request": (400, {"message": "Something in here is wrong"}, {}),
    "filtered": (400, {"message": "The prompt was filtered", "code": "content_filter"}, {}),
    "redirect": (307, {"message": "moved"}, {"Location": "http://192.0.2.1:9/v1/chat/completions"}),
}
_CONNECTIONS = ("reset", "stall", "drip", "truncated_body", "malformed_body", "no_choices", "no_usage")
FAULTS = (*CONTENTS, *_ERRORS, *_CONNECTIONS)


@dataclass
class FaultyServer:
    """What the server will do and has done; to be read and written from the test's thread.

    Attributes:
        answer: makes the good answer's content of a request's body.
        delay_s: before each answer.
        refused_forms: types of `response_format` that are always refused.
        script: faults of the next requests, one each, "" for none.
        shares: fault → probability, once the script has ended.
        requests: all that arrived.
        answers: that were charged for, usable or not.
        tokens: that were charged for.
    """

    answer: Callable[[Body], str] = answer_from_prompt
    delay_s: float = 0.0
    refused_forms: frozenset[str] = frozenset()
    script: deque[str] = field(default_factory=deque)
    shares: Mapping[str, float] = field(default_factory=dict)
    draw: random.Random = field(default_factory=lambda: random.Random(0))
    requests: list[Seen] = field(default_factory=list)
    answers: int = 0
    tokens: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def reset(self) -> None:
        """Forget everything but the port."""
        for name, value in vars(FaultyServer(port=self.port)).items():
            setattr(self, name, value)

    def _next_fault(self, body: Body) -> str:
        if str(body.get("response_format", {}).get("type")) in self.refused_forms:
            return "form"
        if self.script:
            return self.script.popleft()
        names = list(self.shares)
        return self.draw.choices([*names, ""], [*self.shares.values(), max(0.0, 1 - sum(self.shares.values()))])[0]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        body = json.loads(text) if text else {}
        fault = self._next_fault(body)
        self.requests.append(Seen(request.path, dict(request.headers), text, fault))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.delay_s)
            return await self._respond(request, body, fault)
        finally:
            self.in_flight -= 1

    async def _respond(self, request: web.Request, body: Body, fault: str) -> web.StreamResponse:
        if fault in _ERRORS:
            status, error, headers = _ERRORS[fault]
            return web.json_response({"error": error}, status=status, headers=headers)
        if fault in _CONNECTIONS:
            return await _CONNECTION_FAULTS[fault](self, request, body)
        return web.json_response(self._completion(body, fault))

    def _completion(self, body: Body, fault: str = "") -> Body:
        content = self.answer(body)
        if fault in CONTENTS:
            content = CONTENTS[fault](body, content)
        self.answers += 1
        self.tokens += PROMPT_TOKENS + ANSWER_TOKENS
        finish = {"length": "length", "refusal": "content_filter"}.get(fault, "stop")
        message = {"role": "assistant", "content": content}
        return {
            "id": f"chatcmpl-{len(self.requests)}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "model-2026-01-01",
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": {
                "prompt_tokens": PROMPT_TOKENS,
                "completion_tokens": ANSWER_TOKENS,
                "total_tokens": PROMPT_TOKENS + ANSWER_TOKENS,
            },
        }


async def _reset(server: FaultyServer, request: web.Request, body: Body) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _stall(server: FaultyServer, request: web.Request, body: Body) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return web.Response()


async def _drip(server: FaultyServer, request: web.Request, body: Body) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    with suppress(ConnectionError):
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)
    return response


async def _truncated_body(server: FaultyServer, request: web.Request, body: Body) -> web.StreamResponse:
    """Usage first, so that the part that arrives says what was charged; the rest never comes."""
    completion = server._completion(body)
    whole = json.dumps({"usage": completion.pop("usage"), **completion}).encode()
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(whole))})
    await response.prepare(request)
    await response.write(whole[: len(whole) // 2])
    return await _reset(server, request, body)


async def _malformed_body(server: FaultyServer, request: web.Request, body: Body) -> web.StreamResponse:
    whole = json.dumps(server._completion(body))
    return web.Response(text=whole[:-1], content_type="application/json")


async def _no_choices(server: FaultyServer, request: web.Request, body: Body) -> web.StreamResponse:
    return web.json_response({**server._completion(body), "choices": []})


async def _no_usage(server: FaultyServer, request: web.Request, body: Body) -> web.StreamResponse:
    completion = server._completion(body)
    del completion["usage"]
    return web.json_response(completion)


_CONNECTION_FAULTS: Mapping[str, Callable[[FaultyServer, web.Request, Body], Awaitable[web.StreamResponse]]] = {
    "reset": _reset,
    "stall": _stall,
    "drip": _drip,
    "truncated_body": _truncated_body,
    "malformed_body": _malformed_body,
    "no_choices": _no_choices,
    "no_usage": _no_usage,
}


@contextmanager
def serve() -> Iterator[FaultyServer]:
    """Run a server on a free port of 127.0.0.1, in a thread with an event loop of its own."""
    server = FaultyServer()
    loop = asyncio.new_event_loop()
    runner: web.AppRunner

    async def start() -> None:
        nonlocal runner
        application = web.Application(client_max_size=2**24)
        application.router.add_route("*", "/{path:.*}", server.handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.0, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.port = runner.addresses[0][1]

    loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
