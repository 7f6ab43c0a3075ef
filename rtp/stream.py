"""One leg's inbound RTP as a machine: latch, telephone events, loss and jitter, time-outs. Time is an argument.

It sends nothing by itself (what goes out is `rtp.sender`'s), so it has no `datagrams`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rtp.dtmf import DtmfReceiver
from rtp.engine import DtmfReceived, LegId, MediaEvent, Relatched, RtpTimeout
from rtp.latch import Address, Latch
from rtp.packet import COMFORT_NOISE, HEADER, Buffer, PacketError, payload_bounds
from rtp.reception import Reception

Header = tuple[int, int, int, int, int]
"""First byte, marker and payload type, sequence, timestamp, SSRC."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """What should come from a leg: payload types as *our* SDP numbers them, and whether anything may come at all.

    `watched` False: silence is no fault (a peer that holds us may send music, or nothing).
    """

    voice_type: int
    event_type: int | None = None
    receives: bool = True
    watched: bool = True


@dataclass(frozen=True, slots=True)
class Patience:
    """How long silence is borne. A trusted leg may stay silent until its first voice; another is bounded.

    `unheard_limit_s`: how long an untrusted address that never sends is sent to.
    """

    trusted: bool = True
    timeout_s: float = 30.0
    unheard_limit_s: float = 10.0


class RtpStream:
    """Decides what of the datagrams at a leg's port is heard, and tells of it by `events`."""

    __slots__ = (
        "_dtmf",
        "_events",
        "_inbound",
        "_leg",
        "_mute_at",
        "_patience",
        "latch",
        "may_send",
        "received",
        "reception",
        "silent_since",
        "ssrc",
    )

    def __init__(self, leg: LegId, named: Address | None, inbound: Inbound, patience: Patience, now: float) -> None:
        self.latch = Latch(named)
        self.reception = Reception()
        self.received = 0
        self.may_send = True
        """False once an untrusted address was sent to for long enough without a sign of life."""
        self._leg = leg
        self._inbound = inbound
        self._patience = patience
        self._dtmf = DtmfReceiver()
        self._events: list[MediaEvent] = []
        self.ssrc = -1
        """Of the source that is heard, -1 before it."""
        self.silent_since: float | None = None if patience.trusted else now
        """Since when nothing was heard; None while silence is no fault."""
        self._mute_at: float | None = None if patience.trusted else now + patience.unheard_limit_s

    def receive(self, data: Buffer, source: Address | None, now: float) -> Header | None:
        """A datagram came. `source` None: the socket is connected, so it can only be the latched one.

        Gives the header of a packet that counts (voice, a telephone event, comfort noise), else None.
        """
        if len(data) < 12 or data[0] & 0xC0 != 0x80 or not self._inbound.receives:
            return None
        header: Header = HEADER.unpack_from(data)
        _, second, sequence, timestamp, ssrc = header
        payload_type = second & 0x7F
        voice = payload_type == self._inbound.voice_type
        if not voice and payload_type not in (self._inbound.event_type, COMFORT_NOISE):
            return None
        if source is not None and source != self.latch.source and not self._admit(source, ssrc, sequence):
            return None
        self.received += 1
        if ssrc != self.ssrc:
            self.ssrc = ssrc
            self._dtmf = DtmfReceiver()
            self.reception.new_source()
        if self.reception.complete:
            self.reception.arrived(sequence)
            if voice:
                self.reception.timed(timestamp, now)
        if payload_type == self._inbound.event_type:
            self._key(data, timestamp, now)
        else:
            self.silent_since = now
        return header

    def _admit(self, source: Address, ssrc: int, sequence: int) -> bool:
        if not self.latch.admits(source, ssrc, sequence):
            return False
        if self.latch.relatched:
            self._events.append(Relatched(self._leg))
        self.may_send = True
        self._mute_at = None
        return True

    def _key(self, data: Buffer, timestamp: int, now: float) -> None:
        if self.silent_since is not None:
            self.silent_since = now
        try:
            start, end = payload_bounds(data)
        except PacketError:
            return
        key = self._dtmf.receive(data[start:end], timestamp)
        if key is not None:
            self._events.append(DtmfReceived(self._leg, key.digit, key.duration_ms))

    def open_gate(self) -> None:
        """From now on every packet arrives."""
        self.reception.rebase()
        self.reception.complete = True

    def close_gate(self) -> None:
        """From now on only some voice packets arrive: no loss and no jitter is told from them."""
        self.reception.complete = False

    def update(self, named: Address | None, inbound: Inbound, now: float) -> None:
        """The peer described its media anew: another source may be latched, and what should come may have changed."""
        if named == self.latch.named:
            self.latch.reopen()
        else:
            self.latch.move(named)
        self._inbound = inbound
        if self.silent_since is not None:
            self.silent_since = now

    @property
    def deadline(self) -> float | None:
        """When `handle_timeout` has something to do, by the same clock as `now`."""
        times = [t for t in (self._mute_at, self._timeout_at) if t is not None]
        return min(times, default=None)

    @property
    def _timeout_at(self) -> float | None:
        if self.silent_since is None or not self._inbound.receives or not self._inbound.watched:
            return None
        return self.silent_since + self._patience.timeout_s

    def handle_timeout(self, now: float) -> None:
        """Tell of silence once, and let another source in; stop sending to a stranger that was never heard."""
        if self._mute_at is not None and now >= self._mute_at:
            self._mute_at = None
            self.may_send = False
        timeout_at = self._timeout_at
        if timeout_at is not None and now >= timeout_at and self.silent_since is not None:
            self._events.append(RtpTimeout(self._leg, round((now - self.silent_since) * 1000)))
            self.silent_since = None
            self.latch.reopen()

    def events(self) -> Sequence[MediaEvent]:
        """What has happened since the last call."""
        if not self._events:
            return ()
        events: list[MediaEvent]
        events, self._events = self._events, []
        return events
