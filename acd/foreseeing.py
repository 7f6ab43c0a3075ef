"""How long callers wait: what is seen of it, and what is foreseen. `scripts/_foreseeing.lua` does the same."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from acd.estimates import (
    Estimate,
    Habits,
    Pace,
    Trust,
    check,
    expect,
    take,
    talk_over,
    tell,
    too_late,
    wait_over,
    wrap_up_over,
)
from acd.model import Enqueue, Place
from acd.pools import pool_of
from acd.records import CALL, WAITING, Entry, Foreseen, Queue
from acd.tenant import Tenant


@dataclass(slots=True)
class Foresight:
    """What is seen: how fast callers of each pool are taken; of each queue its callers, and how good estimates were."""

    paces: dict[str, Pace] = field(default_factory=lambda: defaultdict(Pace))
    habits: dict[str, Habits] = field(default_factory=lambda: defaultdict(Habits))
    trusts: dict[str, Trust] = field(default_factory=lambda: defaultdict(Trust))


class Foreseeing(Tenant):
    """A caller waits for the pools that are open to it: the one that promises to be first counts."""

    def __init__(self, tenant: str) -> None:
        super().__init__(tenant)
        self.foresight = Foresight()

    # --- What is foreseen -----------------------------------------------------------------------------------------

    def estimate(self, queue: str, places: Sequence[tuple[str, int]], now: int) -> Estimate | None:
        """The wait of whoever stands at these places (from 1) of these pools."""
        foresight, best = self.foresight, None
        for pool, position in places:
            working = self.staff.get(f"w:{pool}", 0)
            found = expect(foresight.paces[pool], foresight.habits[queue], now, position, working)
            if found is not None and (best is None or found.expected < best.expected):
                best = found
        return best

    def estimate_of(self, entry: Entry, now: int) -> Estimate | None:
        """How long the contact will wait from now on; of one that is being offered nothing is said."""
        if entry.state != WAITING:
            return None
        places = [(pool, self.rankings[f"open:{pool}"].rank(entry.member) + 1) for pool in entry.pools]
        return self.estimate(entry.queue, places, now)

    def foresee(self, entry: Entry) -> Estimate | None:
        """Remember what is foreseen for who has just come, unless somebody is free."""
        if any(self.rankings[f"idle:{pool}"] for pool in entry.pools):
            return None
        found = self.estimate_of(entry, self.clock.now)
        if found is not None:
            entry.terms.foreseen = Foreseen(self.clock.now, found.expected, found.low, found.high)
        return found

    def told(self, queue: str, found: Estimate | None) -> tuple[int, int]:
        """What may be told of it in milliseconds; (-1, -1): nothing, (low, -1): over low."""
        told = None if found is None or self.foresight.trusts[queue].silent else tell(found)
        return (-1, -1) if told is None else (told.low, -1 if told.high is None else told.high)

    def place_of(self, entry: Entry, now: int) -> Place:
        waiting = len(self.rankings[f"arrived:{entry.queue}"])
        position = 1
        if entry.state == WAITING:
            position += self.rankings[f"waiting:{entry.queue}"].rank(entry.member)
        found = self.estimate_of(entry, now)
        wait_s = None if found is None else (found.expected + 999) // 1000
        low, high = self.told(entry.queue, found)
        low_s, high_s = (None if ms < 0 else ms // 1000 for ms in (low, high))
        return Place(position, waiting, now - entry.arrived, wait_s, low_s, high_s)

    def wait_of_the_next(self, entry: Entry) -> int:
        """How long somebody would wait who came now and stood last, where the contact stands; 0: nothing is known."""
        places = [(pool, len(self.rankings[f"open:{pool}"]) + 1) for pool in entry.pools]
        found = self.estimate(entry.queue, places, self.clock.now)
        return 0 if found is None else found.expected

    def comes_too_late(self, queue: Queue, new: Enqueue, now: int) -> bool:
        """Whether who comes for the first time cannot be served before the service closes."""
        if not new.closes_ms or new.arrived_ms:
            return False
        score = min(new.since_ms or now, now) - queue.priority - new.priority_s * 1000
        site = self.home(new.site)
        pools = [pool_of(queue, number, site) for number in range(1, len(queue.tiers) + 1)]
        if now < new.closes_ms and any(self.rankings[f"idle:{pool}"] for pool in pools):
            return False
        places = [(pool, self.rankings[f"open:{pool}"].up_to(score) + 1) for pool in pools]
        _, working = self.there(pools)
        return too_late(now, new.closes_ms, self.estimate(queue.queue, places, now), working)

    # --- What is seen ---------------------------------------------------------------------------------------------

    def saw_taken(self, entry: Entry) -> None:
        """Somebody answered the contact."""
        now, foresight = self.clock.now, self.foresight
        for pool in entry.pools:
            take(foresight.paces[pool], now, entry.arrived, self.staff.get(f"w:{pool}", 0))
        self._saw_over(entry, answered=True)

    def saw_left(self, entry: Entry) -> None:
        """The contact waits no more, and nobody answered."""
        self._saw_over(entry, answered=False)

    def _saw_over(self, entry: Entry, *, answered: bool) -> None:
        if entry.terms.kind != CALL:
            return  # no caller was on the line who could have given up
        now, was = self.clock.now, entry.terms.foreseen
        wait_over(self.foresight.habits[entry.queue], now - entry.arrived, gave_up=not answered)
        if was is not None:
            estimate = Estimate(was.expected, was.low, was.high)
            check(self.foresight.trusts[entry.queue], estimate, now - was.at, answered=answered)

    def saw_talk(self, queue: str, lasted: int) -> None:
        talk_over(self.foresight.habits[queue], lasted)

    def saw_wrap_up(self, queue: str, lasted: int) -> None:
        wrap_up_over(self.foresight.habits[queue], lasted)
