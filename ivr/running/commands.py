"""Commands to the distributor that are finished whatever becomes of the caller who caused them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog

from acd.distributor import Refused, Unavailable

T = TypeVar("T")
_log = structlog.get_logger(__name__)
_PAUSES_S = (0.05, 0.2, 0.5, 1.0, 2.0)


class Commands:
    """Owns every command under way on this node, so that none is lost with the call that asked for it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def own(self, work: Awaitable[T]) -> asyncio.Task[T]:
        """A task that nobody but `drain` can cancel."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def drain(self, timeout_s: float) -> int:
        """Wait for the commands under way, at most `timeout_s`; the rest is cancelled. Gives how many those were."""
        if not self._tasks:
            return 0
        _, late = await asyncio.wait(set(self._tasks), timeout=timeout_s)
        for task in late:
            task.cancel()
        return len(late)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.debug("command to the distributor failed", error=str(error))


class Chain:
    """The commands of one contact, strictly one after the other, each repeated while the store is away."""

    __slots__ = ("_commands", "_last")

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._last: asyncio.Task[Any] | None = None

    async def do(self, command: Callable[[], Awaitable[T]], *, patience_s: float) -> T:
        """Do it after those before it. Whoever awaits this may be cancelled; the command goes on.

        Raises Refused, and Unavailable when the store was away for longer than `patience_s`.
        """
        return await asyncio.shield(self._start(command, patience_s))

    def later(self, command: Callable[[], Awaitable[object]], *, patience_s: float) -> None:
        """Do it after those before it, with nobody waiting. A refusal is no surprise then and only logged."""
        self._start(command, patience_s)

    async def settled(self) -> None:
        """Wait until what is under way is done, or given up."""
        if self._last is not None and not self._last.done():
            await asyncio.wait({self._last})

    def _start(self, command: Callable[[], Awaitable[T]], patience_s: float) -> asyncio.Task[T]:
        task = self._commands.own(self._after(self._last, command, patience_s))
        self._last = task
        return task

    async def _after(
        self, before: asyncio.Task[Any] | None, command: Callable[[], Awaitable[T]], patience_s: float
    ) -> T:
        if before is not None and not before.done():
            await asyncio.wait({before})
        return await repeated(command, patience_s)


async def repeated(command: Callable[[], Awaitable[T]], patience_s: float) -> T:
    """Do `command`, again after a growing pause while the store is away, until `patience_s` have passed.

    Raises Unavailable then, and whatever else the command raises at once.
    """
    clock = asyncio.get_running_loop().time
    give_up_at = clock() + patience_s
    tries = 0
    while True:
        try:
            return await command()
        except Unavailable:
            pause_s = _PAUSES_S[min(tries, len(_PAUSES_S) - 1)]
            if clock() + pause_s > give_up_at:
                raise
        tries += 1
        await asyncio.sleep(pause_s)


__all__ = ["Chain", "Commands", "Refused", "Unavailable", "repeated"]
