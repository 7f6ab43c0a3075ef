"""What comes in to one talk, in order and bounded: from commands, phones, ringing, and time."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ivr.ports.call import AgentLeg
from ivr.ports.talk import NotNow
from ivr.running.ringing import Rang
from ivr.running.talk_words import Happening, Input

MOST_HEARD = 64
"""What phones tell beyond this, before it was looked at, is dropped; that one has hung up never is."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A phone hung up; whose it is then, is seen when its turn comes."""

    leg: AgentLeg


@dataclass(frozen=True, slots=True)
class Moves:
    """Whoever has a phone goes on with another."""

    leg: AgentLeg
    to: AgentLeg


@dataclass(frozen=True, slots=True)
class Heard:
    """What came in, and who wants to know that it fits, and how it ended."""

    what: Input | Lost | Rang | Moves
    fits: Callable[[], None] | None = None
    ended: Callable[[NotNow | None], None] | None = None

    def end(self, error: NotNow | None) -> None:
        if self.ended is not None:
            self.ended(error)


class Inbox:
    """`put` until `drain`."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: asyncio.Queue[Heard] = asyncio.Queue()

    def put(self, heard: Heard) -> bool:
        """False: too much has come in already."""
        if self._kept.qsize() >= MOST_HEARD and not isinstance(heard.what, Lost | Rang):
            return False
        self._kept.put_nowait(heard)
        return True

    async def get(self, deadline: float | None) -> Heard:
        """The next; at the deadline (the loop's time) that time is up."""
        try:
            async with asyncio.timeout_at(deadline):
                return await self._kept.get()
        except TimeoutError:
            return Heard(Happening.TIME_UP)

    def drain(self) -> Iterator[Heard]:
        """What nobody has looked at."""
        while not self._kept.empty():
            yield self._kept.get_nowait()
