"""What the distributor keeps of each thing. The scripts keep the same fields as one JSON object a record.

Times end without a unit and are milliseconds since the epoch; durations are milliseconds too.
"""

from dataclasses import dataclass, field

from acd.model import AgentState, Offer, Place, Revoked

WAITING, OFFERED, TALKING = "waiting", "offered", "talking"


@dataclass(slots=True)
class Queue:
    """A queue's rules. `gone`: no longer configured, kept until the last contact has left."""

    queue: str
    skill: str
    level: int
    priority: int
    rings: int
    wrap: int
    most: int
    gone: bool = False


@dataclass(slots=True)
class Agent:
    """`idle` is the agent's place in the order of the idle; `after` what comes after the contact at hand.

    `after` is empty for ready, else a state, a colon and the reason.
    """

    agent: str
    site: str
    queues: list[str]
    rest: int
    state: AgentState = AgentState.LOGGED_OUT
    reason: str = ""
    since: int = 0
    contact: str = ""
    queue: str = ""
    idle: int = 0
    after: str = ""
    gone: bool = False


@dataclass(slots=True)
class Entry:
    """A contact in a queue or with an agent; `member`, its name in rankings, begins with the order of arrival."""

    contact: str
    queue: str
    node: str
    member: str
    seq: int
    score: int
    arrived: int
    rings: int
    wrap: int
    state: str = WAITING
    offer: str = ""
    answered: int = 0


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
    accepted: bool = False


@dataclass(slots=True)
class Numbers:
    """O, A, L and F of a queue; when the last contact was taken while others waited, and the pace of that."""

    o: int = 0
    a: int = 0
    l: int = 0  # noqa: E741 - the measure's own name
    f: int = 0
    last: int = 0
    pace: int = 0


@dataclass(slots=True)
class Clock:
    """The time, which never goes back, and the counters."""

    now: int = 0
    seq: int = 0
    fence: int = 0
    idle: int = 0
    renewed: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """What a command gave: `heard` are the offers and lost leases with the nodes they are for.

    `next_in_ms` is the time to the next deadline (-1: there is none), `number` what `drop_node` counted.
    """

    next_in_ms: int
    heard: list[tuple[str, Offer | Revoked]] = field(default_factory=list)
    place: Place | None = None
    number: int = 0
