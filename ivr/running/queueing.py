"""A caller in a queue: a place, the agent's phone, the talk; every way out leaves it clean."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import structlog

from acd.distributor import Distributor, DistributorError, Refused, Unavailable
from acd.model import AgentId, Enqueue, Offer, Place, QueueId, Revoked, SiteId
from ivr.ports.call import AgentLeg, CallEnded
from ivr.ports.phones import ELSEWHERE
from ivr.running import partners
from ivr.running.announcing import Announcer, Waiting
from ivr.running.commands import Chain
from ivr.running.leaving import Exit, Rules, by_key
from ivr.running.run import Run, Visit
from ivr.running.rung import abandon, outcome
from ivr.running.talk_words import Over

_log = structlog.get_logger(__name__)

ENTER_PATIENCE_S = 120.0
"""How long a caller waits for a queue that is out of reach, before going on at `unavailable`."""
FLOWED_OUT = frozenset({"overflow", "voicemail", "callback", "key"})
"""Causes of who is led out of the queue (F), by the node that they are led to (`Node.flows_out_as`), or by a key."""
CAUSES = frozenset({"caller_hung_up", "agent_hung_up", "transferred", "ordered", "shutdown", "closing"}) | FLOWED_OUT
"""What the distributor is told of an end; all else is an error."""
NOT_LET_IN = frozenset({"closing", "error"})
"""Outcomes of visits that may have been none."""
_RELEASE_S = 2.0
"""How long a phone may take to stop ringing before nobody waits for it any more."""
_UNTOLD_PATIENCE_S = 3.0
_OFFER_PATIENCE_S = 10.0
_FINISH_PATIENCE_S = 300.0


class Left(Enum):
    """How a stay in a queue ended, when the caller is still there."""

    TALKED = "talked"
    WAITED_TOO_LONG = "overflow"
    UNAVAILABLE = "unavailable"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a queue node wants of the queue. `overflow` is the cause that is told of who waited too long.

    `closes_ms` (epoch; 0: never) is when the service closes: who cannot be served before is not let in. `site` is the
    caller's own (empty: that of the node), `prefer` the agent who is waited for first, for `prefer_s`.
    """

    queue: QueueId
    priority_s: int
    max_wait_s: float
    overflow: str = "overflow"
    closes_ms: int = 0
    site: str = ""
    prefer: str = ""
    prefer_s: int = 0


async def wait_and_talk(run: Run, wish: Wish, waiting: Waiting) -> Left | Exit:
    """Wait for an agent and talk; a key or a rule of the block may lead another way. A run that has an entry in this
    queue goes on with it.

    Raises CallEnded (or is cancelled) when the caller is gone; what the distributor has to know of that is then under
    way in `run.services.commands`.
    """
    if not run.call.answered:
        await run.call.answer()
    announcer = Announcer(run, waiting)
    left = await _stayed(run, wish, announcer, waiting)
    while isinstance(left, Over):
        # Who is given to a queue waits there as here, and takes the wait of the whole journey along.
        wish = replace(wish, queue=QueueId(left.queue or wish.queue), closes_ms=0, prefer="")
        left = await _stayed(run, wish, announcer, waiting)
    return left


async def _stayed(run: Run, wish: Wish, announcer: Announcer, waiting: Waiting) -> Left | Exit | Over:
    stay = _Stay(run, wish, announcer, waiting)
    try:
        left = await stay.through()
        # Two at once cannot speak to a caller: the next node begins when the last sentence has stopped.
        await announcer.silence()
        return left
    except CallEnded as ended:
        stay.cause = ended.cause
        raise
    except asyncio.CancelledError:
        stay.cause = run.ended or "shutdown"
        raise
    finally:
        stay.close()


class _Stay:
    """One contact's stay in one queue."""

    def __init__(self, run: Run, wish: Wish, announcer: Announcer, waiting: Waiting) -> None:
        self._run = run
        self._wish = wish
        self._announcer = announcer
        self._mailbox = run.services.offers.expect(run.data.contact)
        self._chain = Chain(run.services.commands)
        self._resumed = run.data.entry is not None and run.data.entry.queue == wish.queue
        self._visit = self._entry()
        self._in_doubt = False
        waited_s = (run.services.now_ms() - self._visit.arrived_ms) / 1000
        self._give_up_at = asyncio.get_running_loop().time() + wish.max_wait_s - waited_s
        self._finished = False
        self._rules = Rules(run, wish.queue, waiting, waited_s)
        self.cause = "error"

    @property
    def _distributor(self) -> Distributor:
        return self._run.services.distributor

    def _entry(self) -> Visit:
        data = self._run.data
        if data.entry is None or not self._resumed:
            data.entry = Visit(self._wish.queue, self._run.services.now_ms(), self._wish.priority_s)
        return data.entry

    async def through(self) -> Left | Exit | Over:
        """From the place to the end of the talk, which may lead on to a queue."""
        self._announcer.start()
        if refused := await self._enter():
            return refused
        while True:
            offer = await self._offer()
            if not isinstance(offer, Offer):
                return offer
            leg = await self._ring(offer)
            if leg is not None and await self._accepted(offer, leg):
                over = await self._talk(offer, leg)
                return over if over is not None and over.queue is not None else Left.TALKED
            if self._in_doubt and (refused := await self._enter()):
                return refused

    async def _offer(self) -> Offer | Left | Exit:
        """The next offer, or how the caller leaves before one comes."""
        getting = asyncio.ensure_future(self._mailbox.get())
        waits_s = max(self._give_up_at - asyncio.get_running_loop().time(), 0.0)
        pressed, left = self._announcer.pressed, self._rules.left
        try:
            first: set[asyncio.Future[Any]] = {getting, pressed, left}
            await asyncio.wait(first, timeout=waits_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # An offer that comes at this moment is withdrawn with the place.
            getting.cancel()
        if pressed.done() or left.done():
            way = by_key(self._run, self._announcer.leads_to(pressed.result())) if pressed.done() else left.result()
            self.cause = way.cause
            return way
        if getting.done() and not getting.cancelled():
            return getting.result()
        self.cause = self._wish.overflow
        return Left.WAITED_TOO_LONG

    # --- the place ---

    async def _enter(self) -> Left | None:
        """Take or retake the place; else why not: closing, full, unknown, or away for longer than anybody waits."""
        left = Left.UNAVAILABLE
        for patience_s in (_UNTOLD_PATIENCE_S, ENTER_PATIENCE_S):
            try:
                await self._chain.do(self._enqueue, patience_s=patience_s)
            except Refused as refused:
                if refused.code == "CLOSING":
                    left = Left.CLOSING
                else:
                    _log.warning("queue refused a contact", queue=self._wish.queue, code=refused.code)
                break
            except Unavailable:
                _log.warning("queue is out of reach", queue=self._wish.queue, contact=self._run.data.contact)
                await self._announcer.tell_delay()
            else:
                self._in_doubt = False
                # Who is inside stays until they are served, whatever the clock says.
                self._wish = replace(self._wish, closes_ms=0)
                return None
        self.cause = "closing" if left is Left.CLOSING else "error"
        return left

    def _enqueue(self) -> Awaitable[Place]:
        visit, wish = self._visit, self._wish
        arrived_ms = visit.arrived_ms if self._resumed else 0
        # What was waited before, in other queues too, counts as if it had been in one piece with this.
        waited_ms = sum(each.waited_ms for each in self._run.data.journey)
        self._resumed = True
        entry = Enqueue(
            self._mailbox.contact,
            visit.queue,
            self._run.services.node,
            visit.priority_s,
            arrived_ms,
            since_ms=visit.arrived_ms - waited_ms if waited_ms else 0,
            site=SiteId(wish.site or self._run.services.site),
            prefer=AgentId(wish.prefer),
            prefer_s=wish.prefer_s,
            closes_ms=wish.closes_ms,
        )
        return self._distributor.enqueue(entry)

    # --- the agent ---

    async def _ring(self, offer: Offer) -> AgentLeg | None:
        """Ring the agent, for as long as the offer says or until the lease is lost."""
        services = self._run.services
        ringing = asyncio.ensure_future(partners.ring(self._run, offer))
        lost = False

        def revoked(heard: Revoked) -> None:
            nonlocal lost
            if heard.offer == offer.offer:
                lost = True
                ringing.cancel(None if heard.cause == "no_answer" else ELSEWHERE)

        self._mailbox.on_revoked = revoked
        try:
            pressed = self._announcer.pressed
            both: set[asyncio.Future[Any]] = {ringing, pressed}
            await asyncio.wait(both, timeout=offer.rings_for_ms / 1000, return_when=asyncio.FIRST_COMPLETED)
            if pressed.done() and not ringing.done():
                # The place is left, and with it the lease: the agent has missed nothing.
                abandon(ringing, services.commands)
                return None
            if not ringing.done():
                ringing.cancel()
                await asyncio.wait({ringing}, timeout=_RELEASE_S)
        except BaseException:
            abandon(ringing, services.commands)
            raise
        finally:
            self._mailbox.on_revoked = None
        if not ringing.done():
            abandon(ringing, services.commands)
        leg, cause = outcome(ringing) if ringing.done() else (None, "error")
        if lost and leg is not None:
            await leg.hang_up()
            return None
        if leg is None and not lost:
            await self._fail(offer, cause)
        return leg

    async def _fail(self, offer: Offer, cause: str) -> None:
        """Give the offer back; the caller keeps the place. The lease's end does the same if the store stays away."""
        fail = self._distributor.fail
        try:
            await self._chain.do(lambda: fail(offer.offer, offer.fence, cause), patience_s=_OFFER_PATIENCE_S)
        except DistributorError as error:
            _log.info("offer was gone already", offer=offer.offer, error=str(error))

    async def _accepted(self, offer: Offer, leg: AgentLeg) -> bool:
        """Confirm that the agent has the caller. False: the lease is lost, and the agent was hung up."""
        accept = self._distributor.accept
        try:
            await self._chain.do(lambda: accept(offer.offer, offer.fence), patience_s=_OFFER_PATIENCE_S)
        except Refused:
            await leg.hang_up()
            return False
        except Unavailable:
            # Nobody knows whether it was done: end both, and take the place again with the arrival it had.
            self._in_doubt = True
            self._later(lambda: self._distributor.finish(offer.contact, "error"))
            await leg.hang_up()
            return False
        except BaseException:
            self._run.services.commands.own(leg.hang_up())
            raise
        return True

    async def _talk(self, offer: Offer, leg: AgentLeg) -> Over | None:
        visit = self._visit
        visit.outcome, visit.agent = "answered", offer.agent
        visit.waited_ms = self._run.services.now_ms() - visit.arrived_ms
        try:
            await self._announcer.silence()
            talks = self._run.services.talks
            if talks is None:
                self.cause = await self._run.call.bridge(leg)
                return None
            over = await talks.through(self._run, offer, leg, lambda: self._finish("transferred"))
        except BaseException:
            self._run.services.commands.own(leg.hang_up())
            raise
        self.cause = over.cause
        if over.queue is not None:
            # The next place can be taken once the agent is free of this contact.
            self._finish(over.cause)
            await self._chain.settled()
        return over

    def _finish(self, cause: str) -> None:
        """Once: a second one, late because the store was away, would end the place that the caller has next."""
        if self._finished:
            return
        self._finished = True
        self._later(lambda: self._distributor.finish(self._mailbox.contact, cause))

    # --- the end ---

    def close(self) -> None:
        """Leave or finish, after what is under way. Waits for nothing, so that it can't be interrupted."""
        visit, contact, data = self._visit, self._mailbox.contact, self._run.data
        cause = self.cause if self.cause in CAUSES else "error"
        self._run.services.offers.forget(contact)
        self._announcer.stop()
        self._rules.stop()
        if visit.outcome == "answered":
            self._finish(cause)
        else:
            visit.outcome = cause
            visit.waited_ms = self._run.services.now_ms() - visit.arrived_ms
            self._later(lambda: self._distributor.leave(contact, cause, flowed_out=cause in FLOWED_OUT))
        data.entry = None
        data.journey.append(visit)

    def _later(self, command: Callable[[], Awaitable[object]]) -> None:
        self._chain.later(command, patience_s=_FINISH_PATIENCE_S)
