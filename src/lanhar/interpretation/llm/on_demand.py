"""A client that is opened when it is first asked."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import Protocol, Self

from lanhar.errors import LanharError
from lanhar.interpretation.llm.client import Client, Reply, Request
from lanhar.interpretation.llm.errors import RunStopped


class Answering(Protocol):
    """What answers requests."""

    async def complete(self, request: Request) -> Reply:
        """Ask, as `Client.complete`."""
        ...


class OnDemand:
    """Opens a client for its first request: who asks nothing needs neither key, provider nor server.

    Use it as an asynchronous context, in one event loop.

    Args:
        open_client: opens the client, and whatever it asks, for as long as the context lasts.
    """

    def __init__(self, open_client: Callable[[], AbstractAsyncContextManager[Client]]) -> None:
        self._open_client = open_client
        self._opened = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._client: Client | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.aclose()

    async def complete(self, request: Request) -> Reply:
        """Ask, as `Client.complete`.

        Raises:
            RunStopped: also where the client cannot be opened.
        """
        async with self._opening:
            if self._client is None:
                try:
                    self._client = await self._opened.enter_async_context(self._open_client())
                except RunStopped:
                    raise
                except LanharError as error:
                    raise RunStopped(str(error)) from error
        return await self._client.complete(request)
