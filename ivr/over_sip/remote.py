"""Callers of other nodes at phones of ours: the INVITE of a node for an agent rings the phone; media is relayed."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ivr.over_sip.agent_leg import SipAgentLeg
from ivr.over_sip.answering import answer_offer, answer_reinvite, unacceptable
from ivr.over_sip.aside import AsideLeg
from ivr.over_sip.line import Line, Target
from ivr.ports.phones import NotAnswered
from rtp.engine import LegId, MediaError, MediaEvent, RtpTimeout, WorkerLost
from sip.events import (
    Confirmed,
    Ended,
    InviteReceived,
    OfferReceived,
    ReferReceived,
    Refreshed,
    ReinviteReceived,
    Reoffered,
    ReofferFailed,
    SessionId,
    SipEvent,
)
from sip.message.address import NameAddr
from sip.message.transfer import Replaces
from sip.message.uri import SipUri
from sip.nodes import HEADER

_log = structlog.get_logger(__name__)

_STATUS = {"busy": 486, "rejected": 603, "no_answer": 408, "unreachable": 480}
"""How the other node is told why the phone did not take it: it reads the same causes out of them again."""
_OURS = "X-Svar-"
_ASSERTED = "P-Asserted-Identity"
ASIDE = "X-Svar-Aside"
"""Names the agent whose second call it is, in a call of their node."""
_MOST_HEADERS = 20
RINGS_S = 180.0
"""The caller's node stops it long before, unless it can no longer be heard (RFC 3261 §16.6, Timer C)."""


Refer = Callable[[str, str, str, SipUri | None], Awaitable[bool]]
"""Asks a node to give a contact of its to somebody, for an agent (None: to who is consulted): whether it does."""


class Relays:
    """The calls that other nodes have at phones of ours. `locate` knows the phones that registered here, and no others:
    a call of a node is never sent on to a third.
    """

    def __init__(
        self,
        line: Line,
        locate: Callable[[str], Target | None],
        tokens: Callable[[], str],
        rings_s: float = RINGS_S,
    ) -> None:
        self._line = line
        self._rings_s = rings_s
        self._locate = locate
        self._tokens = tokens
        self._relays: dict[Relay, str] = {}
        self.refer: Refer | None = None
        """Who asks the caller's node for a transfer, as the phone does by REFER; None: nobody may."""
        self.at: Callable[[str, str], Awaitable[Target | None]] | None = None
        """How a node is asked for somebody; None: no phone has a second call there."""

    def __len__(self) -> int:
        return len(self._relays)

    def on_invite(self, invite: InviteReceived) -> None:
        """Take the call of a node (`origin.kind` is "node")."""
        uri, agent = invite.request.uri, self._line.user_agent
        target = self._locate(uri.user_text) if isinstance(uri, SipUri) else None
        if not isinstance(uri, SipUri) or target is None or target.node:
            agent.reject(invite.session, _STATUS["unreachable"])
            return
        contact = invite.request.headers.get("X-Svar-Contact") or ""
        self._begin(Relay(self._line, invite, (uri.user_text, contact), self._legs(), self), invite.origin.name, target)

    def leads(self, agent: str) -> bool:
        """Whether the agent's phone talks here to a caller of another node, be it as a third."""
        return self._first(agent) is not None

    async def second(self, invite: InviteReceived, number: str) -> None:
        """Take a second call of such an agent, to ask somebody: the caller's node rings them."""
        agent, first = invite.origin.name, self._first(invite.origin.name)
        node = self._relays.get(first, "") if first is not None else ""
        target = await self.at(node, number) if self.at is not None and node else None
        if first is None or target is None:
            self._line.user_agent.reject(invite.session, _STATUS["unreachable"])
            return
        self._begin(SecondCall(self._line, invite, (agent, first.contact), self._legs(), self), node, target)

    def names(self, agent: str, replaces: Replaces) -> bool:
        """Whether that dialog is with a phone of the agent in one of these calls."""
        core = self._line.user_agent.core
        sessions = [one.with_phone for one in self._relays if one.phone.agent == agent]
        return any(core.named_to_others(one) == replaces.seen_there() for one in sessions)

    def _first(self, agent: str) -> "Relay | None":
        return next((one for one in self._relays if not one.second and one.phone.is_of(one.phone.session, agent)), None)

    def _legs(self) -> tuple[LegId, LegId]:
        return LegId(self._tokens()), LegId(self._tokens())

    def _begin(self, relay: "Relay", node: str, target: Target) -> None:
        if self._line.user_agent.listen(relay.session, relay.heard):
            self._relays[relay] = node
            relay.node = node
            self._line.spawn(self._serve(relay, target))

    def relay(self, session: SessionId, agent: str) -> "Relay | None":
        """Whose phone's call is that session, where it is that agent's."""
        return next((one for one in self._relays if one.phone.is_of(session, agent)), None)

    def node_lost(self, node: str) -> None:
        """Its callers are gone: end their calls here."""
        for relay in [one for one, name in self._relays.items() if name == node]:
            relay.end()
            self._line.forget_soon(relay.with_node)

    async def _serve(self, relay: "Relay", target: Target) -> None:
        try:
            await relay.run(target, self._rings_s)
        finally:
            relay.end()
            del self._relays[relay]


class Relay:
    """One call of another node, joined with one phone. Also what the phone's leg tells (`Joined`, `Wishes`)."""

    __slots__ = (
        "_gone",
        "_invite",
        "_leg",
        "_line",
        "_offers",
        "_open",
        "_over",
        "_phone",
        "_referring",
        "_relays",
        "_reoffering",
        "node",
    )
    second = False

    def __init__(
        self, line: Line, invite: InviteReceived, whose: tuple[str, str], legs: tuple[LegId, LegId], relays: Relays
    ) -> None:
        """`whose`: the agent, and the contact."""
        self._relays = relays
        self.node = ""
        self._line = line
        self._invite = invite
        self._leg = legs[0]
        self._phone: SipAgentLeg = SipAgentLeg(line, *whose, legs[1])
        self._open = self._reoffering = self._referring = self._gone = False
        self._offers = 0
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, target: Target, rings_s: float) -> None:
        """Ring, join, and wait for the end of either side."""
        line, invite, phone = self._line, self._invite, self._phone
        line.media.listen(self._leg, self._heard_media)
        line.follow(self._leg, invite.session)
        try:
            sdp = await line.media.open(self._leg, invite.sdp, line.options(invite.origin, phone.contact))
            self._open = True
            if self._over.done():
                return
            await phone.invite(target, _local(invite), self._headers())
            line.user_agent.ring(invite.session)
            first = {phone.answered, self._over}
            await asyncio.wait(first, timeout=rings_s, return_when=asyncio.FIRST_COMPLETED)
            if not self._over.done() and self._answered():
                phone.joined = phone.wishes = self
                await line.media.bridge(self._leg, phone.leg)
                if not phone.over and line.user_agent.accept(invite.session, sdp):
                    if phone.held:
                        self.leg_held(phone.held)
                    await self._over
        except MediaError as error:
            _log.warning("no media for a call of another node", contact=phone.contact, error=str(error))
            line.user_agent.reject(invite.session, error.status, headers=unacceptable(error))

    def _headers(self) -> tuple[tuple[str, str], ...]:
        return _passed_on(self._invite)

    @property
    def session(self) -> SessionId:
        """Of who rang."""
        return self._invite.session

    @property
    def with_node(self) -> SessionId:
        return self.session

    @property
    def with_phone(self) -> SessionId:
        return self._phone.session

    @property
    def phone(self) -> SipAgentLeg:
        return self._phone

    @property
    def contact(self) -> str:
        """Whose call it is."""
        return self._phone.contact

    def goes_on(self, leg: AsideLeg) -> None:
        """The agent's other phone takes the place of this one; it rings until then."""
        if self._over.done() or not self._open:
            leg.release()
            return
        left, self._phone = self._phone, leg
        left.joined = left.wishes = None
        leg.joined = leg.wishes = self
        leg.take()
        left.release()
        self._line.spawn(self._rejoin(held=left.held))

    async def _rejoin(self, *, held: bool) -> None:
        await self._line.media.bridge(self._leg, self._phone.leg)
        if held:
            self.leg_held(held=False)

    def end(self, *, elsewhere: bool = False) -> None:
        """Of both sides, whatever they are at. `elsewhere`: somebody else has the caller. Nothing the second time."""
        if not self._over.done():
            self._over.set_result(None)
        self._phone.joined = self._phone.wishes = None
        self._phone.release(elsewhere=elsewhere)
        if self._open:
            self._open = False
            self._line.user_agent.hang_up(self._invite.session, _STATUS["unreachable"])
            self._line.spawn(self._line.close(self._phone.contact, self._leg))

    def _answered(self) -> bool:
        answered = self._phone.answered
        if not answered.done():
            self._line.user_agent.reject(self._invite.session, _STATUS["no_answer"])
            return False
        if answered.cancelled():
            return False
        error = answered.exception()
        if isinstance(error, NotAnswered):
            self._line.user_agent.reject(self._invite.session, _STATUS.get(error.cause, _STATUS["unreachable"]))
        return error is None

    # --- what the phone tells ---

    def leg_ended(self, cause: str) -> None:
        self.end()

    def leg_held(self, held: bool) -> None:
        """The other node plays its music to the caller, and lets the agent come back."""
        self._line.spawn(self._reoffer(held=held))

    def leg_pressed(self, key: str) -> None:
        """By INFO: the other node hears of it as of all keys."""
        if not self._phone.by_rtp and self._open:
            self._line.spawn(self._line.media.send_dtmf(self._leg, key))

    def leg_refers(self, event: ReferReceived) -> bool:
        """Of the agent of this phone alone, who has proven it on the request; Replaces names their other call."""
        refer, agent = self._relays.refer, self._phone.agent
        if refer is None or (event.origin.kind, event.origin.name) != ("agent", agent):
            return False
        if event.replaces is not None and not self._relays.names(agent, event.replaces):
            return False
        self._line.user_agent.answer_refer(event.referral, 202)
        self._line.spawn(self._referred(event, refer))
        return True

    async def _referred(self, event: ReferReceived, refer: Refer) -> None:
        """The phone hears how it went before it is let go."""
        self._referring = True
        try:
            target = event.target if event.replaces is None else None
            done = await refer(self.node, self._phone.contact, self._phone.agent, target)
        finally:
            self._referring = False
        self._line.user_agent.notify_refer(event.referral, 200 if done else 603)
        if self._gone:
            self.end()

    async def _reoffer(self, *, held: bool) -> None:
        line = self._line
        sdp = await line.media.offer(self._leg)
        self._offers += 1
        self._reoffering = not self._over.done() and line.user_agent.reoffer(
            self._invite.session, _directed(sdp, "sendonly" if held else "sendrecv", self._offers)
        )
        if not self._reoffering:
            await line.media.withdraw(self._leg)

    def _reoffered(self, event: Reoffered | ReofferFailed) -> None:
        """What came of it: of ours, or of the offer of a leg that came back after its worker was lost."""
        media, reoffering, self._reoffering = self._line.media, self._reoffering, False
        if not reoffering:
            self._line.reoffered(self._leg, event)
        elif isinstance(event, Reoffered) and event.sdp:
            self._line.spawn(media.update(self._leg, event.sdp))
        else:
            self._line.spawn(media.withdraw(self._leg))

    # --- what the other node tells ---

    def heard(self, event: SipEvent) -> None:
        """Take an event of the session with it."""
        line = self._line
        match event:
            case Ended() if self._referring:
                self._gone = True
            case Ended():
                self.end(elsewhere=any(one.elsewhere for one in event.reasons))
            case ReinviteReceived():
                line.spawn(answer_reinvite(line, self._leg, event))
            case OfferReceived():
                line.spawn(answer_offer(line, self._leg, event))
            case Refreshed() if event.moved and event.sdp:
                line.spawn(line.media.update(self._leg, event.sdp))
            case Confirmed() if event.sdp:
                line.spawn(line.media.update(self._leg, event.sdp))
            case Reoffered() | ReofferFailed():
                self._reoffered(event)
            case _:
                pass

    def _heard_media(self, event: MediaEvent) -> None:
        if isinstance(event, RtpTimeout):
            self._line.silent(self._phone.contact, event)
        elif isinstance(event, WorkerLost):
            self.end()


class SecondCall(Relay):
    """A call of a phone to ask somebody, joined with the caller's node: the phone is the one who rang."""

    __slots__ = ()
    second = True

    def _headers(self) -> tuple[tuple[str, str], ...]:
        return ("X-Svar-Contact", self._phone.contact), (ASIDE, self._phone.agent)

    @property
    def with_node(self) -> SessionId:
        return self._phone.session

    @property
    def with_phone(self) -> SessionId:
        return self.session

    def leg_refers(self, event: ReferReceived) -> bool:
        """Nodes ask nothing of a phone."""
        return False

    def heard(self, event: SipEvent) -> None:
        if not isinstance(event, ReferReceived):
            super().heard(event)
        elif not super().leg_refers(event):
            self._line.user_agent.answer_refer(event.referral, 403)


def _local(invite: InviteReceived) -> NameAddr:
    """Who calls, as the node of the caller says it."""
    caller = invite.request.from_
    return NameAddr(caller.uri, caller.display)


def _passed_on(invite: InviteReceived) -> tuple[tuple[str, str], ...]:
    """What the offer says: of our headers all but the proof, and who asks."""
    ours = [(name, value) for name, value in invite.request.headers.items() if name.startswith((_OURS, _ASSERTED))]
    return tuple(one for one in ours if one[0] != HEADER)[:_MOST_HEADERS]


def _directed(sdp: str, direction: str, newer: int) -> str:
    """An offer of ours that says which way media goes; its version is `newer` than the engine knows (RFC 3264 §8)."""
    lines = sdp.replace("a=sendrecv", f"a={direction}").splitlines(keepends=True)
    for at, line in enumerate(lines):
        if line.startswith("o="):
            user, session, version, rest = line.split(" ", 3)
            lines[at] = f"{user} {session} {int(version) + newer} {rest}"
    return "".join(lines)
