"""What a flow awaits of a call over SIP, and the keys that nobody awaits yet."""

import asyncio
from collections import deque

_MOST_KEYS = 32


class Keys(deque[str]):
    """Keys pressed ahead. `by_rtp`: the caller's description has telephone events, so a key by INFO came there too."""

    __slots__ = ("by_rtp",)

    def __init__(self, sdp: str | None) -> None:
        super().__init__(maxlen=_MOST_KEYS)
        self.by_rtp = False
        self.described(sdp)

    def described(self, sdp: str | None) -> None:
        """The caller described itself anew; what it offered last decides."""
        if sdp:
            self.by_rtp = "telephone-event/8000" in sdp.lower()


class Awaited:
    """A key among `keys`, the end of a play, of a bridge, or of a recording; `future` is set to the key or the cause.

    `written` is set once the file of a recording is finished: until then the leg that it hears has to stay open.
    """

    __slots__ = ("bridged", "future", "keys", "play", "written")

    def __init__(self, *, keys: str = "", play: int = -1, bridged: bool = False, recorded: bool = False) -> None:
        self.keys = keys
        self.play = play
        self.bridged = bridged
        loop = asyncio.get_running_loop()
        self.future: asyncio.Future[str] = loop.create_future()
        self.written: asyncio.Future[None] | None = loop.create_future() if recorded else None

    def resolve(self, value: str) -> None:
        """Nothing when it has come already."""
        if not self.future.done():
            self.future.set_result(value)

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def close(self) -> None:
        """The file of a recording is finished, or there is none."""
        if not self.future.cancel() and not self.future.cancelled():
            self.future.exception()  # nobody may have asked for it any more
        if self.written is not None and not self.written.done():
            self.written.set_result(None)
