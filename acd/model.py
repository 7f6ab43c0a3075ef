"""What the distributor knows: queues, agents, sites, entries, offers. Values only."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

QueueId = NewType("QueueId", str)
AgentId = NewType("AgentId", str)
SiteId = NewType("SiteId", str)
OfferId = NewType("OfferId", str)
NodeId = NewType("NodeId", str)

OFFER_GRACE_MS = 3_000
"""An offer's lease outlives its ringing by this, so that the node tells how it ended before time does."""
NODE_LEASE_MS = 10_000
"""A node that does not beat for this long is dead."""
GAP_MS = 5_000
"""No command at all for longer than this means that the store was away: leases get a fresh term first."""
STEP_LIMIT = 200
"""The most that one call of `due` or `drop_node` does; the rest is for the next."""


class AgentState(StrEnum):
    """`definitions`: one state at a time; every state that could get stuck has a time limit."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    NOT_READY = "not_ready"
    OFFERED = "offered"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue as configured. `skill` (the queue's own name when empty) and `level` (1-9, least) say who may serve it.

    `priority_s` is a head start in seconds for everybody in it; `offer_s` the longest ringing; `wrap_up_s` the longest
    wrap-up (0: none); `target_s` and `short_s` are T and s of the measures.
    """

    queue: QueueId
    skill: str = ""
    level: int = 1
    priority_s: int = 0
    offer_s: int = 20
    wrap_up_s: int = 0
    target_s: int = 45
    short_s: int = 10
    max_waiting: int = 10_000


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """An agent as configured: skills with levels (1-9), and the site.

    After a missed offer the agent is ready again by itself after `rest_s`; with 0 only when the agent says so.
    """

    agent: AgentId
    site: SiteId
    skills: dict[str, int] = field(default_factory=dict)
    rest_s: int = 0


@dataclass(frozen=True, slots=True)
class Enqueue:
    """A contact that wants a place. `arrived_ms` (epoch) keeps the start of an earlier wait; 0 means now.

    Repeated for a contact that is in the queue already, it gives the entry that is there (a take-over re-enters).
    """

    contact: str
    queue: QueueId
    node: NodeId
    priority_s: int = 0
    arrived_ms: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contact stands: `position` from 1, `waiting` in all, and the estimated wait if there is one."""

    position: int
    waiting: int
    waited_ms: int
    estimated_wait_s: int | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A lease: `agent` is to be rung for `contact` by `node`, which holds the caller, until `deadline_ms` (epoch)."""

    offer: OfferId
    contact: str
    queue: QueueId
    agent: AgentId
    site: SiteId
    node: NodeId
    fence: int
    deadline_ms: int
    rings_for_ms: int
    waited_ms: int


@dataclass(frozen=True, slots=True)
class Revoked:
    """A lease of this node ended otherwise (its deadline passed, a log-out): stop ringing, keep the caller."""

    offer: OfferId
    contact: str
    cause: str


@dataclass(frozen=True, slots=True)
class QueueNumbers:
    """A queue at this moment: `waiting` is W, those being offered included.

    `offered`, `answered`, `lost` and `flowed_out` are O, A, L and F since the queue was made: always O = A + L + F + W.
    `agents` counts those who may serve it, by state.
    """

    queue: QueueId
    waiting: int
    longest_wait_ms: int
    agents: dict[str, int] = field(default_factory=dict)
    offered: int = 0
    answered: int = 0
    lost: int = 0
    flowed_out: int = 0


@dataclass(frozen=True, slots=True)
class AgentNow:
    """An agent at this moment."""

    agent: AgentId
    site: SiteId
    state: AgentState
    reason: str
    since_ms: int
    contact: str = ""
