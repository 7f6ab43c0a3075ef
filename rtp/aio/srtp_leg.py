"""A leg whose media may be protected (RFC 3711): its packets are opened before anything else sees them."""

from collections.abc import Callable

from rtp.aio.leg import Leg, Room
from rtp.aio.port import Port
from rtp.aio.reports import Reports
from rtp.description import LegDescription
from rtp.engine import LegId
from rtp.latch import Address
from rtp.packet import Buffer
from rtp.rtcp import is_rtcp
from rtp.sender import RtpSender
from rtp.srtp import Protection
from rtp.stream import RtpStream


class SrtpLeg(Leg):
    """Of a kind of its own, so that a leg that refuses SRTP pays nothing for it.

    What is not genuine neither moves the latch nor counts as a sign of life: the stream never sees it.
    """

    __slots__ = ("_protection",)

    def __init__(
        self, leg: LegId, port: Port, description: LegDescription, stream: RtpStream, sender: RtpSender, room: Room
    ) -> None:
        self._protection: Protection | None = None
        self._agree(description)
        super().__init__(leg, port, description, stream, sender, room)

    def _agree(self, description: LegDescription) -> None:
        secured = description.secured
        if self._protection is not None:
            self._protection.agree(secured)
        elif secured is not None:
            self._protection = Protection(secured, resumed=description.resumed)

    def _hear(self, now: float) -> None:
        """Nothing is passed on before it was opened."""
        try:
            size = self._read(self._room.buffer)
        except OSError:
            return
        self._receive(size, None, now)

    def _receive(self, size: int, source: Address | None, now: float) -> None:
        protection = self._protection
        if protection is not None and protection.active:
            buffer = self._room.buffer
            if size > 1 and is_rtcp(buffer[1]):
                opened = protection.receiver.unprotect_rtcp(memoryview(buffer)[:size]) or b""
                size = len(opened)
                buffer[:size] = opened
            else:
                size = protection.receiver.unprotect(buffer, size)
            if not size:
                return
        super()._receive(size, source, now)

    def aim(self) -> None:
        super().aim()
        protection = self._protection
        if protection is not None and protection.active and self.stream.may_send:
            self.send = _protecting(protection, self.send)
            self._aimed = None

    def update(self, codec: str, now: float) -> None:
        self._agree(self.description)
        if self._reports is not None:
            self._reports.protection = self._protection
        super().update(codec, now)

    def _reporting(self) -> Reports:
        reports = super()._reporting()
        reports.protection = self._protection
        return reports


def _protecting(protection: Protection, send: Callable[[Buffer], int]) -> Callable[[Buffer], int]:
    def protect_and_send(datagram: Buffer) -> int:
        sender = protection.sender
        protected = sender.protect_rtcp(datagram) if is_rtcp(datagram[1]) else sender.protect(datagram)
        if protected is None:
            raise OSError("a packet with this number was sent before")
        return send(protected)

    return protect_and_send
