"""A leg's RTCP on the wire: on the RTP port where that was agreed (RFC 5761), else on the odd port above it."""

import random
import secrets
import time
from collections.abc import Callable
from typing import Final

import structlog

from rtp.aio.port import Port
from rtp.aio.readiness import Readiness
from rtp.description import LegDescription
from rtp.latch import Address
from rtp.packet import MOST_BYTES, Buffer
from rtp.reporting import Reporter, Told, interval_s
from rtp.sender import RtpSender
from rtp.srtp import Protection
from rtp.stream import RtpStream

MOST_WAITING: Final = 4
"""Datagrams of one peer that wait for the sweep; more are dropped."""
CNAME_BYTES: Final = 12
"""96 bits of chance and nothing of a person (RFC 7022 §4.2)."""

log = structlog.get_logger()


class Reports:
    """Made by the first sweep that finds the leg, so that opening one, and a short call, pay nothing for it.

    What arrives is only kept, with its time; all work on it is the sweep's.
    """

    __slots__ = (
        "_description",
        "_port",
        "_readiness",
        "_reporter",
        "_sender",
        "_source",
        "_stream",
        "_waiting",
        "failed",
        "protection",
    )

    def __init__(
        self, description: LegDescription, stream: RtpStream, sender: RtpSender, readiness: Readiness, least_s: float
    ) -> None:
        now = time.monotonic()
        first = now + interval_s(random.random(), least_s, first=True)
        self._reporter = Reporter(secrets.token_urlsafe(CNAME_BYTES), time.time() - now, first, least_s)
        self._description = description
        self._stream = stream
        self._sender = sender
        self._readiness = readiness
        self._port: Port | None = None
        self._source: Address | None = None
        self._waiting: list[tuple[bytes, Address, float]] = []
        self.protection: Protection | None = None
        """Of the leg, for the odd port; what goes over the RTP port is the leg's to protect and to open."""
        self.failed = False
        """Whether the odd port could not be bound: the call goes on without reports."""

    @property
    def told(self) -> Told | None:
        """What the peer's last report said."""
        return self._reporter.told

    @property
    def _host(self) -> str | None:
        """Who reports, and is reported to: the host that voice is sent to."""
        address = self._stream.latch.target
        return None if address is None else address[0]

    def keep(self, data: bytes, source: Address, now: float) -> None:
        """A datagram came, perhaps the peer's RTCP."""
        if self._waits_for(source):
            self._waiting.append((data, source, now))

    def _waits_for(self, source: Address) -> bool:
        return source[0] == self._host and len(self._waiting) < MOST_WAITING

    def _readable(self, now: float) -> None:
        if self._port is None:
            return
        try:
            data, source = self._port.sock.recvfrom(MOST_BYTES)
        except OSError:
            return
        protection = self.protection
        if protection is None or not protection.active:
            self.keep(data, source[:2], now)
        elif self._waits_for(source[:2]):
            opened = protection.receiver.unprotect_rtcp(data)
            if opened is not None:
                self.keep(opened, source[:2], now)

    def work(self, port: Port, transmit: Callable[[Buffer], object]) -> None:
        """Read what came, and report if it is time; `transmit` sends from the RTP port `port`."""
        waiting, self._waiting = self._waiting, []
        for data, source, at in waiting:
            if self._reporter.receive(data, self._sender.ssrc, self._stream.ssrc, at):
                self._source = source
        now = time.monotonic()
        if now >= self._reporter.deadline and self._stream.may_send and self._description.named is not None:
            datagram = self._reporter.report(self._sender, self._stream, random.random(), now)
            self._send(datagram, port, transmit)

    def _send(self, datagram: bytes, port: Port, transmit: Callable[[Buffer], object]) -> None:
        agreed = self._description.agreed
        try:
            if agreed is not None and agreed.rtcp_mux:
                transmit(datagram)
                return
            target = self._target
            if self._bound(port) and self._port is not None and target is not None:
                protection = self.protection
                if protection is not None and protection.active:
                    datagram = protection.sender.protect_rtcp(datagram)
                self._port.sock.sendto(datagram, target)
        except OSError:
            return

    def _bound(self, port: Port) -> bool:
        """Whether there is a socket on the odd port, which is made when first needed."""
        if self._port is None and not self.failed:
            try:
                self._port = Port(port.address, port.number + 1)
            except OSError as error:
                self.failed = True
                log.warning("no port for reports", port=port.number + 1, reason=str(error))
                return False
            self._readiness.watch(self._port.sock, self._readable)
        return self._port is not None

    @property
    def _target(self) -> Address | None:
        """Where the peer's reports came from (RFC 4961), before that where its SDP says.

        Behind NAT only the first is right: until it is known nothing is sent, to nobody who did not ask.
        """
        host, named, agreed = self._host, self._description.named, self._description.agreed
        if self._source is not None and self._source[0] == host:
            return self._source
        if named is None or agreed is None or named[0] != host:
            return None
        return named[0], agreed.rtcp_port

    def close(self, port: Port, transmit: Callable[[Buffer], object]) -> None:
        """Say goodbye, if there was ever a report, and leave the port."""
        datagram = self._reporter.bye(self._sender.ssrc)
        if datagram is not None and self._stream.may_send:
            self._send(datagram, port, transmit)
        if self._port is not None:
            self._readiness.forget(self._port.sock)
            self._port.close()
            self._port = None
