"""Callers whom svar rings: their call is one like any other, and is bridged with an agent who was rung before."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.over_sip.rung_back import RingsBack, RungCall
from ivr.ports.call import CallEnded, Clip
from ivr.ports.phones import NotAnswered
from tests.ivr.sip_lab import Handset, Lab, hears, info, lab, talk
from tests.ivr.sounds import MUSIC, tone
from tests.rtp.phone import until

VOICE, ANSWER, TOLD = "voice", "answer", "told"


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab(tmp_path) as made:
        yield made


def rings_back(phones: Lab) -> RingsBack:
    return RingsBack(phones.line, phones.phones, phones.outside)


async def rung(phones: Lab) -> tuple[RungCall, Handset]:
    call = await rings_back(phones).ring(phones.target("+4722334455"), info())
    await phones.rung[-1].connected()
    return call, phones.rung[-1]


def clip(phones: Lab, words: str) -> Clip:
    path = phones.folder / f"{words}.al"
    path.write_bytes(tone(words))
    return Clip(str(path), len(tone(words)) / 8000, words, "nb")


async def test_a_caller_who_is_rung_hears_what_is_said_and_presses_keys(phones: Lab) -> None:
    call, caller = await rung(phones)
    assert call.answered
    await call.play((clip(phones, TOLD),))
    assert hears(caller, tone(TOLD))
    pressing = asyncio.ensure_future(call.collect(most=1, first_timeout_s=5))
    await asyncio.sleep(0.05)
    caller.rtp.press("7")
    assert (await pressing).pii_digits == "7"
    await call.hangup()
    await until(lambda: caller.ended, "end of the caller's call")
    await phones.nothing_left()


async def test_an_agent_who_was_rung_before_hears_whom_it_is_for_and_then_the_caller(phones: Lab) -> None:
    back = rings_back(phones)
    leg, agent = await phones.leg()
    await agent.connected()
    back.watch(leg, lambda: pytest.fail("the agent is there"))
    await back.tell(leg, (clip(phones, TOLD),))
    assert hears(agent, tone(TOLD))
    await until(lambda: hears(agent, tone(MUSIC)), "music for the agent")
    call, caller = await rung(phones)
    talking = asyncio.ensure_future(call.bridge(leg))
    await talk(caller, tone(VOICE))
    await talk(agent, tone(ANSWER))
    await until(lambda: hears(agent, tone(VOICE)) and hears(caller, tone(ANSWER)), "voices both ways")
    agent.hang_up()
    assert await talking == "agent_hung_up"
    await call.hangup()
    await phones.nothing_left()


async def test_a_caller_who_hangs_up_ends_the_talk(phones: Lab) -> None:
    leg, agent = await phones.leg()
    call, caller = await rung(phones)
    ended: list[str] = []
    call.on_end(ended.append)
    talking = asyncio.ensure_future(call.bridge(leg))
    await asyncio.sleep(0.05)
    caller.hang_up()
    with pytest.raises(CallEnded, match="caller_hung_up"):
        await talking
    assert ended == ["caller_hung_up"]
    await until(lambda: agent.ended, "end of the agent's call")
    await phones.nothing_left()


async def test_an_agent_who_hangs_up_before_the_bridge_is_told_of(phones: Lab) -> None:
    back, gone = rings_back(phones), asyncio.Event()
    leg, agent = await phones.leg()
    await agent.connected()
    back.watch(leg, gone.set)
    await back.tell(leg, ())
    agent.hang_up()
    await asyncio.wait_for(gone.wait(), 5)
    again = asyncio.Event()
    back.watch(leg, again.set)
    await asyncio.wait_for(again.wait(), 5)
    await back.tell(leg, (clip(phones, TOLD),))
    await phones.nothing_left()


@pytest.mark.parametrize(("status", "cause"), [(486, "busy"), (603, "rejected"), (404, "unreachable")])
async def test_a_caller_who_does_not_take_it_is_not_rung_any_more(phones: Lab, status: int, cause: str) -> None:
    phones.on_rung = lambda handset: handset.refuse(status)
    with pytest.raises(NotAnswered, match=cause):
        await rings_back(phones).ring(phones.target("+4722334455"), info())
    await phones.nothing_left()


async def test_ringing_stops_when_nobody_waits_for_it(phones: Lab) -> None:
    phones.on_rung = Handset.ring
    ringing = asyncio.ensure_future(rings_back(phones).ring(phones.target("+4722334455"), info()))
    await until(lambda: bool(phones.rung), "a phone that rings")
    ringing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ringing
    await until(lambda: phones.rung[0].ended, "the end of the ringing")
    await phones.nothing_left()
