"""How offers and lost leases reach the code that holds the callers: each once, in the loop's thread."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from acd.model import AgentId, Grounds, NodeId, Offer, OfferId, QueueId, Revoked, SiteId

REMEMBERED = 4096
"""How many of the last messages are remembered, to know a repeated one."""


class Post:
    """Gives messages to `heard` as soon as the loop is free, so that the command that made them can return first.

    `forgotten` is told when the store has lost everything and was configured again: all agents are logged out there.
    """

    def __init__(self) -> None:
        self.heard: Callable[[Offer | Revoked], None] | None = None
        self.forgotten: Callable[[], None] | None = None
        self._seen: dict[str | int, None] = {}

    def deliver(self, messages: Iterable[Offer | Revoked]) -> None:
        """Drops what was delivered before: an offer by its fence, a lost lease by its offer.

        Also an offer that is over already: answers and the node's stream come by two ways, in any order.
        """
        for message in messages:
            key = message.fence if isinstance(message, Offer) else message.offer
            if self.heard is None or key in self._seen or message.offer in self._seen:
                continue
            self._seen[key] = None
            if len(self._seen) > REMEMBERED:
                del self._seen[next(iter(self._seen))]
            asyncio.get_running_loop().call_soon(self.heard, message)

    def begin_anew(self) -> None:
        """The store counts its fences from the start again: what was delivered before says nothing any more."""
        self._seen.clear()
        if self.forgotten is not None:
            asyncio.get_running_loop().call_soon(self.forgotten)


def read(message: Mapping[str, Any]) -> Offer | Revoked:
    """The message that a script wrote."""
    offer, contact = OfferId(message["offer"]), message["contact"]
    if "fence" not in message:
        return Revoked(offer, contact, message["cause"])
    return Offer(
        offer=offer,
        contact=contact,
        queue=QueueId(message["queue"]),
        agent=AgentId(message["agent"]),
        site=SiteId(message["site"]),
        node=NodeId(message["node"]),
        fence=message["fence"],
        deadline_ms=message["deadline_ms"],
        rings_for_ms=message["rings_for_ms"],
        waited_ms=message["waited_ms"],
        total_waited_ms=message["total_waited_ms"],
        grounds=Grounds(**message["grounds"]),
    )
