"""The wallboard live: one look and one text a change, for all who watch (server-sent events)."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from console.board import Seen

EVERY_S = 0.3
"""At most so often: what changed meanwhile goes together."""
LOOK_S = 2.0
"""And looked at so often though no event was heard: time alone changes some figures."""
ALIVE_S = 15.0
MOST_VIEWERS = 300
MOST_BEHIND = 8
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


@dataclass(slots=True, eq=False)
class Viewer:
    """Texts on their way to one who watches. `stale`: some were left out, all is to be told anew."""

    texts: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(MOST_BEHIND))
    stale: bool = False


class Full(Exception):
    """As many watch as may."""


class Feed:
    """`run` looks while anybody watches. `look` gives the board as it is."""

    def __init__(self, look: Callable[[], Seen], now_ms: Callable[[], int]) -> None:
        self._look = look
        self._now_ms = now_ms
        self._viewers: set[Viewer] = set()
        self._changed = asyncio.Event()
        self._watched = asyncio.Event()
        self._last: Seen | None = None
        self._told_s = 0.0
        self.rendered = 0

    def tell(self, _: object = None) -> None:
        """Something happened. A tap."""
        self._changed.set()

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    @property
    def room(self) -> bool:
        """Whether one more may watch."""
        return len(self._viewers) < MOST_VIEWERS

    async def watch(self) -> AsyncGenerator[bytes]:
        """All that there is, then what changes, until the caller closes it. Raises Full."""
        if not self.room:
            raise Full
        viewer = Viewer(stale=True)
        self._viewers.add(viewer)
        self._watched.set()
        try:
            while True:
                if viewer.stale:
                    viewer.stale = False
                    yield self._whole()
                yield await viewer.texts.get()
        finally:
            self._viewers.discard(viewer)

    async def run(self) -> None:
        """Until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._viewers:
                self._watched.clear()
                self._last = None
                await self._watched.wait()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            self._send(self._news(), loop.time())
            await asyncio.sleep(EVERY_S)

    def _news(self) -> bytes | None:
        """What is another since; None when nothing is."""
        before, now = self._last, self._look()
        self._last = now
        if before is None or before.shape != now.shape:
            return self._text(now, now.state, whole=True)
        changed = {key: value for key, value in now.state.items() if before.state.get(key, "") != value}
        if not changed and before.alarms == now.alarms:
            return None
        return self._text(now, changed, whole=False)

    def _send(self, text: bytes | None, at_s: float) -> None:
        if text is None:
            if at_s - self._told_s < ALIVE_S:
                return
            text = b": \n\n"
        self._told_s = at_s
        for viewer in self._viewers:
            if viewer.stale:
                continue
            try:
                viewer.texts.put_nowait(text)
            except asyncio.QueueFull:
                while not viewer.texts.empty():
                    viewer.texts.get_nowait()
                viewer.stale = True
                viewer.texts.put_nowait(b": \n\n")  # wakes it

    def _whole(self) -> bytes:
        if self._last is None:
            self._last = self._look()
        return self._text(self._last, self._last.state, whole=True)

    def _text(self, seen: Seen, state: object, *, whole: bool) -> bytes:
        self.rendered += 1
        alarms = [[one.level, one.nb, one.en] for one in seen.alarms]
        told = {"now": self._now_ms(), "shape": seen.shape, "whole": whole, "state": state, "alarms": alarms}
        return f"data: {_ENCODER.encode(told)}\n\n".encode()
