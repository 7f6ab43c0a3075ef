"""The loops that a node stands on: each runs until the stop, and one that ends before turns /health red."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import structlog

from metrics.health import Unwell

_log = structlog.get_logger(__name__)

ASK_AGAIN_S = 3.0
ASK_MOST = 3


class Parts:
    """Runs the parts and remembers which of them failed. One that goes on is asked again after `ask_again_s`."""

    def __init__(self, ask_again_s: float = ASK_AGAIN_S) -> None:
        self._ask_again_s = ask_again_s
        self._running: set[str] = set()
        self._failed: dict[str, str] = {}

    def run(self, stack: AsyncExitStack, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` until `stack` is closed; it is not meant to end before."""
        task = asyncio.get_running_loop().create_task(work, name=name)

        async def end() -> None:
            await _ended_by_asking(task, self._ask_again_s)

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


async def _ended_by_asking(task: asyncio.Task[None], ask_again_s: float) -> None:
    """Asked more than once: libraries lose a cancellation (`asyncio.wait_for` of Python 3.11 does as its work is done;
    a blocked read of redis did in one of 35 stops), and then the part goes on. One that never ends keeps no other from
    ending.
    """
    for _ in range(ASK_MOST):
        task.cancel()
        await asyncio.wait({task}, timeout=ask_again_s)
        if task.done():
            return
        _log.info("a part of the node goes on and is asked again to end", part=task.get_name())
    _log.error("a part of the node does not end", part=task.get_name())
