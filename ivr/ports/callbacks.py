"""The Callbacks port: callers who are rung up when it is their turn, instead of waiting."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Promise(StrEnum):
    """What became of a wish to be called back.

    `not_allowed`: not a number that may be called back; `full`: as many are promised as may be; `failed`: it could not
    be kept.
    """

    PROMISED = "promised"
    NOT_ALLOWED = "not_allowed"
    FULL = "full"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CallbackWish:
    """Who wants to be called back. `arrived_ms` (epoch) is since when they wait: they keep that place."""

    contact: str
    queue: str
    language: str
    arrived_ms: int
    pii_number: str = field(repr=False)


class Callbacks(Protocol):
    """Keeps promises to call back."""

    def fits(self, pii_number: str) -> bool:
        """Whether this number may be called back."""

    async def ask(self, wish: CallbackWish) -> Promise:
        """Never raises for what the store or the network did."""
