"""What the pages are made of: the installation as one node sees it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from zoneinfo import ZoneInfo

from acd.staff import Staffed
from console.api.views import Node
from console.board import Seen
from console.contacts_seen import Contacts, NoContacts
from ivr.book import FlowBook
from ivr.language.routing import Routing
from metrics.steps import Walked


class Staff(Protocol):
    """Agents to be looked at (`acd.staff.RedisStaff`). Each method raises Unavailable."""

    async def all(self) -> list[Staffed]: ...

    async def on_duty(self) -> Mapping[str, list[str]]: ...


@dataclass(frozen=True, slots=True)
class StepsSeen:
    """Where callers are in a flow now, by step, and where they went today."""

    here: Callable[[str], Mapping[str, int]]
    today: Callable[[str], Awaitable[Walked]]


@dataclass(frozen=True, slots=True)
class View:
    """`titles` of queues, `routing` that the distributor has, `book` of the flows in service."""

    seen: Callable[[], Seen]
    now_ms: Callable[[], int]
    zone: ZoneInfo
    titles: Mapping[str, str]
    routing: Callable[[], Routing]
    book: Callable[[], FlowBook]
    steps: StepsSeen
    staff: Staff
    nodes: Callable[[], Awaitable[Sequence[Node]]]
    contacts: Contacts = field(default_factory=NoContacts)
