"""Flows that call others, and come back."""

import asyncio
import json

import pytest

from events.catalogue import ContactEnded, StepEntered
from ivr.language.ways import UNKNOWN
from ivr.nodes.return_ import Return
from ivr.nodes.subflow import Subflow
from ivr.running.run import FlowRun
from ivr.simulator.call import SimulatedCall
from tests.ivr.engine import Engine, flow_of
from tests.ivr.nodes.caller import texts
from tests.ivr.nodes.moments import At

VIRTUAL_TIME = True
CALLER = """
flow: main
title: Main
numbers: [5000]
languages: [nb, en]
variables: {tries: 0, found: false}
start: who
nodes:
  who:
    type: subflow
    flow: identify
    with: {purpose: '"pension"', most: tries + 3}
    take: {case: case_number, tries: asked, found: found, language: language}
    personal: [case]
    returns: {known: menu, unknown: bye}
  menu: {type: menu, say: {nb: Tast 1., en: Press 1.}, keys: {1: told}, wait: 60s, attempts: 1, no_choice: bye}
  told:
    type: branch
    cases: [{when: 'case == "123"', next: right}]
    otherwise: wrong
  right: {type: hangup, say: {nb: "Riktig, {tries} ganger.", en: "Right, {tries} times."}}
  wrong: {type: hangup, say: {nb: Feil., en: Wrong.}}
  bye: {type: hangup, say: {nb: Ha det., en: Goodbye.}}
"""
CALLED = """
flow: identify
title: Identify
languages: [nb, en]
parameters: {purpose: "", most: 1, greeting: hello}
variables: {asked: 0, found: false}
start: pension
nodes:
  pension:
    type: branch
    cases: [{when: 'purpose == "pension" and most >= 3 and greeting == "hello"', next: case}]
    otherwise: unknown
  case:
    type: digits
    say: {nb: Saksnummer., en: Case number.}
    variable: case_number
    expect: {most: 3, least: 3}
    attempts: 1
    next: count
    no_entry: unknown
  count: {type: set, values: {asked: asked + 1, found: true, language: '"en"'}, next: known}
  known: {type: return, result: known}
  unknown: {type: return, result: unknown}
"""


async def dialled(
    engine: Engine, data: FlowRun | None = None
) -> tuple[SimulatedCall, "asyncio.Task[FlowRun]", FlowRun]:
    flow = flow_of(CALLER)
    engine.others = [flow_of(CALLED)]
    data = data or engine.begin(flow, "c1")
    call, task = engine.dial(flow, "c1", data)
    await asyncio.sleep(0.1)
    return call, task, data


async def press(call: SimulatedCall, keys: str) -> None:
    for key in keys:
        call.press(key)
        await asyncio.sleep(0.1)


async def test_a_flow_goes_through_another_one_and_on_by_its_result() -> None:
    engine = Engine()
    call, task, data = await dialled(engine)
    await press(call, "1231")
    await task
    steps = ["who", "identify.pension", "identify.case", "identify.count", "identify.known", "menu", "told", "right"]
    assert data.trace == steps
    assert texts(call) == ["Saksnummer.", "Press 1.", "Right, one times."]
    assert (data.variables["tries"], data.variables["found"], data.frames) == (1, True, [])
    told = [(event.flow, event.step) for event in engine.told(StepEntered)]
    assert told[1:3] == [("identify", "pension"), ("identify", "case")]
    await engine.close()


async def test_another_result_leads_elsewhere_and_changes_nothing_that_it_did_not_set() -> None:
    engine = Engine()
    call, task, data = await dialled(engine)
    await task
    assert data.trace[-2:] == ["identify.unknown", "bye"]
    assert texts(call)[-1] == "Ha det."
    assert (data.variables["tries"], data.variables["language"]) == (0, "nb")
    await engine.close()


async def test_personal_digits_of_a_sub_flow_are_in_no_snapshot_and_asked_for_again_there() -> None:
    engine = Engine()
    call, task, data = await dialled(engine)
    await press(call, "123")
    snapshot = json.dumps(data.to_data())
    assert data.step == "menu"
    assert "123" not in snapshot
    task.cancel()
    call, task, data = await dialled(engine, FlowRun.from_data(json.loads(snapshot)))
    await press(call, "1")
    assert texts(call)[-1] == "Case number."
    await press(call, "123")
    await task
    asked_again = ["told", "who", "identify.pension", "identify.case", "identify.count", "identify.known", "told"]
    assert data.trace[-8:] == [*asked_again, "right"]
    await engine.close()


async def test_who_does_not_give_them_again_goes_on_by_the_result() -> None:
    engine = Engine()
    call, task, data = await dialled(engine)
    await press(call, "123")
    snapshot = json.dumps(data.to_data())
    task.cancel()
    call, task, data = await dialled(engine, FlowRun.from_data(json.loads(snapshot)))
    await press(call, "1")
    await task
    assert data.trace[-3:] == ["identify.case", "identify.unknown", "bye"]
    await engine.close()


@pytest.mark.parametrize("step", ["case", "count", "known"])
async def test_a_run_is_taken_over_in_the_middle_of_a_sub_flow(step: str) -> None:
    engine = Engine()
    _, task, data = await dialled(engine)
    snapshot = data.to_data() | {"step": step}
    if step != "case":
        snapshot["asked"] = {"case_number": "case"}
    task.cancel()
    call, task, data = await dialled(engine, FlowRun.from_data(json.loads(json.dumps(snapshot))))
    await press(call, "123")
    await asyncio.sleep(0.1)
    await press(call, "1")
    await task
    assert data.trace[-1] == "right"
    await engine.close()


async def test_the_same_name_is_another_variable_in_each_flow() -> None:
    called = CALLED.replace("case_number", "case")
    caller = CALLER.replace("case: case_number", "case: case")
    engine = Engine()
    flow = flow_of(caller)
    engine.others = [flow_of(called)]
    call, task = engine.dial(flow, "c1", engine.begin(flow, "c1"))
    await asyncio.sleep(0.1)
    await press(call, "1231")
    assert (await task).trace[-1] == "right"
    await engine.close()


async def test_a_flow_that_calls_itself_for_ever_ends_the_call() -> None:
    engine = Engine()
    flow = flow_of(
        CALLER.replace("flow: identify", "flow: main").replace(
            "with: {purpose: '\"pension\"', most: tries + 3}", "with: {}"
        )
    )
    call, task = engine.dial(flow)
    await task
    assert call.ended == "failed"
    assert engine.told(ContactEnded)[0].cause == "TooDeepError"
    await engine.close()


async def test_a_return_to_nobody_ends_the_call_as_a_fault() -> None:
    engine = Engine()
    flow = flow_of(CALLED)
    call, task = engine.dial(flow)
    await task
    assert call.ended == "failed"
    await engine.close()


def test_a_proof_follows_a_sub_flow_and_comes_back() -> None:
    caller, called = flow_of(CALLER), flow_of(CALLED)
    node, back = caller.nodes["who"], called.nodes["known"]
    assert isinstance(node, Subflow)
    assert isinstance(back, Return)
    (move,) = node.moves(At(known={"tries": 0}))
    assert (move.enters, move.gives) == ("identify", {"purpose": "pension", "most": 3})
    assert move.takes == {"case": "case_number", "tries": "asked", "found": "found", "language": "language"}
    assert next(iter(node.moves(At()))).gives["most"] is UNKNOWN
    assert [(way.detail, way.target) for way in node.ways()] == [("known", "menu"), ("unknown", "bye")]
    assert [move.returns for move in back.moves(At())] == ["known"]


async def test_digits_of_the_first_time_are_not_left_when_none_are_given_the_second_time() -> None:
    engine = Engine()
    again = CALLER.replace("keys: {1: told}", "keys: {1: told, 2: who}").replace("unknown: bye", "unknown: told")
    flow = flow_of(again)
    engine.others = [flow_of(CALLED)]
    call, task = engine.dial(flow, "c1", engine.begin(flow, "c1"))
    await asyncio.sleep(0.1)
    await press(call, "123")
    await press(call, "2")
    await task
    assert texts(call)[-1] == "Wrong."
    await engine.close()
