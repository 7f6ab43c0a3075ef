"""SIP calls with phones at the far end: svar's user agent and media engine, and phones on plain sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from secrets import token_hex

from acd.model import AgentId, NodeId, Offer, OfferId, QueueId, SiteId
from events.sink import MemorySink
from ivr.over_sip.agent_leg import Line, SipAgentLeg, SipPhones, Target
from ivr.over_sip.sip_call import Outside, SipCall
from ivr.over_sip.telephony import Background, Identity
from ivr.ports.call import CallInfo, ContactId
from rtp.aio.engine import LocalMediaEngine, MediaSettings
from rtp.engine import DtmfReceived, LegId, MediaEvent
from rtp.g711 import FRAME_BYTES
from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Timers, Trunk
from sip.core import UserAgentCore
from sip.events import (
    Accepted,
    Ended,
    InviteReceived,
    Provisional,
    ReinviteReceived,
    Rejected,
    Reoffered,
    SessionId,
    SipEvent,
)
from sip.message.address import NameAddr
from sip.message.message import Response
from sip.message.uri import SipUri
from sip.transaction import Failure, Transaction
from tests.ivr.sounds import MUSIC, tone
from tests.rtp.hearing import contains
from tests.rtp.phone import Phone, until

LOOPBACK = Trunk("loopback", (ip_network("127.0.0.0/8"),))
SHORT_TIMERS = Timers(t1_s=0.05, t2_s=0.2, t4_s=0.2)
"""So that what is remembered of transactions is gone while a test can wait for it."""


class Handset:
    """One call of a phone at the far end, outgoing or incoming."""

    def __init__(self, user_agent: UserAgent) -> None:
        self.rtp = Phone()
        self.session: SessionId
        self.heard_of: list[SipEvent] = []
        self.informed: list[int] = []
        self._user_agent = user_agent
        self._version = 1

    def dial(
        self,
        target: SipUri,
        destination: Address,
        sdp: str | None,
        *,
        user: str = "4799999999",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Ring `target`; without `sdp` svar offers, and its offer is answered."""
        self.session = self._user_agent.invite(
            target,
            self._heard,
            local=NameAddr(SipUri(user, "127.0.0.1")),
            remote=NameAddr(target),
            destination=destination,
            sdp=sdp,
            headers=headers,
        )

    def take(self, invite: InviteReceived) -> None:
        """Incoming: listen to what becomes of it."""
        self.session = invite.session
        self._user_agent.listen(invite.session, self._heard)
        self.rtp.described(invite.sdp or "")

    def ring(self) -> None:
        self._user_agent.ring(self.session)

    def answer(self, *, sdp: str | None = None) -> None:
        self._user_agent.accept(self.session, sdp or self.rtp.sdp())

    async def connected(self) -> None:
        """Wait until it is known where svar's media is."""
        await until(lambda: self.rtp.engine[1] > 0, "answer")

    def refuse(self, status: int) -> None:
        self._user_agent.reject(self.session, status)

    def reoffer(self, direction: str) -> None:
        """Hold (sendonly, inactive) or resume (sendrecv)."""
        self._version += 1
        self._user_agent.reoffer(self.session, self.rtp.sdp(direction=direction, version=self._version))

    def hang_up(self) -> None:
        self._user_agent.hang_up(self.session)

    @property
    def ended(self) -> bool:
        return any(isinstance(event, Ended | Rejected) for event in self.heard_of)

    def is_over(self) -> bool:
        return self.ended

    def count(self, kind: type[SipEvent]) -> int:
        return sum(isinstance(event, kind) for event in self.heard_of)

    @property
    def status(self) -> int:
        """The status that our INVITE was refused with, 0 when it was not."""
        return next((event.status for event in self.heard_of if isinstance(event, Rejected)), 0)

    def _heard(self, event: SipEvent) -> None:
        self.heard_of.append(event)
        match event:
            case Accepted() | Provisional() if event.sdp:
                self.rtp.described(event.sdp)
            case Reoffered() if event.sdp:
                self.rtp.described(event.sdp)
            case ReinviteReceived():
                self._user_agent.accept(event.session, self.rtp.sdp(version=self._version))
            case _:
                pass


def without_events(sdp: str) -> str:
    """The description of a phone that sends no keys in its RTP."""
    lines = sdp.replace("RTP/AVP 8 101", "RTP/AVP 8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("a=rtpmap:101", "a=fmtp:101")))


class Informed:
    """Notes how an INFO was answered."""

    def __init__(self, statuses: list[int]) -> None:
        self._statuses = statuses

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        self._statuses.append(response.status)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        self._statuses.append(408)


class Lab:
    """svar's side, and one user agent for all the phones. Made by `lab`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sink = MemorySink()
        self.background = Background()
        self.user_agent = self._make_user_agent()
        self.phones_agent = self._make_user_agent()
        self.media = CountingEngine(MediaSettings("127.0.0.1", quarantine_s=0.1))
        identity = Identity("t", "n1", lambda: 0)
        music = folder / "hold.al"
        music.write_bytes(tone(MUSIC))
        self.line = Line(self.user_agent, self.media, self.sink, identity, self.background, (str(music),))
        self.targets: dict[str, Target] = {}
        self.phones = SipPhones(self.line, self.targets.get, _local, lambda: token_hex(4))
        self.outside = Outside(self.phones, {})
        self.handsets: list[Handset] = []
        self.rung: list[Handset] = []
        self.on_rung: Callable[[Handset], None] = Handset.answer
        self._invited: asyncio.Queue[InviteReceived] = asyncio.Queue()

    @staticmethod
    def _make_user_agent() -> UserAgent:
        config = CoreConfig(trunks=(LOOPBACK,), timers=SHORT_TIMERS)
        return UserAgent(UserAgentCore(config, lambda: token_hex(8)), Address("127.0.0.1", 0))

    async def start(self) -> None:
        await self.user_agent.start()
        await self.phones_agent.start()
        self.user_agent.on_invite = self._invited.put_nowait
        self.phones_agent.on_invite = self._phone_rings

    def target(self, user: str) -> Target:
        host, port, _ = self.phones_agent.address
        return Target(SipUri(user, host, port), Address(host, port))

    async def call(
        self, *, offer: bool = True, codecs: tuple[str, str] = ("", ""), events: bool = True
    ) -> tuple[SipCall, Handset]:
        """A caller who rings, and svar's call that is not answered yet. `codecs`: other ones, as SDP writes them.

        `events`: whether the phone can send keys in its RTP.
        """
        handset = self._handset()
        address = self.user_agent.address
        sdp = handset.rtp.sdp()
        if codecs[0]:
            sdp = sdp.replace("RTP/AVP 8 101", codecs[0]).replace("rtpmap:8 PCMA/8000", codecs[1])
        if not events:
            sdp = without_events(sdp)
        handset.dial(SipUri("5000", address.host, address.port), address, sdp if offer else None)
        invite = await asyncio.wait_for(self._invited.get(), 5)
        return SipCall(self.line, self.outside, invite, info(token_hex(4)), LegId(token_hex(4))), handset

    def press_by_info(self, handset: Handset, key: str) -> None:
        """What many phones send instead of telephone events; `informed` gets the status of the answer."""
        core, now = self.phones_agent.core, asyncio.get_running_loop().time()
        dialog = core._sessions.by_id[handset.session].dialog
        assert dialog is not None
        kind = ("Content-Type", "application/dtmf-relay")
        info = dialog.request("INFO", core._station.via(dialog.destination), headers=[kind])
        info.body = f"Signal={key}\r\nDuration=160\r\n".encode()
        core._station.transactions.client(info, dialog.destination, Informed(handset.informed), now)
        self.phones_agent._flush()

    async def leg(self) -> tuple[SipAgentLeg, Handset]:
        """An agent's phone that has answered."""
        leg = await self.ring()
        return leg, self.rung[-1]

    async def ring(self, agent: str = "kari") -> SipAgentLeg:
        """Ring an agent as an offer does. Raises NotAnswered."""
        self.targets.setdefault(agent, self.target(agent))
        return await self.phones.ring(offer_to(agent), info())

    def _phone_rings(self, invite: InviteReceived) -> None:
        handset = self._handset()
        handset.take(invite)
        self.rung.append(handset)
        self.on_rung(handset)

    def _handset(self) -> Handset:
        handset = Handset(self.phones_agent)
        self.handsets.append(handset)
        return handset

    async def nothing_left(self) -> None:
        """Everybody has hung up: no media, no session, no work under way."""
        await until(lambda: self.media.legs == 0, "end of the media legs")
        await until(lambda: self.user_agent.stats["sessions"] == 0, "end of the sessions")
        await until(lambda: self.phones_agent.stats["sessions"] == 0, "end of the phones' sessions")
        await until(lambda: len(self.background) == 0, "end of the work in the background")

    async def close(self) -> None:
        for handset in self.handsets:
            handset.hang_up()
        await self.background.close(2)
        await self.media.shutdown()
        await self.user_agent.close()
        await self.phones_agent.close()
        for handset in self.handsets:
            handset.rtp.hang_up()


@asynccontextmanager
async def lab(folder: Path) -> AsyncIterator[Lab]:
    made = Lab(folder)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


class CountingEngine(LocalMediaEngine):
    """Counts the keys that were told, for phones that wait until a key has arrived.

    A bridge returns when `bridged` is set, as one that another process makes.
    """

    def __init__(self, settings: MediaSettings) -> None:
        super().__init__(settings)
        self.keys = 0
        self.bridged: asyncio.Event | None = None

    async def bridge(self, a: LegId, b: LegId) -> None:
        await super().bridge(a, b)
        if self.bridged is not None:
            await self.bridged.wait()

    def listen(self, leg: LegId, heard: Callable[[MediaEvent], None]) -> None:
        def counted(event: MediaEvent) -> None:
            heard(event)
            self.keys += isinstance(event, DtmfReceived)

        super().listen(leg, counted)


def info(contact: str = "c") -> CallInfo:
    return CallInfo(ContactId(contact), "5000", "loopback", "4799999999")


def offer_to(agent: str) -> Offer:
    return Offer(
        offer=OfferId("o"),
        contact="c",
        queue=QueueId("work"),
        agent=AgentId(agent),
        site=SiteId("oslo"),
        node=NodeId("n1"),
        fence=1,
        deadline_ms=0,
        rings_for_ms=20_000,
        waited_ms=1_234,
    )


def _local(info: CallInfo, queue: str) -> NameAddr:
    return NameAddr(SipUri(info.pii_caller, "127.0.0.1"), display=queue)


def hears(handset: Handset, sound: bytes, *, since: int = 0, like: float = 0.7) -> bool:
    """Whether the phone has heard at least most of `sound`, after the first `since` bytes. Its start may be cut off."""
    heard = handset.rtp.heard[since:]
    return len(heard) >= 0.6 * len(sound) and contains(heard, sound) > like


async def talk(speaker: Handset, sound: bytes) -> None:
    """Say `sound` (A-law), in packets of 20 ms at their pace: on a busy machine late ones are made up for, or whoever
    hears would get a slower voice with holes in it."""
    loop = asyncio.get_running_loop()
    next_at = loop.time()
    for at in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES):
        speaker.rtp.talk(sound[at : at + FRAME_BYTES])
        next_at += 0.02
        await asyncio.sleep(next_at - loop.time())
