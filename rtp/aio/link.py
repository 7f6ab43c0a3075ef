"""One end of the socket pair between the SIP process and a media worker: messages in, messages out, in order."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final

import structlog

from rtp.wire import Frames, WireError

READ_BYTES: Final = 64 * 1024

log = structlog.get_logger()


class Link(asyncio.BufferedProtocol):
    """What is sent in one turn of the loop goes out in one write. `lost` is told once, when the other end is gone."""

    def __init__(self, heard: Callable[[list[Any]], None], lost: Callable[[], None]) -> None:
        self._heard = heard
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._frames = Frames()
        self._buffer = bytearray(READ_BYTES)
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def over(cls, sock: socket.socket, heard: Callable[[list[Any]], None], lost: Callable[[], None]) -> "Link":
        """Take over this end of a pair."""
        loop = asyncio.get_running_loop()
        _, link = await loop.create_unix_connection(lambda: cls(heard, lost), sock=sock)
        return link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lost()

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        try:
            for message in self._frames.feed(memoryview(self._buffer)[:nbytes]):
                self._heard(message)
        except WireError as error:
            log.error("media link broken", reason=str(error))
            self.close()

    def send(self, frame: bytes) -> None:
        """Nothing when the other end is gone."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(frame)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is not None:
            self._transport.write(b"".join(out))

    @property
    def waiting_bytes(self) -> int:
        """What the other end has not taken yet."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Close at once; what was sent before goes out first. `lost` follows."""
        self._flush()
        if self._transport is not None:
            self._transport.close()
