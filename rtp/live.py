"""Sound that is made as it is heard (a mix), sent as one leg's own stream."""

from rtp.packet import HEADER, MARKER
from rtp.sender import TICK_MS, TICK_UNITS, RtpSender

_pack = HEADER.pack
_BYTES_A_MS = 8


class LiveSender:
    """Continues the leg's sequence and clock (`rtp.sender`); while something is played to the leg, that is heard."""

    __slots__ = ("_goes_on", "_sender", "_waiting")

    def __init__(self, sender: RtpSender) -> None:
        self._sender = sender
        self._goes_on = False
        self._waiting = b""

    def packets(self, frame: bytes, now: float) -> tuple[bytes, ...]:
        """What to send once 20 ms more are there: none while the peer's packets are longer, two while shorter."""
        sender = self._sender
        outbound = sender.outbound
        if not outbound.sends or not sender.idle:
            self._goes_on = False
            self._waiting = b""
            return ()
        if outbound.packet_ms == TICK_MS and not self._waiting:
            return (self._packet(frame, now),)
        sound = self._waiting + frame
        size = outbound.packet_ms * _BYTES_A_MS
        whole = len(sound) - len(sound) % size
        self._waiting = sound[whole:]
        return tuple([self._packet(sound[i : i + size], now) for i in range(0, whole, size)])

    def _packet(self, payload: bytes, now: float) -> bytes:
        sender = self._sender
        octet = sender.outbound.voice_type
        sequence = (sender.sequence + 1) & 0xFFFF
        if self._goes_on:
            timestamp = (sender.timestamp + TICK_UNITS) & 0xFFFFFFFF
        else:
            self._goes_on = True
            octet |= MARKER
            timestamp = sender.clock(now)
        packet = _pack(0x80, octet, sequence, timestamp, sender.ssrc) + payload
        last = (timestamp + len(payload) - TICK_UNITS) & 0xFFFFFFFF
        sender.relayed(sequence, last, len(packet), now)
        return packet

    def skip(self, ticks: int) -> None:
        """Frames of this many ticks of 20 ms are not coming."""
        if self._goes_on:
            self._sender.skip(ticks)
