"""A contact as the pages show it: what happened, why, and which SIP messages went."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One of the contacts that were here last; `outcome` is empty while it goes on."""

    contact: str
    started_ms: int
    number: str
    flow: str
    outcome: str
    cause: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened, or was decided, at `at_ms` (epoch). `step`: where the caller came to, if anywhere."""

    at_ms: int
    text: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Leg:
    """The other end of one call: `whom` is the name dialled, empty for who called us."""

    leg: int
    peer: str
    whom: str


@dataclass(frozen=True, slots=True)
class Rung:
    """A SIP message of a leg; `inward`: to svar."""

    at_ms: int
    leg: int
    inward: bool
    what: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """What one node sent and received."""

    node: str
    legs: Sequence[Leg]
    rungs: Sequence[Rung]


@dataclass(frozen=True, slots=True)
class ContactSeen:
    """`facts` are the record's fields that are known, personal ones masked."""

    contact: str
    facts: Sequence[tuple[str, str]]
    story: Sequence[Told]
    reasons: Sequence[Told]
    ladders: Sequence[Ladder]


class Contacts(Protocol):
    """Each method raises Unavailable."""

    async def recent(self, most: int) -> Sequence[ContactRow]: ...

    async def of(self, contact: str, who: str) -> ContactSeen | None:
        """None: nothing is known of it. `who` looks is written down first."""


class NoContacts:
    """Where nothing is kept."""

    async def recent(self, most: int) -> Sequence[ContactRow]:
        return ()

    async def of(self, contact: str, who: str) -> ContactSeen | None:
        return None
