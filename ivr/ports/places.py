"""The Places port: callers who were cut off in a queue, and get their place back when they ring again."""

from dataclasses import dataclass
from typing import Protocol

from ivr.ports.call import CallInfo


@dataclass(frozen=True, slots=True)
class Regained:
    """A place in `queue` that a caller gets back: what they have waited already, over their whole journey."""

    queue: str
    waited_ms: int


class Places(Protocol):
    """Knows a caller by the number that a trusted trunk vouches for, or by a code. Nothing raises for the store."""

    def code(self, info: CallInfo) -> str:
        """Digits that this caller is told: by them they get the place back. The same for the whole call."""

    def entered(self, info: CallInfo, queue: str, since_ms: int) -> None:
        """The caller waits from now on, and has waited since then (epoch), over the whole journey."""

    def left(self, info: CallInfo, *, cut: bool) -> None:
        """The caller waits no more. `cut`: they are gone, and reached nobody."""

    async def regain(self, info: CallInfo, queue: str) -> Regained | None:
        """The place in `queue` of a caller whom a trusted trunk vouches for; it is given once."""

    async def regain_by(self, pii_code: str) -> Regained | None:
        """The place of whoever was told that code. None too when too many codes were guessed."""
