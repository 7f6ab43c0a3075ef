"""An agent asks a queue for a colleague, who is offered the asking like a call, and wraps up after it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from acd.model import AgentId
from events.catalogue import ColleagueEnded, ColleagueFound, ColleagueSought
from ivr.ports.talk import TransferTarget
from ivr.running.conversation import Conversation
from ivr.running.talk_words import State
from tests.ivr.running.room import Room, opened

VIRTUAL_TIME = True
SECOND = TransferTarget("queue", "second")
TALKS = "talking"


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with opened() as made:
        yield made


async def consulted(room: Room) -> None:
    await talk(room).consult(SECOND)
    await asyncio.sleep(10)


def talk(room: Room) -> Conversation:
    found = room.talks.of(room.call.info.contact)
    assert isinstance(found, Conversation)
    return found


def at(room: Room) -> str:
    return talk(room).state.value


async def test_whoever_of_the_queue_is_free_talks_to_the_agent_and_wraps_up(room: Room) -> None:
    await consulted(room)
    assert room.table.apart == ("kari", "berit")
    assert (await room.states())["berit"] == TALKS
    (found,) = room.engine.told(ColleagueFound)
    assert (found.agent, found.queue) == ("berit", "second")
    await talk(room).take_back()
    await asyncio.sleep(1)
    assert room.table.caller_with == ("kari",)
    assert (await room.states())["berit"] in ("wrap_up", "ready")
    assert [one.cause for one in room.engine.told(ColleagueEnded)] == ["agent_hung_up"]


async def test_the_caller_is_given_to_the_colleague_who_has_the_talk_to_its_end(room: Room) -> None:
    await consulted(room)
    await talk(room).complete()
    await asyncio.sleep(1)
    assert room.table.caller_with == ("berit",)
    states = await room.states()
    assert states["berit"] == TALKS
    assert states["kari"] != TALKS
    room.call.hang_up()
    await room.task
    await asyncio.sleep(1)
    assert (await room.states())["berit"] in ("wrap_up", "ready")
    assert len(room.engine.told(ColleagueEnded)) == 1


async def test_who_takes_the_question_back_leaves_the_queue(room: Room) -> None:
    await room.engine.distributor.not_ready(AgentId("berit"), "lunch")
    await consulted(room)
    assert len(room.engine.told(ColleagueSought)) == 1
    assert at(room) == State.CALLING.value
    await talk(room).take_back()
    await asyncio.sleep(1)
    await room.engine.distributor.ready(AgentId("berit"))
    await asyncio.sleep(10)
    assert (await room.states())["berit"] == "ready"
    assert room.table.caller_with == ("kari",)


async def test_a_caller_who_hangs_up_meanwhile_frees_the_colleague(room: Room) -> None:
    await consulted(room)
    room.call.hang_up()
    await room.task
    await asyncio.sleep(1)
    assert (await room.states())["berit"] in ("wrap_up", "ready")
    assert len(room.engine.services.offers) == 0


async def test_a_colleague_who_does_not_answer_has_missed_it_and_the_agent_waits_on_for_a_bounded_time(
    room: Room,
) -> None:
    room.engine.phones.after_s = 10_000
    await consulted(room)
    await asyncio.sleep(60)
    assert (await room.states())["berit"].startswith("not_ready")
    assert at(room) == State.CALLING.value
    await asyncio.sleep(300)
    assert at(room) == State.TALKING.value
    assert room.outcomes()[-1] == ("attended", "second", "no_answer")
