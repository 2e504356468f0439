"""HTTP for litellm: one aiohttp session, no redirects, and a record of what the server really said.

litellm turns an error into one of many exceptions, and drops the usage of an answer that it cannot read; the record
keeps both.
"""

import asyncio
import json
import re
from contextvars import ContextVar
from dataclasses import dataclass, field

import aiohttp
import httpx
from yarl import URL

from lanhar.interpretation.llm.addresses import loopback_socket

_PROMPT = re.compile(rb'"(?:prompt_tokens|input_tokens|promptTokenCount|prompt_eval_count)"\s*:\s*(\d+)')
_ANSWER = re.compile(rb'"(?:completion_tokens|output_tokens|candidatesTokenCount|eval_count)"\s*:\s*(\d+)')
_CONNECT_TIMEOUT_S = 20.0


@dataclass
class Exchange:
    """One request and what came back.

    Attributes:
        sent: whether it reached the transport.
        status: HTTP status; None where no answer began.
        headers: of the answer, names in lower case.
        body: of the answer, as far as it came.
        error: of the network; TimeoutError where the answer was not complete in time.
    """

    sent: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    error: Exception | None = None

    def usage(self) -> tuple[int, int] | None:
        """Tokens of prompt and answer, whoever the provider and however broken the body; None where not counted."""
        prompt, answer = _PROMPT.search(self.body), _ANSWER.search(self.body)
        if prompt is None and answer is None:
            return None
        return int(prompt[1]) if prompt else 0, int(answer[1]) if answer else 0

    def message(self) -> str:
        """What the provider says went wrong; the start of the body where it is in no known form."""
        text = self.body.decode("utf-8", "replace")
        try:
            parsed = json.loads(text)
        except ValueError:
            return text
        error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
        if isinstance(error, dict):
            error = error.get("message") or error.get("detail") or error
        return str(error)

    def model(self) -> str | None:
        """The provider's own name of the model that answered."""
        try:
            parsed = json.loads(self.body)
        except ValueError:
            return None
        name = parsed.get("model") or parsed.get("modelVersion") if isinstance(parsed, dict) else None
        return name if isinstance(name, str) else None


exchange: ContextVar[Exchange] = ContextVar("exchange")
"""Where the transport writes for the request of this task."""


def open_session(*, loopback: bool, only_loopback: bool) -> aiohttp.ClientSession:
    """A session for one event loop.

    Args:
        loopback: the API is on this machine; the environment's proxies are not asked.
        only_loopback: nothing else can be connected to.
    """
    # The client counts its requests itself.
    connector = aiohttp.TCPConnector(limit=0, socket_factory=loopback_socket if only_loopback else None)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=not loopback and not only_loopback,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S),
    )


class Transport(httpx.AsyncBaseTransport):
    """Sends what httpx built over aiohttp, which needs a fraction of the processor time at many requests at once.

    Args:
        session: of `open_session`.
        timeout_s: longest a request may take from sending to the last byte of its answer, seconds.
    """

    def __init__(self, session: aiohttp.ClientSession, timeout_s: float) -> None:
        self._session, self._timeout_s = session, timeout_s

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read its whole answer.

        Raises:
            httpx.NetworkError: no complete answer; the reason is in the exchange.
        """
        record = exchange.get(None) or Exchange()
        record.sent = True
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._session.request(
                    request.method,
                    URL(str(request.url), encoded=True),
                    headers=[
                        (name, value) for name, value in request.headers.multi_items() if name != "accept-encoding"
                    ],
                    data=request.content or None,
                    allow_redirects=False,
                ) as answer,
            ):
                record.status = answer.status
                record.headers = {name.lower(): value for name, value in answer.headers.items()}
                async for part in answer.content.iter_any():
                    record.body += part
        except (aiohttp.ClientError, OSError) as error:
            record.error = error
            # Not httpx.ConnectError: litellm would repeat that by itself, with a client that knows no rules.
            raise httpx.NetworkError(type(error).__name__, request=request) from error
        # The others are of no use to litellm, which copies them several times; some no longer fit the decoded body.
        headers = {"content-type": record.headers.get("content-type", "")}
        return httpx.Response(record.status, headers=headers, content=bytes(record.body), request=request)
