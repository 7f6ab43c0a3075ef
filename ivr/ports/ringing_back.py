"""The ports by which a promise to ring back is kept: what is known of it, and the way to the caller."""

from dataclasses import dataclass, field
from typing import Protocol

from acd.model import OfferId
from ivr.ports.call import AgentLeg, Call, Clip
from ivr.ports.callbacks import Order


@dataclass(frozen=True, slots=True)
class Due:
    """A promise whose turn has come. `callback` is the contact that it becomes, `first` the one that asked for it.

    `tries` is how often the caller was rung in vain.
    """

    callback: str
    first: str
    queue: str
    language: str
    order: Order
    tries: int
    pii_number: str = field(repr=False)


class Ledger(Protocol):
    """What the distributor keeps of promises. All raise Unavailable, and Refused for what is not so any more."""

    async def due(self, callback: str) -> Due:
        """Raises Refused(NOCONTACT) for one that is cancelled or over."""

    async def hold(self, offer: OfferId, fence: int) -> None:
        """The caller is on the line at this node: until they are gone its offers come here. Raises Refused(NOOFFER)."""

    async def tried(self, callback: str, cause: str) -> None:
        """This node could not put them together, for nothing that the agent did: the caller is rung again later.

        An offer ends, and its agent keeps the place among the idle. Causes of callers count as a try: no_answer, busy,
        rejected, unreachable, left; others do not: capped, revoked, shutdown, error. `not_allowed` ends the promise.
        """


class Customers(Protocol):
    """Rings callers back, as far as that is allowed."""

    async def barred(self, due: Due) -> str:
        """Why this caller may not be rung now (not_allowed, capped, error); empty: they may. Counts nothing."""

    async def ring(self, due: Due) -> Call:
        """The caller, who has answered. Raises NotAnswered (`cause` as `barred` too); cancelling stops the ringing."""

    async def tell(self, leg: AgentLeg, clips: tuple[Clip, ...]) -> None:
        """Speak to an agent whose phone was rung, to the end; then there is music, until it is bridged."""

    def watch(self, leg: AgentLeg, gone: "Gone") -> None:
        """`gone` is told once if the phone hangs up before it is bridged; at once, if it has already."""


class Gone(Protocol):
    def __call__(self) -> None: ...
