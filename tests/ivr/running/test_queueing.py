"""A caller in a queue, and every way out of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from acd.model import AgentId, AgentSpec, AgentState, SiteId
from events.catalogue import (
    ContactAnswered,
    ContactEnded,
    ContactLeftQueue,
    ContactQueued,
    ContactReleased,
    OfferFailed,
    OfferMade,
)
from ivr.ports.phones import NotAnswered
from ivr.running.queueing import ENTER_PATIENCE_S
from ivr.running.run import FlowRun
from tests.ivr.engine import QUEUE, Engine, flow_of

VIRTUAL_TIME = True
FLOW = flow_of(QUEUE)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    await engine.close()


async def test_a_caller_is_answered_talks_and_is_finished(engine: Engine) -> None:
    await engine.staff("kari")
    call, task = engine.dial(FLOW)
    data = await task
    await engine.commands.drain(1)
    assert data.journey[0].outcome == "answered"
    assert data.journey[0].agent == "kari"
    assert engine.told(ContactReleased)[0].talked_ms == 60_000
    assert engine.told(ContactEnded)[0].outcome == "answered"
    assert call.ended == "flow_ended"
    assert await engine.state("kari") is AgentState.READY
    assert len(engine.services.offers) == 0


async def test_music_plays_while_the_caller_waits_and_the_position_is_said(engine: Engine) -> None:
    await engine.staff()
    call, _ = engine.dial(FLOW)
    await asyncio.sleep(1)
    assert call.music[0].text == "music default"
    await asyncio.sleep(10)
    assert [heard.text for heard in call.heard] == ["Du er nummer én."]
    assert call.music


@pytest.mark.parametrize("cause", ["busy", "rejected", "unreachable", "no_answer"])
async def test_an_agent_who_does_not_take_it_costs_no_place(engine: Engine, cause: str) -> None:
    await engine.staff("kari")
    engine.phones.cause = cause
    call, _ = engine.dial(FLOW)
    await asyncio.sleep(5)
    assert engine.told(OfferFailed)[0].cause == cause
    assert await engine.state("kari") is AgentState.NOT_READY
    assert call.music
    engine.phones.cause = ""
    await engine.distributor.ready(AgentId("kari"))
    await asyncio.sleep(5)
    assert len(engine.told(ContactQueued)) == 1
    assert engine.told(ContactAnswered)[0].waited_ms < 7_000


async def test_a_phone_that_rings_too_long_is_no_answer(engine: Engine) -> None:
    await engine.staff("kari")
    engine.phones.after_s = 3_600
    engine.dial(FLOW)
    await asyncio.sleep(30)
    failed = engine.told(OfferFailed)[0]
    assert (failed.cause, failed.rang_ms) == ("no_answer", 20_000)
    assert engine.phones.stopped == 1


async def test_a_fault_of_ours_while_ringing_keeps_the_caller(engine: Engine) -> None:
    await engine.staff("kari")
    engine.phones.error = RuntimeError("a bug")
    call, task = engine.dial(FLOW)
    await asyncio.sleep(5)
    assert engine.told(OfferFailed)[0].cause == "error"
    assert not task.done()
    assert call.music


async def test_a_caller_who_hangs_up_while_waiting_leaves_the_queue(engine: Engine) -> None:
    await engine.staff()
    call, task = engine.dial(FLOW)
    await asyncio.sleep(30)
    call.hang_up()
    await task
    await engine.commands.drain(1)
    left = engine.told(ContactLeftQueue)[0]
    assert (left.disposition, left.cause, left.waited_ms) == ("lost", "caller_hung_up", 30_000)
    assert engine.told(ContactEnded)[0].outcome == "abandoned"


async def test_a_caller_who_hangs_up_while_ringing_stops_it_and_frees_the_agent(engine: Engine) -> None:
    await engine.staff("kari")
    engine.phones.after_s = 15
    call, task = engine.dial(FLOW)
    await asyncio.sleep(5)
    call.hang_up()
    await task
    await engine.commands.drain(1)
    assert engine.phones.stopped == 1
    assert engine.told(OfferFailed)[0].cause == "caller_left"
    assert await engine.state("kari") is AgentState.READY


async def test_a_caller_who_hangs_up_while_talking_is_answered_and_the_agent_released(engine: Engine) -> None:
    await engine.staff("kari")
    call, task = engine.dial(FLOW)
    await asyncio.sleep(10)
    call.hang_up()
    data = await task
    await engine.commands.drain(1)
    assert data.journey[0].outcome == "answered"
    assert engine.told(ContactReleased)[0].cause == "caller_hung_up"
    assert engine.phones.legs[0].ended.done()
    assert await engine.state("kari") is AgentState.READY


@pytest.mark.parametrize("after_s", [0.001, 0.1, 0.15, 0.3, 1.1, 1.15, 1.25, 1.4, 1.6])
async def test_a_slow_store_never_keeps_a_caller_who_is_gone(engine: Engine, after_s: float) -> None:
    """Commands take 0.2 s: the caller goes during enqueue, while ringing, during accept, and right after it."""
    await engine.staff("kari")
    engine.distributor.slow_s = 0.2
    call, task = engine.dial(FLOW)
    await asyncio.sleep(after_s)
    call.hang_up()
    await task
    await engine.commands.drain(5)
    assert (await engine.distributor.queues())[0].waiting == 0
    assert await engine.state("kari") is AgentState.READY
    assert len(engine.told(ContactQueued)) == len(engine.told(ContactReleased)) + len(engine.told(ContactLeftQueue))
    assert all(leg.ended.done() for leg in engine.phones.legs)


async def test_a_queue_out_of_reach_is_told_and_entered_when_it_is_back(engine: Engine) -> None:
    await engine.staff("kari")
    engine.distributor.away = True
    call, _ = engine.dial(FLOW)
    await asyncio.sleep(20)
    assert [heard.text for heard in call.heard] == ["Vent litt."]
    assert call.music
    engine.distributor.away = False
    await asyncio.sleep(5)
    assert engine.told(ContactAnswered)[0].waited_ms > 18_000


async def test_a_queue_that_stays_away_lets_the_caller_go_on(engine: Engine) -> None:
    await engine.staff()
    engine.distributor.away = True
    call, task = engine.dial(FLOW)
    data = await task
    assert data.trace == ["wait", "unavailable"]
    assert call.heard[-1].text == "Teknisk feil."
    assert ENTER_PATIENCE_S <= asyncio.get_running_loop().time() < ENTER_PATIENCE_S + 30


async def test_a_store_that_is_away_is_not_asked_in_a_busy_loop(engine: Engine) -> None:
    await engine.staff()
    engine.distributor.away = True
    _, task = engine.dial(FLOW)
    await task
    assert engine.distributor.asked.count("enqueue") < 90


async def test_a_full_queue_lets_the_caller_go_on(engine: Engine) -> None:
    await engine.staff(max_waiting=1)
    engine.dial(FLOW, "first")
    await asyncio.sleep(1)
    _, task = engine.dial(FLOW, "second")
    data = await task
    assert data.trace == ["wait", "unavailable"]


async def test_a_store_that_does_not_confirm_the_answer_gives_the_agent_back_and_keeps_the_caller(
    engine: Engine,
) -> None:
    await engine.staff("kari")
    engine.distributor.deaf_to = {"accept"}
    call, task = engine.dial(FLOW)
    await asyncio.sleep(14)
    assert engine.phones.legs[0].ended.done()
    assert not task.done()
    engine.distributor.deaf_to = set()
    await asyncio.sleep(30)
    assert call.music or engine.told(ContactAnswered)
    assert (await engine.distributor.queues())[0].waiting + len(engine.told(ContactAnswered)) >= 1


async def test_a_lease_that_is_revoked_stops_the_ringing_and_keeps_the_place(engine: Engine) -> None:
    await engine.staff("kari", "ola")
    engine.phones.after_s = 10
    call, _ = engine.dial(FLOW)
    await asyncio.sleep(3)
    await engine.distributor.log_out(AgentId(engine.phones.rung[0]), "gone")
    await asyncio.sleep(1)
    assert engine.phones.stopped == 1
    await asyncio.sleep(15)
    assert len(engine.phones.rung) == 2
    assert len(engine.told(ContactQueued)) == 1
    assert engine.told(ContactAnswered)
    call.hang_up()


async def test_who_waited_too_long_flows_out(engine: Engine) -> None:
    await engine.staff()
    call, task = engine.dial(FLOW)
    data = await task
    await engine.commands.drain(1)
    left = engine.told(ContactLeftQueue)[0]
    assert (left.disposition, left.cause) == ("flowed_out", "overflow")
    assert left.waited_ms == pytest.approx(600_000, abs=100)
    assert data.trace == ["wait", "too_long"]
    assert call.heard[-1].text == "Ring igjen."


async def test_after_the_queue_nothing_of_the_queue_is_heard(engine: Engine) -> None:
    await engine.staff()
    text = QUEUE.replace(
        "too_long: {type: hangup, say: {nb: Ring igjen.}}",
        """too_long:
    type: menu
    say: {nb: Tast 1.}
    keys: {1: unavailable}
    wait: 300s
    attempts: 1
    no_choice: unavailable""",
    )
    call, _ = engine.dial(flow_of(text))
    await asyncio.sleep(605)
    assert call.music == ()
    heard, asked = len(call.heard), len(engine.distributor.asked)
    await asyncio.sleep(200)
    assert len(engine.distributor.asked) == asked
    assert call.heard[-1].text == "Tast 1."
    assert len(call.heard) == heard
    call.press("1")
    await asyncio.sleep(1)
    assert call.heard[-1].text == "Teknisk feil."


async def test_a_place_survives_the_node_that_held_the_caller(engine: Engine) -> None:
    await engine.staff()
    engine.dial(FLOW, "before")
    await asyncio.sleep(1)
    data = engine.begin(FLOW, "mine")
    engine.dial(FLOW, "mine", data)
    await asyncio.sleep(1)
    engine.dial(FLOW, "after")
    await asyncio.sleep(10)
    snapshot = json.loads(json.dumps(data.to_data()))
    # The node that held the caller is gone, without a word to the distributor.
    engine.services.offers.forget("mine")
    call, _ = engine.dial(FLOW, "mine", FlowRun.from_data(snapshot))
    await asyncio.sleep(5)
    assert (await engine.distributor.place("mine")).position == 2
    assert len(engine.told(ContactQueued)) == 3
    assert [heard.text for heard in call.heard] == ["Du er nummer to."]


async def test_a_place_that_was_lost_is_taken_again_with_its_arrival(engine: Engine) -> None:
    await engine.staff()
    data = engine.begin(FLOW, "mine")
    engine.dial(FLOW, "mine", data)
    await asyncio.sleep(10)
    snapshot = json.loads(json.dumps(data.to_data()))
    await engine.distributor.leave("mine", "node_lost")
    engine.dial(FLOW, "later")
    await asyncio.sleep(10)
    engine.services.offers.forget("mine")
    engine.dial(FLOW, "mine", FlowRun.from_data(snapshot))
    await asyncio.sleep(1)
    place = await engine.distributor.place("mine")
    assert place.position == 1
    assert place.waited_ms == pytest.approx(21_000, abs=100)


@pytest.mark.parametrize(("cause", "told"), [("shutdown", "shutdown"), ("media_timeout", "error")])
async def test_the_distributor_is_told_why_a_call_ended(engine: Engine, cause: str, told: str) -> None:
    await engine.staff("kari")
    call, task = engine.dial(FLOW)
    await asyncio.sleep(10)
    waiting, other = engine.dial(FLOW, "c2")
    await asyncio.sleep(10)
    call.hang_up(cause)
    waiting.hang_up(cause)
    await asyncio.gather(task, other)
    await engine.commands.drain(1)
    assert engine.told(ContactReleased)[0].cause == told
    assert engine.told(ContactLeftQueue)[0].cause == told


async def test_a_shutdown_of_the_node_is_told_as_one(engine: Engine) -> None:
    await engine.staff()
    _, task = engine.dial(FLOW)
    await asyncio.sleep(10)
    task.cancel()
    await asyncio.wait({task})
    await engine.commands.drain(1)
    assert engine.told(ContactLeftQueue)[0].cause == "shutdown"


async def test_an_answer_that_comes_with_the_loss_of_the_lease_releases_the_agent(engine: Engine) -> None:
    await engine.staff("kari")
    engine.phones.answers_when_stopped = True
    engine.phones.after_s = 5
    engine.dial(FLOW)
    await asyncio.sleep(3)
    await engine.distributor.log_out(AgentId("kari"), "gone")
    await asyncio.sleep(1)
    assert engine.phones.legs[0].ended.done()
    assert not engine.told(ContactAnswered)
    assert (await engine.distributor.queues())[0].waiting == 1


async def test_an_answer_whose_lease_is_gone_releases_the_agent_and_keeps_the_caller(engine: Engine) -> None:
    await engine.staff("kari")
    engine.distributor.slow_s = 1
    call, task = engine.dial(FLOW)
    await asyncio.sleep(2.5)
    (lease,) = engine.distributor.model.leases.values()
    engine.distributor.model.fail(engine.now_ms(), "n1", lease.offer, lease.fence, "rejected")
    await asyncio.sleep(5)
    assert engine.phones.legs[0].ended.done()
    assert not task.done()
    assert call.music
    assert (await engine.distributor.queues())[0].waiting == 1


async def test_an_agent_who_answers_as_the_caller_goes_is_released(engine: Engine) -> None:
    await engine.staff("kari")
    engine.phones.answers_when_stopped = True
    engine.phones.after_s = 5
    call, task = engine.dial(FLOW)
    await asyncio.sleep(3)
    call.hang_up()
    await task
    await asyncio.sleep(0.1)
    await engine.commands.drain(1)
    assert engine.phones.legs[0].ended.done()
    assert await engine.state("kari") is AgentState.READY


async def test_a_phone_that_does_not_stop_ringing_keeps_nobody(engine: Engine) -> None:
    await engine.staff("kari")
    engine.phones.after_s = 3_600
    engine.phones.deaf_s = 50
    call, _ = engine.dial(FLOW)
    await asyncio.sleep(23)
    assert [failed.cause for failed in engine.told(OfferFailed)] == ["error"]
    assert call.music
    await asyncio.sleep(60)
    assert all(leg.ended.done() for leg in engine.phones.legs)


async def test_an_offer_that_cannot_be_given_back_is_ended_by_its_lease(engine: Engine) -> None:
    await engine.staff("kari")
    engine.phones.cause = "busy"
    engine.distributor.deaf_to = {"fail"}
    call, task = engine.dial(FLOW)
    await asyncio.sleep(60)
    assert engine.told(OfferFailed)[0].cause == "lease_expired"
    assert not task.done()
    assert call.music


async def test_a_store_that_goes_away_for_good_during_the_answer_lets_the_caller_go_on(engine: Engine) -> None:
    await engine.staff("kari")
    _, task = engine.dial(FLOW)
    await asyncio.sleep(0.5)
    engine.distributor.away = True
    data = await task
    assert data.trace == ["wait", "unavailable"]
    assert engine.phones.legs[0].ended.done()


def test_not_answered_says_why() -> None:
    assert NotAnswered("busy").cause == "busy"


HEAD = "flow: test\ntitle: Test\nnumbers: [5000]\nlanguages: [nb]\n"
TWICE = flow_of(
    HEAD
    + """start: wait
nodes:
    wait: {type: queue, queue: q, next: again, overflow: bye, unavailable: bye}
    again: {type: queue, queue: q, overflow: bye, unavailable: bye}
    bye: {type: hangup, say: {nb: Ha det bra.}}
    """
)


async def test_ask_10_wait_of_the_whole_journey_counts_after_a_talk(engine: Engine) -> None:
    await engine.staff()
    engine.dial(TWICE)
    await asyncio.sleep(100)
    await engine.distributor.put_agent(AgentSpec(AgentId("kari"), SiteId("s"), {"q": 1}))
    await engine.distributor.log_in(AgentId("kari"))
    await asyncio.sleep(30)
    await engine.distributor.not_ready(AgentId("kari"), "break")
    await asyncio.sleep(60)
    first, second = engine.told(ContactQueued)
    waited_ms = engine.told(ContactAnswered)[0].waited_ms
    assert first.since_ms == first.arrived_ms
    assert second.since_ms == second.arrived_ms - waited_ms


async def test_caller_s_own_site_and_preferred_agent_are_what_the_flow_says(engine: Engine) -> None:
    await engine.staff("kari", "ola")
    flow = flow_of(
        HEAD
        + """variables: {county: "", adviser: ""}
start: begin
nodes:
        begin: {type: set, values: {county: '"oslo"', adviser: '"ola"'}, next: wait}
        wait: {type: queue, queue: q, site: county, prefer: adviser, prefer_for: 20s, overflow: bye, unavailable: bye}
        bye: {type: hangup, say: {nb: Ha det bra.}}
        """
    )
    engine.dial(flow)
    await asyncio.sleep(5)
    assert engine.told(ContactQueued)[0].site == "oslo"
    [made] = engine.told(OfferMade)
    assert (made.agent, made.rule) == ("ola", "preferred")


async def test_caller_without_a_site_of_its_own_has_that_of_the_node(engine: Engine) -> None:
    await engine.staff("kari")
    engine.services = replace(engine.services, site="moss")
    engine.dial(FLOW)
    await asyncio.sleep(1)
    assert engine.told(ContactQueued)[0].site == "moss"


async def test_a_caller_who_is_hung_up_by_an_order_counts_as_such(engine: Engine) -> None:
    await engine.staff()
    call, task = engine.dial(FLOW)
    await asyncio.sleep(3)
    await call.hangup("ordered")
    await task
    await engine.commands.drain(1)
    assert [(one.disposition, one.cause) for one in engine.told(ContactLeftQueue)] == [("lost", "ordered")]


async def test_a_talk_that_is_ended_by_an_order_is_told_as_such(engine: Engine) -> None:
    await engine.staff("kari")
    call, task = engine.dial(FLOW)
    await asyncio.sleep(5)
    await call.hangup("ordered")
    await task
    await engine.commands.drain(1)
    assert [one.cause for one in engine.told(ContactReleased)] == ["ordered"]
