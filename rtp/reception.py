"""How well a source is heard: loss and jitter (RFC 3550 §6.4.1, A.1, A.3, A.8)."""

from typing import Final

CLOCK_HZ: Final = 8000
MAX_DROPOUT: Final = 3000
MAX_MISORDER: Final = 100


class Reception:
    """Counts one source's packets while the gate is open; `rebase` begins a new stretch and keeps what was counted."""

    __slots__ = (
        "_bad",
        "_base",
        "_earlier",
        "_highest",
        "_jitter",
        "_received",
        "_source_lost",
        "_transit",
        "complete",
    )

    def __init__(self) -> None:
        self.complete = False
        """Whether every packet arrives (the gate is open), so that loss and jitter mean something."""
        self._base = 0
        self._highest = -1
        self._bad = -1
        self._received = 0
        self._earlier = (0, 0)
        self._source_lost = 0
        self._transit: float | None = None
        self._jitter = 0.0

    def rebase(self) -> None:
        """The next packet begins a new stretch: the gate has just opened, or the source began anew."""
        self._earlier = (self.expected, self.lost)
        self._highest = self._bad = -1
        self._transit = None

    def new_source(self) -> None:
        """The next packet is of another SSRC."""
        self.rebase()
        self._source_lost = self.lost

    def arrived(self, sequence: int) -> None:
        """Count a packet (A.1, without probation, which the latch does)."""
        if self._highest < 0:
            self._base = self._highest = sequence
            self._received = 1
            return
        ahead = (sequence - self._highest) & 0xFFFF
        if ahead < MAX_DROPOUT:
            self._highest += ahead
        elif ahead <= 0x10000 - MAX_MISORDER:
            if sequence != self._bad:
                self._bad = (sequence + 1) & 0xFFFF
                return
            self.rebase()
            self._base = self._highest = sequence
            self._received = 0
        self._received += 1

    def timed(self, timestamp: int, now: float) -> None:
        """Fold a voice packet into the jitter (A.8). Telephone events repeat timestamps and do not belong here."""
        transit = (now * CLOCK_HZ - timestamp) % 0x100000000
        if self._transit is not None:
            change = abs(transit - self._transit)
            self._jitter += (min(change, 0x100000000 - change) - self._jitter) / 16
        self._transit = transit

    @property
    def lost(self) -> int:
        """Packets expected less packets received; more received than expected (repeats) counts as none lost."""
        if self._highest < 0:
            return self._earlier[1]
        return self._earlier[1] + max(0, self._highest - self._base + 1 - self._received)

    @property
    def expected(self) -> int:
        """Packets that should have come, by their sequence numbers."""
        return self._earlier[0] + (self._highest - self._base + 1 if self._highest >= 0 else 0)

    @property
    def lost_of_source(self) -> int:
        """Of `lost` those of the present SSRC."""
        return self.lost - self._source_lost

    @property
    def highest(self) -> int:
        """The extended highest sequence number received, 0 before the first packet."""
        return max(0, self._highest)

    @property
    def jitter_units(self) -> int:
        """The jitter in timestamp units, as a report tells it."""
        return int(self._jitter)

    @property
    def jitter_ms(self) -> float:
        return self._jitter * 1000 / CLOCK_HZ
