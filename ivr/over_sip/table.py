"""Who hears whom in a talk over SIP, and what the phones at it ask for (`ivr.ports.talk.Table`)."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from weakref import WeakSet

import structlog

from ivr.over_sip.agent_leg import SipAgentLeg
from ivr.over_sip.aside import AsideLeg
from ivr.over_sip.line import Line
from ivr.over_sip.sip_call import SipCall
from ivr.ports.call import AgentLeg, Call, Clip
from ivr.ports.talk import Gone, Held, LegTold, Moved, Pressed, Referred, TableError
from rtp.engine import LegId, MediaError
from sip.events import ReferReceived, SessionId
from sip.message.transfer import Replaces

_log = structlog.get_logger(__name__)


class SipTables:
    """Sets tables. `ours` tells whether a host in a Refer-To is a name of this installation."""

    def __init__(self, line: Line, ours: Callable[[str], bool]) -> None:
        self._line = line
        self._ours = ours
        self._tables: WeakSet[SipTable] = WeakSet()

    def __call__(self, call: Call, leg: AgentLeg) -> "SipTable":
        """Raises TypeError for a call or a leg that is not over SIP."""
        if not isinstance(call, SipCall) or not isinstance(leg, SipAgentLeg):
            raise TypeError(f"a table over SIP is not for {type(call).__name__} and {type(leg).__name__}")
        table = SipTable(self._line, call, self._ours)
        self._tables.add(table)
        return table

    def chair(self, session: SessionId, agent: str) -> "Chair | None":
        """Whose call is that session, where it is that agent's in a talk, whoever leads it."""
        return next((found for one in self._tables if (found := one.chair(session, agent)) is not None), None)


class SipTable:
    """One talk's."""

    __slots__ = ("__weakref__", "_call", "_chairs", "_line", "_music", "_ours")

    def __init__(self, line: Line, call: SipCall, ours: Callable[[str], bool]) -> None:
        self._line = line
        self._call = call
        self._ours = ours
        self._chairs: dict[SipAgentLeg, Chair] = {}
        self._music = False

    def follow(self, leg: AgentLeg, told: Callable[[LegTold], None]) -> None:
        """See the port."""
        assert isinstance(leg, SipAgentLeg)
        chair = self._chairs[leg] = Chair(self._line, leg, told, self._ours, self._chairs)
        leg.joined = leg.wishes = chair
        if leg.over:
            asyncio.get_running_loop().call_soon(chair.leg_ended, "agent_hung_up")
        elif leg.held:
            asyncio.get_running_loop().call_soon(lambda: chair.leg_held(held=True))

    def chair(self, session: SessionId, agent: str) -> "Chair | None":
        """See `SipTables.chair`."""
        return next((chair for leg, chair in self._chairs.items() if leg.is_of(session, agent)), None)

    def take(self, leg: AgentLeg) -> None:
        """See the port."""
        if isinstance(leg, AsideLeg):
            leg.take()

    def let_go(self, leg: AgentLeg) -> None:
        """See the port."""
        assert isinstance(leg, SipAgentLeg)
        self._chairs.pop(leg, None)
        leg.joined = leg.wishes = None
        leg.release()

    async def arrange(self, caller_with: tuple[AgentLeg, ...], apart: tuple[AgentLeg, ...] = ()) -> None:
        """See the port."""
        media, caller = self._line.media, self._call.leg
        try:
            if apart:
                await self._join(tuple(leg.leg for leg in apart if isinstance(leg, SipAgentLeg)))
            if caller_with:
                self._music = False
                await self._join((caller, *(leg.leg for leg in caller_with if isinstance(leg, SipAgentLeg))))
            elif not self._music:
                await media.unbridge(caller)
                self._music = True
                if self._line.hold_music:
                    await media.play(caller, self._line.hold_music, loop=True)
        except MediaError as error:
            raise TableError(str(error)) from error

    async def _join(self, legs: tuple[LegId, ...]) -> None:
        media = self._line.media
        if len(legs) == 2:
            await media.bridge(*legs)
        else:
            await media.conference(legs)

    async def say(self, leg: AgentLeg, clips: tuple[Clip, ...]) -> None:
        """See the port."""
        if clips and isinstance(leg, SipAgentLeg) and not leg.over:
            with suppress(MediaError):
                await self._line.media.play(leg.leg, tuple(clip.path for clip in clips))

    async def close(self) -> None:
        """See the port."""
        for leg in tuple(self._chairs):
            self.let_go(leg)
        self._call.forget_keys()
        if self._music:
            with suppress(MediaError):
                await self._line.media.stop(self._call.leg)


class Chair:
    """What one phone at the table tells; it is both what it is joined with, and who hears its wishes."""

    __slots__ = ("_at_table", "_leg", "_line", "_ours", "_told")

    def __init__(
        self,
        line: Line,
        leg: SipAgentLeg,
        told: Callable[[LegTold], None],
        ours: Callable[[str], bool],
        at_table: Collection[SipAgentLeg],
    ) -> None:
        self._at_table = at_table
        self._line = line
        self._leg = leg
        self._told = told
        self._ours = ours

    @property
    def contact(self) -> str:
        """Whose talk it is."""
        return self._leg.contact

    def goes_on(self, leg: AsideLeg) -> None:
        """The agent's other phone takes the place of this one; it rings until then."""
        self._told(Moved(leg))

    def leg_ended(self, cause: str) -> None:
        self._told(Gone(cause))

    def leg_held(self, held: bool) -> None:
        self._told(Held(held))

    def leg_pressed(self, key: str) -> None:
        self._told(Pressed(key))

    def leg_refers(self, event: ReferReceived) -> bool:
        """Of the agent of this phone alone, who has proven it on the request itself, and to ourselves alone."""
        agent, referral, host = self._line.user_agent, event.referral, event.target.host
        if (event.origin.kind, event.origin.name) != ("agent", self._leg.agent) or not self._ours(host):
            _log.warning("a phone may not ask for a transfer", agent=self._leg.agent, pii_target=str(event.target))
            return False
        joins = event.replaces is not None and self._is_other(event.replaces)
        if event.replaces is not None and not joins:
            return False
        self._told(
            Referred(
                event.target.user_text,
                joins=joins,
                answer=lambda status: _done(agent.answer_refer(referral, status)),
                progress=lambda status: _done(agent.notify_refer(referral, status)),
            )
        )
        return True

    def _is_other(self, replaces: Replaces) -> bool:
        """Whether that dialog is the agent's other call at this table."""
        others = [leg.session for leg in self._at_table if leg is not self._leg and leg.agent == self._leg.agent]
        return any(self._line.user_agent.core.named_to_others(one) == replaces.seen_there() for one in others)


def _done(accepted: bool) -> None:
    if not accepted:
        _log.info("a phone no longer waits to be told of its transfer")
