"""A caller whom svar rang, as a call that a flow may lead; and words for an agent who was rung before."""

import asyncio
from collections.abc import Callable

from ivr.over_sip.agent_leg import SipAgentLeg, SipPhones
from ivr.over_sip.line import Line, Target
from ivr.over_sip.outside import Outside
from ivr.over_sip.sip_call import SipCall
from ivr.ports.call import AgentLeg, CallInfo, Clip
from rtp.engine import MediaError
from sip.config import Address
from sip.events import InviteReceived, Origin
from sip.message.headers import Headers
from sip.message.message import Request

_NOWHERE = Address("0.0.0.0", 0)


class RungCall(SipCall):
    """The Call port for a phone that was rung and has answered. It is the leg's owner from then on."""

    __slots__ = ()

    def __init__(self, line: Line, outside: Outside, leg: SipAgentLeg, target: Target, info: CallInfo) -> None:
        # A session is the same, whoever began it: what a caller's INVITE says is said here for the other way.
        invite = InviteReceived(
            leg.session,
            Request("INVITE", target.uri, Headers()),
            target.destination or _NOWHERE,
            Origin("trunk", target.trunk),
        )
        super().__init__(line, outside, invite, info, leg.leg)
        self.answered = True
        self._said = target.uri.user_text
        line.media.listen(self.leg, self._heard_media)


class RingsBack:
    """The way to callers over SIP, and to agents' ears."""

    def __init__(self, line: Line, phones: SipPhones, outside: Outside) -> None:
        self._line = line
        self._phones = phones
        self._outside = outside

    async def ring(self, target: Target, info: CallInfo) -> RungCall:
        """Ring until it is answered. Raises NotAnswered; cancelling stops it."""
        leg = await self._phones.dial("", target, info, "")
        return RungCall(self._line, self._outside, leg, target, info)

    async def tell(self, leg: AgentLeg, clips: tuple[Clip, ...]) -> None:
        """See `ivr.ports.ringing_back.Customers.tell`."""
        if not isinstance(leg, SipAgentLeg) or leg.over:
            return
        media = self._line.media
        try:
            if clips:
                await media.play(leg.leg, tuple(clip.path for clip in clips))
                await asyncio.sleep(sum(clip.duration_s for clip in clips))
            if self._line.hold_music and not leg.over:
                await media.play(leg.leg, self._line.hold_music, loop=True)
        except MediaError:
            return  # the phone is gone, which its watcher tells

    def watch(self, leg: AgentLeg, gone: Callable[[], None]) -> None:
        """See `ivr.ports.ringing_back.Customers.watch`."""
        if not isinstance(leg, SipAgentLeg) or leg.over:
            asyncio.get_running_loop().call_soon(gone)
        else:
            leg.joined = _Watch(gone)


class _Watch:
    """Stands where the other side of a bridge will."""

    __slots__ = ("_gone",)

    def __init__(self, gone: Callable[[], None]) -> None:
        self._gone = gone

    def leg_ended(self, cause: str) -> None:
        self._gone()

    def leg_held(self, held: bool) -> None:
        """A phone on hold hears nothing, as it wants."""
