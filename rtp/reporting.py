"""One leg's RTCP as a machine (RFC 3550 §6): when to report, what of, and what the peer tells. Time is an argument."""

from dataclasses import dataclass
from math import e
from typing import Final

from rtp.packet import Buffer, PacketError
from rtp.reception import CLOCK_HZ, Reception
from rtp.rtcp import Report, ReportBlock, build_bye, build_report, ntp_time, parse_compound
from rtp.sender import RtpSender
from rtp.stream import RtpStream

LEAST_INTERVAL_S: Final = 5.0
COMPENSATION: Final = e - 1.5
"""For what reconsideration would shorten (§6.3.1)."""
LONGEST_TRIP_S: Final = 10.0
"""A longer round trip is a mistake of the peer's."""
SHORT: Final = 65536
"""Units a second of the 32 bits in the middle of an NTP stamp."""


def interval_s(chance: float, least_s: float = LEAST_INTERVAL_S, *, first: bool = False) -> float:
    """How long until the next report (§6.2, §6.3.1); `chance` is drawn evenly from 0 to 1.

    Two members share 5 % of G.711's 80 kbit/s: that would allow two reports a second, so the minimum decides.
    """
    return (least_s / 2 if first else least_s) * (0.5 + chance) / COMPENSATION


@dataclass(frozen=True, slots=True)
class Told:
    """What the peer's last report said of our packets. The round trip is that of the last report that knew of ours."""

    lost: int
    jitter_ms: float
    round_trip_ms: float | None = None


class Reporter:
    """Makes a leg's reports from its other cores, and reads those of the peer."""

    __slots__ = ("_cname", "_counted", "_heard", "_least_s", "_sent", "_stamped", "_wall_s", "deadline", "told")

    def __init__(self, cname: str, wall_s: float, deadline: float, least_s: float = LEAST_INTERVAL_S) -> None:
        """`wall_s` added to `now` is seconds since 1970; at `deadline` the first report is due."""
        self.deadline = deadline
        self.told: Told | None = None
        self._cname = cname
        self._wall_s = wall_s
        self._least_s = least_s
        self._sent: tuple[int, int] | None = None
        self._counted = (0, 0)
        self._heard = (-1, 0)
        self._stamped = (-1, 0, 0.0)

    def report(self, sender: RtpSender, stream: RtpStream, chance: float, now: float) -> bytes:
        """The report of now (§6.4): a sender's if anything was sent since the last but one. `deadline` moves on."""
        self.deadline = now + interval_s(chance, self._least_s)
        before, last = self._sent or (0, 0)
        sent = sender.sent
        self._sent = last, sent
        blocks = self._blocks(stream, now)
        if sent == before:
            return build_report(Report(sender.ssrc, blocks), self._cname)
        ntp = ntp_time(now + self._wall_s)
        return build_report(Report(sender.ssrc, blocks, ntp, sender.stamp(now), sent, sender.octets), self._cname)

    def _blocks(self, stream: RtpStream, now: float) -> tuple[ReportBlock, ...]:
        """What was heard since the last report; nothing while the gate is closed, since then nobody knows."""
        reception = stream.reception
        before, self._counted = self._counted, (reception.expected, reception.lost)
        expected, lost = self._counted[0] - before[0], self._counted[1] - before[1]
        if not reception.complete or expected <= 0:
            return ()
        fraction = min(255, max(0, lost) * 256 // expected)
        ssrc, middle, at = self._stamped
        delay = round((now - at) * SHORT)
        if ssrc != stream.ssrc:
            middle = delay = 0
        highest = self._extended(stream.ssrc, reception)
        jitter = reception.jitter_units
        return (ReportBlock(stream.ssrc, fraction, reception.lost_of_source, highest, jitter, middle, delay),)

    def _extended(self, ssrc: int, reception: Reception) -> int:
        """The highest sequence number, which for one source never falls: a gate opened anew has counted no cycles."""
        highest = reception.highest
        if ssrc == self._heard[0] and highest < self._heard[1]:
            highest += (self._heard[1] - highest + 0xFFFF) // 0x10000 * 0x10000
        self._heard = ssrc, highest
        return highest & 0xFFFFFFFF

    def receive(self, data: Buffer, ours: int, theirs: int, now: float) -> bool:
        """A datagram of the peer's, which came at `now`; `ours` and `theirs` are the SSRCs of the two streams.

        Whether it speaks of either of them. What is no RTCP, or of others, changes nothing; a BYE ends no call.
        """
        try:
            packets = parse_compound(data)
        except PacketError:
            return False
        known = False
        for packet in packets:
            if not isinstance(packet, Report):
                continue
            if packet.ntp is not None and packet.ssrc == theirs:
                known = True
                self._stamped = theirs, packet.ntp >> 16 & 0xFFFFFFFF, now
            for block in packet.blocks:
                if block.ssrc == ours:
                    known = True
                    self._tell(block, now)
        return known

    def _tell(self, block: ReportBlock, now: float) -> None:
        trip_ms = self._round_trip_ms(block, now)
        if trip_ms is None and self.told is not None:
            trip_ms = self.told.round_trip_ms
        self.told = Told(max(0, block.lost), block.jitter * 1000 / CLOCK_HZ, trip_ms)

    def _round_trip_ms(self, block: ReportBlock, now: float) -> float | None:
        """From our report to the peer's that tells of it, without the time it lay there (§6.4.1)."""
        if not block.last_sender_report:
            return None
        middle = ntp_time(now + self._wall_s) >> 16
        trip = (middle - block.last_sender_report - block.delay) & 0xFFFFFFFF
        return trip * 1000 / SHORT if trip <= LONGEST_TRIP_S * SHORT else None

    def bye(self, ssrc: int) -> bytes | None:
        """That our stream is gone (§6.6); None where nothing was ever reported of it."""
        return None if self._sent is None else build_bye(ssrc, self._cname)
