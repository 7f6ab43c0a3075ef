"""The interpreter and the run as data: traces, bounds, snapshots."""

import asyncio
import json
from collections.abc import AsyncIterator
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.catalogue import ContactEnded, ContactStarted, StepEntered
from ivr.files.load import load_flow
from ivr.running.interpreter import MOST_IDLE_STEPS, MOST_STEPS
from ivr.running.run import Elsewhere, FlowRun, Visit
from ivr.simulator.virtual_time import run
from tests.ivr.engine import Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, texts

VIRTUAL_TIME = True
MENU = flow_of(
    HEAD
    + """
  first: {type: set, values: {count: count + 1, language: '"en"'}, next: menu}
  menu: {type: menu, say: {nb: Tast 1., en: Press 1.}, keys: {1: told}, wait: 20s, no_choice: bye}
  told: {type: say, say: {nb: "{count}.", en: "{count}."}, next: bye}
"""
    + GOODBYE
)
CASE = flow_of(
    HEAD
    + """
  first:
    type: digits
    say: {nb: Saksnummer., en: Case number.}
    variable: case_number
    expect: {most: 3}
    next: menu
    no_entry: bye
  menu: {type: menu, say: {nb: Tast 1., en: Press 1.}, keys: {1: told}, wait: 20s, no_choice: bye}
  told: {type: branch, cases: [{when: 'case_number == "123"', next: right}], otherwise: bye}
  right: {type: say, say: {nb: Riktig., en: Right.}, next: bye}
"""
    + GOODBYE
)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    await engine.close()


async def test_every_step_is_told_and_traced(engine: Engine) -> None:
    call, task = engine.dial(MENU)
    await asyncio.sleep(0.1)
    call.press("1")
    data = await task
    assert data.trace == ["first", "menu", "told", "bye"]
    told = [(event.step, event.type, event.flow, event.contact) for event in engine.told(StepEntered)]
    assert told[1] == ("menu", "menu", "test", "c1")
    assert len(told) == 4
    assert [event.flow_version for event in engine.told(ContactStarted)] == [MENU.version]
    assert engine.told(ContactEnded)[0].outcome == "completed"


async def test_a_run_goes_on_in_a_menu_on_another_node(engine: Engine) -> None:
    data = engine.begin(MENU, "c1")
    _, task = engine.dial(MENU, "c1", data)
    await asyncio.sleep(0.3)
    snapshot = json.dumps(data.to_data())
    task.cancel()
    other = Engine()
    call, resumed = other.dial(MENU, "c1", FlowRun.from_data(json.loads(snapshot)))
    await asyncio.sleep(0.1)
    call.press("1")
    finished = await resumed
    assert texts(call) == ["Press 1.", "one.", "Goodbye."]
    assert finished.trace == ["first", "menu", "menu", "told", "bye"]
    assert other.told(ContactStarted) == []
    await other.close()


async def test_personal_digits_are_asked_for_again_where_they_are_needed(engine: Engine) -> None:
    data = engine.begin(CASE, "c1")
    first, task = engine.dial(CASE, "c1", data)
    await asyncio.sleep(0.1)
    for key in "123":
        first.press(key)
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.1)
    snapshot = data.to_data()
    assert snapshot["step"] == "menu"
    assert "123" not in json.dumps(snapshot)
    task.cancel()
    call, resumed = engine.dial(CASE, "c1", FlowRun.from_data(snapshot))
    await asyncio.sleep(0.1)
    call.press("1")
    await asyncio.sleep(0.1)
    assert texts(call)[-1] == "Saksnummer."
    for key in "123":
        call.press(key)
        await asyncio.sleep(0.1)
    finished = await resumed
    assert texts(call)[-2:] == ["Riktig.", "Ha det."]
    assert finished.trace[-5:] == ["told", "first", "told", "right", "bye"]


async def test_who_does_not_give_them_again_goes_where_silence_leads(engine: Engine) -> None:
    data = engine.begin(CASE, "c1")
    data.enter("told")
    data.asked["case_number"] = "first"
    call, task = engine.dial(CASE, "c1", data)
    finished = await task
    assert finished.trace == ["told", "told", "first", "bye"]
    assert call.ended == "flow_ended"


def test_a_run_survives_json() -> None:
    visit = Visit("q", 5, 1, "answered", "kari", 7)  # type: ignore[arg-type]
    data = FlowRun(
        "c", "f", "v", "s", {"a": 1, "b": "x", "c": True}, {"p": "s"}, visit, [visit], ["s"], [], Elsewhere("t", "m")
    )
    assert FlowRun.from_data(json.loads(json.dumps(data.to_data()))) == data


def test_a_trace_is_bounded() -> None:
    data = FlowRun("c", "f", "v", "s")
    for number in range(1000):
        data.enter(f"step{number}")
    assert len(data.trace) == 200
    assert data.trace[-1] == data.step == "step999"


async def test_a_flow_that_turns_in_a_circle_is_ended(engine: Engine) -> None:
    circle = HEAD + "  first: {type: say, say: {nb: Hei., en: Hi.}, next: first}\n"
    flow, _ = load_flow("x.yaml", circle)
    assert flow is not None
    call, task = engine.dial(flow)
    data = await task
    assert len(data.trace) == MOST_IDLE_STEPS
    assert call.ended == "failed"
    ended = engine.told(ContactEnded)[0]
    assert (ended.outcome, ended.cause) == ("failed", "EndlessFlowError")


async def test_a_caller_who_presses_for_ever_comes_to_an_end_too(engine: Engine) -> None:
    flow = flow_of(
        HEAD + "  first: {type: menu, say: {nb: A., en: A.}, keys: {1: first}, attempts: 1, no_choice: bye}\n" + GOODBYE
    )
    call, task = engine.dial(flow)
    while not task.done():
        call.press("1")
        await asyncio.sleep(0.01)
    assert len(engine.told(StepEntered)) == MOST_STEPS
    assert call.ended == "failed"


async def test_a_step_costs_little() -> None:
    """Ten menus and the goodbye; measured at 15 microseconds a step, the bound leaves room for slow machines."""
    names = "abcdefghij"
    menus = "".join(
        f"  {name}: {{type: menu, say: {{nb: A., en: A.}}, keys: {{1: {then}}}, no_choice: bye}}\n"
        for name, then in zip(names, [*names[1:], "bye"], strict=True)
    )
    flow = flow_of(HEAD + "  first: {type: set, values: {count: 1}, next: a}\n" + menus + GOODBYE)
    engine = Engine()
    began = process_time()
    for _ in range(100):
        call, task = engine.dial(flow)
        await asyncio.sleep(0)
        for _ in names:
            call.press("1")
        data = await task
        assert len(data.trace) == 12
    assert (process_time() - began) / (100 * 12) < 0.000_2
    await engine.close()


OTHER = flow_of("""
flow: other
title: Other
languages: [nb, en]
start: ask
nodes:
  ask: {type: menu, say: {nb: Tast 1., en: Press 1.}, keys: {1: back}, wait: 1s, attempts: 1, no_choice: back}
  back: {type: return}
""")
_NAMES = ["first", "b", "c", "d", "e"]


@st.composite
def flows(draw: st.DrawFn) -> str:
    """A flow of up to five nodes of any type that lead anywhere, itself and circles included."""
    names = _NAMES[: draw(st.integers(1, 5))]
    nodes = []
    for name in names:
        a, b = draw(st.sampled_from([*names, "bye"])), draw(st.sampled_from([*names, "bye"]))
        say = "say: {nb: Hei., en: Hi.}"
        kind = draw(
            st.sampled_from(
                [
                    f"{{type: say, {say}, next: {a}}}",
                    f"{{type: menu, {say}, keys: {{1: {a}, 2: {b}}}, wait: 1s, no_choice: {b}}}",
                    f"{{type: digits, {say}, variable: x, expect: {{most: 2}}, next: {a}, no_entry: {b}}}",
                    f"{{type: set, values: {{count: count + 1}}, next: {a}}}",
                    f"{{type: branch, cases: [{{when: count > 3, next: {a}}}], otherwise: {b}}}",
                    f"{{type: queue, queue: q, max_wait: 9s, next: {a}, overflow: {a}, unavailable: {b}}}",
                    f"{{type: queue, queue: q, waiting: {{keys: {{1: {a}}}, overflow: [{{after: 5s, next: {b}}}]}}, "
                    f"next: {a}, overflow: {a}, unavailable: {b}}}",
                    f"{{type: language, choices: [{{key: 2, language: en, say: English.}}], default: nb, next: {a}}}",
                    f"{{type: message, {say}, next: {b}}}",
                    f"{{type: callback, queue: q, {say}, ask: {{nb: Nr., en: No.}}, done: {a}, refused: {b}, "
                    f"unavailable: {b}}}",
                    f"{{type: subflow, flow: other, returns: {{done: {a}}}}}",
                    f"{{type: transfer, to: partner, failed: {a}}}",
                ]
            )
        )
        nodes.append(f"  {name}: {kind}\n")
    return HEAD + "".join(nodes) + GOODBYE


@settings(max_examples=60, deadline=None)
@given(flows(), st.lists(st.tuples(st.sampled_from([0.0, 0.1, 1.0, 2.5, 30.0]), st.sampled_from("12#9")), max_size=8))
def test_whatever_a_flow_and_a_caller_do_the_call_ends(text: str, presses: list[tuple[float, str]]) -> None:
    flow, _ = load_flow("x.yaml", text)
    assert flow is not None

    async def story() -> None:
        engine = Engine()
        engine.others = [OTHER]
        await engine.staff("kari")
        engine.phones.talks_s = 5
        call, task = engine.dial(flow)
        call._takes = lambda target: False
        for pause_s, key in presses:
            await asyncio.sleep(pause_s)
            call.press(key)
        await task
        await engine.commands.drain(1)
        assert call.ended
        assert len(engine.told(ContactEnded)) == 1
        assert (await engine.distributor.queues())[0].waiting == 0
        await engine.close()

    run(story())
