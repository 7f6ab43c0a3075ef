"""The distributor's port. `acd.store` is it on Redis; the simulator's stands on `acd.policy.Model`.

Every command is atomic, checks everything before it changes anything, and may be repeated: the second time it gives
the first answer. A command that can make decisions makes them in the same step; offers reach the node that holds the
caller through `listen`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from acd.model import (
    AgentId,
    AgentNow,
    AgentSpec,
    Enqueue,
    NodeId,
    Offer,
    OfferId,
    PartnerSpec,
    Place,
    QueueId,
    QueueNumbers,
    QueueSpec,
    Revoked,
    SiteId,
    SiteSpec,
)


class DistributorError(Exception):
    """Base of what the distributor refuses or cannot do."""


class Refused(DistributorError):
    """The command does not fit the state; `code` says how.

    NOQUEUE, NOAGENT, NOCONTACT, NOOFFER (gone, or another fence holds it), BADSTATE, FULL, CLOSING (cannot be served
    before the service closes), OVERTAKEN (by a later configuration).
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code


class Unavailable(DistributorError):
    """The store cannot be reached, or did not confirm in time; whether the command was done is not known. Repeat it."""


def said_concluded(concluded: bool | None) -> str:
    """As commands and events have it."""
    return "" if concluded is None else "yes" if concluded else "no"


class Distributor(Protocol):
    """One tenant's distributor, seen from one node."""

    def listen(self, node: NodeId, heard: Callable[[Offer | Revoked], None]) -> None:
        """`heard` gets the offers for contacts that `node` holds, and the leases it loses, in the loop's thread."""

    async def configure(
        self,
        queues: Sequence[QueueSpec],
        agents: Sequence[AgentSpec],
        sites: Sequence[SiteSpec] = (),
        partners: Sequence[PartnerSpec] = (),
    ) -> None:
        """Make these the queues, agents, sites and partners. Contacts and agents at work are left as they are.

        Done in slices, so that nobody waits for it; one that begins later overtakes it, and then this just returns.
        """

    async def put_agent(self, spec: AgentSpec) -> None:
        """Have this agent, whatever `configure` says of it, until it is dropped."""

    async def drop_agent(self, agent: AgentId) -> None:
        """Take back what was put: as configured again, or gone. Raises Refused(NOAGENT; BADSTATE: nothing was put)."""

    async def on_duty(self, queue: QueueId, agents: Sequence[AgentId]) -> None:
        """These are on duty for a rostered queue now, and nobody else. Nothing when they are already."""

    async def site_lost(self, site: SiteId, cause: str) -> None:
        """The site cannot take calls: its callers go to the tiers for that. Nothing when it is not configured."""

    async def site_back(self, site: SiteId) -> None:
        """It can again."""

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None:
        """The agent is here. Nothing when logged in already."""

    async def log_out(self, agent: AgentId, reason: str) -> None:
        """The agent is gone; an offer fails as `unreachable`, a talk is left to its node, which finishes it."""

    async def ready(self, agent: AgentId) -> None:
        """Ready for contacts; ends a wrap-up. While talking it is remembered for after the wrap-up."""

    async def not_ready(self, agent: AgentId, reason: str) -> None:
        """Takes no contacts; ends a wrap-up and the rest after a miss.

        While talking it is remembered for after the wrap-up; while offered the offer fails as rejected.
        """

    async def enqueue(self, entry: Enqueue) -> Place:
        """Give a contact a place. Raises Refused(NOQUEUE, FULL; BADSTATE: it talks, or is in another queue still).

        Repeated for a contact that is being offered, it tells the offer again. An offer may be heard before this has
        returned.
        """

    async def leave(self, contact: str, cause: str, *, flowed_out: bool = False) -> None:
        """The contact leaves the queue without an agent; one whose phone rings keeps its place among the idle.

        Nothing when it is not there; after an accept the same as `finish`.
        """

    async def place(self, contact: str) -> Place:
        """Where the contact stands. Raises Refused(NOCONTACT)."""

    async def accept(self, offer: OfferId, fence: int) -> None:
        """The agent answered. Raises Refused(NOOFFER) when the lease is lost: hang up the agent."""

    async def fail(self, offer: OfferId, fence: int, cause: str) -> None:
        """The agent did not take it: the caller keeps the place, the agent goes not ready for `cause`.

        `caller_left` is `leave` for a caller who hung up. Raises Refused(NOOFFER) when the lease is lost already.
        """

    async def finish(self, contact: str, cause: str) -> None:
        """The talk is over; the agent goes to wrap-up, ready or what was asked for meanwhile. Nothing when unknown.

        Before an accept the same as `leave`: nobody stays in a queue after its end.
        """

    async def occupy(self, agent: AgentId, reason: str, at_most_s: float) -> None:
        """Not ready for `reason`, and ready again by itself after `at_most_s`. Raises Refused(BADSTATE).

        Who is occupied already stays so for `conference` and `transferred`, which may be said again and again, if the
        reason until then was one of these or `consult`.
        """

    async def end_wrap_up(self, agent: AgentId, topic: str = "", *, concluded: bool | None = None) -> None:
        """The agent is done with the contact, which is `concluded` or not. Raises Refused(BADSTATE): no wrap-up."""

    async def due(self) -> float:
        """Do all that time does (leases, wrap-ups, dead nodes). Gives the seconds until it should be called next."""

    async def beat(self, node: NodeId, contacts: int) -> None:
        """The node lives; without a beat for the lease's term its offers and talks are given up by `due`."""

    async def drop_node(self, node: NodeId, cause: str) -> int:
        """All that `node` held (from a run before this one) is ended with `cause`. Gives how many contacts."""

    async def queues(self) -> list[QueueNumbers]: ...

    async def agents(self) -> list[AgentNow]: ...
