"""Whose RTP a leg hears: the source its SDP names, else one that proves itself, and then no other.

Behind NAT a phone's packets come from an address that its SDP does not name, so another source may be right; but a
sprayed packet must not become one. The named address is believed at once, another after PROBATION packets in sequence,
and it gives way to the named one until DOUBTED of its packets were heard: who speaks first does not win.
"""

from typing import Final

Address = tuple[str, int]

PROBATION: Final = 4
PROBATION_LEFT: Final = 50
"""For the source that an SDP update has moved away from: its last packets are still under way."""
DOUBTED: Final = 250
"""Five seconds of voice, within which a phone that its SDP names rightly has spoken."""
MOST_CANDIDATES: Final = 8


class Latch:
    """`source` is who is heard, None while the latch is open."""

    __slots__ = ("_believed", "_candidates", "_doubted", "_left", "named", "previous", "relatched", "source")

    def __init__(self, named: Address | None) -> None:
        self.named = named
        self.source: Address | None = None
        self.previous: Address | None = None
        self.relatched = False
        """Whether the latch closed on another source than the one heard before."""
        self._believed: tuple[Address | None, ...] = (named,)
        self._left: Address | None = None
        self._doubted = 0
        self._candidates: dict[Address, tuple[int, int, int]] = {}

    @property
    def target(self) -> Address | None:
        """Where to send: who is heard, else who was heard, else whom the SDP names."""
        return self.source or self.previous or self.named

    def reopen(self) -> None:
        """Let another source in (a time-out, an SDP update); the one heard so far is still believed at once."""
        self.previous = self.source or self.previous
        self.source = None
        self._doubted = 0
        self._believed = (self.named, self.previous)
        self._candidates.clear()

    def move(self, named: Address | None) -> None:
        """The SDP names another address: send there from now on, and do not believe the old source."""
        self._left = self.source or self.previous or self._left
        self.named, self.source, self.previous = named, None, None
        self._doubted = 0
        self._believed = (named,)
        self._candidates.clear()

    def admits(self, source: Address, ssrc: int, sequence: int) -> bool:
        """Whether a packet from `source` is to be heard. It may close the latch."""
        if self.source is not None and (source != self.named or not self._doubted):
            return source == self.source
        if source not in self._believed and not self._proven(source, ssrc, sequence):
            return False
        before = self.source or self.previous or self._left
        self.relatched = before is not None and before != source
        self.source = source
        self._doubted = 0 if self.named is None or source in self._believed else DOUBTED
        self._candidates.clear()
        return True

    def settles(self) -> bool:
        """To be asked after each packet until it is so: whether no other source can be heard any more."""
        self._doubted = max(0, self._doubted - 1)
        return self.source is not None and not self._doubted

    def _proven(self, source: Address, ssrc: int, sequence: int) -> bool:
        seen = self._candidates.pop(source, None)
        in_order = seen is not None and seen[:2] == (ssrc, sequence)
        count = seen[2] + 1 if seen is not None and in_order else 1
        if len(self._candidates) >= MOST_CANDIDATES:
            del self._candidates[next(iter(self._candidates))]
        self._candidates[source] = (ssrc, (sequence + 1) & 0xFFFF, count)
        return count >= (PROBATION_LEFT if source == self._left else PROBATION)
