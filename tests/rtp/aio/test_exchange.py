"""Conferences beyond one mixer, and what a stall costs them; `tests/rtp/conference_contract.py` has how they sound."""

from collections.abc import AsyncIterator

import pytest

from rtp.aio.bridge import BridgeWay
from rtp.aio.engine import LocalMediaEngine, MediaSettings
from rtp.aio.mixing import MOST_SEATS, MixWay
from rtp.engine import LegId, LegOptions, Supervision
from tests.ports import free_range
from tests.rtp.conference_contract import talk
from tests.rtp.hearing import contains
from tests.rtp.media_contract import PROMPTS, Call, Switchboard

LEGS = MOST_SEATS + 9


@pytest.fixture
async def engine() -> AsyncIterator[LocalMediaEngine]:
    first = free_range(LEGS)
    engine = LocalMediaEngine(MediaSettings("127.0.0.1", first_port=first, last_port=first + 2 * LEGS - 1, rtcp=False))
    yield engine
    await engine.shutdown()


@pytest.fixture
async def board(engine: LocalMediaEngine) -> AsyncIterator[Switchboard]:
    board = Switchboard(engine)
    yield board
    for call in board.calls:
        call.phone.hang_up()


def way(engine: LocalMediaEngine, leg: LegId) -> MixWay:
    found = engine._legs[leg].voice.way
    assert isinstance(found, MixWay)
    return found


async def test_many_conferences_share_a_mixer_and_legs_of_two_mixers_can_be_brought_together(
    engine: LocalMediaEngine, board: Switchboard
) -> None:
    phones: dict[str, Call] = dict(zip(PROMPTS, [await board.talking(leg) for leg in "abc"], strict=True))
    talkers = [call.leg for call in phones.values()]
    silent = [LegId(f"silent {number}") for number in range(MOST_SEATS + 4)]
    for leg in silent:
        await engine.open(leg, None, LegOptions("c1"))
    pairs = [tuple(silent[at : at + 2]) for at in range(0, len(silent), 2)]
    await engine.conference((*pairs[0], talkers[0]))
    for supervisor, target in pairs[1:-1]:
        await engine.supervise(supervisor, target, Supervision.LISTEN)
    await engine.conference((*pairs[-1], *talkers[1:]))
    assert way(engine, talkers[0]).mix is way(engine, silent[2]).mix
    assert way(engine, talkers[0]).mix is not way(engine, talkers[1]).mix
    assert len(way(engine, talkers[0]).mix.seats) <= MOST_SEATS
    await engine.conference(tuple(talkers))
    await talk(phones)
    for name, call in phones.items():
        fits = {other: contains(call.phone.heard, prompt) for other, prompt in PROMPTS.items()}
        assert [fit > 0.45 for fit in fits.values()] == [other != name for other in PROMPTS]


async def test_ticks_that_are_skipped_count_as_due_and_the_talk_goes_on(
    engine: LocalMediaEngine, board: Switchboard
) -> None:
    calls = dict(zip(PROMPTS, [await board.talking(leg) for leg in "abc"], strict=True))
    legs = tuple(call.leg for call in calls.values())
    await engine.conference(legs)
    await talk(calls, 5)
    way(engine, legs[0]).mix.skip(10)
    for leg in legs:
        stats = await engine.stats(leg)
        assert stats.due - stats.sent == 10
    for call in calls.values():
        call.phone.timestamp += 1600
    await talk(calls)
    assert contains(calls["low"].phone.heard, PROMPTS["high"]) > 0.45


async def test_two_who_hear_each_other_keep_their_relay_when_asked_again(
    engine: LocalMediaEngine, board: Switchboard
) -> None:
    supervisor, agent = [(await board.talking(leg)).leg for leg in "ab"]
    await engine.supervise(supervisor, agent, Supervision.BARGE)
    way = engine._legs[agent].voice.way
    assert isinstance(way, BridgeWay)
    await engine.supervise(supervisor, agent, Supervision.BARGE)
    assert engine._legs[agent].voice.way is way


async def test_a_conference_that_everybody_left_ticks_no_longer(engine: LocalMediaEngine, board: Switchboard) -> None:
    legs = tuple([(await board.talking(leg)).leg for leg in "abc"])
    await engine.conference(legs)
    mix = way(engine, legs[0]).mix
    assert mix in engine._room.ticker._members
    await engine.close(legs[0])
    assert (mix.seats, mix.mixer.seats) == ({}, 0)
    assert mix not in engine._room.ticker._members
