"""An rtpengine that answers by a script, for what a real one does not do when it is asked to."""

import asyncio
from collections.abc import Callable, Mapping

from rtp.rtpengine.bencode import Encodable, Value, decode, encode

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"

Answers = Callable[[Mapping[str, Value]], Mapping[str, Encodable] | bytes | None]


def agreeable(_said: Mapping[str, Value]) -> Mapping[str, Encodable]:
    return {"result": "ok", "sdp": SDP}


class FakeRtpengine(asyncio.DatagramProtocol):
    """`answers` gives the reply to a command, raw bytes in its place, or None for silence."""

    def __init__(self, answers: Answers = agreeable) -> None:
        self.answers = answers
        self.heard: list[tuple[bytes, bytes]] = []
        self.transport: asyncio.DatagramTransport

    @classmethod
    async def start(cls, answers: Answers = agreeable) -> "FakeRtpengine":
        loop = asyncio.get_running_loop()
        _, made = await loop.create_datagram_endpoint(lambda: cls(answers), ("127.0.0.1", 0))
        return made

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.transport.get_extra_info("sockname")
        return host, port

    @property
    def commands(self) -> list[bytes]:
        return [command for _, command in self.heard]

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        cookie, _, body = data.partition(b" ")
        said = decode(body)
        assert isinstance(said, dict)
        command = said["command"]
        assert isinstance(command, bytes)
        self.heard.append((cookie, command))
        answer = self.answers(said)
        if answer is not None:
            self.transport.sendto(answer if isinstance(answer, bytes) else cookie + b" " + encode(answer), addr)

    def close(self) -> None:
        self.transport.close()
