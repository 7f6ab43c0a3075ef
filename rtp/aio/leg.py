"""One leg on its socket: what arrives is heard, relayed and recorded; what is played goes out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rtp.aio.port import Port
from rtp.aio.readiness import Readiness
from rtp.aio.recording import Recording
from rtp.aio.reports import Reports
from rtp.aio.ticker import Ticker
from rtp.aio.voice import Voice, Way
from rtp.description import LegDescription
from rtp.engine import DtmfReceived, LegId, LegStats, MediaEvent, PlayDone
from rtp.g711 import translation
from rtp.gate import closed_gate
from rtp.latch import Address
from rtp.packet import MOST_BYTES, Buffer
from rtp.packetization import ticks_a_frame
from rtp.reporting import LEAST_INTERVAL_S
from rtp.rtcp import is_rtcp
from rtp.sender import RtpSender
from rtp.stream import RtpStream

MOST_DRAINED: Final = 64
"""Datagrams read in one go from a socket that is not connected yet; a flood waits for the next turn."""


@dataclass(frozen=True, slots=True)
class Room:
    """What the legs of one engine share. `report` is told every event; `gates` False leaves the kernel filter out."""

    readiness: Readiness
    ticker: Ticker
    report: Callable[[MediaEvent], None]
    gates: bool = True
    report_least_s: float = LEAST_INTERVAL_S
    buffer: bytearray = field(default_factory=lambda: bytearray(MOST_BYTES))


def _nowhere(_datagram: Buffer) -> int:
    """Stands for a socket while there is nowhere to send to."""
    raise OSError("no address to send to")


class Leg:
    """Connects the cores of one leg with its socket; it decides nothing that a core could."""

    __slots__ = (
        "_aimed",
        "_gated",
        "_read",
        "_reports",
        "_room",
        "description",
        "id",
        "port",
        "send",
        "sender",
        "stream",
        "voice",
    )

    def __init__(
        self, leg: LegId, port: Port, description: LegDescription, stream: RtpStream, sender: RtpSender, room: Room
    ) -> None:
        self.id = leg
        self.port = port
        self.description = description
        self.stream = stream
        self.sender = sender
        self.voice = Voice()
        self.voice.describe(description)
        self._room = room
        self._aimed: tuple[Callable[[Buffer, Address], int], Address] | None = None
        self._read = port.sock.recv_into
        self._gated = False
        self._reports: Reports | None = None
        self.send: Callable[[Buffer], int] = _nowhere
        """To where the latch says; raises OSError."""
        room.readiness.watch(port.sock, self._drain)
        room.ticker.start()
        self.aim()

    # What arrives

    def _hear(self, now: float) -> None:
        """The socket is drained, so only the latched source is heard."""
        buffer = self._room.buffer
        try:
            size = self._read(buffer)
        except OSError:
            return
        direct = self.voice.direct
        if direct is None or not direct(buffer, size, now):
            self._receive(size, None, now)

    def _drain(self, now: float) -> None:
        """Read with sources while the socket hears everybody; connecting leaves queued strangers to be sorted out."""
        buffer = self._room.buffer
        for _ in range(MOST_DRAINED):
            try:
                size, source = self.port.sock.recvfrom_into(buffer)
            except BlockingIOError:
                if self.port.connected:
                    self.port.drained = True
                    self._room.readiness.turn(self.port.sock, self._hear)
                return
            except OSError:
                continue
            self._receive(size, source[:2], now)
            if not self.port.connected and self.stream.latch.source is not None:
                self._follow(self.stream.latch.source)

    def _receive(self, size: int, source: Address | None, now: float) -> None:
        buffer = self._room.buffer
        datagram = memoryview(buffer)[:size]
        stream = self.stream
        header = stream.receive(datagram, source, now)
        if header is None:
            self._keep_report(datagram, source, now)
            return
        if self.voice.wanted:
            for key in self.voice.heard(buffer, size, header, now):
                self._room.report(DtmfReceived(self.id, key.digit, key.duration_ms))
        elif not self._gated and self.port.drained:
            self._close_gate()
        for event in stream.events():
            self._room.report(event)

    def _keep_report(self, datagram: memoryview, source: Address | None, now: float) -> None:
        """RTCP on the RTP port (RFC 5761 §4), of the source whose voice is heard."""
        latched, agreed = self.stream.latch.source, self.description.agreed
        if self._reports is None or latched is None or agreed is None or not agreed.rtcp_mux:
            return
        if source in (None, latched) and len(datagram) >= 8 and is_rtcp(datagram[1]):
            self._reports.keep(bytes(datagram), latched, now)

    # What goes out

    def transmit(self, datagram: Buffer) -> None:
        """Send a datagram; one that the network does not take counts as unsent."""
        send = self.send
        try:
            send(datagram)
        except OSError:
            self.sender.unsent += 1

    def tick(self, now: float) -> None:
        """Play or press on; at the end of a play tell of it."""
        sender = self.sender
        datagram = next(sender.datagrams, None)
        if datagram is not None:
            aimed = self._aimed
            try:
                if aimed is None:
                    self.send(datagram)
                else:
                    aimed[0](datagram, aimed[1])
            except OSError:
                sender.unsent += 1
            return
        ended = sender.ended(now)
        if sender.idle:
            self._room.ticker.remove(self)
        if ended:
            self._room.report(PlayDone(self.id, ended))

    def tick_on(self) -> None:
        """There is something to send: take part in the ticks."""
        self._room.ticker.add(self, twice=ticks_a_frame(self.sender.outbound.packet_ms) == 2)

    def skip(self, ticks: int) -> None:
        """Ticks that were due are not coming."""
        self.sender.skip(ticks)

    def aim(self) -> None:
        """Send to where the latch says, or nowhere."""
        target = self.stream.latch.target
        sock = self.port.sock
        self._aimed = None
        if target is None or not self.stream.may_send:
            self.send = _nowhere
        elif self.port.connected:
            self.send = sock.send
        else:
            sendto = sock.sendto
            self.send = lambda datagram: sendto(datagram, target)
            self._aimed = sendto, target

    # The socket's state

    def _follow(self, source: Address) -> None:
        """Send to who is heard, and hear nobody else once that is settled."""
        if not self.stream.latch.settles():
            self.aim()
            return
        try:
            self.port.connect(source)
        except OSError:
            return
        self.aim()

    def _close_gate(self) -> None:
        """Attached at the first voice that nobody listens to: a caller who sends none costs no filter."""
        self._gated = True
        if self._room.gates:
            self.port.gate(closed_gate(self.description.inbound.event_type))

    def _open_gate(self) -> None:
        if self._gated:
            self._gated = False
            if self._room.gates:
                self.port.gate(None)
        self.stream.open_gate()

    def _settle_gate(self) -> None:
        """Open while somebody listens; it closes by itself with the next voice."""
        self.voice.settle()
        if self.voice.wanted:
            self._open_gate()
        else:
            self.stream.close_gate()

    def follow_latch(self) -> None:
        """The latch may have been opened, or sending forbidden: hear everybody again, aim anew. Raises OSError."""
        if self.stream.latch.source is None and self.port.connected:
            self._room.readiness.forget(self.port.sock)
            self.port.rebind()
            self._room.readiness.watch(self.port.sock, self._drain)
            self._read = self.port.sock.recv_into
            self._gated = False
        self.aim()

    def update(self, codec: str, now: float) -> None:
        """The peer described its media anew; before, `codec` was spoken. Raises OSError if the port was lost."""
        description = self.description
        self.stream.update(description.named or self.stream.latch.named, description.inbound, now)
        ticks = ticks_a_frame(self.sender.outbound.packet_ms)
        self.sender.update(description.outbound, translation(codec, description.codec))
        if not self.sender.idle and ticks != ticks_a_frame(description.outbound.packet_ms):
            self._room.ticker.remove(self)
            self.tick_on()
        self.follow_latch()
        self.voice.describe(description)
        if self.voice.way is not None:
            self.voice.way.renew()
        self._settle_gate()

    def check(self, now: float) -> None:
        """Let the stream's deadlines act. Raises OSError if the port could not be bound again."""
        deadline = self.stream.deadline
        if deadline is None or deadline > now:
            return
        self.stream.handle_timeout(now)
        self.follow_latch()
        for event in self.stream.events():
            self._room.report(event)

    def report(self) -> None:
        """Read what the peer reported, and report if it is time; for the slow sweep."""
        if self._reports is None:
            self._reports = self._reporting()
        self._reports.work(self.port, self.send)

    def _reporting(self) -> Reports:
        room = self._room
        return Reports(self.description, self.stream, self.sender, room.readiness, room.report_least_s)

    # What it is used for

    def lead(self, way: Way | None) -> None:
        """From now on what is heard goes that way; None: to nobody."""
        self.voice.way = way
        self._settle_gate()

    def change_far(self) -> None:
        """Somebody else is on the far side from now on, or nobody."""
        if self.voice.recording is not None:
            self.voice.recording.change_far()

    def record(self, recording: Recording | None) -> None:
        self.voice.recording = recording
        self._settle_gate()

    def mute(self, *, muted: bool) -> None:
        """What is heard goes on as silence."""
        self.voice.muted = muted
        self.voice.settle()

    def listen_for_tones(self) -> None:
        """Keys are heard as tones in the voice too, while the peer takes no telephone events."""
        self.voice.listen_for_tones(self.description)
        self._settle_gate()

    def stop(self, now: float) -> None:
        """Play nothing more."""
        self.sender.stop(now)
        if self.sender.idle:
            self._room.ticker.remove(self)

    @property
    def stats(self) -> LegStats:
        stream, sender = self.stream, self.sender
        lost, jitter_ms = stream.reception.lost, stream.reception.jitter_ms
        told = None if self._reports is None else self._reports.told
        if told is None:
            return LegStats(sender.sent, sender.due, stream.received, lost, jitter_ms)
        return LegStats(
            sender.sent,
            sender.due,
            stream.received,
            lost,
            jitter_ms,
            told.lost,
            told.jitter_ms,
            told.round_trip_ms,
        )

    def close(self) -> None:
        self._room.ticker.remove(self)
        if self._reports is not None:
            self._reports.close(self.port, self.send)
        self._room.readiness.forget(self.port.sock)
        self.port.close()
        self.send = _nowhere
        self._aimed = None
