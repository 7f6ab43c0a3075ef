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
        "_missing",
        "_source_lost",
        "complete",
        "extended",
        "jitter",
        "transit",
    )

    def __init__(self) -> None:
        self.complete = False
        """Whether every packet arrives (the gate is open), so that loss and jitter mean something."""
        self._base = 0
        self.extended = -1
        """The highest sequence number with its cycles; -1 before the stretch's first packet."""
        self._bad = -1
        self._missing = 0
        self._earlier = (0, 0)
        self._source_lost = 0
        self.transit: float | None = None
        """Of the last voice packet, None before the stretch's first."""
        self.jitter = 0.0
        """In timestamp units."""

    def rebase(self) -> None:
        """The next packet begins a new stretch: the gate has just opened, or the source began anew."""
        self._earlier = (self.expected, self.lost)
        self.extended = self._bad = -1
        self.transit = None

    def new_source(self) -> None:
        """The next packet is of another SSRC."""
        self.rebase()
        self._source_lost = self.lost

    def arrived(self, sequence: int) -> None:
        """Count a packet (A.1, without probation, which the latch does)."""
        if self.extended < 0:
            self._base = self.extended = sequence
            self._missing = 0
            return
        ahead = (sequence - self.extended) & 0xFFFF
        if ahead < MAX_DROPOUT:
            self.extended += ahead
            self._missing += ahead - 1
        elif ahead <= 0x10000 - MAX_MISORDER:
            if sequence != self._bad:
                self._bad = (sequence + 1) & 0xFFFF
                return
            self.rebase()
            self._base = self.extended = sequence
            self._missing = 0
        else:
            self._missing -= 1

    def timed(self, timestamp: int, now: float) -> None:
        """Fold a voice packet into the jitter (A.8). Telephone events repeat timestamps and do not belong here."""
        transit = now * CLOCK_HZ - timestamp
        if self.transit is not None:
            change = abs(transit - self.transit)
            self.jitter += (min(change, abs(0x100000000 - change)) - self.jitter) / 16
        self.transit = transit

    @property
    def lost(self) -> int:
        """Packets expected less packets received; more received than expected (repeats) counts as none lost."""
        if self.extended < 0:
            return self._earlier[1]
        return self._earlier[1] + max(0, self._missing)

    @property
    def expected(self) -> int:
        """Packets that should have come, by their sequence numbers."""
        return self._earlier[0] + (self.extended - self._base + 1 if self.extended >= 0 else 0)

    @property
    def lost_of_source(self) -> int:
        """Of `lost` those of the present SSRC."""
        return self.lost - self._source_lost

    @property
    def highest(self) -> int:
        """The extended highest sequence number received, 0 before the first packet."""
        return max(0, self.extended)

    @property
    def jitter_units(self) -> int:
        """The jitter in timestamp units, as a report tells it."""
        return int(self.jitter)

    @property
    def jitter_ms(self) -> float:
        return self.jitter * 1000 / CLOCK_HZ
