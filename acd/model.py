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
NODE_LEASE_MS = 3_000
"""A node that does not beat for this long is dead: it beats six times in it."""
GAP_MS = 1_500
"""No command at all for longer than this means that the store was away: leases get a fresh term first."""
RECHECK_MS = 1_000
"""The state of a queue that may open tiers is looked at this often while callers wait."""
RECHECK_MOST = 24
"""For how many of a queue's callers its state is looked at in one go: half of them those who wait longest."""
TIERS_CHANGED = 1_000
"""What changed tiers add to the `rules` of a queue; callers whose sites are others' now add one."""
FROM_THE_FIRST = -(10**12)
"""Before every place in a queue."""
SLOW_STEP = 200
"""What such a look counts for among the steps of `due`."""
STEP_LIMIT = 200
"""What the steps of one call of `due` or `drop_node` may count for; the rest is for the next call."""


class AgentState(StrEnum):
    """`definitions`: one state at a time; every state that could get stuck has a time limit."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    NOT_READY = "not_ready"
    OFFERED = "offered"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


@dataclass(frozen=True, slots=True)
class Tier:
    """Who may serve callers of a queue, and from when on: once any condition holds; without conditions from the start.

    Who: agents with the queue's skills whose site is the caller's `own`, it or one of its `neighbours`, any (`all`) or
    among those named, and who are in one of `groups` where there are any; `level` (0: the queue's) takes the place of
    the level of the queue's own skill, `skill` that of the skill itself: so generalists come in. Or a `partner`.

    When: after a total wait of `after_s`; when somebody new would wait `estimate_s`; when `waiting` wait; when in the
    tiers before nobody is `logged_in`, or `at_work` (all are on a break); when the caller's site is lost; `closing_s`
    before the caller's closing time. A tier that has opened for a caller stays so.
    """

    sites: str | tuple[str, ...] = "all"
    groups: tuple[str, ...] = ()
    skill: str = ""
    level: int = 0
    partner: str = ""
    after_s: int = 0
    estimate_s: int = 0
    waiting: int = 0
    nobody: str = ""
    site_lost: bool = False
    closing_s: int = 0


EVERYBODY = (Tier(),)


@dataclass(frozen=True, slots=True)
class Serving:
    """By what agents and callers are chosen.

    `requires`: skills needed besides the queue's own, with least levels; `wishes`: those that are preferred. `by`: the
    longest `idle` agent, or the one who fits best (`level`: wishes met, then the level in the queue's own skill), then
    the longest idle. `fairness` between queues that want the same agent: the longest `wait`, or wait against `target`.
    """

    requires: dict[str, int] = field(default_factory=dict)
    wishes: dict[str, int] = field(default_factory=dict)
    by: str = "idle"
    fairness: str = "wait"


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue as configured. `skill` (the queue's own name when empty) and `level` (1-9, least) say who may serve it.

    `priority_s` is a head start in seconds for everybody in it; `offer_s` the longest ringing; `wrap_up_s` the longest
    wrap-up (0: none); `target_s` and `short_s` are T and s of the measures. A `rostered` queue is served by those on
    duty alone.
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
    tiers: tuple[Tier, ...] = EVERYBODY
    serving: Serving = Serving()
    rostered: bool = False


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """A contact centre. `neighbours` help its callers.

    `into`: the site that it became part of; its callers, those who wait too, are that one's from now on.
    """

    site: SiteId
    neighbours: tuple[SiteId, ...] = ()
    into: SiteId = SiteId("")


@dataclass(frozen=True, slots=True)
class PartnerSpec:
    """A site outside, over a trunk: `capacity` of our callers at once, each rung for `rings_s` at most.

    Who does not answer is not asked again for `rest_s`. In the distributor it is slots, agents named `partner/1` on.
    """

    partner: str
    capacity: int = 1
    rings_s: int = 60
    rest_s: int = 60


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """An agent as configured: skills with levels (1-9), the site, and groups.

    After a missed offer the agent is ready again by itself after `rests` of its cause (no_answer, busy, rejected,
    unreachable), else after `rest_s`; with 0 only when the agent says so. Who missed `log_out_after` in a row is logged
    out (0: never).
    """

    agent: AgentId
    site: SiteId
    skills: dict[str, int] = field(default_factory=dict)
    rest_s: int = 0
    groups: tuple[str, ...] = ()
    rests: dict[str, int] = field(default_factory=dict)
    log_out_after: int = 0


@dataclass(frozen=True, slots=True)
class Enqueue:
    """A contact that wants a place. `arrived_ms` (epoch) keeps the start of an earlier wait; 0 means now.

    `since_ms` is when the wait of the whole journey would have begun, had it been in one piece (0: with `arrived_ms`);
    the order goes by it. `site` is the caller's own. `prefer` is the one agent who is waited for first, for `prefer_s`.
    `closes_ms` (epoch; 0: never) is when the service closes. `colleague_of`: not a caller waits but this agent, in a
    talk, for a colleague in that queue. It counts in none of O, A, L, F and W, and is offered to no partner.

    Repeated for a contact that is in the queue already, it gives the entry that is there (a take-over re-enters).
    """

    contact: str
    queue: QueueId
    node: NodeId
    priority_s: int = 0
    arrived_ms: int = 0
    since_ms: int = 0
    site: SiteId = SiteId("")
    prefer: AgentId = AgentId("")
    prefer_s: int = 0
    closes_ms: int = 0
    colleague_of: AgentId = AgentId("")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contact stands: `position` from 1, `waiting` in all, and the estimated wait if there is one.

    `low_s` and `high_s` are what callers may be told of it, "between low and high"; None when nothing should be told.
    """

    position: int
    waiting: int
    waited_ms: int
    estimated_wait_s: int | None
    low_s: int | None = None
    high_s: int | None = None


@dataclass(frozen=True, slots=True)
class Grounds:
    """Of what `kind` an offer is (call, callback, colleague), and why it was made to this agent.

    `tier` from 1 (0: the preferred agent); `rule`: longest_idle, level, preferred; `candidates`: how many agents stood
    ready for it; `partner`: whose slot the agent is.
    """

    tier: int = 1
    rule: str = "longest_idle"
    candidates: int = 1
    kind: str = "call"
    partner: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A lease: `agent` is to be rung for `contact` by `node`, which holds the caller, until `deadline_ms` (epoch).

    `total_waited_ms` is the wait over the whole journey, `waited_ms` that in this queue.
    """

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
    total_waited_ms: int = 0
    grounds: Grounds = Grounds()


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
