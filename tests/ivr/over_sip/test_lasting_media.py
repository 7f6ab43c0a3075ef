"""Calls whose media worker is killed: they go on elsewhere, with what was going on."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import pytest

from ivr.over_sip.agent_leg import SipPhones
from ivr.over_sip.lasting_media import MOST_LOSSES, LastingMedia
from ivr.over_sip.sip_call import Outside
from ivr.over_sip.telephony import Background
from ivr.ports.call import CallEnded, Clip
from rtp import wav
from rtp.aio.engine import MediaSettings
from rtp.aio.pool import MediaPool
from rtp.engine import LegId, LegOptions, MediaEngine, MediaEvent, WorkerLost
from sip.events import ReinviteReceived, SipEvent
from tests.ivr.sip_lab import Handset, Lab, hears, info, lab, talk
from tests.ivr.sounds import MUSIC, tone
from tests.ports import free_range
from tests.rtp.aio.test_engine import made
from tests.rtp.conference_contract import ConferenceContract
from tests.rtp.hearing import contains
from tests.rtp.media_contract import MediaContract
from tests.rtp.phone import Phone, until


class TestLastingMedia(MediaContract, ConferenceContract):
    """Around an engine that loses nothing, it is that engine."""

    @pytest.fixture
    async def engine(self) -> AsyncIterator[MediaEngine]:
        background = Background()
        async for engine in made(gate=True):
            yield LastingMedia(engine, background)
        assert len(background) == 0


@pytest.fixture
async def pool() -> AsyncIterator[MediaPool]:
    first = free_range(40)
    made = MediaPool(MediaSettings("127.0.0.1", first_port=first, last_port=first + 79, quarantine_s=0.1), 2)
    await made.start()
    yield made
    await made.shutdown()


@pytest.fixture
async def phones(tmp_path: Path, pool: MediaPool) -> AsyncIterator[Lab]:
    async with lab(tmp_path) as made:
        media = LastingMedia(pool, made.background)
        made.line = replace(made.line, media=media, lasting=media)
        made.phones = SipPhones(made.line, made.targets.get, made.phones._local, lambda: token_hex(4))
        made.outside = Outside(made.phones, {})
        yield made


def kill(pool: MediaPool) -> None:
    """The worker that has legs: a lab's calls are of one contact."""
    places = {pool._places.of(leg) for leg in list(pool._places._legs)}
    for place in places:
        os.kill(pool.crew._workers[place].pid, signal.SIGKILL)


def moves(handset: Handset) -> Callable[[], bool]:
    """The phone follows each new offer to where svar's media is then. Gives whether one has come since."""
    answer, before = handset._heard, handset.count(ReinviteReceived)

    def follow(event: SipEvent) -> None:
        if isinstance(event, ReinviteReceived) and event.sdp:
            handset.rtp.described(event.sdp)
        answer(event)

    handset._user_agent.listen(handset.session, follow)
    return lambda: handset.count(ReinviteReceived) > before


def clip(folder: Path, text: str, duration_s: float) -> Clip:
    path = folder / f"{text}.al"
    path.write_bytes(tone(text, duration_s))
    return Clip(str(path), duration_s, text, "nb")


async def test_a_caller_hears_music_again(phones: Lab, pool: MediaPool, tmp_path: Path) -> None:
    call, handset = await phones.call()
    await call.answer()
    await handset.connected()
    moved = moves(handset)
    await call.start_music((clip(tmp_path, MUSIC, 0.4),))
    await handset.rtp.hears(5)
    kill(pool)
    await until(moved, "new offer")
    since = len(handset.rtp.heard)
    await until(lambda: hears(handset, tone(MUSIC, 0.4), since=since), "music")
    await call.hangup()
    await until(lambda: pool.legs == 0, "end of the legs")


async def test_a_prompt_is_played_again_and_its_end_is_told(phones: Lab, pool: MediaPool, tmp_path: Path) -> None:
    call, handset = await phones.call()
    await call.answer()
    await handset.connected()
    moves(handset)
    playing = asyncio.ensure_future(call.play((clip(tmp_path, "welcome", 0.6),)))
    await handset.rtp.hears(5)
    kill(pool)
    assert await asyncio.wait_for(playing, 10) is None
    assert hears(handset, tone("welcome", 0.6))
    assert len(handset.rtp.voice) >= 35
    handset.rtp.press("7")
    assert (await call.collect(most=1)).pii_digits == "7"


async def test_the_new_offer_follows_the_old_description(phones: Lab, pool: MediaPool) -> None:
    call, handset = await phones.call()
    await call.answer()
    await handset.connected()
    offers: list[str] = []
    phones.phones_agent.ladder = lambda way, peer, data, now: offers.append(data.decode())
    moved = moves(handset)
    kill(pool)
    await until(moved, "new offer")
    offer = next(text for text in offers if text.startswith("INVITE "))
    stood = call._said or ""
    old, new = (text[text.index("o=") :].splitlines()[0].split(" ") for text in (stood, offer))
    assert (new[1], int(new[2])) == (old[1], int(old[2]) + 1)


async def test_a_bridge_is_made_again(phones: Lab, pool: MediaPool) -> None:
    call, caller = await phones.call()
    call.info = replace(call.info, contact=info().contact)
    await call.answer()
    leg, agent = await phones.leg()
    await caller.connected()
    both = [moves(caller), moves(agent)]
    talking = asyncio.ensure_future(call.bridge(leg))
    await talk(caller, tone("before", 0.3))
    await until(lambda: hears(agent, tone("before", 0.3)), "voice before")
    kill(pool)
    await until(lambda: all(moved() for moved in both), "new offers")
    await until(lambda: not phones.line.lasting or not phones.line.lasting.lost(call.leg), "return")
    since = len(agent.rtp.heard)
    for _ in range(3):
        await talk(caller, tone("after", 0.4))
        await talk(agent, tone("reply", 0.4))
    assert hears(agent, tone("after", 0.4), since=since)
    assert hears(caller, tone("reply", 0.4))
    assert not talking.done()
    agent.hang_up()
    assert await talking == "agent_hung_up"


async def test_a_caller_whose_phone_refuses_the_new_offer_is_told_goodbye(phones: Lab, pool: MediaPool) -> None:
    call, handset = await phones.call()
    await call.answer()
    await handset.connected()

    def refuse(event: SipEvent) -> None:
        handset.heard_of.append(event)
        if isinstance(event, ReinviteReceived):
            phones.phones_agent.reject(event.session, 488)

    phones.phones_agent.listen(handset.session, refuse)
    collecting = asyncio.ensure_future(call.collect(most=1, first_timeout_s=30))
    await asyncio.sleep(0.1)
    kill(pool)
    with pytest.raises(CallEnded) as ended:
        await asyncio.wait_for(collecting, 10)
    assert ended.value.cause == call.ended == "media_lost"
    await until(lambda: handset.ended, "BYE")
    await until(lambda: pool.legs == 0, "end of the legs")


async def test_an_agent_who_was_ringing_is_connected_after_the_answer(phones: Lab, pool: MediaPool) -> None:
    phones.on_rung = Handset.ring
    ringing = asyncio.ensure_future(phones.ring())
    await until(lambda: bool(phones.rung) and pool.legs == 1, "ringing phone")
    kill(pool)
    await until(lambda: pool.crew.ended == 1, "loss")
    moved = moves(phones.rung[0])
    phones.rung[0].answer()
    leg = await asyncio.wait_for(ringing, 10)
    assert moved()
    await leg.hang_up()


async def test_a_leg_that_is_lost_again_and_again_is_given_up(phones: Lab, pool: MediaPool) -> None:
    media, events = phones.line.media, list[MediaEvent]()
    leg = LegId("x")
    with Phone() as phone:
        media.listen(leg, events.append)
        await media.open(leg, phone.sdp(), LegOptions("c"))
        assert isinstance(media, LastingMedia)
        offers: list[str] = []

        def reoffer(sdp: str) -> bool:
            offers.append(sdp)
            media.reoffered(leg, phone.sdp(version=len(offers) + 1))
            return True

        media.follow(leg, reoffer)
        for loss in range(MOST_LOSSES + 1):
            assert events == []
            kill(pool)
            await until(lambda loss=loss: pool.crew.ended == loss + 1, "loss")  # type: ignore[misc]
            await until(lambda: not media.lost(leg) and len(pool.crew.running) == 2, "return", deadline_s=10)
        assert events == [WorkerLost(leg)]
        assert len(offers) == MOST_LOSSES
        await media.close(leg)


async def test_a_recording_whose_worker_is_killed_keeps_what_was_written(
    phones: Lab, pool: MediaPool, tmp_path: Path
) -> None:
    call, handset = await phones.call()
    await call.answer()
    await handset.connected()
    path = tmp_path / "said.wav"
    recording = asyncio.ensure_future(call.record(str(path), most_s=60))
    await talk(handset, tone("said", 2.5))
    await until(lambda: path.stat().st_size > 8000, "the first sound in the file")
    kill(pool)
    recorded = await asyncio.wait_for(recording, 10)
    assert recorded.ended_by == "cut_off"
    assert recorded.duration_s == pytest.approx(2.0, abs=0.2)
    said = wav.a_law(path.read_bytes())
    assert contains(tone("said", 2.5), said) > 0.9


async def said_until_heard(speaker: Handset, sound: bytes, others: list[Handset]) -> None:
    """At the fourth time at the latest all others hear it: a busy machine leaves frames out."""
    for _ in range(4):
        since = {id(other): len(other.rtp.heard) for other in others}
        await talk(speaker, sound)
        await asyncio.sleep(0.3)
        if all(hears(other, sound, since=since[id(other)]) for other in others):
            return
    raise AssertionError("they do not hear each other")


async def test_a_conference_is_made_again(phones: Lab, pool: MediaPool) -> None:
    call, caller = await phones.call()
    await call.answer()
    await caller.connected()
    made = []
    for agent in ("kari", "berit"):
        phones.targets[agent] = phones.target(agent)
        leg = await phones.phones.dial(agent, phones.targets[agent], call.info, "work")
        made.append((leg, phones.rung[-1]))
        await phones.rung[-1].connected()
    handsets = [caller, *(handset for _, handset in made)]
    await phones.line.media.conference((call.leg, *(leg.leg for leg, _ in made)))
    moved = [moves(handset) for handset in handsets]
    kill(pool)
    await until(lambda: all(one() for one in moved), "new offers", deadline_s=15)
    lasting = phones.line.lasting
    assert lasting is not None
    legs = [call.leg, *(leg.leg for leg, _ in made)]
    await until(lambda: not any(lasting.lost(leg) for leg in legs), "return")
    for n, speaker in enumerate(handsets):
        others = [other for other in handsets if other is not speaker]
        await said_until_heard(speaker, tone(f"speaker {n}", 0.6), others)
    for leg, _ in made:
        await leg.hang_up()
    await call.hangup()
