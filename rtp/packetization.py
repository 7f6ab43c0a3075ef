"""Frames of 20 ms as the packets a peer asks for by `a=ptime` (RFC 8866 §6.4), tick by tick."""

from collections.abc import Iterable, Iterator
from typing import Final

PACKETS_MS: Final = (10, 20, 30, 40)
"""Lengths that are sent."""
HALF: Final = 80
"""10 ms of G.711."""

Payloads = Iterator[bytes | None]


def packet_ms(asked_ms: int) -> int:
    """The longest length that is sent and is no longer than what the peer asks for, or the shortest."""
    return max((length for length in PACKETS_MS if length <= asked_ms), default=PACKETS_MS[0])


def ticks_a_frame(length_ms: int) -> int:
    """How many ticks there are in 20 ms for packets of this length."""
    return 2 if length_ms < 20 else 1


def by_tick(frames: Iterable[bytes], length_ms: int) -> Payloads:
    """What to send at each tick (`ticks_a_frame`) so that the packets last `length_ms`; the last may be shorter.

    No packet is late for its place in time: two of 30 ms go out in the first two of three ticks.
    """
    return _REPACKED[length_ms](iter(frames))


def _halves(frames: Iterator[bytes]) -> Payloads:
    for frame in frames:
        yield frame[:HALF]
        yield frame[HALF:]


def _whole(frames: Iterator[bytes]) -> Payloads:
    yield from frames


def _one_and_a_half(frames: Iterator[bytes]) -> Payloads:
    for frame in frames:
        middle = next(frames, b"")
        yield frame + middle[:HALF]
        if middle:
            yield middle[HALF:] + next(frames, b"")
            yield None


def _pairs(frames: Iterator[bytes]) -> Payloads:
    for frame in frames:
        yield frame + next(frames, b"")
        yield None


_REPACKED: Final = {10: _halves, 20: _whole, 30: _one_and_a_half, 40: _pairs}
