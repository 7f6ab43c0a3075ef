"""Partners' slots are logged in while the partner is open and its trunk is up, by every node alike."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from acd.distributor import Refused
from acd.duty_redis import PARTNER_UP_S
from acd.model import AgentId
from ivr.language.calendar import Calendar, Opening
from ivr.language.routing import RoutedPartner
from svar.lasting_work import lasting

log = structlog.get_logger(__name__)

LOOK_S = 1.0
AGAIN_S = 60.0
"""What is so is told again so often: the store may have come back without it."""
SAID_S = PARTNER_UP_S / 3


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner as duty sees it. `calendar` None: always open; `trunk` empty: rung by no trunk, so there is none that
    could be down.
    """

    name: str
    capacity: int
    calendar: Calendar | None = None
    trunk: str = ""

    def slots(self) -> list[AgentId]:
        return [AgentId(f"{self.name}/{n}") for n in range(1, self.capacity + 1)]


class Slots(Protocol):
    """The part of the distributor that partners' hours drive."""

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None: ...

    async def log_out(self, agent: AgentId, reason: str) -> None: ...


class Reached(Protocol):
    """What nodes tell each other of partners' trunks (`acd.duty_redis`): one that reaches it is enough."""

    async def say_up(self, partner: str) -> None: ...

    async def is_up(self, partner: str) -> bool: ...


class PartnersInService:
    """`run` until it is cancelled. `is_up` says how a trunk is, seen from this node."""

    def __init__(
        self,
        partners: Callable[[], Iterable[Partner]],
        slots: Slots,
        reached: Reached,
        is_up: Callable[[str], bool],
        now_ms: Callable[[], int],
    ) -> None:
        self._partners = partners
        self._slots = slots
        self._reached = reached
        self._is_up = is_up
        self._now_ms = now_ms
        self._said: dict[str, float] = {}
        self._told: dict[AgentId, tuple[str, float]] = {}

    async def run(self) -> None:
        """Until it is cancelled. Outlives the store's absence."""
        await lasting(self.look, LOOK_S, log, "partners' hours cannot be told; what was told last stands")

    async def look(self) -> None:
        """Log slots in and out as it is time. Raises DistributorError."""
        wanted: dict[AgentId, str] = {}
        for partner in self._partners():
            wanted |= dict.fromkeys(partner.slots(), await self._state(partner))
        clock = asyncio.get_running_loop().time
        for slot in self._told.keys() - wanted.keys():
            await self._tell(slot, "partner_gone")
            del self._told[slot]
        for slot, why in wanted.items():
            known, at_s = self._told.get(slot, ("", 0.0))
            if why != known or clock() >= at_s + AGAIN_S:
                await self._tell(slot, why)
                self._told[slot] = (why, clock())

    def forgotten(self) -> None:
        """The store has lost everything: tell it again."""
        self._told.clear()

    async def _tell(self, slot: AgentId, why: str) -> None:
        try:
            if why == "open":
                await self._slots.log_in(slot)
            else:
                await self._slots.log_out(slot, why)
        except Refused as refusal:  # the distributor does not have it yet, or not any more
            log.info("a partner's slot is not there", slot=slot, error=str(refusal))

    async def _state(self, partner: Partner) -> str:
        if partner.calendar is not None and partner.calendar.at(self._now_ms()) is not Opening.OPEN:
            return "closed"
        if not partner.trunk:
            return "open"
        if self._is_up(partner.trunk):
            clock = asyncio.get_running_loop().time()
            if clock >= self._said.get(partner.name, 0.0):
                await self._reached.say_up(partner.name)
                self._said[partner.name] = clock + SAID_S
            return "open"
        self._said.pop(partner.name, None)
        return "open" if await self._reached.is_up(partner.name) else "trunk_down"

    # --- What is seen -----------------------------------------------------------------------------------------------

    def figures(self) -> dict[tuple[str, ...], int]:
        """How many slots are logged in, by partner, as far as this node has told."""
        found: dict[tuple[str, ...], int] = {}
        for slot, (why, _) in self._told.items():
            name = slot.rpartition("/")[0]
            found[name,] = found.get((name,), 0) + (why == "open")
        return found


def partners_of(
    routed: Mapping[str, RoutedPartner], calendars: Mapping[str, Calendar], trunks: Mapping[str, str]
) -> Iterator[Partner]:
    """The partners of a version's routing. `trunks`: the trunk of each destination of the configuration."""
    for name, one in routed.items():
        yield Partner(name, one.spec.capacity, calendars.get(one.hours), trunks.get(name, ""))
