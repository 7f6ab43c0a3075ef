"""The way to callers who are rung back: only as `[outbound]` allows, and counted before a phone rings."""

from collections.abc import Callable, Collection, Coroutine
from typing import Any

import structlog

from acd.callers import Callers
from acd.distributor import DistributorError
from acd.identities import Identities
from acd.model import Offer
from acd.outbound_caps import Cap, SharedCaps
from acd.store import RedisDistributor
from events.catalogue import Event
from ivr.language.prompting import Said
from ivr.over_sip.agent_leg import SipPhones
from ivr.over_sip.line import Line, Target
from ivr.over_sip.outside import Outside
from ivr.over_sip.rung_back import RingsBack
from ivr.ports.call import AgentLeg, Call, CallInfo, Clip, ContactId
from ivr.ports.phones import NotAnswered
from ivr.ports.ringing_back import Due, Gone, Ledger
from ivr.running.callbacks import RingingBack, Terms
from ivr.running.commands import Commands
from ivr.running.offers import Offers
from ivr.running.run import Services
from svar import trunks
from svar.callbacks import SPEAKS_S, CallbacksInService, StoredLedger, terms
from svar.caller_codes import Guesses
from svar.calls import HangUp
from svar.config import Callbacks, Config
from svar.outbound import Allowed, AllowList, uri_of
from svar.places import PlacesInService

_log = structlog.get_logger(__name__)

Start = Callable[[str, Coroutine[Any, Any, object], HangUp], bool]
"""Runs what is done for a contact as a task of its own (`svar.calls.CallTasks.start`); False: the node stops."""


class Dialling:
    """The Customers port over SIP."""

    def __init__(
        self, config: Config, rings: RingsBack, identities: Identities, caps: SharedCaps, rules: AllowList | None = None
    ) -> None:
        self._config = config
        self._rings = rings
        self._rules = rules or AllowList(config.outbound)
        self._identities = identities
        self._caps = caps
        self.rung = 0
        self.refused = 0

    async def barred(self, due: Due) -> str:
        """See the port."""
        allowed = self._rules.allowed(due.pii_number)
        if allowed is None:
            self.refused += 1
            return "not_allowed"
        try:
            full = await self._caps.room(self._caps_of(allowed))
        except DistributorError as error:
            _log.warning("whether a caller may be rung is not known", callback=due.callback, error=str(error))
            return "error"
        return self._full(due, full)

    async def ring(self, due: Due) -> Call:
        """See the port."""
        allowed = self._rules.allowed(due.pii_number)
        if allowed is None:
            self.refused += 1
            raise NotAnswered("not_allowed")
        try:
            full = await self._caps.take(self._caps_of(allowed))
        except DistributorError as error:
            _log.warning("a caller is not rung: calls cannot be counted", callback=due.callback, error=str(error))
            raise NotAnswered("error") from None
        if cause := self._full(due, full):
            raise NotAnswered(cause)
        self.rung += 1
        trunk = self._config.outbound.trunk
        info = CallInfo(ContactId(due.callback), due.queue, trunk, allowed.pii_number, asserted=True)
        return await self._rings.ring(self._target(allowed), info)

    async def tell(self, leg: AgentLeg, clips: tuple[Clip, ...]) -> None:
        """See the port."""
        await self._rings.tell(leg, clips)

    def watch(self, leg: AgentLeg, gone: Gone) -> None:
        """See the port."""
        self._rings.watch(leg, gone)

    def _target(self, allowed: Allowed) -> Target:
        trunk = next(one for one in self._config.trunk if one.name == self._config.outbound.trunk)
        return trunks.outward(uri_of(self._config, allowed), trunk)

    def _caps_of(self, allowed: Allowed) -> tuple[Cap, ...]:
        return self._rules.caps(allowed, self._identities.of_number(allowed.pii_number))

    def _full(self, due: Due, full: str) -> str:
        if not full:
            return ""
        self.refused += 1
        _log.warning("a caller is not rung: as many calls as may be are made", callback=due.callback, cap=full)
        return "capped"


def said(configured: Callbacks) -> tuple[Said, Said]:
    """What callers and agents hear of it."""
    return Said(dict(configured.says), key="callback/says"), Said(dict(configured.tells), key="callback/tells")


class RingsInTurn:
    """Begins a run for each offer of a callback that comes to this node."""

    def __init__(
        self, configured: Callbacks, services: Services, customers: Dialling, ledger: Ledger, start: Start
    ) -> None:
        says, tells = said(configured)
        self._terms = Terms(says, tells, float(configured.ring_s), float(configured.ring_s + SPEAKS_S))
        self._services = services
        self._customers = customers
        self._ledger = ledger
        self._start = start

    def heard(self, offer: Offer) -> bool:
        """An offer that nobody here waits for. False: nobody is rung any more."""
        run = RingingBack(self._services, self._customers, self._ledger, self._terms, offer)
        begun = self._start(offer.contact, run.run(), run.hang_up)
        if not begun:
            self._services.offers.forget(offer.contact)
        return begun


class RingsBackInService:
    """All of it for one node. `callbacks` is None where nobody may be rung, `places` where none are given back."""

    def __init__(
        self,
        config: Config,
        known: Callers,
        distributor: RedisDistributor,
        commands: Commands,
        numbers: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`numbers`: those of the flows."""
        self._config = config
        self._known = known
        self._distributor = distributor
        self._commands = commands
        self._turns: RingsInTurn | None = None
        self.offers = Offers(distributor, distributor.node, self.unclaimed)
        self.callbacks: CallbacksInService | None = None
        self.places: PlacesInService | None = None
        who, caps = known.identities, known.caps
        accounts = [trunk.account.number for trunk in config.trunk if trunk.account.number]
        self._rules = AllowList(config.outbound, lambda: [*accounts, *numbers()])
        if config.outbound.trunk:
            self.callbacks = CallbacksInService(distributor, self._rules, who, caps, terms(config.callbacks))
        if within_min := config.callbacks.regain_min:
            self.places = PlacesInService(
                known.places, who, Guesses(caps), commands, within_s=60 * within_min, region=config.outbound.region
            )

    @property
    def ports(self) -> dict[str, Any]:
        """What flows are given of it, by the names of `Services`."""
        return {"offers": self.offers, "callbacks": self.callbacks, "places": self.places}

    def begin(
        self,
        services: Services,
        ways: tuple[Line, SipPhones, Outside],
        start: Start,
        taps: list[Callable[[Event], None]],
    ) -> None:
        """From here on offers of callbacks are rung, and places are kept for callers of nodes that are lost."""
        if self.callbacks is not None:
            who, caps = self._known.identities, self._known.caps
            customers = Dialling(self._config, RingsBack(*ways), who, caps, self._rules)
            ledger = StoredLedger(self._distributor)
            self._turns = RingsInTurn(self._config.callbacks, services, customers, ledger, start)
        if self.places is not None:
            taps.append(self.places.heard)

    def unclaimed(self, offer: Offer) -> None:
        """A callback's turn, or the caller left as the offer came; that it is gone by now is no surprise.

        A node that may ring nobody, or stops, leaves callbacks to others.
        """
        distributor = self._distributor
        if offer.grounds.kind != "callback":
            self._commands.own(distributor.fail(offer.offer, offer.fence, "caller_left"))
        elif self._turns is None or not self._turns.heard(offer):
            self._commands.own(distributor.callback_tried(offer.contact, "error"))
