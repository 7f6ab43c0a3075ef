"""Talks led by commands, with the distributor's model and phones that do as they are told."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from acd.model import AgentId, AgentState
from events.catalogue import ContactQueued, ContactReleased, TransferBegun
from ivr.ports.talk import Gone, Held, NotNow, Pressed, Referred, TransferTarget
from ivr.running.talk_words import State
from tests.ivr.running.room import BERIT, TAXI, Room, control, opened, with_caller

VIRTUAL_TIME = True


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with opened() as made:
        yield made


async def test_the_caller_is_given_to_who_was_consulted(room: Room) -> None:
    talk = control(room)
    await talk.consult(BERIT)
    assert with_caller(room) == ()
    await asyncio.sleep(2)
    assert set(room.table.apart) == {"kari", "berit"}
    assert (await room.states())["berit"] == "not_ready consult"
    await talk.complete()
    assert with_caller(room) == ("berit",)
    assert room.table.gone == ["kari"]
    await room.engine.commands.drain(1)
    assert (await room.states())["kari"].startswith("ready")
    assert (await room.states())["berit"] == "not_ready transferred"
    assert room.outcomes() == [("attended", "berit", "answered")]
    assert room.engine.told(ContactReleased)[0].cause == "transferred"
    assert room.talks.of_agent("berit") is talk
    room.table.told["berit"](Gone("agent_hung_up"))
    await room.task
    await room.engine.commands.drain(1)
    assert (await room.states())["berit"].startswith("ready")
    assert room.table.closed
    assert len(room.talks) == 0


async def test_the_agent_takes_the_caller_back_by_keys(room: Room) -> None:
    for key in "*121#":
        room.table.told["kari"](Pressed(key))
    await asyncio.sleep(2)
    assert set(room.table.apart) == {"kari", "berit"}
    for key in "*3":
        room.table.told["kari"](Pressed(key))
    await asyncio.sleep(1)
    assert with_caller(room) == ("kari",)
    assert room.table.said == ["Vi ringer.", "Du har innringeren igjen."]
    assert (await room.states())["berit"].startswith("ready")


async def test_keys_that_fit_nothing_are_answered(room: Room) -> None:
    for key in "*5":
        room.table.told["kari"](Pressed(key))
    for key in "*199#":
        room.table.told["kari"](Pressed(key))
    await asyncio.sleep(1)
    assert set(room.table.said) == {"Det går ikke nå.", "Det nummeret finnes ikke."}
    assert with_caller(room) == ("kari",)


async def test_who_is_given_to_a_queue_waits_there_with_the_journey(room: Room) -> None:
    await control(room).to_queue("second")
    await asyncio.sleep(3)
    assert with_caller(room) == ("berit",)
    assert [event.queue for event in room.engine.told(ContactQueued)] == ["q", "second"]
    assert room.engine.distributor.asked.count("finish") == 1, "a second one could end the place that is next"
    room.call.hang_up()
    data = await room.task
    assert [(visit.queue, visit.agent) for visit in data.journey] == [("q", "kari"), ("second", "berit")]


async def test_a_blind_transfer_that_nobody_takes_and_an_agent_who_left_lead_back_to_the_queue(room: Room) -> None:
    room.destinations.cause, room.destinations.after_s = "busy", 5.0
    await control(room).blind(TAXI)
    room.engine.phones.cause = "no_answer"
    room.table.told["kari"](Gone("agent_hung_up"))
    await asyncio.sleep(30)
    assert [event.queue for event in room.engine.told(ContactQueued)] == ["q", "q"]
    assert room.outcomes() == [("blind", "taxi", "busy")]
    assert not room.call.ended


async def test_what_does_not_fit_changes_nothing(room: Room) -> None:
    talk = control(room)
    for command in (talk.complete, talk.conference, talk.drop_third, talk.resume):
        with pytest.raises(NotNow):
            await command()
    for target in (TransferTarget("agent", "nobody"), TransferTarget("queue", "none"), TransferTarget("trunk", "x")):
        with pytest.raises(NotNow):
            await talk.blind(target)
    with pytest.raises(NotNow):
        await talk.consult(TransferTarget("queue", "none"))
    assert with_caller(room) == ("kari",)
    assert room.engine.told(TransferBegun) == []


async def test_media_that_cannot_mix_refuses_a_conference_and_the_consultation_goes_on(room: Room) -> None:
    room.table.mixes = False
    talk = control(room)
    await talk.consult(TAXI)
    await asyncio.sleep(3)
    with pytest.raises(NotNow):
        await talk.conference()
    assert set(room.table.apart) == {"kari", "taxi"}


async def test_three_talk_until_the_third_is_dropped(room: Room) -> None:
    talk = control(room)
    await talk.consult(TAXI)
    await asyncio.sleep(3)
    await talk.conference()
    assert set(with_caller(room)) == {"kari", "taxi"}
    assert (await room.states())["berit"].startswith("ready")
    await talk.drop_third()
    assert (with_caller(room), room.table.gone) == (("kari",), ["taxi"])
    assert room.outcomes() == [("attended", "taxi", "joined"), ("conference", "taxi", "taken_back")]


async def test_a_colleague_who_is_third_of_three_gets_no_callers_for_hours(room: Room) -> None:
    talk = control(room)
    await talk.consult(BERIT)
    await asyncio.sleep(3)
    await talk.conference()
    await asyncio.sleep(2 * 3600)
    assert (await room.states())["berit"] == "not_ready conference"
    await talk.drop_third()
    await room.engine.commands.drain(1)
    assert (await room.states())["berit"].startswith("ready")


async def test_a_colleague_who_is_not_ready_is_busy(room: Room) -> None:
    await room.engine.distributor.not_ready(AgentId("berit"), "lunch")
    await control(room).consult(BERIT)
    await asyncio.sleep(1)
    assert room.outcomes() == [("attended", "berit", "busy")]
    assert with_caller(room) == ("kari",)
    assert (await room.states())["berit"] == "not_ready lunch"


async def test_a_caller_who_hangs_up_in_a_consultation_frees_everybody(room: Room) -> None:
    await control(room).consult(BERIT)
    await asyncio.sleep(2)
    room.call.hang_up()
    await room.task
    await room.engine.commands.drain(1)
    assert set(room.table.gone) == {"kari", "berit"}
    assert room.outcomes() == [("attended", "berit", "caller_hung_up")]
    assert {state.split()[0] for state in (await room.states()).values()} == {AgentState.READY}


async def test_who_answers_as_it_is_given_up_is_hung_up(room: Room) -> None:
    room.destinations.after_s = 1.0
    talk = control(room)
    await talk.consult(TAXI)
    await asyncio.sleep(1.0)
    await talk.take_back()
    await asyncio.sleep(1)
    assert with_caller(room) == ("kari",)
    assert talk.state is State.TALKING


async def test_a_phone_that_holds_gives_the_caller_music(room: Room) -> None:
    room.table.told["kari"](Held(held=True))
    await asyncio.sleep(1)
    assert with_caller(room) == ()
    room.table.told["kari"](Held(held=False))
    await asyncio.sleep(1)
    assert with_caller(room) == ("kari",)


def referred(target: str, heard: list[int], *, joins: bool = False) -> Referred:
    return Referred(target, joins, heard.append, heard.append)


@pytest.mark.parametrize(("cause", "statuses"), [("", [202, 200]), ("busy", [202, 486]), ("unreachable", [202, 503])])
async def test_a_phone_is_told_what_became_of_its_transfer(room: Room, cause: str, statuses: list[int]) -> None:
    room.destinations.cause = cause
    heard: list[int] = []
    room.table.told["kari"](referred("taxi", heard))
    await asyncio.sleep(5)
    assert heard == statuses
    assert with_caller(room) == (("kari",) if cause else ("taxi",))


async def test_a_phone_is_refused_what_is_not_there_and_what_does_not_fit(room: Room) -> None:
    heard: list[int] = []
    room.table.told["kari"](referred("+4790000000", heard))
    room.table.told["kari"](referred("", heard, joins=True))
    await asyncio.sleep(1)
    assert heard == [403, 491]


async def test_who_is_not_the_agent_asks_in_vain(room: Room) -> None:
    await control(room).consult(TAXI)
    await asyncio.sleep(3)
    heard: list[int] = []
    room.table.told["taxi"](referred("berit", heard))
    for key in "*3":
        room.table.told["taxi"](Pressed(key))
    await asyncio.sleep(1)
    assert heard == [403]
    assert set(room.table.apart) == {"kari", "taxi"}
