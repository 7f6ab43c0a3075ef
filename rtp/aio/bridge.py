"""Two legs that hear each other by a relay."""

from rtp.aio.leg import Leg
from rtp.recorder import FAR
from rtp.relay import Relay
from rtp.stream import Header


class BridgeWay:
    """From one leg to its peer."""

    __slots__ = ("_codec", "_leg", "_relay", "peer")

    def __init__(self, leg: Leg, peer: Leg) -> None:
        self._leg = leg
        self.peer = peer
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
