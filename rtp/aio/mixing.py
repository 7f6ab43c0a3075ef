"""Mixes on the ticker: what legs say goes into a mixer, and what they hear goes out to them every 20 ms."""

from typing import Final

from rtp.aio.leg import Leg
from rtp.aio.ticker import Ticker
from rtp.live import LiveSender
from rtp.mixer import Mixer
from rtp.packet import HEADER, MARKER, PacketError, payload_bounds
from rtp.recorder import FAR
from rtp.stream import Header

MOST_SEATS: Final = 96
"""About half a millisecond in one ticker slot: further conferences get a mixer, and a slot, of their own."""


class Mix:
    """One mixer, and the legs that sit at it."""

    __slots__ = ("_ticker", "mixer", "seats")

    def __init__(self, ticker: Ticker) -> None:
        self.mixer = Mixer()
        self.seats: dict[int, MixWay] = {}
        self._ticker = ticker

    def enter(self, leg: Leg) -> "MixWay":
        """The leg sits here from now on; it hears nobody yet."""
        seat = self.mixer.take_seat(leg.description.codec)
        way = self.seats[seat] = MixWay(leg, self, seat)
        leg.lead(way)
        self._ticker.add(self)
        return way

    def leave(self, seat: int) -> None:
        self.mixer.leave(seat)
        del self.seats[seat]
        if not self.seats:
            self._ticker.remove(self)

    def tick(self, now: float) -> None:
        seats = self.seats
        for seat, frame in self.mixer.mix():
            seats[seat].send(frame, now)

    def skip(self, ticks: int) -> None:
        self.mixer.skip(ticks)
        for way in self.seats.values():
            way.live.skip(ticks)


class MixWay:
    """From one leg into a mix, and from the mix to the leg."""

    __slots__ = ("_leg", "live", "mix", "seat")

    def __init__(self, leg: Leg, mix: Mix, seat: int) -> None:
        self._leg = leg
        self.seat = seat
        self.mix = mix
        self.live = LiveSender(leg.sender)

    def carry(self, buffer: bytearray, size: int, header: Header, now: float, *, voice: bool) -> None:
        if not voice:
            return
        packet = memoryview(buffer)[:size]
        try:
            start, end = payload_bounds(packet)
        except PacketError:
            return
        marker = header[1] >= MARKER
        self.mix.mixer.speak(self.seat, packet[start:end], header[3], header[4], marker=marker)

    @property
    def direct(self) -> None:
        """Every packet has to be looked into."""

    def withhold(self, sequence: int) -> None:
        """The mix goes by time, not by numbers."""

    def hear(self, voices: "tuple[MixWay, ...]") -> None:
        """From now on the leg hears these others of the same mix."""
        self.mix.mixer.hear(self.seat, tuple(way.seat for way in voices))

    def send(self, frame: bytes, now: float) -> None:
        leg = self._leg
        recording = leg.voice.recording
        for packet in self.live.packets(frame, now):
            leg.transmit(packet)
            if recording is not None:
                _, _, _, timestamp, ssrc = HEADER.unpack_from(packet)
                recording.voice(FAR, packet, timestamp, ssrc, leg.description.codec, now)

    def renew(self) -> None:
        self.mix.mixer.describe(self.seat, self._leg.description.codec)

    def leave(self) -> None:
        self.mix.leave(self.seat)
