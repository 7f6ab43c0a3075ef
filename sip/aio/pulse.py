"""How late the loop is, which tells the core how many calls it can take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_EVERY_S = 0.02
_MOST_MISSED = 10


class Pulse:
    """`late` is told some fifty times a second by how many seconds it was too late, and when.

    Beats that were missed count too.
    """

    def __init__(self, late: Callable[[float, float], None]) -> None:
        self._late = late
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(due := loop.time() + _EVERY_S, self._beat, due)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self, due: float) -> None:
        now = asyncio.get_running_loop().time()
        for _ in range(1 + min(_MOST_MISSED, int((now - due) / _EVERY_S))):
            self._late(now - due, now)
        self.start()
