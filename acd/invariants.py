"""What must never happen, as the scripts count it where it would, and whether each queue's numbers add up."""

from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from acd.connection import available
from acd.keys import Keys

INVARIANTS = {
    "two_offers_contact": "a contact had two live offers",
    "two_offers_agent": "an agent had two live offers",
    "no_owner": "a contact was held by no node",
    "stuck_state": "an agent was in a bounded state beyond its bound",
    "overtaken": "a contact was overtaken within equal priority and eligibility",
}
"""By the name after `violated:` in `meta`, where the scripts count them; what is seen of it."""


OVERDUE_MS = 10_000
MOST_OVERDUE = 100


@dataclass(frozen=True, slots=True)
class Proofs:
    """`violations`: how often each invariant was seen broken, since the store was empty.

    `balances`: O - A - L - F - W of each queue, which is 0. `overdue`: what had a time limit, by its name among the
    deadlines, and is beyond it by more than OVERDUE_MS; one look alone may see what is just being put in order.
    """

    violations: dict[str, int] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    overdue: frozenset[str] = frozenset()


class Invariants:
    """Reads them for one tenant; cheap enough for every few seconds."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client: Any = client
        self._keys = Keys(tenant)

    async def read(self) -> Proofs:
        """At one moment, so that no command is half seen. Raises Unavailable."""
        named = self._keys.named
        async with available():
            queues = sorted(await self._client.hkeys(named("queues")))
            now_ms = int(await self._client.hget(named("meta"), "now") or 0)
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.zrange(
                    named("deadlines"), "-inf", f"({now_ms - OVERDUE_MS}", byscore=True, offset=0, num=MOST_OVERDUE
                )
                pipeline.hmget(named("meta"), *(f"violated:{name}" for name in INVARIANTS))
                for queue in queues:
                    pipeline.hmget(named(f"numbers:{queue}"), "o", "a", "l", "f")
                    pipeline.zcard(named(f"arrived:{queue}"))
                overdue, violated, *numbers = await pipeline.execute()
        balances = {}
        for queue, counts, waiting in zip(queues, numbers[::2], numbers[1::2], strict=True):
            offered, *ended = (int(count or 0) for count in counts)
            balances[queue] = offered - sum(ended) - waiting
        violations = {name: int(count or 0) for name, count in zip(INVARIANTS, violated, strict=True)}
        return Proofs(violations, balances, frozenset(overdue))
