"""Two test phones that ring each other, and one that registers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from rtp.g711 import decode_a
from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Digest
from sip.core import UserAgentCore
from sip.events import InviteReceived, Registered, Unregistered
from sip.message.uri import SipUri
from svar.phones.ladder import Ladder
from svar.phones.phone import Phone, PhoneError
from svar.phones.phone_call import Account, PhoneCall
from svar.phones.sounds import Sounds
from tests.sip.network import ANSWER

HOST = "127.0.0.1"


def account(user: str, port: int, password: str = "") -> Account:
    return Account(user, Address(HOST, port), SipUri(user="", host=HOST, port=port), password)


@asynccontextmanager
async def phone(user: str, port: int, *, password: str = "", record: str = "", sound: str = "") -> AsyncIterator[Phone]:
    made = Phone(account(user, port, password), Ladder(asyncio.get_running_loop().time), sound=sound, record=record)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def server(config: CoreConfig) -> AsyncIterator[UserAgent]:
    numbers = iter(range(1_000_000))
    made = UserAgent(UserAgentCore(config, lambda: f"t{next(numbers)}"), Address(HOST, 0))
    await made.start()
    try:
        yield made
    finally:
        await made.close()


async def until(there: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not there():  # noqa: ASYNC110 - packets tell nobody
            await asyncio.sleep(0.01)


def loudest_hz(path: Path) -> float:
    with path.open("rb") as file:
        data = file.read()
    samples = decode_a(data[data.index(b"data") + 8 :]).astype(float)
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum) * 8000 / len(samples))


async def answer_each(called: Phone) -> None:
    answering: set[asyncio.Task[None]] = set()
    called.on_ring = lambda call: answering.add(asyncio.get_running_loop().create_task(call.answer()))


async def test_each_hears_the_others_sound_and_keeps_it_and_keys_arrive(tmp_path: Path) -> None:
    sounds = Sounds()
    heard, heard_there = tmp_path / "caller.wav", tmp_path / "called.wav"
    async with phone("b", 9, record=str(heard_there), sound=sounds.tone(880)) as called:
        await answer_each(called)
        async with phone("a", called.port, record=str(heard), sound=sounds.tone(350)) as caller:
            call = await caller.call("600")
            await asyncio.wait_for(call.answered, 5)
            await until(lambda: call.times.first_audio_s is not None)
            await asyncio.sleep(0.4)
            await call.press("2#")
            await until(lambda: [r.what for r in called.ladder.rungs][-2:] == ["key received: 2", "key received: #"])
            await caller.finish(call)
            assert call.ended.result() == "local"
            assert call.stats.sent > 10
        await until(lambda: called.ladder.rungs[-1].what == "over: remote")
    sounds.remove()
    assert abs(loudest_hz(heard) - 880) < 10
    assert abs(loudest_hz(heard_there) - 350) < 10


async def test_the_ladder_tells_the_whole_call() -> None:
    async with phone("b", 9) as called:
        await answer_each(called)
        async with phone("a", called.port) as caller:
            call = await caller.call("600")
            await asyncio.wait_for(call.answered, 5)
            await caller.finish(call)
        told = [rung.what for rung in caller.ladder.rungs if rung.way != "note"]
        assert told[0] == f"INVITE sip:600@127.0.0.1:{called.port} +SDP"
        assert "180 Ringing (INVITE)" in told
        assert "200 OK (INVITE) +SDP" in told
        assert told[-1] == "200 OK (BYE)"


async def test_a_refused_call_ends_with_its_status() -> None:
    async with phone("b", 9) as called, phone("a", called.port) as caller:
        call = await caller.call("600")
        assert await asyncio.wait_for(call.ended, 5) == "486 Busy Here"
        assert not call.answered.done()


async def test_giving_up_while_it_rings_ends_both_sides() -> None:
    ringing: list[PhoneCall] = []
    async with phone("b", 9) as called:
        called.on_ring = ringing.append
        async with phone("a", called.port) as caller:
            call = await caller.call("600")
            await until(lambda: ringing)
            await caller.finish(call)
            assert call.ended.result().startswith("487")
            assert await asyncio.wait_for(ringing[0].ended, 5) == "cancelled"


async def test_refusing_a_call_that_rings_tells_the_caller() -> None:
    async with phone("b", 9) as called:
        called.on_ring = lambda call: call.hang_up(603)
        async with phone("a", called.port) as caller:
            call = await caller.call("600")
            assert (await asyncio.wait_for(call.ended, 5)).startswith("603")


async def test_a_server_that_is_not_there_is_told() -> None:
    async with phone("a", 9) as caller:
        call = await caller.call("600")
        assert not await call.settled(0.05)
        await caller.finish(call)
        assert call.ended.result() == "the server did not answer"


async def test_early_media_is_told_and_does_not_count_as_an_answer() -> None:
    async with server(CoreConfig(strangers_may_call=True)) as there:

        def rung(invite: InviteReceived) -> None:
            there.ring(invite.session, sdp=ANSWER.replace("192.0.2.2", HOST), status=183)
            there.listen(invite.session, lambda _event: None)

        there.on_invite = rung
        async with phone("a", there.address[1]) as caller:
            call = await caller.call("600")
            await until(lambda: call.times.early_s is not None)
            assert not call.answered.done()
            assert "183 Session Progress (INVITE) +SDP" in [rung.what for rung in caller.ladder.rungs]


@pytest.fixture
def registrar() -> CoreConfig:
    return CoreConfig(digest=Digest("svar", {"kari": "secret"}.get, b"n" * 32))


async def test_a_phone_registers_with_digest_and_takes_it_back(registrar: CoreConfig) -> None:
    changes: list[Registered | Unregistered] = []
    async with server(registrar) as there:
        there.on_register_change = changes.append
        async with phone("kari", there.address[1], password="secret") as ours:
            assert await asyncio.wait_for(ours.register(), 5) > 0
            assert [type(change) for change in changes] == [Registered]
        assert [type(change) for change in changes] == [Registered, Unregistered]


async def test_a_wrong_password_is_told_with_a_hint(registrar: CoreConfig) -> None:
    async with server(registrar) as there, phone("kari", there.address[1], password="wrong") as ours:
        with pytest.raises(PhoneError, match="is the password right"):
            await asyncio.wait_for(ours.register(), 5)


async def test_a_challenged_call_is_repeated_with_credentials(registrar: CoreConfig) -> None:
    origins = []
    async with server(registrar) as there:

        def rung(invite: InviteReceived) -> None:
            origins.append(invite.origin)
            if invite.origin.kind == "agent":
                there.reject(invite.session, 480)
            else:
                there.challenge(invite.session)

        there.on_invite = rung
        async with phone("kari", there.address[1], password="secret") as ours:
            call = await ours.call("*1")
            assert (await asyncio.wait_for(call.ended, 5)).startswith("480")
        async with phone("kari", there.address[1]) as without:
            call = await without.call("*1")
            assert (await asyncio.wait_for(call.ended, 5)).startswith("401")
    assert [origin.name for origin in origins if origin.kind == "agent"] == ["kari"]


def test_the_tone_is_a_tone(tmp_path: Path) -> None:
    sounds = Sounds()
    path = Path(sounds.tone(600))
    assert len(path.read_bytes()) == 16_000
    sounds.remove()
    assert not path.exists()


async def test_all_that_is_heard_is_counted_without_a_recording() -> None:
    async with phone("b", 9) as called, phone("a", called.port) as caller:
        await answer_each(called)
        call = await caller.call("b")
        assert await call.settled(5)
        await asyncio.wait([call.ended], timeout=1)
        await caller.finish(call)
    assert call.stats.received > 40


async def test_a_silent_phone_sends_keys_alone_and_may_ring_as_others() -> None:
    async with phone("b", 9) as called:
        await answer_each(called)
        invites: list[str] = []
        answering = called.on_ring
        assert answering is not None

        def rung(call: PhoneCall) -> None:
            assert call.invite is not None
            invites.append(str(call.invite.request.from_.uri))
            answering(call)

        called.on_ring = rung
        ladder = Ladder(asyncio.get_running_loop().time)
        silent = Phone(account("crowd", called.port), ladder, silent=True)
        await silent.start()
        try:
            call = await silent.call("b", "40000001")
            assert await call.settled(5)
            await call.press("5")
            await until(lambda: "key received: 5" in [rung.what for rung in called.ladder.rungs])
            await silent.finish(call)
        finally:
            await silent.close()
    assert [uri.partition("@")[0] for uri in invites] == ["sip:40000001"]
    assert 0 < call.stats.sent < 20  # a tone would have been 50 packets a second
