"""What the API stands on: the distributor's commands, what is seen of the installation, and where deeds are told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from acd.model import AgentId, AgentSpec, QueueNumbers
from acd.staff import Staffed
from console.api.paging import Spot
from console.api.views import Contact, Node
from events.catalogue import DeedDone
from ivr.language.topics import Topics


class Distribution(Protocol):
    """The commands of `acd.distributor.Distributor` that people give. Each raises Refused, Unavailable."""

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None: ...

    async def log_out(self, agent: AgentId, reason: str) -> None: ...

    async def ready(self, agent: AgentId) -> None: ...

    async def not_ready(self, agent: AgentId, reason: str) -> None: ...

    async def end_wrap_up(self, agent: AgentId, topic: str = "", *, concluded: bool | None = None) -> None: ...

    async def put_agent(self, spec: AgentSpec) -> None: ...

    async def drop_agent(self, agent: AgentId) -> None: ...

    async def queues(self) -> list[QueueNumbers]: ...


class Phones(Protocol):
    """Agents' phones, and the passwords that they register by."""

    async def silent(self, agent: AgentId) -> str:
        """Why the agent's phone cannot be rung; empty when it can. It is asked, where that is possible."""

    async def enrol(self, agent: AgentId) -> str:
        """The agent's phone may register from now on: the new password, empty where there was one."""


class Staff(Protocol):
    """Agents to be looked at (`acd.staff.RedisStaff`). Each method raises Unavailable."""

    async def one(self, agent: str) -> Staffed | None: ...

    async def all(self) -> list[Staffed]: ...

    async def on_duty(self) -> Mapping[str, list[str]]: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What is shown. `contacts` gives how many are in progress, and so many of them after a place in their order, by
    beginning and id; `waiting` arrivals (epoch) by contact.
    """

    now_ms: Callable[[], int]
    titles: Mapping[str, str]
    topics: Callable[[], Topics]
    contacts: Callable[[Spot, int], tuple[int, Sequence[Contact]]]
    waiting: Callable[[str], Mapping[str, int]]
    staff: Staff
    nodes: Callable[[], Awaitable[Sequence[Node]]]


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes each deed into the stream of events."""

    emit: Callable[[DeedDone], None]
    now_ms: Callable[[], int]
    tenant: str
    node: str


@dataclass(frozen=True, slots=True)
class Desk:
    """All of it."""

    distribution: Distribution
    phones: Phones
    seen: Seen
    teller: Teller
