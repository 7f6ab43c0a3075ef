"""A recording of legs that rtpengine carries: it sends us a copy of what is said."""

import asyncio
import socket
from contextlib import suppress
from typing import Final

from rtp.aio.recording import Recording
from rtp.engine import MediaError, Recorded
from rtp.packet import PacketError, parse
from rtp.recorder import FAR, NEAR
from rtp.rtpengine import ng, sides
from rtp.rtpengine.aio.client import NgClient

LONGEST: Final = 2048
MOST_AT_ONCE: Final = 64


class Copy:
    """One subscription: a socket of ours to which rtpengine sends what one tag says."""

    __slots__ = ("_codecs", "_recording", "_side", "_sock", "subscription")

    def __init__(self, server: tuple[str, int], recording: Recording, side: int) -> None:
        """Listens on the address that leads to the rtpengine. Raises OSError."""
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(server)
            host = probe.getsockname()[0]
        self._sock = socket.socket(family, socket.SOCK_DGRAM)
        self._sock.setblocking(False)  # noqa: FBT003
        self._sock.bind((host, 0))
        self._recording = recording
        self._side = side
        self._codecs: dict[int, str] = {}
        self.subscription = ""
        asyncio.get_running_loop().add_reader(self._sock, self._readable)

    def answer(self, codecs: dict[int, str]) -> str:
        """The SDP that answers rtpengine's offer of these codecs."""
        self._codecs = codecs
        host, port = self._sock.getsockname()[:2]
        return sides.listener((host, port), codecs)

    def _readable(self) -> None:
        now = asyncio.get_running_loop().time()
        for _ in range(MOST_AT_ONCE):
            try:
                data = self._sock.recv(LONGEST)
            except OSError:
                return
            with suppress(PacketError):
                packet = parse(data)
                codec = self._codecs.get(packet.payload_type, "")
                if codec in ng.CODECS:
                    self._recording.voice(self._side, data, packet.timestamp, packet.ssrc, codec, now)

    def close(self) -> None:
        self._readable()
        asyncio.get_running_loop().remove_reader(self._sock)
        self._sock.close()


class Ear:
    """The recording of one leg: a copy of what it says and, where both sides are wanted, of what its partner says."""

    __slots__ = ("_call", "_client", "_copies", "both", "recording")

    def __init__(self, client: NgClient, call: str, recording: Recording, *, both: bool) -> None:
        self._client = client
        self._call = call
        self._copies: dict[int, Copy] = {}
        self.recording = recording
        self.both = both

    async def near(self, tag: str) -> None:
        await self._hear(NEAR, tag)

    async def far(self, tag: str | None) -> None:
        """Another is on the far side from now on, or nobody. Nothing where one side is recorded."""
        if self.both:
            await self._drop(FAR)
            self.recording.change_far()
            if tag is not None:
                await self._hear(FAR, tag)

    async def _hear(self, side: int, tag: str) -> None:
        """Raises MediaError and OSError."""
        copy = self._copies[side] = Copy(self._client.address, self.recording, side)
        said = await self._client.ask(ng.subscribe(self._call, tag))
        copy.subscription = ng.text(said, "to-tag")
        try:
            answer = copy.answer(ng.offered(said))
        except ng.NgError as error:
            raise MediaError(f"rtpengine: {error.reason}", 500) from error
        await self._client.ask(ng.subscribed(self._call, copy.subscription, answer))

    async def _drop(self, side: int) -> None:
        copy = self._copies.pop(side, None)
        if copy is not None:
            copy.close()
            if copy.subscription:
                await self._client.tell(ng.unsubscribe(self._call, copy.subscription))

    async def close(self) -> Recorded:
        for side in list(self._copies):
            await self._drop(side)
        return await self.recording.close()
