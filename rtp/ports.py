"""Which media ports are free, by the even number (RTP; RTCP is the odd one above), with quarantine after use."""

import itertools
from collections import deque
from collections.abc import Iterable


class PortPool:
    """Gives the port that has been free the longest, and none before `quarantine_s` has passed since its last use."""

    __slots__ = ("_free", "_quarantine", "_quarantine_s")

    def __init__(
        self, ports: Iterable[int], quarantine_s: float, quarantined: Iterable[int] = (), now: float = 0.0
    ) -> None:
        """`quarantined`: those of `ports` that somebody else gave back just `now`."""
        used = frozenset(quarantined)
        self._free = deque(port for port in ports if port not in used)
        self._quarantine: deque[tuple[float, int]] = deque()
        self._quarantine_s = quarantine_s
        for port in sorted(used):
            self.give(port, now)

    def take(self, now: float) -> int | None:
        """An even port; None when all are in use or in quarantine."""
        quarantine = self._quarantine
        while quarantine and quarantine[0][0] <= now:
            self._free.append(quarantine.popleft()[1])
        return self._free.popleft() if self._free else None

    def give(self, port: int, now: float) -> None:
        """The port is no longer used: late packets of its call may still come for a while."""
        self._quarantine.append((now + self._quarantine_s, port))

    @property
    def free(self) -> int:
        """Ports that are free, without those whose quarantine has passed since the last `take`."""
        return len(self._free)


def divide(first: int, last: int, parts: int) -> list[tuple[int, int]]:
    """The range in so many parts of whole pairs, as alike as can be: the first and last port of each."""
    even = first + first % 2
    pairs = max(last + 1 - even + 1, 0) // 2
    bounds = [even + 2 * (pairs * i // parts) for i in range(parts + 1)]
    return [(low, high - 1) for low, high in itertools.pairwise(bounds)]
