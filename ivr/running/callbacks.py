"""One turn of a promise to ring back, live: an agent and the caller are rung, one after the other, and put together."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from acd.distributor import DistributorError, Refused
from acd.model import Offer, Revoked
from events.catalogue import ContactEnded, ContactStarted
from ivr.language.prompting import Said, Spelled
from ivr.ports.call import AgentLeg, Call, CallEnded, CallInfo, ContactId
from ivr.ports.phones import NotAnswered
from ivr.ports.ringing_back import Customers, Due, Ledger
from ivr.running.called_back import FLOW, CalledBack
from ivr.running.commands import Chain
from ivr.running.run import Services

T = TypeVar("T")
_log = structlog.get_logger(__name__)

_PATIENCE_S = 10.0
_FINISH_PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How callers are rung back. `dials_s` is what an offer's lease allows for besides the agent's ringing.

    `says` is what the caller hears first; `tells` what the agent hears of whom it is for, {caller}. A caller who is on
    the line while agents miss the call is kept for `holds_s`.
    """

    says: Said
    tells: Said
    ring_s: float = 30.0
    dials_s: float = 60.0
    holds_s: float = 300.0


class RingingBack:
    """One run, begun by the offer of a callback. `run` once, in a task of its own."""

    def __init__(self, services: Services, customers: Customers, ledger: Ledger, terms: Terms, offer: Offer) -> None:
        self._services = services
        self._customers = customers
        self._ledger = ledger
        self._terms = terms
        self._offer = offer
        self._mailbox = services.offers.expect(offer.contact)
        self._chain = Chain(services.commands)
        self._leg: AgentLeg | None = None
        self._call: Call | None = None
        self._cut = ""
        self._task: asyncio.Task[object] | None = None

    async def run(self) -> None:
        """To the end of the talk, or until it is clear that there is none now. Never raises for what phones did."""
        self._task = asyncio.current_task()
        self._mailbox.on_revoked = self._revoked
        try:
            await self._keep()
        except CallEnded:
            self._tried("left")
        except Refused as refused:
            _log.info("a callback is not kept now", callback=self._offer.contact, why=refused.code)
        except DistributorError as error:
            _log.warning("a callback could not be kept", callback=self._offer.contact, error=str(error))
            self._tried("error")
        except Exception:
            self._tried("error")
            raise
        except asyncio.CancelledError:
            if not self._cut or self._task is None or self._task.uncancel():
                self._tried("shutdown")
                raise
            self._withdrawn()
        finally:
            self._services.offers.forget(self._offer.contact)
            self._hang_up()

    async def hang_up(self, cause: str) -> None:
        """End it from outside: a caller who is on the line is hung up, and nobody is rung any more now."""
        if self._call is not None:
            await self._call.hangup(cause)
        else:
            self._cut_short("ordered")

    async def _keep(self) -> None:
        due = await self._do(lambda: self._ledger.due(self._offer.contact))
        if why := await self._customers.barred(due):
            self._tried(why)
        elif due.order == "agent_first":
            await self._agent_first(due)
        else:
            await self._caller_first(due)

    # --- The two orders -------------------------------------------------------------------------------------------

    async def _agent_first(self, due: Due) -> None:
        leg = await self._ring_agent(due)
        if leg is None:
            return
        self._customers.watch(leg, self._agent_gone)
        told = self._terms.tells.with_values(caller=Spelled(due.pii_number))
        await self._customers.tell(leg, self._services.prompts.clips(told, due.language))
        call = await self._ring_caller(due)
        if call is not None:
            await self._greet(call, due)
            await self._talk(call, leg, due)

    async def _caller_first(self, due: Due) -> None:
        call = await self._ring_caller(due)
        if call is None:
            return
        offer = self._offer
        await self._do(lambda: self._ledger.hold(offer.offer, offer.fence))
        await self._greet(call, due)
        await call.start_music(self._services.prompts.music("default"))
        try:
            async with asyncio.timeout(self._terms.holds_s):
                leg = await self._agent_for(due)
        except TimeoutError:
            self._tried("no_agent")
            return
        await call.stop_music()
        await self._talk(call, leg, due)

    async def _agent_for(self, due: Due) -> AgentLeg:
        """The first agent who answers; one offer after the other comes to the node that holds the caller."""
        while True:
            leg = await self._ring_agent(due)
            if leg is not None:
                return leg
            self._offer = await self._mailbox.get()

    # --- The phones -----------------------------------------------------------------------------------------------

    async def _ring_agent(self, due: Due) -> AgentLeg | None:
        offer = self._offer
        rings_s = max(offer.rings_for_ms / 1000 - self._terms.dials_s, 1.0)
        try:
            async with asyncio.timeout(rings_s):
                self._leg = await self._services.phones.ring(offer, self._info(due))
        except TimeoutError:
            await self._fail("no_answer")
        except NotAnswered as missed:
            await self._fail(missed.cause)
        return self._leg

    async def _ring_caller(self, due: Due) -> Call | None:
        try:
            async with asyncio.timeout(self._terms.ring_s):
                self._call = await self._customers.ring(due)
        except TimeoutError:
            await self._not_reached("no_answer")
        except NotAnswered as missed:
            await self._not_reached(missed.cause)
        else:
            self._call.on_end(self._caller_gone)
        return self._call

    async def _not_reached(self, cause: str) -> None:
        """The agent's phone is free before the agent is."""
        if self._leg is not None:
            leg, self._leg = self._leg, None
            await leg.hang_up()
        self._tried(cause)

    async def _greet(self, call: Call, due: Due) -> None:
        await call.play(self._services.prompts.clips(self._terms.says, due.language))

    async def _talk(self, call: Call, leg: AgentLeg, due: Due) -> None:
        offer, began = self._offer, asyncio.get_running_loop().time()
        await self._do(lambda: self._services.distributor.accept(offer.offer, offer.fence))
        cause, self._task = "error", None
        self._tell_start(call.info)
        talk = CalledBack(self._services, self._chain, call, offer, due.language)
        try:
            cause = await talk.through(leg)
        except asyncio.CancelledError:
            cause = "shutdown"
            raise
        finally:
            self._tell_end("answered", cause, began)

    def _info(self, due: Due) -> CallInfo:
        """What the agent's phone shows: the number that will be rung."""
        return CallInfo(ContactId(due.callback), due.queue, "", due.pii_number, asserted=True)

    # --- What cuts it short -----------------------------------------------------------------------------------------

    def _revoked(self, heard: Revoked) -> None:
        if heard.offer == self._offer.offer:
            self._cut_short("revoked")

    def _agent_gone(self) -> None:
        self._cut_short("agent_gone")

    def _caller_gone(self, cause: str) -> None:
        self._cut_short("caller_gone")

    def _cut_short(self, why: str) -> None:
        """Wake the run from whatever it awaits; once they talk there is nothing to cut."""
        if not self._cut and self._task is not None and asyncio.current_task() is not self._task:
            self._cut = why
            self._task.cancel()

    def _withdrawn(self) -> None:
        offer = self._offer
        if self._cut == "caller_gone":
            self._tried("left")
        elif self._cut == "agent_gone":
            fail = self._services.distributor.fail
            self._chain.later(lambda: fail(offer.offer, offer.fence, "rejected"), patience_s=_PATIENCE_S)
        if self._cut != "caller_gone":
            # Whatever was under way: a talk that nobody has is over, and a caller on the line is rung again.
            self._tried("revoked")

    # --- The distributor --------------------------------------------------------------------------------------------

    async def _fail(self, cause: str) -> None:
        """Give the offer back: the agent did not take it, the promise keeps its place."""
        fail, offer = self._services.distributor.fail, self._offer
        if self._call is None:
            # The next offer may come before this run has ended, and is not for it.
            self._services.offers.forget(offer.contact)
        try:
            await self._do(lambda: fail(offer.offer, offer.fence, cause))
        except DistributorError as error:
            _log.info("offer was gone already", offer=offer.offer, error=str(error))

    def _tried(self, cause: str) -> None:
        tried, callback = self._ledger.tried, self._offer.contact
        self._chain.later(lambda: tried(callback, cause), patience_s=_FINISH_PATIENCE_S)

    async def _do(self, command: Callable[[], Awaitable[T]]) -> T:
        return await self._chain.do(command, patience_s=_PATIENCE_S)

    def _hang_up(self) -> None:
        """Whoever is still on the line."""
        own = self._services.commands.own
        if self._leg is not None:
            own(self._leg.hang_up())
        if self._call is not None:
            own(self._call.hangup())

    # --- Events -------------------------------------------------------------------------------------------------------

    def _tell_start(self, info: CallInfo) -> None:
        services = self._services
        services.sink.emit(
            ContactStarted(
                at_ms=services.now_ms(),
                tenant=services.tenant,
                node=services.node,
                contact=self._offer.contact,
                number=info.number,
                flow=FLOW,
                flow_version="",
                trunk=info.trunk,
                pii_caller=info.pii_caller,
            )
        )

    def _tell_end(self, outcome: str, cause: str, began: float) -> None:
        services = self._services
        services.sink.emit(
            ContactEnded(
                at_ms=services.now_ms(),
                tenant=services.tenant,
                node=services.node,
                contact=self._offer.contact,
                outcome=outcome,
                cause=cause,
                duration_ms=round((asyncio.get_running_loop().time() - began) * 1000),
            )
        )
