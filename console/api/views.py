"""What the API is given and what it answers. Callers' numbers are in none of it."""

from dataclasses import dataclass

from console.api.shape import member

NAME = r"[^/\s#]{1,64}"
NEW_NAME = r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}"
"""What the name of an agent may look like who is added."""
REASON = r"[a-z][a-z0-9_]{0,40}"
OURS = ("no_answer", "busy", "rejected", "unreachable", "unregistered")
"""Reasons that svar itself gives, and nobody else."""

# --- Asked


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing is said besides."""


@dataclass(frozen=True, slots=True)
class LogIn:
    """The agent is here."""

    ready: bool = member("ready for contacts at once", default=False)


@dataclass(frozen=True, slots=True)
class LogOut:
    """The agent goes."""

    reason: str = member("why, in a word", "asked", pattern=REASON)


@dataclass(frozen=True, slots=True)
class NotReady:
    """The agent takes no contacts."""

    reason: str = member("why, in a word: break, meeting, ...", pattern=REASON)


@dataclass(frozen=True, slots=True)
class EndWrapUp:
    """The agent is done with the contact."""

    topic: str = member("a code of the queue's tree of topics; empty: not said", "", pattern=r"([a-z][a-z0-9_]{0,40})?")
    concluded: bool | None = member("whether the caller's case is concluded; null: not said", None)


@dataclass(frozen=True, slots=True)
class Skills:
    """All skills of the agent, in place of those there were."""

    skills: dict[str, int] = member("skills with levels (1-9)", least=1, most=9)


@dataclass(frozen=True, slots=True)
class NewAgent:
    """An agent who is added, or in place of the one that is configured."""

    site: str = member("the contact centre", least=1, most=64)
    skills: dict[str, int] = member("skills with levels (1-9)", least=1, most=9)
    groups: tuple[str, ...] = member("groups that tiers may name", ())
    rest_s: int = member("ready again so long after a missed offer; 0: by their own word", 0, least=0, most=86_400)
    rests: dict[str, int] = member("the same by the cause of the miss", {}, least=0, most=86_400)
    log_out_after: int = member("logged out after so many missed offers in a row; 0: never", 0, least=0, most=100)


# --- Answered


NEXT = "what to give as `after` for the next page; empty: this is the last"


@dataclass(frozen=True, slots=True)
class Me:
    """Whose token this is."""

    name: str
    role: str
    agent: str
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent at this moment. `contact` and `queue` while there is one."""

    agent: str
    site: str
    state: str
    reason: str
    since_ms: int
    contact: str = ""
    queue: str = ""
    skills: dict[str, int] = member("skills with levels", {})
    groups: tuple[str, ...] = member("groups", ())
    queues: tuple[str, ...] = member("queues that the agent may serve now, by any tier", ())
    on_duty: tuple[str, ...] = member("rostered queues for which the agent is on duty now", ())
    added: bool = member("the API put this agent, or its skills, above the files", default=False)


@dataclass(frozen=True, slots=True)
class Agents:
    """Agents by name, a page of `total`."""

    agents: tuple[Agent, ...]
    total: int
    next: str = member(NEXT, "")


@dataclass(frozen=True, slots=True)
class Added:
    """The agent as added. `password` is the phone's, shown this once, where one was made; else empty."""

    agent: str
    password: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue at this moment; always offered = answered + lost + flowed_out + waiting, since the queue was made.

    `agents` counts those who may serve it, by state.
    """

    queue: str
    title: str
    waiting: int
    longest_wait_ms: int
    offered: int
    answered: int
    lost: int
    flowed_out: int
    agents: dict[str, int] = member("agents by state", {})


@dataclass(frozen=True, slots=True)
class Queues:
    """Queues by name, a page of `total`."""

    queues: tuple[Queue, ...]
    total: int
    next: str = member(NEXT, "")


@dataclass(frozen=True, slots=True)
class Waiter:
    """A contact that waits. Who the caller is, is not told."""

    contact: str
    arrived_ms: int
    waited_ms: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The contacts that wait in a queue, first come first, `shown` of `waiting`."""

    queue: str
    waiting: int
    shown: int
    contacts: tuple[Waiter, ...]
    next: str = member(NEXT, "")


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact in progress. `journey` names the queues it has been in."""

    contact: str
    number: str
    flow: str
    step: str
    started_ms: int
    queue: str
    waiting: bool
    agent: str
    talking: bool
    journey: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contacts:
    """Contacts in progress, the oldest first, `shown` of `in_progress`."""

    in_progress: int
    shown: int
    contacts: tuple[Contact, ...]
    next: str = member(NEXT, "")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic; `title` by language, `digits` say it on a phone."""

    code: str
    title: dict[str, str]
    digits: str
    below: tuple["Topic", ...]


@dataclass(frozen=True, slots=True)
class TopicTree:
    """The topics of one service."""

    topics: str
    title: dict[str, str]
    queues: tuple[str, ...]
    tree: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class TopicTrees:
    """The topics of all services."""

    topics: tuple[TopicTree, ...]


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is on duty for a rostered queue now."""

    queue: str
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on duty now, by queue."""

    duty: tuple[OnDuty, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the installation."""

    node: str
    site: str
    release: str
    alive: bool


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A problem that may be answered."""

    code: str
    status: int
    title: str


@dataclass(frozen=True, slots=True)
class ProblemKinds:
    """All of them."""

    problems: tuple[ProblemKind, ...]
