"""SRTP with baresip (libsrtp under it): it calls and is called, holds and resumes, and is heard."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from secrets import token_hex

import pytest

from rtp import wav
from rtp.aio.engine import LocalMediaEngine, MediaSettings
from rtp.engine import DtmfReceived, LegId, LegOptions, MediaError, MediaEvent, Srtp
from rtp.g711 import decode_a
from rtp.tone import tone
from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Trunk
from sip.core import UserAgentCore
from sip.events import Accepted, InviteReceived, ReinviteReceived, SessionId, SipEvent
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from tests.interop.phones import Baresip, baresip, free_stream_port
from tests.interop.sound import a_law_file, likeness, power_at, wav_file
from tests.ports import free_range
from tests.rtp.phone import until

pytestmark = pytest.mark.interop

LEG = LegId("a")
LOOPBACK = Trunk("loopback", (ip_network("127.0.0.0/8"),))
TALK_S = 2.0
ALIKE, PURE = 0.8, 0.9


class Endpoint:
    """Answers, or makes, one call with the leg "a"; plays music to it, and records what it says."""

    def __init__(self, folder: Path, srtp: Srtp) -> None:
        first = free_range(4)
        self.media = LocalMediaEngine(MediaSettings("127.0.0.1", first_port=first, last_port=first + 7))
        self.agent = UserAgent(
            UserAgentCore(CoreConfig(trunks=(LOOPBACK,)), lambda: token_hex(8)), Address("127.0.0.1", 0)
        )
        self.options = LegOptions("c", srtp=srtp)
        self.recorded = folder / "said.wav"
        self.music = folder / "music.al"
        self.music.write_bytes(tone((640, 900), 0.5) + tone((300, 340), 0.5) + tone((1500, 2100), 0.5))
        self.descriptions: list[str] = []
        self.events: list[MediaEvent] = []
        self.refused: list[int] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.session: SessionId | None = None

    def invited(self, invite: InviteReceived) -> None:
        self._spawn(self._answer(invite))

    def call(self, port: int) -> None:
        self._spawn(self._call(port))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, invite: InviteReceived) -> None:
        self.media.listen(LEG, self.events.append)
        try:
            sdp = await self.media.open(LEG, invite.sdp, self.options)
        except MediaError as error:
            self.refused.append(error.status)
            self.agent.reject(invite.session, error.status)
            return
        self.session = invite.session
        self.agent.listen(invite.session, self._heard)
        self.descriptions += [invite.sdp or "", sdp]
        self.agent.accept(invite.session, sdp)
        await self._begin()

    async def _call(self, port: int) -> None:
        self.media.listen(LEG, self.events.append)
        sdp = await self.media.open(LEG, None, self.options)
        self.descriptions.append(sdp)
        self.session = self.agent.invite(
            SipUri("phone", "127.0.0.1", port),
            self._heard,
            local=NameAddr(SipUri("svar", "127.0.0.1", self.agent.address.port)),
            remote=NameAddr(SipUri("phone", "127.0.0.1", port)),
            destination=Address("127.0.0.1", port),
            sdp=sdp,
        )

    def _heard(self, event: SipEvent) -> None:
        if isinstance(event, ReinviteReceived) or (isinstance(event, Accepted) and event.sdp):
            self._spawn(self._described(event))

    async def _described(self, event: ReinviteReceived | Accepted) -> None:
        sdp = event.sdp or ""
        ours = await self.media.update(LEG, sdp)
        self.descriptions += [sdp, ours]
        if isinstance(event, ReinviteReceived):
            self.agent.accept(event.session, ours)
        else:
            await self._begin()

    async def _begin(self) -> None:
        await self.media.play(LEG, (str(self.music),), loop=True)
        await self.media.record(LEG, str(self.recorded))

    async def close(self) -> None:
        await self.media.shutdown()
        await self.agent.close()


@asynccontextmanager
async def endpoint(folder: Path, srtp: Srtp) -> AsyncIterator[Endpoint]:
    made = Endpoint(folder, srtp)
    await made.agent.start()
    made.agent.on_invite = made.invited
    try:
        yield made
    finally:
        await made.close()


async def assert_both_were_heard(ours: Endpoint, phone: Baresip) -> None:
    """After the call: the phone's tone is in the recording, and our music in the phone's."""
    said = decode_a(wav.a_law(ours.recorded.read_bytes())).astype(float)
    assert power_at(said[-8000:], 440) > PURE
    assert likeness(wav_file(phone.heard()), a_law_file(ours.music)[:8000])[0] > ALIKE


def protected(descriptions: list[str]) -> bool:
    return all("a=crypto:" in sdp for sdp in descriptions)


@pytest.mark.parametrize(
    ("theirs", "ours", "profile", "secured"),
    [
        ("srtp-mand", Srtp.REQUIRED, "RTP/SAVP", True),
        ("srtp-mand", Srtp.PREFERRED, "RTP/SAVP", True),
        ("srtp", Srtp.PREFERRED, "RTP/AVP", True),
        ("srtp", Srtp.REQUIRED, "RTP/AVP", True),
        ("srtp", Srtp.REFUSED, "RTP/AVP", False),
    ],
)
async def test_baresip_that_offers_srtp_calls_holds_and_resumes(
    tmp_path: Path, theirs: str, ours: Srtp, profile: str, secured: bool
) -> None:
    async with endpoint(tmp_path, ours) as made:
        port = made.agent.address.port
        async with baresip(tmp_path / "phone", "4799", port, srtp=theirs) as phone:
            await phone.dial(f"sip:svar@127.0.0.1:{port}")
            await phone.event("CALL_ESTABLISHED")
            await asyncio.sleep(TALK_S)
            await phone.press("5")
            await phone.command("hold")
            await until(lambda: len(made.descriptions) == 4, "hold")
            await phone.command("resume")
            await until(lambda: len(made.descriptions) == 6, "resume")
            await asyncio.sleep(TALK_S)
            stats = await made.media.stats(LEG)
            await made.media.stop_record(LEG)
            await phone.hang_up()
            await phone.event("CALL_CLOSED")
        assert protected(made.descriptions[1::2]) == secured
        assert f" {profile} " in made.descriptions[1]
        assert [event.digit for event in made.events if isinstance(event, DtmfReceived)] == ["5"]
        assert stats.received > 100
        await assert_both_were_heard(made, phone)


@pytest.mark.parametrize(
    ("theirs", "ours", "secured"),
    [
        ("srtp-mand", Srtp.REQUIRED, True),
        ("srtp", Srtp.PREFERRED, True),
        ("", Srtp.PREFERRED, False),
    ],
)
async def test_baresip_is_called_with_srtp_and_without(tmp_path: Path, theirs: str, ours: Srtp, secured: bool) -> None:
    async with endpoint(tmp_path, ours) as made:
        sip_port = free_stream_port()
        async with baresip(
            tmp_path / "phone", "phone", made.agent.address.port, srtp=theirs, answers=True, sip_port=sip_port
        ) as phone:
            made.call(sip_port)
            await phone.event("CALL_ESTABLISHED")
            await asyncio.sleep(TALK_S)
            stats = await made.media.stats(LEG)
            await made.media.stop_record(LEG)
            await phone.hang_up()
            await phone.event("CALL_CLOSED")
        assert protected(made.descriptions) == secured
        assert stats.received > 50
        await assert_both_were_heard(made, phone)


async def test_baresip_that_does_not_speak_srtp_is_refused_where_it_is_required(tmp_path: Path) -> None:
    async with endpoint(tmp_path, Srtp.REQUIRED) as made:
        port = made.agent.address.port
        async with baresip(tmp_path / "phone", "4799", port) as phone:
            await phone.dial(f"sip:svar@127.0.0.1:{port}")
            await phone.event("CALL_CLOSED")
        assert made.refused == [488]
