"""Where in a mix a packet belongs: a small jitter buffer of fixed depth, told as places on the mix's own clock.

Times are in samples of 8 kHz. A packet without a place is lost to the mix, which is silent in its stead.
"""

from typing import Final

DEPTH: Final = 320
"""40 ms from the next frame that is mixed to the first packet: with the wait for that frame, 40 to 60 ms of delay."""
MOST_AHEAD: Final = 960
"""120 ms: a packet that begins later than that has come too early."""
MOST_MISFITS: Final = 5
PERIOD: Final = 16_000
"""Two seconds: with as many misfits within them, each at a frame of its own, the sender's clock is another now.

A burst after a stall is late at one frame only, and so does not make the delay longer for good.
"""
_NO_SOURCE: Final = -1


class JitterBuffer:
    """The places of one source after the other. The mix keeps the sound itself."""

    __slots__ = ("_misfits", "_misfits_since", "_shift", "_ssrc", "_told_at")

    def __init__(self) -> None:
        self._ssrc = _NO_SOURCE
        self._shift = 0
        self._misfits = 0
        self._misfits_since = 0
        self._told_at = -1

    def place(self, timestamp: int, ssrc: int, at: int, *, marker: bool) -> int | None:
        """Where the packet begins, `at` (the next frame) or later; None where it comes too late or too early.

        A talkspurt (`marker`) that does not fit begins at full depth, as does a new source.
        """
        if ssrc == self._ssrc:
            ahead = ((timestamp + self._shift - at + 0x80000000) & 0xFFFFFFFF) - 0x80000000
            if 0 <= ahead <= MOST_AHEAD:
                return at + ahead
            if not marker and not self._is_another_clock(at):
                return None
        self._ssrc = ssrc
        self._shift = at + DEPTH - timestamp
        self._misfits = 0
        return at + DEPTH

    def _is_another_clock(self, at: int) -> bool:
        if at == self._told_at:
            return False
        self._told_at = at
        if self._misfits == 0 or at - self._misfits_since > PERIOD:
            self._misfits = 0
            self._misfits_since = at
        self._misfits += 1
        return self._misfits >= MOST_MISFITS
