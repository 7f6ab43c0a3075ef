"""The Places port of a node: places that callers get back who were cut off."""

from collections.abc import Awaitable

import structlog

from acd.distributor import DistributorError
from acd.identities import Identities
from acd.regained import CutPlace, KeptPlaces
from events.catalogue import ContactLeftQueue, Event
from ivr.ports.call import CallInfo
from ivr.ports.places import Regained
from ivr.running.commands import Commands
from ivr.web.gateway import international
from svar.caller_codes import Guesses, new_code

_log = structlog.get_logger(__name__)

_MOST_CODES = 50_000


class PlacesInService:
    """`within_s`: for how long a place is kept; `region`: of numbers without a country's code."""

    def __init__(
        self,
        store: KeptPlaces,
        identities: Identities,
        guesses: Guesses,
        commands: Commands,
        *,
        within_s: int,
        region: str,
    ) -> None:
        self._store = store
        self._identities = identities
        self._guesses = guesses
        self._commands = commands
        self._within_s = within_s
        self._region = region
        self._codes: dict[str, str] = {}

    def code(self, info: CallInfo) -> str:
        """See the port."""
        code = self._codes.get(info.contact)
        if code is None:
            if len(self._codes) >= _MOST_CODES:
                del self._codes[next(iter(self._codes))]
            code = self._codes[info.contact] = new_code()
        return code

    def entered(self, info: CallInfo, queue: str, since_ms: int) -> None:
        """See the port. A caller who was told a code is known by that."""
        code = self._codes.get(info.contact, "")
        identity = self._identities.of_code(code) or self._of_number(info)
        if identity:
            self._later(self._store.entered(info.contact, identity, queue, since_ms))

    def left(self, info: CallInfo, *, cut: bool) -> None:
        """See the port."""
        if self._codes.pop(info.contact, "") or self._of_number(info):
            contact = info.contact
            self._later(self._store.cut(contact, self._within_s) if cut else self._store.left(contact))

    async def regain(self, info: CallInfo, queue: str) -> Regained | None:
        """See the port."""
        identity = self._of_number(info)
        return await self._regain(identity, queue) if identity else None

    async def regain_by(self, pii_code: str) -> Regained | None:
        """See the port."""
        if not await self._guesses.may(pii_code):
            return None
        place = await self._regain(self._identities.of_code(pii_code), "")
        if place is not None:
            await self._guesses.right()
        return place

    def heard(self, event: Event) -> None:
        """A tap on the events: who waited at a node that was lost was cut off too."""
        if isinstance(event, ContactLeftQueue) and event.cause == "node_lost":
            self._later(self._store.cut(event.contact, self._within_s))

    async def _regain(self, identity: str, queue: str) -> Regained | None:
        try:
            place: CutPlace | None = await self._store.regain(identity, queue)
        except DistributorError as error:
            _log.warning("whether a caller gets a place back is not known", error=str(error))
            return None
        return None if place is None else Regained(place.queue, place.waited_ms)

    def _of_number(self, info: CallInfo) -> str:
        """Who the caller is, as far as a trusted trunk vouches for it."""
        if not info.asserted:
            return ""
        return self._identities.of_number(international(info.pii_caller, self._region))

    def _later(self, work: Awaitable[None]) -> None:
        self._commands.own(work)
