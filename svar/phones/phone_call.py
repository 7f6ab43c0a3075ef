"""One call of a test phone, outgoing or incoming: its session, its media, and what is noticed of it."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

from rtp.engine import DtmfReceived, LegId, LegOptions, LegStats, MediaEngine, MediaError, MediaEvent, RtpTimeout
from sip.aio.user_agent import UserAgent
from sip.config import Address
from sip.events import (
    Accepted,
    Confirmed,
    Ended,
    InviteReceived,
    Provisional,
    ReinviteReceived,
    Rejected,
    SessionId,
    SipEvent,
    body_text,
)
from sip.message.address import NameAddr
from sip.message.headers import Headers
from sip.message.message import Request
from sip.message.uri import SipUri
from sip.registering import ClientCredentials, authorization
from svar.phones.ladder import Ladder

FIRST_AUDIO_POLL_S = 0.01
MOST_EVENTS = 64
NO_STATS = LegStats(0, 0, 0, 0, 0.0)


@dataclass(frozen=True, slots=True)
class Account:
    """Who a phone is, and where its server is. `domain` stands in URIs."""

    user: str
    server: Address
    domain: SipUri
    password: str = field(default="", repr=False)

    @property
    def address(self) -> NameAddr:
        return NameAddr(self.at(self.user))

    def at(self, user: str) -> SipUri:
        return SipUri(user=user, host=self.domain.host, port=self.domain.port)

    @property
    def credentials(self) -> ClientCredentials | None:
        return ClientCredentials(self.user, self.password) if self.password else None


@dataclass(frozen=True, slots=True)
class Equipment:
    """What all calls of a phone share. `sound` is played, over and over, to whoever is on the line; empty: nothing."""

    account: Account
    user_agent: UserAgent
    media: MediaEngine
    ladder: Ladder
    sound: str
    record: str = ""


@dataclass(slots=True)
class Milestones:
    """When what happened, in seconds of the ladder; None: it did not."""

    early_s: float | None = None
    answered_s: float | None = None
    first_audio_s: float | None = None
    ended_s: float | None = None


class PhoneCall:
    """`answered` and `ended` are futures; `ended` gives the cause (`remote`, `local`, `486 Busy Here`, …)."""

    def __init__(self, equipment: Equipment, leg: LegId, invite: InviteReceived | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.invite = invite
        self.answered: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()
        self.times = Milestones()
        self.stats = NO_STATS
        self._equipment = equipment
        self._leg = leg
        self._session: SessionId | None = invite.session if invite else None
        self._target: SipUri | None = None
        self._events: asyncio.Queue[SipEvent] = asyncio.Queue(MOST_EVENTS)
        self._tasks = [loop.create_task(self._follow())]
        self._closing: asyncio.Task[None] | None = None
        equipment.media.listen(leg, self._heard_media)
        if invite is not None:
            equipment.user_agent.listen(invite.session, self._events.put_nowait)

    # --- commands

    async def dial(self, target: SipUri) -> None:
        """Ring `target`. Raises MediaError when there is no port for the media."""
        self._target = target
        await self._equipment.media.open(self._leg, None, LegOptions(contact="phone"))
        await self._send_invite(())

    def ring(self) -> None:
        if self.invite is not None:
            self._equipment.user_agent.ring(self.invite.session)

    async def answer(self) -> None:
        """Take an incoming call. Media that cannot be used refuses it."""
        invite, equipment = self.invite, self._equipment
        if invite is None or self.answered.done() or self.ended.done():
            return
        try:
            sdp = await equipment.media.open(self._leg, invite.sdp, LegOptions(contact="phone"))
        except MediaError as error:
            equipment.user_agent.reject(invite.session, error.status)
            self._end(f"{error.status} {error}")
            return
        if equipment.user_agent.accept(invite.session, sdp):
            await self._talk()

    async def settled(self, timeout_s: float | None = None) -> bool:
        """Wait until it is answered or over; whether it was answered."""
        either: list[asyncio.Future[Any]] = [self.answered, self.ended]
        await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        return self.answered.done()

    async def press(self, keys: str) -> float:
        """Send keys by RFC 4733. Gives when. Raises MediaError when the peer takes none or the call is over."""
        await self._equipment.media.send_dtmf(self._leg, keys)
        return self._equipment.ladder.note(f"keys sent: {keys}")

    def hang_up(self, status: int = 486) -> None:
        """CANCEL, BYE, or a refusal with `status`: whichever fits."""
        if self._session is not None and not self.ended.done():
            self._equipment.user_agent.hang_up(self._session, status)
            if self.invite is not None and not self.answered.done():
                self._end(f"refused with {status}")

    async def close(self, cause: str) -> None:
        """End its media and its tasks; `cause` is told if it is not over yet."""
        self._end(cause)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._closing is not None:
            await self._closing

    # --- what happens

    async def _send_invite(self, headers: tuple[tuple[str, str], ...]) -> None:
        equipment, target = self._equipment, self._target
        assert target is not None
        self._session = equipment.user_agent.invite(
            target,
            self._events.put_nowait,
            local=equipment.account.address,
            remote=NameAddr(target),
            destination=equipment.account.server,
            sdp=await equipment.media.open(self._leg, None, LegOptions(contact="phone")),
            headers=headers,
        )

    async def _follow(self) -> None:
        tried = False
        while not self.ended.done():
            event = await self._events.get()
            match event:
                case Rejected() if not tried and event.status in (401, 407) and await self._authorize(event):
                    tried = True
                case Rejected():
                    self._end(f"{event.status} {event.reason}".strip())
                case Ended():
                    self._end(event.cause)
                case Provisional() | Accepted() | Confirmed() | ReinviteReceived():
                    await self._described(event)
                case _:
                    pass

    async def _authorize(self, refused: Rejected) -> bool:
        account = self._equipment.account
        if refused.response is None or self._target is None:
            return False
        request = Request("INVITE", self._target, Headers())
        header = authorization(request, refused.response, account.credentials, self._leg)
        if header is None:
            return False
        await self._send_invite((header,))
        return True

    async def _described(self, event: Provisional | Accepted | Confirmed | ReinviteReceived) -> None:
        """Whatever may carry a session description of the peer."""
        media, user_agent = self._equipment.media, self._equipment.user_agent
        sdp = body_text(event.response) if isinstance(event, Provisional) else event.sdp
        try:
            ours = await media.update(self._leg, sdp) if sdp else ""
        except MediaError as error:
            self._equipment.ladder.note(f"media that cannot be used: {error}")
            if isinstance(event, ReinviteReceived):
                user_agent.reject(event.session, error.status)
            elif not isinstance(event, Provisional):
                user_agent.hang_up(event.session, error.status)
            return
        match event:
            case Provisional() if sdp and self.times.early_s is None:
                self.times.early_s = self._equipment.ladder.note("early media")
                await self._listen()
            case Accepted() if not self.answered.done():
                await self._talk()
            case ReinviteReceived() if ours:
                user_agent.accept(event.session, ours)
            case ReinviteReceived():
                user_agent.reject(event.session, 488)
            case _:
                pass

    async def _talk(self) -> None:
        equipment = self._equipment
        self.times.answered_s = equipment.ladder.note("answered")
        if self.times.early_s is None:
            await self._listen()
        if equipment.sound:
            with contextlib.suppress(MediaError):
                await equipment.media.play(self._leg, (equipment.sound,), loop=True)
        if not self.answered.done():
            self.answered.set_result(None)

    async def _listen(self) -> None:
        """Record from here on, and note the first packet."""
        if self._equipment.record:
            try:
                await self._equipment.media.record(self._leg, self._equipment.record)
            except MediaError as error:
                self._equipment.ladder.note(f"not recorded: {error}")
        self._tasks.append(asyncio.get_running_loop().create_task(self._await_audio()))

    async def _await_audio(self) -> None:
        with contextlib.suppress(MediaError):
            while not (await self._equipment.media.stats(self._leg)).received:  # noqa: ASYNC110 - packets tell nobody
                await asyncio.sleep(FIRST_AUDIO_POLL_S)
            self.times.first_audio_s = self._equipment.ladder.note("first audio")

    def _heard_media(self, event: MediaEvent) -> None:
        if isinstance(event, DtmfReceived):
            self._equipment.ladder.note(f"key received: {event.digit}")
        elif isinstance(event, RtpTimeout):
            self._equipment.ladder.note(f"nothing heard for {event.silent_ms / 1000:.0f} s")

    def _end(self, cause: str) -> None:
        if self.ended.done():
            return
        self.times.ended_s = self._equipment.ladder.note(f"over: {cause}")
        self.ended.set_result(cause)
        self._closing = asyncio.get_running_loop().create_task(self._close_media())

    async def _close_media(self) -> None:
        self.stats = await self._equipment.media.close(self._leg)
