"""Shows in production that what must never happen has not, and turns /health ailing when it has."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from acd.distributor import DistributorError
from acd.invariants import INVARIANTS, Proofs
from metrics.health import Ailing
from metrics.prometheus import Labelled

_log = structlog.get_logger(__name__)

EVERY_S = 10.0
MOST_QUEUES = 200


class InvariantsWatch:
    """A violation that was counted before the node started is in the figures, and makes nobody ail for ever."""

    def __init__(self, read: Callable[[], Awaitable[Proofs]], every_s: float = EVERY_S) -> None:
        """`read` raises DistributorError where the store is away: what was seen last stays."""
        self._read = read
        self._every_s = every_s
        self._seen = Proofs(dict.fromkeys(INVARIANTS, 0))
        self._at_start: dict[str, int] | None = None
        self._stuck: frozenset[str] = frozenset()
        self._stuck_ever = 0

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Read them now, if they can be read."""
        try:
            seen = await self._read()
        except DistributorError as error:
            _log.warning("the invariants cannot be looked at", error=str(error))
            return
        seen = self._with_stuck(seen)
        if self._at_start is None:
            self._at_start = dict(seen.violations)
        # A store that came back empty counts from nought again.
        self._at_start = {name: min(count, seen.violations[name]) for name, count in self._at_start.items()}
        for name, count in seen.violations.items():
            if count > max(self._seen.violations[name], self._at_start[name]):
                _log.error("an invariant is broken", invariant=name, seen=INVARIANTS[name], count=count)
        self._seen = seen

    def _with_stuck(self, seen: Proofs) -> Proofs:
        """What is overdue in two looks is stuck: counted once, by each node that sees it."""
        stuck = seen.overdue & self._seen.overdue
        self._stuck_ever += len(stuck - self._stuck)
        self._stuck = stuck
        counted = seen.violations["stuck_state"] + self._stuck_ever
        return replace(seen, violations=seen.violations | {"stuck_state": counted})

    async def check(self) -> str:
        """A check for `metrics.health`. Callers are served all the same."""
        before = self._at_start or {}
        broken = {name: n - before.get(name, 0) for name, n in self._seen.violations.items() if n > before.get(name, 0)}
        told = [f"{INVARIANTS[name]}: {count} times" for name, count in broken.items()]
        told += [f"O - A - L - F - W of {queue} is {off}" for queue, off in self._seen.balances.items() if off]
        if told:
            raise Ailing("; ".join(told))
        return f"none of {len(INVARIANTS)} broken, {len(self._seen.balances)} queues add up"

    def labelled(self) -> list[Labelled]:
        """The figures for /metrics."""
        return [
            Labelled(
                "invariant_violations_total",
                "Brudd på invarianter: what must never happen and was seen all the same, since the store was empty",
                ("invariant",),
                lambda: {(name,): count for name, count in self._seen.violations.items()},
            ),
            Labelled(
                "queue_balance",
                "Balanse: O - A - L - F - W of the distributor's own numbers; anything but 0 is a fault",
                ("queue",),
                lambda: {(queue,): off for queue, off in self._seen.balances.items()},
                MOST_QUEUES,
                shared=True,
            ),
            Labelled(
                "distributor_overdue",
                "Over tiden: offers, wrap-ups and leases that are beyond their time limit in two looks",
                (),
                lambda: {(): len(self._stuck)},
            ),
        ]
