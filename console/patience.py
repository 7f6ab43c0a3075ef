"""Connections of the web server that wait for no one: who is silent or reads nothing gives way to who asks."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 10.0
WHOLE_WITHIN_S = 30.0
"""From the first byte that is awaited to the last of the answer that is read."""
FRESH_S = 5.0
LASTING = frozenset({"/events"})
"""What answers without end, to those who are logged in. Who reads nothing of it from one look to the next is closed."""


class Patience(H11Protocol):
    """uvicorn's HTTP with a bound on each wait. Beyond `limit_concurrency` whoever has said nothing for the longest is
    closed, or whose request takes long; so who connects and asks at once is heard.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.since_s = self.loop.time()
        self._deadline: asyncio.TimerHandle | None = None
        self._unread = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency - 1:
            self._make_room()
        super().connection_made(transport)
        self._await(HEAD_WITHIN_S)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self.since_s = self.loop.time()
        self._await(HEAD_WITHIN_S)
        super().on_response_complete()

    @property
    def asking(self) -> bool:
        """Whether a request is under way."""
        return not getattr(self.cycle, "response_complete", True)  # None before the first

    @property
    def lasting(self) -> bool:
        """Whether an answer without end has begun."""
        return self.asking and self.scope["path"] in LASTING and self.cycle.response_started

    def _await(self, within_s: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(within_s, self._overdue)

    def _overdue(self) -> None:
        left_s = self.since_s + WHOLE_WITHIN_S - self.loop.time()
        before, self._unread = self._unread, self.flow.write_paused
        if self.lasting and not (before and self._unread):
            self._await(WHOLE_WITHIN_S)
        elif self.asking and not self.lasting and left_s > 0:
            self._await(left_s)
        else:
            self.transport.abort()

    def _make_room(self) -> None:
        others = [one for one in self.connections if isinstance(one, Patience) and not one.lasting]
        others.sort(key=lambda one: (one.asking, one.since_s))
        if others and (not others[0].asking or self.loop.time() - others[0].since_s > FRESH_S):
            self.connections.discard(others[0])
            others[0].transport.abort()
