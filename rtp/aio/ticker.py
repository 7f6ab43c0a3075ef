"""The clock of all media: 20 ms ticks against absolute deadlines, in four slots so that no burst is long.

Each slot first reads what has come, then plays: one wake-up of the loop for many packets.
"""

import asyncio
import math
from typing import Final, Protocol

from rtp.aio.readiness import Readiness
from rtp.sender import TICK_S

SLOTS: Final = 4
SLOT_S: Final = TICK_S / SLOTS
AWAKE_S: Final = 0.1
"""How long slots go on after the last thing heard: a stream is read in slots, a quiet node sleeps."""
AFTER_S: Final = 1e-6
MOST_BEHIND: Final = 5 * SLOTS
"""Slots (100 ms) that are caught up with after a stall; what is older is skipped, and counted as due."""


class Ticked(Protocol):
    def tick(self, now: float) -> None:
        """20 ms have passed since the last one (10 for who wants that), give or take the loop's lateness."""

    def skip(self, ticks: int) -> None:
        """20 ms, this many times, whose ticks were due and are not coming."""


class Ticker:
    """Calls `tick` of each of its members every 20 ms; without any it rests until a datagram comes."""

    __slots__ = (
        "_awake_until",
        "_listening",
        "_loop",
        "_members",
        "_next",
        "_readiness",
        "_slots",
        "_start",
        "_timer",
        "skipped",
        "worst_late_s",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, readiness: Readiness) -> None:
        self._loop = loop
        self._readiness = readiness
        self._slots: tuple[dict[Ticked, None], ...] = tuple({} for _ in range(SLOTS))
        self._members: dict[Ticked, tuple[int, ...]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._listening: int | None = None
        self._awake_until = 0.0
        self._start = 0.0
        self._next = 0
        self.skipped = 0
        """Slots that were never run."""
        self.worst_late_s = 0.0

    def start(self) -> None:
        """A socket is watched: read from now on what comes. Nothing if that is so already."""
        if self._timer is not None or self._listening is not None:
            return
        fd = self._readiness.fd
        if fd is None:
            self._begin()
        else:
            self._listening = fd
            self._loop.add_reader(fd, self._woken)

    def _woken(self) -> None:
        """The first datagram after a rest: read at once, those that follow it in slots."""
        self._begin()
        self._hear(self._loop.time())

    def _begin(self) -> None:
        self._deafen()
        self._start = self._loop.time() + SLOT_S
        self._next = 0
        self._timer = self._loop.call_at(self._start, self._run)

    def _deafen(self) -> None:
        if self._listening is not None:
            self._loop.remove_reader(self._listening)
            self._listening = None

    def _hear(self, now: float) -> None:
        if self._readiness.poll(now):
            self._awake_until = now + AWAKE_S

    def slot_after(self, at: float) -> float:
        """Just after the first slot from `at` on begins: who has time works then, in the same wake-up of the loop."""
        if self._timer is None:
            return at
        return self._start + max(self._next, math.ceil((at - self._start) / SLOT_S)) * SLOT_S + AFTER_S

    def add(self, member: Ticked, *, twice: bool = False) -> None:
        """Into the slot with the fewest members, among equals the one that comes next. Nothing if it is in one.

        `twice`: a tick every 10 ms, by the slot that is half a round away too.
        """
        if member in self._members:
            return
        if self._timer is None:
            self._begin()
        slots = self._slots
        slot = min(((self._next + i) % SLOTS for i in range(SLOTS)), key=lambda slot: len(slots[slot]))
        self._members[member] = (slot, (slot + SLOTS // 2) % SLOTS) if twice else (slot,)
        for chosen in self._members[member]:
            slots[chosen][member] = None

    def remove(self, member: Ticked) -> None:
        """No more ticks for it. Nothing if it has none."""
        for slot in self._members.pop(member, ()):
            del self._slots[slot][member]

    def _run(self) -> None:
        now = self._loop.time()
        behind_s = now - self._start - self._next * SLOT_S
        self.worst_late_s = max(self.worst_late_s, behind_s)
        if behind_s > MOST_BEHIND * SLOT_S:
            self._skip(int(behind_s / SLOT_S))
        self._hear(now)
        for member in tuple(self._slots[self._next % SLOTS]):
            member.tick(now)
        self._next += 1
        if self._members or now < self._awake_until or (self._readiness.watching and self._readiness.fd is None):
            self._timer = self._loop.call_at(self._start + self._next * SLOT_S, self._run)
            return
        self._timer = None
        if self._readiness.watching:
            self.start()

    def _skip(self, slots: int) -> None:
        """Leave out whole ticks, so that each slot stays in its turn."""
        ticks = slots // SLOTS
        for member in self._members:
            member.skip(ticks)
        self._next += ticks * SLOTS
        self.skipped += ticks * SLOTS

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._deafen()
