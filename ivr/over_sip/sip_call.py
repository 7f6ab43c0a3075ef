"""The Call port over SIP: one caller's INVITE session and the media leg that goes with it."""

import asyncio
from collections.abc import Callable

import structlog

from ivr.over_sip import sip_recording
from ivr.over_sip.agent_leg import (
    Line,
    SipAgentLeg,
    answer_offer,
    answer_reinvite,
    told,
    unacceptable,
)
from ivr.over_sip.outside import Outside as Outside
from ivr.over_sip.sip_awaiting import Awaited, Keys
from ivr.ports.call import AgentLeg, CallEnded, CallInfo, Clip, Collected, Recorded
from ivr.ports.phones import NotAnswered
from rtp.engine import (
    DtmfReceived,
    LegId,
    MediaError,
    MediaEvent,
    PlayDone,
    RecordingEnded,
    RtpTimeout,
    WorkerLost,
)
from sip.events import (
    Confirmed,
    DigitReceived,
    Ended,
    InviteReceived,
    OfferReceived,
    ReferReceived,
    Refreshed,
    ReinviteReceived,
    Reoffered,
    ReofferFailed,
    SipEvent,
)

_log = structlog.get_logger(__name__)

_WRITTEN_WITHIN_S = 5.0
"""How long the end of a call waits for a disk to take the rest of a recording."""

_STATUS = {"shutdown": 503, "media_lost": 503, "failed": 500, "flow_ended": 480}
"""How a call that was never answered is refused, by the cause of its end."""


class SipCall:
    """A caller, from the INVITE on. `_said` is our description, None while no media is open, "" while it is opened."""

    __slots__ = (
        "_awaited",
        "_ended",
        "_invite",
        "_joined",
        "_keys",
        "_line",
        "_outside",
        "_said",
        "_told",
        "answered",
        "info",
        "leg",
    )

    def __init__(self, line: Line, outside: Outside, invite: InviteReceived, info: CallInfo, leg: LegId) -> None:
        self.info = info
        self.leg = leg
        self.answered = False
        self._told: Callable[[str], None] | None = None
        self._line = line
        self._outside = outside
        self._invite = invite
        self._ended = ""
        self._said: str | None = None
        self._keys = Keys(invite.sdp)
        self._awaited: Awaited | None = None
        self._joined: SipAgentLeg | None = None
        if not line.user_agent.listen(invite.session, self._heard):
            self._ended = "caller_hung_up"

    @property
    def ended(self) -> str:
        """The cause of the end, empty while the call lasts."""
        return self._ended

    def on_end(self, told: Callable[[str], None]) -> None:
        """See the port."""
        self._told = told
        if self._ended:
            asyncio.get_running_loop().call_soon(told, self._ended)

    async def answer(self, *, early: bool = False) -> None:
        """See the port. A caller whose media cannot be used is refused with the status that says so."""
        self._check()
        if self.answered:
            return
        opened = self._said is not None
        sdp = self._said or await self._open()
        agent, session = self._line.user_agent, self._invite.session
        early = early and self._invite.sdp is not None and self._invite.origin.kind != "stranger"
        if early and opened:
            return
        if not (agent.ring(session, sdp=sdp, status=183, reliable=True) if early else agent.accept(session, sdp)):
            self._end("caller_hung_up")
            raise CallEnded(self._ended)
        self.answered = not early

    async def _open(self) -> str:
        """Open the media. Gives our description."""
        line, invite = self._line, self._invite
        self._said = ""  # from the first step on, so that every end closes it
        line.media.listen(self.leg, self._heard_media)
        line.follow(self.leg, invite.session)
        try:
            sdp = await line.media.open(self.leg, invite.sdp, line.options(invite.origin, self.info.contact))
        except MediaError as error:
            line.user_agent.reject(invite.session, error.status, headers=unacceptable(error))
            self._end("failed")
            raise CallEnded("failed") from error
        self._check()
        self._said = sdp
        return sdp

    async def play(self, clips: tuple[Clip, ...], *, keys: str = "") -> str | None:
        """See the port."""
        self._check()
        if (ahead := self._pressed_ahead(keys)) is not None:
            return ahead
        files = tuple(clip.path for clip in clips)
        if not files:
            return None
        try:
            played = await self._line.media.play(self.leg, files)
        except MediaError:
            self._check()  # the caller left while the sound was read
            raise
        # A key may have come while another process began to play.
        key = self._pressed_ahead(keys) or await self._await(Awaited(keys=keys, play=played.play))
        if key:
            await self._line.media.stop(self.leg)
        return key or None

    async def collect(
        self, *, most: int, terminator: str = "#", first_timeout_s: float = 5.0, next_timeout_s: float = 3.0
    ) -> Collected:
        """See the port."""
        digits = ""
        while len(digits) < most:
            self._check()
            key = self._keys.popleft() if self._keys else None
            if key is None:
                awaited = Awaited(keys="0123456789*#ABCD")
                try:
                    async with asyncio.timeout(next_timeout_s if digits else first_timeout_s):
                        key = await self._await(awaited)
                except TimeoutError:
                    return Collected(digits, "timeout")
            if key in terminator:
                return Collected(digits, "terminator")
            digits += key
        return Collected(digits, "complete")

    async def record(self, path: str, *, most_s: float, silence_s: float = 0.0, terminator: str = "#") -> Recorded:
        """See the port."""
        self._check()
        self._keys.clear()
        self._awaited = awaited = Awaited(keys=terminator, recorded=True)
        media, leg = self._line.media, self.leg
        try:
            await media.stop(leg)
            return await sip_recording.record(media, leg, path, awaited, most_s=most_s, silence_s=silence_s)
        except MediaError as error:
            _log.warning("a caller could not be recorded", contact=self.info.contact, error=str(error))
            return Recorded("hung_up" if self._ended else "failed")
        finally:
            self._awaited = None
            awaited.close()

    async def start_music(self, clips: tuple[Clip, ...]) -> None:
        """See the port."""
        self._check()
        await self._line.media.play(self.leg, tuple(clip.path for clip in clips), loop=True)

    async def stop_music(self) -> None:
        """See the port."""
        self._check()
        await self._line.media.stop(self.leg)

    async def bridge(self, leg: AgentLeg) -> str:
        """See the port."""
        if not isinstance(leg, SipAgentLeg):
            raise TypeError(f"a SIP call bridges to a SIP leg, not to {type(leg).__name__}")
        try:
            self._check()
            if leg.over:
                return "agent_hung_up"
            return await self._talk(leg)
        except MediaError as error:
            self._check()
            _log.warning("the media of a bridge failed", contact=self.info.contact, error=str(error))
            return "error"
        finally:
            self._joined = None
            leg.joined = None
            leg.release()
            self._keys.clear()

    async def _talk(self, leg: SipAgentLeg) -> str:
        leg.joined = self
        self._joined = leg
        await self._line.media.bridge(self.leg, leg.leg)
        if leg.over:
            return "agent_hung_up"  # while the bridge was made, when nobody awaited it yet
        if leg.held:
            self.leg_held(leg.held)
        cause = await self._await(Awaited(bridged=True))
        # An agent may hang up while holding: that music belongs to the talk and ends with it.
        await self._line.media.stop(self.leg)
        return cause

    def forget_keys(self) -> None:
        """What was pressed until now was meant for nobody."""
        self._keys.clear()

    async def transfer(self, target: str) -> bool:
        """See the port."""
        self._check()
        try:
            leg = await self._outside.dial(target, self.info)
        except NotAnswered:
            return False
        await self.bridge(leg)
        return True

    async def hangup(self, cause: str = "flow_ended") -> None:
        """See the port."""
        if not self._ended:
            self._ended = cause
            status = _STATUS.get(cause, 480)
            self._line.user_agent.hang_up(self._invite.session, status)
            self._tell()
        await self._close_media()

    # --- what the agent's leg tells -----------------------------------------------------------------------------

    def leg_ended(self, cause: str) -> None:
        if self._awaited is not None and self._awaited.bridged:
            self._resolve(cause)

    def leg_held(self, held: bool) -> None:
        self._line.spawn(self._hold(held))

    async def _hold(self, held: bool) -> None:
        """The agent put the caller on hold: music, until they come back."""
        media, joined = self._line.media, self._joined
        if joined is None or self._ended:
            return
        if held:
            await media.unbridge(self.leg)
            if self._line.hold_music:
                await media.play(self.leg, self._line.hold_music, loop=True)
        else:
            await media.bridge(self.leg, joined.leg)

    # --- what the network tells ---------------------------------------------------------------------------------

    def _heard(self, event: SipEvent) -> None:
        match event:
            case Ended():
                if event.reasons:
                    _log.info("a call ended for a reason", contact=self.info.contact, reasons=told(event.reasons))
                self._end("caller_hung_up")
            case ReinviteReceived():
                self._keys.described(event.sdp)
                self._line.spawn(self._reinvited(event))
            case OfferReceived():
                self._keys.described(event.sdp)
                self._line.spawn(answer_offer(self._line, self.leg, event))
            case Refreshed() if event.moved and event.sdp:
                self._line.spawn(self._answered_our_offer(event.sdp))
            case Reoffered() | ReofferFailed():
                self._line.reoffered(self.leg, event)
            case DigitReceived():
                if not self._keys.by_rtp:
                    self._pressed(event.digit)
            case Confirmed():
                self._keys.described(event.sdp)
                if event.sdp:
                    self._line.spawn(self._answered_our_offer(event.sdp))
            case ReferReceived():
                self._line.user_agent.answer_refer(event.referral, 403)
            case _:
                pass

    async def _answered_our_offer(self, answer: str) -> None:
        """The ACK brought the answer to the offer in our 200 (RFC 3264 §5, RFC 3261 §13.2.1)."""
        try:
            await self._line.media.update(self.leg, answer)
        except MediaError:
            await self.hangup("failed")

    async def _reinvited(self, event: ReinviteReceived) -> None:
        await answer_reinvite(self._line, self.leg, event)

    def _heard_media(self, event: MediaEvent) -> None:
        awaited = self._awaited
        match event:
            case DtmfReceived():
                self._pressed(event.digit)
            case PlayDone():
                if awaited is not None and awaited.play == event.play:
                    self._resolve("")
            case RtpTimeout():
                self._line.silent(self.info.contact, event)
            case WorkerLost():
                self._end("media_lost")
                self._line.user_agent.hang_up(self._invite.session, _STATUS["media_lost"])
            case RecordingEnded():
                if awaited is not None and awaited.written is not None:
                    self._resolve(event.reason)
            case _:
                pass

    def _pressed(self, digit: str) -> None:
        awaited = self._awaited
        if awaited is not None and awaited.future.done():
            awaited = None  # a second key, before the flow has taken the first
        if awaited is not None and digit in awaited.keys:
            self._resolve(digit)
        elif awaited is None or not (awaited.keys or awaited.bridged):
            self._keys.append(digit)

    # --- waiting ---------------------------------------------------------------------------------------------------

    def _pressed_ahead(self, keys: str) -> str | None:
        while keys and self._keys:
            key = self._keys.popleft()
            if key in keys:
                return key
        return None

    async def _await(self, awaited: Awaited) -> str:
        self._check()
        self._awaited = awaited
        try:
            return await awaited.future
        finally:
            self._awaited = None

    def _resolve(self, value: str) -> None:
        if self._awaited is not None:
            self._awaited.resolve(value)

    def _check(self) -> None:
        if self._ended:
            raise CallEnded(self._ended)

    def _end(self, cause: str) -> None:
        if self._ended:
            return
        self._ended = cause
        self._line.spawn(self._close_media())
        self._tell()

    def _tell(self) -> None:
        if self._awaited is not None:
            self._awaited.fail(CallEnded(self._ended))
        if self._told is not None:
            told, self._told = self._told, None
            told(self._ended)

    async def _close_media(self) -> None:
        if self._said is not None:
            self._said = None
            if self._awaited is not None and self._awaited.written is not None:
                await asyncio.wait({self._awaited.written}, timeout=_WRITTEN_WITHIN_S)
            await self._line.close(self.info.contact, self.leg)
