"""Agents' phones over SIP: ringing one for an offer, and the leg that comes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol
from weakref import WeakSet

import structlog

from acd.model import Offer
from ivr.over_sip.answering import answer_offer as answer_offer
from ivr.over_sip.answering import answer_reinvite as answer_reinvite
from ivr.over_sip.answering import is_held as is_held
from ivr.over_sip.answering import told as told
from ivr.over_sip.answering import unacceptable as unacceptable
from ivr.over_sip.line import Line as Line
from ivr.over_sip.line import MediaTerms as MediaTerms
from ivr.over_sip.line import Target as Target
from ivr.over_sip.told_along import told_along, wait_shown
from ivr.ports.call import CallInfo
from ivr.ports.phones import ELSEWHERE, NotAnswered
from rtp.engine import DtmfReceived, LegId, MediaError, MediaEvent, RtpTimeout, WorkerLost
from sip.events import (
    Accepted,
    Confirmed,
    DigitReceived,
    Ended,
    OfferReceived,
    ReferReceived,
    Refreshed,
    ReinviteReceived,
    Rejected,
    Reoffered,
    ReofferFailed,
    SessionId,
    SipEvent,
)
from sip.message.address import NameAddr
from sip.message.reason import COMPLETED_ELSEWHERE, reason

_log = structlog.get_logger(__name__)

_CAUSES = {
    486: "busy",
    600: "busy",
    603: "rejected",
    403: "rejected",
    488: "rejected",
    408: "no_answer",
    487: "no_answer",
}
"""What a final answer to our INVITE says about the agent; anything else: the phone cannot be reached."""


class Joined(Protocol):
    """The other side of a bridge: what a leg tells it."""

    def leg_ended(self, cause: str) -> None: ...

    def leg_held(self, held: bool) -> None: ...


class Wishes(Protocol):
    """Who is told what the agent wants of the talk, where anybody is."""

    def leg_pressed(self, key: str) -> None: ...

    def leg_refers(self, event: ReferReceived) -> bool:
        """Whether somebody answers it; else it is refused."""


class SipAgentLeg:
    """A phone that svar rang, from the INVITE on. `answered` resolves when it may be bridged, or fails NotAnswered."""

    __slots__ = (
        "__weakref__",
        "_by_rtp",
        "_ended",
        "_held",
        "_line",
        "_ringing",
        "agent",
        "answered",
        "contact",
        "joined",
        "leg",
        "session",
        "wishes",
    )

    def __init__(self, line: Line, agent: str, contact: str, leg: LegId) -> None:
        self._line = line
        self.agent = agent
        self.contact = contact
        self.leg = leg
        self.joined: Joined | None = None
        self.wishes: Wishes | None = None
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.session = SessionId("")
        self._ended = False
        self._held = False
        self._ringing = False
        self._by_rtp = False

    async def invite(self, target: Target, local: NameAddr, headers: tuple[tuple[str, str], ...]) -> None:
        """Send the INVITE. Raises MediaError when there is no port for it."""
        line = self._line
        line.media.listen(self.leg, self._heard_media)
        offer = await line.media.open(self.leg, None, line.options(target.whose(self.agent), self.contact))
        call_id, proof = line.proof(target, offer)
        self.session = line.user_agent.invite(
            target.uri,
            self._heard,
            local=local,
            remote=NameAddr(target.uri),
            destination=target.destination,
            trunk=target.trunk,
            sdp=offer,
            headers=(*headers, *target.headers, *proof),
            call_id=call_id,
        )
        self._ringing = True
        line.follow(self.leg, self.session)

    def is_of(self, session: SessionId, agent: str) -> bool:
        """Whether it is that agent's call, which was answered, and is that session."""
        return self.agent == agent and self.answered.done() and not self._ended and self.session == session

    @property
    def over(self) -> bool:
        """Whether the phone is on the hook again."""
        return self._ended

    @property
    def by_rtp(self) -> bool:
        """Whether its keys come as telephone events, which a bridge passes on by itself."""
        return self._by_rtp

    @property
    def held(self) -> bool:
        """Whether the phone has put us on hold."""
        return self._held

    async def hang_up(self) -> None:
        """CANCEL or BYE, whichever fits, and the end of its media. Nothing when it is over."""
        self.release()

    def release(self, *, elsewhere: bool = False) -> None:
        """`hang_up`, for places that cannot wait. `elsewhere`: another phone gets the call (RFC 3326 §3.1)."""
        if not self._ended:
            self._ended = True
            if self._ringing:
                why = reason(200, COMPLETED_ELSEWHERE) if elsewhere else ()
                self._line.user_agent.hang_up(self.session, headers=why)
            self._line.spawn(self._line.close(self.contact, self.leg))
        if not self.answered.done():
            self.answered.cancel()

    def _heard(self, event: SipEvent) -> None:
        match event:
            case Accepted():
                self._line.spawn(self._accepted(event.sdp or ""))
            case Rejected():
                if event.reasons:
                    _log.info("a phone refused for a reason", contact=self.contact, reasons=told(event.reasons))
                self._not_answered(_CAUSES.get(event.status, "unreachable"))
            case Ended():
                self._over("agent_hung_up")
            case Confirmed():
                if event.sdp:
                    self._line.spawn(self._line.media.update(self.leg, event.sdp))
            case ReinviteReceived() | OfferReceived():
                self._line.spawn(self._reinvited(event))
            case Refreshed() if event.moved and event.sdp:
                self._line.spawn(self._line.media.update(self.leg, event.sdp))
            case Reoffered() | ReofferFailed():
                self._line.reoffered(self.leg, event)
            case ReferReceived():
                if self.wishes is None or not self.wishes.leg_refers(event):
                    self._line.user_agent.answer_refer(event.referral, 403)
            case DigitReceived() if not self._by_rtp:
                self._pressed(event.digit)
            case _:
                pass

    def _pressed(self, key: str) -> None:
        if self.wishes is not None:
            self.wishes.leg_pressed(key)

    async def _accepted(self, answer: str) -> None:
        if self._ended or self.answered.done():
            return
        self._by_rtp = "telephone-event/8000" in answer.lower()
        try:
            await self._line.media.update(self.leg, answer)
        except MediaError as error:
            _log.warning("agent's phone answered with media that cannot be used", agent=self.agent, error=str(error))
            if not self.answered.done():
                self.answered.set_exception(NotAnswered("rejected"))
            self.release()
            return
        if not self.answered.done():
            self.answered.set_result(None)

    async def _reinvited(self, event: ReinviteReceived | OfferReceived) -> None:
        """The phone holds, resumes or moves its media (RFC 3264 §8.4).

        Before it is answered there is nothing to hold: its early media is not listened to, the caller has our music.
        """
        if isinstance(event, ReinviteReceived):
            taken = await answer_reinvite(self._line, self.leg, event)
        elif not self.answered.done():
            self._line.user_agent.refuse_offer(event.session, 488)
            return
        else:
            taken = await answer_offer(self._line, self.leg, event)
        held = event.sdp is not None and is_held(event.sdp)
        if taken and held != self._held:
            self._held = held
            if self.joined is not None:
                self.joined.leg_held(held)

    def _not_answered(self, cause: str) -> None:
        if not self._ended:
            self._ended = True
            self._line.spawn(self._line.close(self.contact, self.leg))
        if not self.answered.done():
            self.answered.set_exception(NotAnswered(cause))

    def _over(self, cause: str) -> None:
        if not self.answered.done():
            self._not_answered("unreachable")
            return
        self.release()
        if self.joined is not None:
            self.joined.leg_ended(cause)

    def _heard_media(self, event: MediaEvent) -> None:
        if isinstance(event, RtpTimeout):
            self._line.silent(self.contact, event)
        elif isinstance(event, DtmfReceived):
            self._pressed(event.digit)
        elif isinstance(event, WorkerLost):
            self.lost()

    def lost(self) -> None:
        """Who carried its media is gone, and the phone did not come along to another; or the node that rang it is."""
        if not self.answered.done():
            self.answered.set_exception(NotAnswered("unreachable"))
        self.release()
        if self.joined is not None:
            self.joined.leg_ended("error")


class SipPhones:
    """The AgentPhones port over SIP, and the way to a number outside.

    `locate` gives where an agent's phone is now, or None; `local` is what From says for a caller and a queue. `find`,
    where there is more than one node, looks at all of them.
    """

    def __init__(
        self,
        line: Line,
        locate: Callable[[str], Target | None],
        local: Callable[[CallInfo, str], NameAddr],
        tokens: Callable[[], str],
        find: Callable[[str], Awaitable[Target | None]] | None = None,
    ) -> None:
        self._line = line
        self._locate = locate
        self._find = find
        self._away: dict[str, WeakSet[SipAgentLeg]] = {}
        self._local = local
        self._tokens = tokens
        self.partners: Callable[[Offer, CallInfo], Awaitable[SipAgentLeg]] | None = None

    async def find(self, agent: str) -> Target | None:
        """Where the agent's phone is now, at whatever node."""
        return self._locate(agent) if self._find is None else await self._find(agent)

    def node_lost(self, node: str) -> None:
        """What that node rang for us, or carried, is gone."""
        for leg in tuple(self._away.pop(node, ())):
            leg.lost()
            if leg.session:
                self._line.forget_soon(leg.session)

    async def ring(self, offer: Offer, info: CallInfo) -> SipAgentLeg:
        """See `ivr.ports.phones.AgentPhones.ring`."""
        if offer.grounds.partner and self.partners is not None:
            return await self.partners(offer, info)
        target = await self.find(offer.agent)
        if target is None:
            raise NotAnswered("unreachable")
        along = told_along(offer, info)
        return await self.dial(offer.agent, target, info, offer.queue, along, beside=wait_shown(offer))

    async def dial(
        self,
        name: str,
        target: Target,
        info: CallInfo,
        purpose: str,
        headers: tuple[tuple[str, str], ...] = (),
        *,
        beside: str = "",
    ) -> SipAgentLeg:
        """Ring `target` on behalf of the caller until it is answered. Raises NotAnswered; cancelling stops it.

        `beside`: what the display says besides the queue.
        """
        leg = SipAgentLeg(self._line, name, info.contact, LegId(self._tokens()))
        if target.node:
            self._away.setdefault(target.node, WeakSet()).add(leg)
        try:
            local = target.local or self._local(info, purpose)
            if beside and not info.asked_by:
                local = replace(local, display=f"{local.display}, {beside}")
            # Whoever asks has proven it to us (RFC 3325): it is not for trunks, which are told what theirs says.
            asserted = (("P-Asserted-Identity", str(local)),) if info.asked_by and not target.trunk else ()
            await leg.invite(target, local, (*headers, *asserted))
            await leg.answered
        except MediaError as error:
            leg.release()
            _log.warning("no media for a call to an agent", agent=name, error=str(error))
            raise NotAnswered("unreachable") from error
        except asyncio.CancelledError as stopped:
            leg.release(elsewhere=ELSEWHERE in stopped.args)
            raise
        except BaseException:
            leg.release()
            raise
        return leg
