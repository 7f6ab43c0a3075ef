"""Between the core, which wants to know where a URI leads, and the resolver, which asks the DNS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog

from sip.config import Address
from sip.core import UserAgentCore
from sip.events import Resolve, ResolveId
from sip.message.uri import SipUri
from sip.resolution import Ways

_log = structlog.get_logger(__name__)


class Resolving(Protocol):
    """Who knows where a URI leads (`sip.aio.resolver`)."""

    ways: Ways

    async def targets(self, uri: SipUri) -> list[Address]:
        """Empty where nobody knows."""


class Questions:
    """Asks while everything else goes on. Without a resolver no name leads anywhere."""

    def __init__(self, core: UserAgentCore, resolver: Resolving | None, flush: Callable[[], None]) -> None:
        self._core = core
        self._resolver = resolver
        self._flush = flush
        self._loop = asyncio.get_running_loop()
        self._asking: set[asyncio.Task[list[Address]]] = set()

    def listening(self) -> None:
        """It is known now by what others can be reached."""
        if self._resolver is not None:
            self._resolver.ways = self._core.ways

    def ask(self, event: Resolve) -> None:
        if self._resolver is None:
            self._core.resolved(event.id, (), self._loop.time())
            return
        task = self._loop.create_task(self._resolver.targets(event.uri))
        self._asking.add(task)
        task.add_done_callback(partial(self._answered, event.id))

    def close(self) -> None:
        for task in self._asking:
            task.cancel()

    def _answered(self, id_: ResolveId, task: asyncio.Task[list[Address]]) -> None:
        self._asking.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _log.error("the resolver failed", exc_info=error)
        self._core.resolved(id_, task.result() if error is None else (), self._loop.time())
        self._flush()
