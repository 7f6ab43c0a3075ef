"""The Callbacks port: callers who are rung up when it is their turn, instead of waiting."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

Order = Literal["agent_first", "caller_first"]
"""Who is rung first: the agent, who hears whom it is for, or the caller, for whom an agent is reserved meanwhile."""


class Promise(StrEnum):
    """What became of a wish to be called back.

    `already`: this caller, whom a trusted trunk vouches for, has a promise that stands; `not_allowed`: not a number
    that may be called back; `full`: as many are promised as may be; `failed`: it could not be kept.
    """

    PROMISED = "promised"
    ALREADY = "already"
    NOT_ALLOWED = "not_allowed"
    FULL = "full"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CallbackWish:
    """Who wants to be called back. `arrived_ms` (epoch) is since when they wait: they keep that place.

    `since_ms` is when their wait over the whole journey would have begun (0: with `arrived_ms`), `at_ms` (epoch) when
    they want to be rung at the earliest (0: when it is their turn). `pii_caller` is the number that a trusted trunk
    vouches for; empty: nobody does.
    """

    contact: str
    queue: str
    language: str
    arrived_ms: int
    pii_number: str = field(repr=False)
    since_ms: int = 0
    at_ms: int = 0
    order: Order = "agent_first"
    pii_caller: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a wish. `pii_code` is told to a caller whom nobody vouches for: they show by it who they are."""

    promise: Promise
    pii_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """A promise that stands, for `queue`."""

    callback: str
    queue: str


class Callbacks(Protocol):
    """Keeps promises to call back. None of the methods raises for what the store or the network did."""

    def fits(self, pii_number: str) -> bool:
        """Whether this number may be called back."""

    async def ask(self, wish: CallbackWish) -> Kept: ...

    async def standing(self, *, pii_caller: str = "", pii_code: str = "") -> Standing | None:
        """The promise that a caller has: by the number that a trusted trunk vouches for, or by the code that was told.

        None too when too many codes were guessed.
        """

    async def cancel(self, standing: Standing) -> bool:
        """Take a promise back, as the caller wants. False: it could not be done."""
