"""Two legs that hear each other by a relay."""

from rtp.aio.leg import Leg
from rtp.recorder import FAR
from rtp.relay import Relay
from rtp.stream import Header


class BridgeWay:
    """From one leg to its peer."""

    __slots__ = ("_codec", "_leg", "_relay", "_size", "_stream", "_viewed", "_voice", "peer")

    def __init__(self, leg: Leg, peer: Leg) -> None:
        self._leg = leg
        self._stream = leg.stream
        self.peer = peer
        self._voice = peer.voice
        self._viewed = memoryview(b"")
        self._size = 0
        self._codec = leg.description.codec
        event_in = leg.description.inbound.event_type
        self._relay = Relay(peer.sender, self._codec, peer.description.codec, event_in)

    def carry(self, buffer: bytearray, size: int, header: Header, now: float, *, voice: bool) -> None:
        peer = self.peer
        recording = peer.voice.recording
        if voice and recording is not None:
            recording.voice(FAR, memoryview(buffer)[:size], header[3], header[4], self._codec, now)
        if self._relay.rewrite(buffer, size, header, now):
            peer.transmit(memoryview(buffer)[:size])

    def direct(self, buffer: bytearray, size: int, now: float) -> bool:
        """Carry voice that just goes on (always in the same buffer), unless the peer's side is recorded too."""
        if self._voice.recording is not None or not self._relay.follow(buffer, size, self._stream, now):
            return False
        if size != self._size:
            self._size, self._viewed = size, memoryview(buffer)[:size]
        peer = self.peer
        try:
            peer.send(self._viewed)
        except OSError:
            peer.sender.unsent += 1
        return True

    def withhold(self, sequence: int) -> None:
        self._relay.withhold(sequence)

    def renew(self) -> None:
        join(self._leg, self.peer)

    def leave(self) -> None:
        """The peer goes a way of its own."""


def join(a: Leg, b: Leg) -> None:
    """Relay between the two, both ways, from their next packets on."""
    a.lead(BridgeWay(a, b))
    b.lead(BridgeWay(b, a))
