"""The ports of a talk: what may be asked of it from outside, and who sits with whom at its table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ivr.ports.call import AgentLeg, Call, CallInfo, Clip


@dataclass(frozen=True, slots=True)
class TransferTarget:
    """Whom a caller may be given to: `to` is agent, queue, destination or partner, `name` one of the configuration."""

    to: str
    name: str


class NotNow(Exception):
    """The command does not fit what the talk is at, or what its media can do."""


class TalkControl(Protocol):
    """One contact's talk on this node. Every method raises NotNow where it does not fit; the talk then is as before."""

    async def hold(self) -> None:
        """The caller hears music, for a bounded time."""

    async def resume(self) -> None:
        """The caller is back with the agent."""

    async def consult(self, target: TransferTarget) -> None:
        """Ring somebody to talk to alone, while the caller hears music; of a queue, who is free first."""

    async def complete(self) -> None:
        """Give the caller to who is consulted, or is rung for that."""

    async def take_back(self) -> None:
        """Release who is consulted or rung: the caller is back with the agent."""

    async def conference(self) -> None:
        """All three talk."""

    async def drop_third(self) -> None:
        """Release the third of a conference."""

    async def blind(self, target: TransferTarget) -> None:
        """Give the caller to somebody unseen; one who is not taken comes back to the agent, else to the queue."""

    async def to_queue(self, queue: str) -> None:
        """Give the caller to a queue, with the wait of the whole journey."""


# --- What a phone tells ---


@dataclass(frozen=True, slots=True)
class Gone:
    """It has hung up, or is lost."""

    cause: str


@dataclass(frozen=True, slots=True)
class Held:
    """It has put the other side on hold, or taken it back."""

    held: bool


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key; digits are personal data."""

    pii_key: str


@dataclass(frozen=True, slots=True)
class Referred:
    """The phone asks for a transfer (RFC 3515), and has proven whose it is.

    `target` is the user part that it named; `joins` that it means the agent's other call of this talk (RFC 3891).
    `answer` takes 202 or the status that refuses, `progress` then how far the call has come; 200 and more ends it.
    """

    target: str
    joins: bool
    answer: Callable[[int], None]
    progress: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """The same person goes on with `leg`, which rings until `Table.take`: another phone of theirs (RFC 3891)."""

    leg: AgentLeg


LegTold = Gone | Held | Pressed | Referred | Moved


class TableError(Exception):
    """The media cannot do it."""


class Table(Protocol):
    """Who hears whom in one talk. Legs that are followed are released at `close`, unless they are let go before."""

    def follow(self, leg: AgentLeg, told: Callable[[LegTold], None]) -> None:
        """From now on `told` gets what the phone tells; what it told already that still holds comes soon."""

    def take(self, leg: AgentLeg) -> None:
        """Answer a call that came from an agent's phone, which rings until then. Nothing for others."""

    def let_go(self, leg: AgentLeg) -> None:
        """Hear no more of the phone, and hang it up. Waits for nothing."""

    async def arrange(self, caller_with: tuple[AgentLeg, ...], apart: tuple[AgentLeg, ...] = ()) -> None:
        """The caller talks with these (none: music); those `apart`, two or none, talk among themselves. The others are
        alone in silence. Raises TableError.
        """

    async def say(self, leg: AgentLeg, clips: tuple[Clip, ...]) -> None:
        """Speak to one alone, who hears the others again afterwards. Nothing where it fails."""

    async def close(self) -> None:
        """The talk is over: no music any more, and every phone is released."""


Tables = Callable[[Call, AgentLeg], Table]
"""Sets the table for a call and the agent's leg."""


class Destinations(Protocol):
    """The dial plan: names of destinations, and nothing else, may be rung."""

    async def dial(
        self,
        name: str,
        info: CallInfo,
        headers: tuple[tuple[str, str], ...] = (),
        asked: tuple[Clip, ...] | None = None,
    ) -> AgentLeg:
        """Ring the destination until it is answered; who is `asked` in these words has to press 1.

        Raises NotAnswered.
        """
