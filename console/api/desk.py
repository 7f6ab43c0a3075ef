"""What the API stands on: the distributor's commands, what is seen of the installation, and where deeds are told."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from acd.model import AgentId, AgentNow, AgentSpec, QueueNumbers
from console.api.views import Contact, Node
from events.catalogue import DeedDone
from ivr.language.topics import Topics


class Distribution(Protocol):
    """The commands of `acd.distributor.Distributor` that people give. Each raises Refused, Unavailable."""

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None: ...

    async def log_out(self, agent: AgentId, reason: str) -> None: ...

    async def ready(self, agent: AgentId) -> None: ...

    async def not_ready(self, agent: AgentId, reason: str) -> None: ...

    async def end_wrap_up(self, agent: AgentId, topic: str = "", concluded: bool | None = None) -> None: ...

    async def skill(self, agent: AgentId, skills: dict[str, int]) -> None: ...

    async def put_agent(self, spec: AgentSpec) -> None: ...

    async def drop_agent(self, agent: AgentId) -> None: ...

    async def queues(self) -> list[QueueNumbers]: ...

    async def agents(self) -> list[AgentNow]: ...


class Phones(Protocol):
    """Agents' phones, and the passwords that they register by."""

    async def silent(self, agent: AgentId) -> str:
        """Why the agent's phone cannot be rung; empty when it can. It is asked, where that is possible."""

    async def enrol(self, agent: AgentId) -> str:
        """The agent's phone may register from now on: the new password, empty where there was one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is shown. `contacts` gives how many are in progress, and so many of them; `queue_of` the queue that a
    contact was in last (empty: not known); `waiting` arrivals (epoch) by contact; `specs` the agents as configured.
    """

    now_ms: Callable[[], int]
    titles: Mapping[str, str]
    topics: Callable[[], Topics]
    contacts: Callable[[int], tuple[int, Sequence[Contact]]]
    queue_of: Callable[[str], str]
    waiting: Callable[[str], Mapping[str, int]]
    specs: Callable[[], Awaitable[Mapping[AgentId, AgentSpec]]]
    duty: Callable[[], Awaitable[Mapping[str, Iterable[str]]]]
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
