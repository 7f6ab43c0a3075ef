"""A colleague whom an agent, in a talk, asks a queue for: a place of its own there, offers, and whoever answers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from acd.distributor import DistributorError, Refused
from acd.model import AgentId, Enqueue, Offer, QueueId, Revoked
from ivr.ports.call import AgentLeg, CallInfo
from ivr.ports.phones import ELSEWHERE, NotAnswered
from ivr.running.commands import Chain
from ivr.running.run import Run
from ivr.running.rung import abandon, outcome

_log = structlog.get_logger(__name__)

_PATIENCE_S = 5.0
_END_PATIENCE_S = 300.0
_RELEASE_S = 2.0


class Sought:
    """One search. `contact` is its own in the queue; it counts in none of O, A, L, F and W."""

    __slots__ = ("_chain", "_mailbox", "_run", "contact", "found")

    def __init__(self, run: Run, number: int) -> None:
        """`number` tells the searches of one talk apart."""
        self.contact = f"{run.data.contact}+{number}"
        self.found = False
        self._run = run
        self._chain = Chain(run.services.commands)
        self._mailbox = run.services.offers.expect(self.contact)

    async def ring(self, queue: str, asked_by: str, info: CallInfo) -> AgentLeg:
        """Wait and ring until somebody answers; whoever is cancelled meanwhile has left the queue.

        Raises NotAnswered where the queue takes nobody.
        """
        try:
            await self._enter(queue, asked_by)
            while True:
                offer = await self._mailbox.get()
                leg = await self._rung(offer, replace(info, asked_by=asked_by))
                if leg is not None and await self._accepted(offer, leg):
                    self.found = True
                    return leg
        finally:
            if not self.found:
                self.end("taken_back")

    def end(self, cause: str) -> None:
        """The colleague is done, or wanted no more. Waits for nothing."""
        self._run.services.offers.forget(self.contact)
        distributor, contact = self._run.services.distributor, self.contact
        command: Callable[[], Awaitable[object]] = (
            (lambda: distributor.finish(contact, cause)) if self.found else (lambda: distributor.leave(contact, cause))
        )
        self._chain.later(command, patience_s=_END_PATIENCE_S)

    async def _enter(self, queue: str, asked_by: str) -> None:
        services = self._run.services
        entry = Enqueue(self.contact, QueueId(queue), services.node, colleague_of=AgentId(asked_by))
        try:
            await self._chain.do(lambda: services.distributor.enqueue(entry), patience_s=_PATIENCE_S)
        except DistributorError as error:
            raise NotAnswered("unreachable") from error

    async def _rung(self, offer: Offer, info: CallInfo) -> AgentLeg | None:
        services = self._run.services
        ringing = asyncio.ensure_future(services.phones.ring(offer, info))
        lost = False

        def revoked(heard: Revoked) -> None:
            nonlocal lost
            if heard.offer == offer.offer:
                lost = True
                ringing.cancel(None if heard.cause == "no_answer" else ELSEWHERE)

        self._mailbox.on_revoked = revoked
        try:
            await asyncio.wait({ringing}, timeout=offer.rings_for_ms / 1000)
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
            services.commands.own(leg.hang_up())
            return None
        if leg is None and not lost:
            await self._fail(offer, cause)
        return leg

    async def _fail(self, offer: Offer, cause: str) -> None:
        fail = self._run.services.distributor.fail
        try:
            await self._chain.do(lambda: fail(offer.offer, offer.fence, cause), patience_s=_PATIENCE_S)
        except DistributorError as error:
            _log.info("offer was gone already", offer=offer.offer, error=str(error))

    async def _accepted(self, offer: Offer, leg: AgentLeg) -> bool:
        """Confirm that they talk. False: the lease is lost, or nobody knows; the phone was hung up."""
        services = self._run.services
        accept = services.distributor.accept
        try:
            await self._chain.do(lambda: accept(offer.offer, offer.fence), patience_s=_PATIENCE_S)
        except Refused:
            services.commands.own(leg.hang_up())
            return False
        except DistributorError as error:
            self.found = True  # it may have been done: then it has to be ended
            self.end("error")
            services.commands.own(leg.hang_up())
            raise NotAnswered("unreachable") from error
        except BaseException:
            self.found = True
            self.end("taken_back")
            services.commands.own(leg.hang_up())
            raise
        return True
