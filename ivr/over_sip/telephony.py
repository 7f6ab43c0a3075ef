"""What all legs of an engine share: who writes its events, and who owns the work that nobody awaits."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

_log = structlog.get_logger(__name__)


class Background:
    """Owns work that nobody awaits; a failure is logged and ends nothing else."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __call__(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def __len__(self) -> int:
        return len(self._tasks)

    async def close(self, timeout_s: float) -> None:
        """Wait for what is under way, at most `timeout_s`, then cancel the rest."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks), timeout=timeout_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("background work failed", exc_info=error)


Spawn = Callable[[Coroutine[Any, Any, object]], None]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who writes events: the tenant, the node, and its wall clock in milliseconds since the epoch."""

    tenant: str
    node: str
    now_ms: Callable[[], int]
