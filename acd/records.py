"""What the distributor keeps of each thing. The scripts keep the same fields as one JSON object a record.

Times end without a unit and are milliseconds since the epoch; durations are milliseconds too.
"""

from dataclasses import dataclass, field

from acd.model import FROM_THE_FIRST, AgentState, Grounds, Offer, Place, Revoked, Tier

WAITING, OFFERED, TALKING = "waiting", "offered", "talking"
RESTING = "resting"
"""The state of a callback that is not to be rung yet."""
CALLBACK = "callback"
"""The kind of an entry that nobody waits on the line for."""
COLLEAGUE = "colleague"
"""The kind of an entry that an agent waits by, in a talk."""
CALL = "call"


@dataclass(slots=True)
class Needs:
    """What an agent has to have to serve a queue; `by` says how the best of them is found."""

    skill: str
    level: int
    requires: dict[str, int]
    wishes: dict[str, int]
    by: str
    rostered: bool


@dataclass(slots=True)
class Queue:
    """A queue's rules. `gone`: no longer configured, kept as it was until the last contact has left.

    `against` is what a wait is measured against where queues want the same agent, in seconds. `rules` counts how often
    the tiers (in TIERS_CHANGED) and the callers' sites were changed, `reopened` is from which score on those who wait
    were not seen by the latest ones yet, and `looked` from which on the state of the queue is looked at next for those
    who do not wait longest.
    """

    queue: str
    needs: Needs
    tiers: tuple[Tier, ...]
    priority: int
    rings: int
    wrap: int
    most: int
    against: int
    rules: int = 0
    reopened: int = FROM_THE_FIRST
    looked: int = FROM_THE_FIRST
    gone: bool = False


@dataclass(slots=True)
class Profile:
    """An agent as configured. `gone`: no longer. `partner`: the agent is a slot of that partner."""

    site: str
    skills: dict[str, int]
    groups: tuple[str, ...]
    rest: int
    rests: dict[str, int]
    log_out_after: int
    partner: str
    rings: int
    gone: bool = False


@dataclass(slots=True)
class Agent:
    """`idle` is the agent's place in the order of the idle; `after` what comes after the contact at hand.

    `pools` are those that the agent is in, by queue, with what each takes off the place: see `acd.pools`. `after` is
    empty for ready, else a state, a colon and the reason. `misses` counts the offers missed in a row, `node` is where
    the agent logged in.
    """

    agent: str
    profile: Profile
    pools: dict[str, dict[str, int]]
    state: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    since: int = 0
    contact: str = ""
    queue: str = ""
    idle: int = 0
    after: str = ""
    misses: int = 0
    node: str = ""


@dataclass(slots=True)
class Foreseen:
    """The estimate of a wait, made at that moment (`acd.estimates.Estimate`)."""

    at: int
    expected: int
    low: int
    high: int


@dataclass(slots=True)
class Terms:
    """What a contact came with: its own site, the agent it waits for first (until then), when the service closes.

    `asks`: the agent who waits, where it is no caller. `rules`: by which of the queue's rules its tiers were opened. Of
    a callback, `dials` is what an offer lasts longer than the agent's ringing, and `held` says that the caller is on
    the line. `foreseen` is the estimate at the entry, None where somebody was free or nothing is known.
    """

    site: str = ""
    prefer: str = ""
    prefers_until: int = 0
    closes: int = 0
    kind: str = CALL
    asks: str = ""
    rules: int = 0
    dials: int = 0
    held: bool = False
    foreseen: Foreseen | None = None


@dataclass(slots=True)
class Entry:
    """A contact in a queue or with an agent; `member`, its name in rankings, begins with the order of arrival.

    `since` is the start of the wait over the whole journey, `arrived` that in this queue; `open` are the tiers that
    are open (from 1; 0: the preferred agent alone) with their pools, in the order in which they are asked.
    """

    contact: str
    queue: str
    node: str
    member: str
    score: int
    since: int
    arrived: int
    terms: Terms
    open: list[tuple[int, str]]
    state: str = WAITING
    offer: str = ""
    answered: int = 0

    @property
    def pools(self) -> list[str]:
        return [pool for _, pool in self.open]

    @property
    def prefers(self) -> bool:
        """Whether it waits for its preferred agent alone."""
        return len(self.open) == 1 and not self.open[0][0]


@dataclass(slots=True)
class Promised:
    """What is known of a promise to ring back; its place is the entry of the same name."""

    callback: str
    first: str
    queue: str
    identities: list[str]
    pii_detail: str = field(repr=False)
    promised: int
    tries: int
    most: int
    again: int


@dataclass(slots=True)
class Lease:
    """An offer, kept until the talk that comes of it is over."""

    offer: str
    contact: str
    queue: str
    agent: str
    site: str
    node: str
    fence: int
    made: int
    rings: int
    deadline: int
    grounds: Grounds
    accepted: bool = False


@dataclass(slots=True)
class Site:
    """A site: whom its callers are helped by, why it is lost (empty: it is not), and what it became part of."""

    site: str
    neighbours: tuple[str, ...]
    lost: str = ""
    into: str = ""


@dataclass(slots=True)
class Numbers:
    """O, A, L and F of a queue."""

    o: int = 0
    a: int = 0
    l: int = 0  # noqa: E741 - the measure's own name
    f: int = 0


@dataclass(slots=True)
class Clock:
    """The time, which never goes back, and the counters.

    `run` names the configuration that came last, `swept` the one that came last to its end; `sliced` is when the latest
    part of one came.
    """

    now: int = 0
    seq: int = 0
    fence: int = 0
    idle: int = 0
    renewed: int = 0
    run: str = ""
    swept: str = ""
    sliced: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """What a command gave: `heard` are the offers and lost leases with the nodes they are for.

    `next_in_ms` is the time to the next deadline (-1: there is none), `number` what `drop_node` counted, `told` the
    promise that stands, `unfinished` the configuration that has not come to its end and the time since its latest part.
    """

    next_in_ms: int
    heard: list[tuple[str, Offer | Revoked]] = field(default_factory=list)
    place: Place | None = None
    number: int = 0
    told: str = ""
    unfinished: tuple[str, int] | None = None
