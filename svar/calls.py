"""One task a call: what fails in one is reported and costs the others nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from ivr.running.talks import Talks

_log = structlog.get_logger(__name__)


HangUp = Callable[[str], Awaitable[None]]
"""Ends a call for that cause."""


class CallTasks:
    """The calls in progress. A TaskGroup would end them all at the first exception; here each fails alone.

    `refused` counts those that were turned away: no such number, or too many already. `talks` finds the talks among
    them, once there are any.
    """

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self.refused = 0
        self.talks: Talks | None = None
        self._finishing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._hang_ups: dict[str, HangUp] = {}

    def __contains__(self, contact: str) -> bool:
        return contact in self._hang_ups

    async def hang_up(self, contact: str) -> bool:
        """End the call from outside; what its flow was at ends with it. False: it is not here."""
        found = self._hang_ups.get(contact)
        if found is None:
            return False
        await found("ordered")
        return True

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, contact: str, work: Coroutine[Any, Any, object], hang_up: HangUp | None = None) -> bool:
        """Run `work` for a contact, at most for the longest time that a call may last. `hang_up` ends its call.

        False, and nothing is run: the node stops.
        """
        if self._finishing:
            work.close()
            return False
        if hang_up is not None:
            self._hang_ups[contact] = hang_up
        task = asyncio.get_running_loop().create_task(self._run(contact, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _run(self, contact: str, work: Coroutine[Any, Any, object]) -> None:
        structlog.contextvars.bind_contextvars(contact=contact)  # of this task and of those it starts: all they log
        try:
            async with asyncio.timeout(self._longest_s):
                await work
        except TimeoutError:
            _log.warning("a call was ended at the longest time a call may last", contact=contact)
        except Exception:  # noqa: BLE001 - whatever it was, it stays in this call
            _log.exception("a call failed", contact=contact)
        finally:
            self._hang_ups.pop(contact, None)

    async def finish(self, patience_s: float, hurry: asyncio.Event | None = None) -> int:
        """Wait for the calls in progress, at most `patience_s` and until `hurry`; the rest is cancelled. None begins
        any more.

        Gives how many those were.
        """
        self._finishing = True
        if not self._tasks:
            return 0
        waits: list[asyncio.Task[object]] = [asyncio.create_task(asyncio.wait(set(self._tasks)))]
        waits += [asyncio.create_task(hurry.wait())] if hurry is not None else []
        await asyncio.wait(waits, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        late = set(self._tasks)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=patience_s)
        return len(late)
