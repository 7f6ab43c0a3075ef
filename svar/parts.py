"""The loops that a node stands on: each runs until the stop, and one that ends before turns /health red."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import structlog

from metrics.health import Unwell

_log = structlog.get_logger(__name__)


class Parts:
    """Runs the parts and remembers which of them failed."""

    def __init__(self) -> None:
        self._running: set[str] = set()
        self._failed: dict[str, str] = {}

    def run(self, stack: AsyncExitStack, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` until `stack` is closed; it is not meant to end before."""
        task = asyncio.get_running_loop().create_task(work, name=name)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._running.add(name)
        task.add_done_callback(self._ended)
        stack.push_async_callback(end)

    async def check(self) -> str:
        """A check for `metrics.health`."""
        if self._failed:
            told = ", ".join(f"{name} ({why})" for name, why in sorted(self._failed.items()))
            raise Unwell(f"ended by itself: {told}; svar has to be started again")
        return f"{len(self._running)} run"

    def _ended(self, task: asyncio.Task[None]) -> None:
        name = task.get_name()
        self._running.discard(name)
        if task.cancelled():
            return
        error = task.exception()
        self._failed[name] = type(error).__name__ if error is not None else "returned"
        _log.error("a part of the node ended by itself", part=name, exc_info=error)
