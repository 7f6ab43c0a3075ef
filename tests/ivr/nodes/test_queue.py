"""What happens while callers wait: texts in turn, keys, rules; and what a crisis changes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from acd.model import AgentId, AgentState, Enqueue, QueueId
from events.catalogue import ContactEnded, ContactLeftQueue, ContactQueued, CrisisDeflected, OfferFailed
from ivr.checks.flows import check_flow, check_folder
from ivr.files.load import load_flow
from ivr.language.crises import CrisesInMemory, Crisis, CrisisOn, Deflection, HeadStart
from ivr.language.expression import parse
from ivr.language.prompting import Said
from ivr.language.ways import Kind, Reached
from ivr.nodes.queue import Queue
from tests.ivr.engine import BEGINS_MS, NODE, Engine, flow_of
from tests.ivr.nodes.caller import texts
from tests.ivr.nodes.moments import At

VIRTUAL_TIME = True
QUEUE = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
variables: {urgent: false}
start: menu
waiting:
  standard:
    welcome: {nb: Velkommen.}
    position: {nb: "Nummer {position}."}
    comfort: [{nb: Se nettet.}, {nb: Takk.}]
    keys: {1: ring_back, 2: mailbox, 3: told}
    say_keys: {nb: Tast 1.}
    every: 30s
    overflow:
      - {after: 10m, next: mailbox}
      - {when: "agents == 0", next: nobody}
      - {after: 1m, when: "waiting > 2 and not urgent", next: crowded}
nodes:
  menu: {type: menu, say: {nb: Tast 5.}, keys: {5: wait}, no_choice: wait, attempts: 1, wait: 1s}
  wait: {type: queue, queue: q, max_wait: 1h, waiting: standard, overflow: told, unavailable: told}
  ring_back:
    type: callback
    queue: q
    say: {nb: "{caller}?"}
    ask: {nb: Nummer?}
    done: told
    refused: told
    unavailable: told
  mailbox: {type: voicemail, mailbox: m, say: {nb: Snakk.}, done: told, failed: told}
  nobody: {type: hangup, say: {nb: Ingen her.}}
  crowded: {type: hangup, say: {nb: Fullt.}}
  told: {type: hangup, say: {nb: Ring igjen.}}
"""
FLOW = flow_of(QUEUE)
LATE = Crisis(
    "late",
    "Late",
    Said({"nb": "Forsinket."}),
    first=(HeadStart("q", 600),),
    deflect=(Deflection("q", Said({"nb": "Se nav.no."}), ends=True, stay="4"),),
)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    await engine.close()


async def left(engine: Engine) -> ContactLeftQueue:
    """How the caller left, after O = A + L + F + W was seen to hold."""
    await engine.commands.drain(1)
    (numbers,) = await engine.distributor.queues()
    assert numbers.offered == numbers.answered + numbers.lost + numbers.flowed_out + numbers.waiting
    event: ContactLeftQueue = engine.told(ContactLeftQueue)[0]
    return event


async def test_position_and_keys_take_turns_with_texts_that_comfort(engine: Engine) -> None:
    await engine.staff("kari")
    await engine.distributor.not_ready(AgentId("kari"), "break")
    call, _ = engine.dial(FLOW)
    await asyncio.sleep(150)
    place = ["Nummer én.", "Tast 1."]
    assert texts(call) == ["Tast 5.", "Velkommen.", *place, "Se nettet.", *place, "Takk.", *place]
    assert call.music


@pytest.mark.parametrize(
    ("key", "cause", "step"), [("1", "callback", "ring_back"), ("2", "voicemail", "mailbox"), ("3", "key", "told")]
)
@pytest.mark.parametrize("after_s", [1.6, 2.5, 20.0])
async def test_a_key_leads_out_of_the_queue_which_is_flowed_out(
    engine: Engine, key: str, cause: str, step: str, after_s: float
) -> None:
    await engine.staff("kari")
    await engine.distributor.not_ready(AgentId("kari"), "break")
    call, task = engine.dial(FLOW)
    await asyncio.sleep(after_s)
    call.press(key)
    data = await task
    assert data.trace[2] == step
    told = await left(engine)
    assert (told.disposition, told.cause) == ("flowed_out", cause)
    assert told.waited_ms == pytest.approx((after_s - 1.5) * 1000, abs=600)


async def test_keys_pressed_before_the_queue_and_other_keys_lead_nowhere(engine: Engine) -> None:
    await engine.staff("kari")
    await engine.distributor.not_ready(AgentId("kari"), "break")
    call, _ = engine.dial(FLOW)
    for key in "5331":
        call.press(key)
    await asyncio.sleep(30)
    call.press("7")
    await asyncio.sleep(30)
    assert engine.told(ContactLeftQueue) == []
    assert (await engine.distributor.place("c1")).position == 1


async def test_a_key_while_the_agent_s_phone_rings_stops_it_and_the_agent_has_missed_nothing(engine: Engine) -> None:
    await engine.staff("kari")
    engine.phones.after_s = 15
    call, task = engine.dial(FLOW)
    await asyncio.sleep(8)
    assert engine.phones.rung == ["kari"]
    call.press("3")
    data = await task
    assert data.trace[-1] == "told"
    told = await left(engine)
    assert (told.disposition, told.cause) == ("flowed_out", "key")
    assert engine.phones.stopped == 1
    assert [event.cause for event in engine.told(OfferFailed)] == ["caller_left"]
    assert await engine.state("kari") is AgentState.READY


async def test_a_key_may_lead_to_another_place_in_a_queue(engine: Engine) -> None:
    await engine.staff("kari")
    await engine.distributor.not_ready(AgentId("kari"), "break")
    again = QUEUE.replace("3: told", "3: again") + (
        "  again: {type: queue, queue: q, priority: 10m, overflow: told, unavailable: told}\n"
    )
    call, task = engine.dial(flow_of(again))
    await asyncio.sleep(20)
    call.press("3")
    await asyncio.sleep(5)
    assert not task.done()
    assert [event.priority_s for event in engine.told(ContactQueued)] == [0, 600]
    assert (await left(engine)).cause == "key"
    assert (await engine.distributor.place("c1")).position == 1


async def test_who_waited_as_long_as_a_rule_says_flows_out(engine: Engine) -> None:
    await engine.staff("kari")
    await engine.distributor.not_ready(AgentId("kari"), "break")
    _, task = engine.dial(FLOW)
    data = await task
    assert data.trace == ["menu", "wait", "mailbox", "told"]
    told = await left(engine)
    assert (told.disposition, told.cause) == ("flowed_out", "voicemail")
    assert told.waited_ms == pytest.approx(600_000, abs=500)


async def test_where_nobody_is_logged_in_a_rule_leads_on_at_once_and_later_too(engine: Engine) -> None:
    await engine.staff()
    _, task = engine.dial(FLOW)
    assert (await task).trace == ["menu", "wait", "nobody"]
    assert (await left(engine)).cause == "overflow"


async def test_a_rule_is_looked_at_again(engine: Engine) -> None:
    await engine.staff("kari")
    await engine.distributor.not_ready(AgentId("kari"), "break")
    _, task = engine.dial(FLOW)
    await asyncio.sleep(100)
    assert not task.done()
    await engine.distributor.log_out(AgentId("kari"), "home")
    await asyncio.sleep(16)
    assert (await task).trace[-1] == "nobody"


@pytest.mark.parametrize(("waiting", "urgent", "crowded"), [(2, False, True), (1, False, False), (2, True, False)])
async def test_a_rule_knows_how_many_wait_and_the_flow_s_variables(
    engine: Engine, waiting: int, urgent: bool, crowded: bool
) -> None:
    await engine.staff("kari")
    await engine.distributor.not_ready(AgentId("kari"), "break")
    for number in range(waiting):
        await engine.distributor.enqueue(Enqueue(f"other{number}", QueueId("q"), NODE))
    data = engine.begin(FLOW, "c1")
    data.variables["urgent"] = urgent
    engine.dial(FLOW, "c1", data)
    await asyncio.sleep(90)
    assert ("crowded" in data.trace) is crowded
    if crowded:
        assert engine.told(ContactLeftQueue)[0].waited_ms == pytest.approx(60_000, abs=500)


async def test_rules_wait_for_a_store_that_is_away(engine: Engine) -> None:
    await engine.staff()
    engine.distributor.deaf_to = {"place", "queues"}
    _, task = engine.dial(FLOW)
    await asyncio.sleep(40)
    assert not task.done()
    engine.distributor.deaf_to = set()
    await asyncio.sleep(20)
    assert (await task).trace[-1] == "nobody"


def crisis_on(engine: Engine, crisis: Crisis = LATE) -> None:
    on = CrisisOn("late", BEGINS_MS - 1, BEGINS_MS + 3_600_000, "kari")
    engine.services = replace(engine.services, crises=CrisesInMemory(on))
    engine.crises = {"late": crisis}


async def test_in_a_crisis_callers_are_told_something_instead_of_waiting(engine: Engine) -> None:
    await engine.staff("kari")
    crisis_on(engine)
    call, task = engine.dial(FLOW)
    data = await task
    assert texts(call) == ["Tast 5.", "Se nav.no."]
    assert data.trace == ["menu", "wait"]
    assert [(event.crisis, event.queue, event.outcome) for event in engine.told(CrisisDeflected)] == [
        ("late", "q", "ended")
    ]
    assert engine.told(ContactQueued) == []
    assert engine.told(ContactEnded)[0].outcome == "completed"


@pytest.mark.parametrize("after_s", [1.6, 4.0])
async def test_who_wants_to_wait_all_the_same_does_and_has_the_head_start(engine: Engine, after_s: float) -> None:
    await engine.staff()
    crisis_on(engine)
    call, _ = engine.dial(FLOW)
    await asyncio.sleep(after_s)
    call.press("4")
    await asyncio.sleep(1)
    assert [event.outcome for event in engine.told(CrisisDeflected)] == ["stayed"]
    assert engine.told(ContactQueued)[0].priority_s == 600


async def test_who_is_only_told_waits_and_other_queues_are_as_always(engine: Engine) -> None:
    await engine.staff("kari")
    crisis_on(engine, replace(LATE, deflect=(Deflection("q", Said({"nb": "Se nav.no."}), ends=False),), first=()))
    call, _ = engine.dial(FLOW)
    await asyncio.sleep(10)
    assert [event.outcome for event in engine.told(CrisisDeflected)] == ["told"]
    assert engine.told(ContactQueued)[0].priority_s == 0
    other = Engine()
    await other.staff("kari")
    crisis_on(other, replace(LATE, deflect=(Deflection("x", Said({"nb": "Se nav.no."}), ends=True),)))
    call, _ = other.dial(FLOW)
    await asyncio.sleep(5)
    assert "Se nav.no." not in texts(call)
    await other.close()


async def test_a_caller_whose_place_survived_a_take_over_is_told_nothing_again(engine: Engine) -> None:
    await engine.staff("kari")
    await engine.distributor.not_ready(AgentId("kari"), "break")
    data = engine.begin(FLOW, "c1")
    engine.dial(FLOW, "c1", data)
    await asyncio.sleep(10)
    crisis_on(engine)
    call, _ = engine.dial(FLOW, "c1", type(data).from_data(data.to_data()))
    await asyncio.sleep(10)
    assert engine.told(CrisisDeflected) == []
    assert "Se nav.no." not in texts(call)


def test_a_proof_sees_keys_and_rules() -> None:
    node = FLOW.nodes["wait"]
    assert isinstance(node, Queue)
    ways = [(way.kind, way.detail, way.target) for way in node.ways()]
    assert ways == [
        (Kind.TALKED, "", None),
        (Kind.KEY, "1", "ring_back"),
        (Kind.KEY, "2", "mailbox"),
        (Kind.KEY, "3", "told"),
        (Kind.OVERFLOW, "10m", "mailbox"),
        (Kind.OVERFLOW, "agents == 0", "nobody"),
        (Kind.OVERFLOW, "1m, waiting > 2 and not urgent", "crowded"),
        (Kind.OVERFLOW, "1h", "told"),
        (Kind.UNAVAILABLE, "", "told"),
    ]
    moves = list(node.moves(At()))
    # Nobody waits for an hour where a rule leads everybody on after ten minutes.
    assert [move.way for move in moves] == [way for way in node.ways() if way.where != ("overflow",)]
    assert [move.queued_s for move in moves] == [3600.0] * 4 + [600.0, 3600.0, 3600.0, 0.0]
    assert [[act.kind for act in move.acts] for move in moves[1:7]] == [
        *[["misses", "press"]] * 3,
        ["misses"],
        ["nobody"],
        ["misses"],
    ]
    assert set(node.targets().values()) == {"ring_back", "mailbox", "told", "nobody", "crowded"}


@pytest.mark.parametrize(
    ("deflection", "ends", "waits"),
    [
        (LATE.deflect[0], 1, 1),
        (replace(LATE.deflect[0], stay=""), 1, 0),
        (replace(LATE.deflect[0], ends=False, stay=""), 0, 1),
        (replace(LATE.deflect[0], when=parse("urgent")), 1, 2),
        (replace(LATE.deflect[0], queue="other"), 0, 1),
    ],
)
def test_a_proof_sees_who_is_deflected(deflection: Deflection, ends: int, waits: int) -> None:
    node = FLOW.nodes["wait"]
    moves = list(node.moves(At(prepared=replace(LATE, deflect=(deflection,)))))
    assert sum(move.reached is Reached.MESSAGE for move in moves) == ends
    assert sum(move.reached is Reached.PERSON for move in moves) == waits


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("3: told", "3: tell", "test.yaml:22:47: queue 'wait': there is no node 'tell'"),
        ("next: nobody", "next: nobdy", "queue 'wait': there is no node 'nobdy'; did you mean 'nobody'?"),
        ("agents == 0", "agent == 0", "there is no variable 'agent'; did you mean 'agents'?"),
        ("agents == 0", "agents", "a condition gives true or false: agents"),
        ("{after: 10m, next: mailbox}", "{next: mailbox}", "a rule says `after`, or `when`, or both"),
        ("keys: {1: ring_back, 2: mailbox, 3: told}", "music: default", "say_keys offers keys"),
        ("3: told", "33: told", "'waiting.standard.keys.33': a key is one of 0 to 9"),
    ],
)
def test_mistakes_are_told_in_each_flow_that_uses_a_block(old: str, new: str, said: str) -> None:
    flow, marked = load_flow("test.yaml", QUEUE.replace(old, new))
    if flow is not None:
        check_flow(flow, marked)
    assert said in "\n".join(map(str, marked.problems))


def test_a_block_that_flows_share_is_checked_in_each_of_them(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    block = QUEUE[QUEUE.index("waiting:") : QUEUE.index("nodes:")]
    (tmp_path / "shared" / "common.yaml").write_text(f"shared: common\n{block}")
    using = QUEUE.replace(block, "include: [common]\n")
    (tmp_path / "one.yaml").write_text(using)
    other = using.replace("flow: test", "flow: other").replace("[5000]", "[5001]").replace("  crowded:", "  crowd:")
    (tmp_path / "two.yaml").write_text(other)
    told = [str(problem) for problem in check_folder(tmp_path)]
    assert [line.removeprefix(str(tmp_path)).partition(" ")[2] for line in told] == [
        "queue 'wait': there is no node 'crowded'; did you mean 'crowd'?",
        "hangup 'crowd': no caller ever gets here",
    ]
