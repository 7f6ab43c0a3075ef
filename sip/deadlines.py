"""Deadlines in a heap: the next one is found without looking at the others."""

from collections.abc import Callable
from heapq import heapify, heappop, heappush

Alarm = Callable[[str, float], None]
"""Called with the deadline's name and `now` when its time has come."""

_COMPACT_ABOVE = 256


def _silent(name: str, now: float) -> None:
    """Takes the place of an alarm that is over, so that it keeps nothing alive."""


class Deadline:
    """One appointment. Cancelled ones stay in the heap until they surface or outnumber the living.

    The alarm is let go once it cannot ring any more: what it belongs to mostly holds its deadline.
    """

    __slots__ = ("_owner", "alarm", "at", "name", "waiting")

    def __init__(self, owner: "Deadlines", at: float, alarm: Alarm, name: str) -> None:
        self._owner = owner
        self.at = at
        self.alarm = alarm
        self.name = name
        self.waiting = True

    def cancel(self) -> None:
        """Nothing when it has passed or was cancelled before."""
        if self.waiting:
            self.waiting = False
            self.alarm = _silent
            self._owner.dropped()


class Deadlines:
    """All deadlines of one core, on its monotonic clock."""

    __slots__ = ("_count", "_dead", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deadline]] = []
        self._count = 0
        self._dead = 0

    def __len__(self) -> int:
        return len(self._heap) - self._dead

    def set(self, at: float, alarm: Alarm, name: str = "") -> Deadline:
        """Call `alarm(name, now)` once `at` has passed; equal times keep their order."""
        deadline = Deadline(self, at, alarm, name)
        self._count += 1
        heappush(self._heap, (at, self._count, deadline))
        return deadline

    def next(self) -> float | None:
        heap = self._heap
        while heap and not heap[0][2].waiting:
            heappop(heap)
            self._dead -= 1
        return heap[0][0] if heap else None

    def run(self, now: float) -> None:
        """Ring every alarm that is due. One that is set meanwhile for a time not after `now` rings too."""
        while (at := self.next()) is not None and at <= now:
            deadline = heappop(self._heap)[2]
            deadline.waiting = False
            alarm = deadline.alarm
            deadline.alarm = _silent
            alarm(deadline.name, now)

    def dropped(self) -> None:
        """A deadline was cancelled. Half the heap at most is waste."""
        self._dead += 1
        if self._dead > _COMPACT_ABOVE and self._dead * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].waiting]
            heapify(self._heap)
            self._dead = 0
