"""Talks in which two things happen at once, or the agent is not who the caller was offered to."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from acd.model import AgentId
from ivr.ports.talk import Gone, Held, Moved
from ivr.running.colleagues import AT_MOST_S
from ivr.running.talk import CONSULTS_S, RINGS_S
from ivr.running.talk_words import State
from ivr.simulator.call import SimulatedLeg
from tests.ivr.running.room import BERIT, TAXI, Room, control, opened, with_caller

VIRTUAL_TIME = True


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with opened() as made:
        yield made


def in_two_turns(room: Room) -> None:
    """The caller hangs up when the phone's answer is noted, and nobody has looked at it yet."""
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: loop.call_soon(room.call.hang_up))


async def test_a_phone_that_answers_as_the_caller_hangs_up_is_hung_up(room: Room) -> None:
    room.destinations.also = lambda: in_two_turns(room)
    await control(room).consult(TAXI)
    await asyncio.sleep(3)
    assert room.call.ended
    [taxi] = room.destinations.legs
    assert taxi.ended.done() or taxi in room.table.released


async def test_who_was_given_the_caller_is_rung_again_and_not_who_gave(room: Room) -> None:
    talk = control(room)
    await talk.consult(BERIT)
    await asyncio.sleep(2)
    await talk.complete()
    await room.engine.commands.drain(1)
    room.destinations.cause, room.destinations.after_s = "busy", 5.0
    await talk.blind(TAXI)
    room.engine.phones.rung.clear()
    room.table.told["berit"](Gone("agent_hung_up"))
    await asyncio.sleep(5.5)
    assert room.engine.phones.rung == ["berit"]
    assert (await room.states())["berit"] == "not_ready transferred", "kept free while the phone rings"
    await asyncio.sleep(3)
    assert with_caller(room) == ("berit",)
    assert (await room.states())["berit"] == "not_ready transferred"
    assert (await room.states())["kari"].startswith("ready")


async def test_who_is_rung_again_in_vain_is_free_and_the_caller_waits_again(room: Room) -> None:
    talk = control(room)
    await talk.consult(BERIT)
    await asyncio.sleep(2)
    await talk.complete()
    await room.engine.distributor.not_ready(AgentId("kari"), "lunch")
    room.destinations.cause, room.destinations.after_s = "busy", 5.0
    await talk.blind(TAXI)
    room.engine.phones.cause = "no_answer"
    room.table.told["berit"](Gone("agent_hung_up"))
    await asyncio.sleep(10)
    assert (await room.states())["berit"].startswith("ready")
    assert not room.call.ended


async def test_an_agent_who_held_and_was_rung_again_holds_no_more(room: Room) -> None:
    talk = control(room)
    room.table.told["kari"](Held(held=True))
    room.destinations.cause = "busy"
    await talk.blind(TAXI)
    room.table.told["kari"](Gone("agent_hung_up"))
    await asyncio.sleep(5)
    assert with_caller(room) == ("kari",)
    await talk.consult(TAXI)
    await asyncio.sleep(3)
    assert with_caller(room) == ("kari",), "a consultation in vain gives the caller back"


async def test_of_two_second_calls_the_later_is_refused_and_the_first_goes_on(room: Room) -> None:
    talk, first, second = control(room), SimulatedLeg("kari"), SimulatedLeg("kari")
    talk.consult_aside(BERIT, first)
    talk.consult_aside(BERIT, second)
    await asyncio.sleep(2)
    assert room.table.released == [second]
    assert talk.state is State.CONSULTING
    room.table.followed[first](Gone("agent_hung_up"))
    await asyncio.sleep(1)
    assert (talk.state, with_caller(room)) == (State.TALKING, ("kari",))


async def test_a_second_call_to_a_talk_that_is_over_is_ended(room: Room) -> None:
    talk, late = control(room), SimulatedLeg("kari")
    room.call.hang_up()
    await room.task
    talk.consult_aside(BERIT, late)
    assert room.table.released[-1] is late


async def test_who_leads_a_talk_that_was_given_stays_in_it_after_a_second_call(room: Room) -> None:
    talk = control(room)
    await talk.consult(BERIT)
    await asyncio.sleep(2)
    await talk.complete()
    aside = SimulatedLeg("berit")
    talk.consult_aside(TAXI, aside)
    await asyncio.sleep(3)
    await talk.take_back()
    await room.engine.commands.drain(1)
    assert aside in room.table.released
    assert (await room.states())["berit"] == "not_ready transferred"


async def test_a_colleague_is_kept_as_long_as_anybody_may_be_asked_and_little_longer(room: Room) -> None:
    room.engine.phones.after_s = RINGS_S - 1
    await control(room).consult(BERIT)
    await asyncio.sleep(RINGS_S + CONSULTS_S - 10)
    assert (await room.states())["berit"] == "not_ready consult"
    assert RINGS_S + CONSULTS_S < AT_MOST_S < 2000


async def test_a_colleague_is_shown_who_asks_and_one_who_is_given_the_caller_the_caller(room: Room) -> None:
    talk = control(room)
    await talk.consult(BERIT)
    await asyncio.sleep(0.5)
    await talk.take_back()
    await asyncio.sleep(0.5)
    await talk.blind(BERIT)
    await asyncio.sleep(0.5)
    assert room.engine.phones.asked_by == ["", "kari", ""]


async def test_an_agent_goes_on_at_another_phone_where_nobody_is_held(room: Room) -> None:
    [first], other = list(room.table.followed), SimulatedLeg("kari")
    room.table.followed[first](Held(held=True))
    await asyncio.sleep(1)
    assert with_caller(room) == ()
    room.table.followed[first](Moved(other))
    room.table.followed[first](Gone("agent_hung_up"))
    await asyncio.sleep(1)
    assert (room.table.taken, room.table.released) == ([other], [first])
    assert (with_caller(room), control(room).state) == (("kari",), State.TALKING)
    assert room.talks.of_agent("kari") is not None
    room.table.followed[other](Gone("agent_hung_up"))
    await room.task


async def test_who_is_asked_goes_on_at_another_phone(room: Room) -> None:
    talk = control(room)
    await talk.consult(BERIT)
    await asyncio.sleep(2)
    berit = next(leg for leg in room.table.followed if leg.agent == "berit")
    other = SimulatedLeg("berit")
    room.table.followed[berit](Moved(other))
    await asyncio.sleep(1)
    assert (talk.state, set(room.table.apart)) == (State.CONSULTING, {"kari", "berit"})
    assert room.table.released == [berit]
    assert (await room.states())["berit"] == "not_ready consult"
    await talk.complete()
    room.table.followed[other](Gone("agent_hung_up"))
    await room.task


async def test_a_phone_that_comes_too_late_for_a_talk_is_ended(room: Room) -> None:
    [first], late = list(room.table.followed), SimulatedLeg("kari")
    room.table.followed[first](Gone("agent_hung_up"))
    room.table.followed[first](Moved(late))
    await room.task
    assert late in room.table.released
    later = SimulatedLeg("kari")
    room.table.followed[first](Moved(later))
    assert later in room.table.released
