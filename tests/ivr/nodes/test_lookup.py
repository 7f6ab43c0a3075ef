"""Asking a web service."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from events.catalogue import LookupDone
from ivr.checks.flows import check_flow
from ivr.files.load import load_flow
from ivr.language.ways import UNKNOWN, Kind
from ivr.ports.lookups import Cause
from ivr.running.run import FlowRun
from ivr.simulator.call import SimulatedCall
from ivr.web.simulated import Answer, SimulatedLookups
from tests.ivr.engine import Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, ringing, texts
from tests.ivr.nodes.moments import At

VIRTUAL_TIME = True
LOOKUP = """
  first:
    type: lookup
    service: cases
    path: /cases/{number}
    take:
      status: {field: case.status}
      days: {field: case.days, type: number, required: false}
    timeout: 3s
    found: told
    not_found: nothing
    causes: {timeout: slow, 503: slow}
    failed: bye
  told: {type: say, say: {nb: "Status {status}, {days} dager.", en: "Status {status}, {days} days."}, next: bye}
  nothing: {type: say, say: {nb: Fant den ikke., en: Not found.}, next: bye}
  slow: {type: say, say: {nb: Det tar tid., en: It takes time.}, next: bye}
"""
OPEN = {"case": {"status": "12", "days": 3}}
PERSONAL = """
  first:
    type: digits
    say: {nb: Tast fødselsnummer., en: Key in your number.}
    variable: pii
    expect: {least: 3, most: 3}
    next: ask
    no_entry: bye
  ask:
    type: lookup
    service: cases
    send: {birth_number: pii, service: '"pension"'}
    headers: {X-Number: pii, X-Demo: demo}
    take: {owner: {field: owner, personal: true}, age: {field: age, type: number, personal: true}}
    found: told
    failed: bye
  told: {type: say, say: {nb: "{owner} {age}", en: "{owner} {age}"}, next: bye}
"""


@asynccontextmanager
async def asking(
    answer: Answer | None, nodes: str = LOOKUP, presses: Sequence[tuple[float, str]] = ()
) -> AsyncIterator[tuple[SimulatedCall, FlowRun, Engine, SimulatedLookups]]:
    engine = Engine()
    lookups = SimulatedLookups({} if answer is None else {"cases": answer})
    engine.services = replace(engine.services, lookups=lookups)
    async with ringing(nodes, presses, engine) as (call, data):
        yield call, data, engine, lookups


async def test_fields_of_the_answer_become_variables() -> None:
    async with asking(Answer(OPEN)) as (call, data, engine, lookups):
        assert data.trace == ["first", "told", "bye"]
        assert texts(call)[0] == "Status en to, tre dager."
        assert data.variables["status"] == "12"
        assert lookups.asked[0].path == "/cases/5000"
        told = engine.told(LookupDone)
        assert [(one.contact, one.service, one.outcome, one.status) for one in told] == [("c1", "cases", "found", 0)]


@pytest.mark.parametrize(
    ("answer", "step"),
    [
        (Answer(cause=Cause.STATUS, status=404), "nothing"),
        (Answer(cause=Cause.STATUS, status=410), "nothing"),
        (Answer(cause=Cause.STATUS, status=503), "slow"),
        (Answer(cause=Cause.STATUS, status=500), "bye"),
        (Answer(cause=Cause.REFUSED), "bye"),
        (Answer({"case": {}}), "bye"),
        (Answer(delay_s=60), "slow"),
        (None, "bye"),
    ],
)
async def test_each_failure_leads_where_the_flow_says(answer: Answer | None, step: str) -> None:
    async with asking(answer) as (_, data, engine, _):
        assert data.trace[1] == step
        assert engine.told(LookupDone)[0].outcome != "found"


async def test_without_look_ups_a_caller_goes_on_at_failed() -> None:
    async with ringing(LOOKUP) as (_, data):
        assert data.trace == ["first", "bye"]


async def test_what_failed_leaves_nothing_of_an_earlier_answer() -> None:
    twice = LOOKUP.replace(
        "next: bye}\n  nothing",
        "next: again}\n  again:\n    type: lookup\n    service: other\n"
        + "    take: {status: {field: x}}\n    found: bye\n    failed: later\n"
        + "  later: {type: branch, cases: [{when: 'status == \"\" and days == 3', next: slow}], otherwise: bye}\n"
        + "  nothing",
    )
    async with asking(Answer(OPEN), twice) as (_, data, _, _):
        assert data.trace == ["first", "told", "again", "later", "slow", "bye"]
        assert "status" not in data.variables


async def test_a_caller_who_waits_hears_music_after_a_second() -> None:
    engine = Engine()
    engine.services = replace(engine.services, lookups=SimulatedLookups({"cases": Answer(OPEN, delay_s=2.5)}))
    call, task = engine.dial(flow_of(HEAD + LOOKUP + GOODBYE))
    seen = []
    for wait_s in (0.9, 0.2, 1.5):
        await asyncio.sleep(wait_s)
        seen.append((call.answered, bool(call.music)))
    assert seen == [(False, False), (True, True), (True, False)]
    assert texts(call)[0].startswith("Status")
    await task
    await engine.close()


async def test_what_is_said_meanwhile_is_said_to_its_end() -> None:
    said = LOOKUP.replace("    found: told", "    meanwhile: {nb: Et øyeblikk., en: One moment.}\n    found: told")
    async with asking(Answer(OPEN, delay_s=1.1), said) as (call, data, _, _):
        assert texts(call)[:2] == ["Et øyeblikk.", "Status en to, tre dager."]
        assert data.trace[1] == "told"
    async with asking(Answer(OPEN), said) as (call, _, _, _):
        assert texts(call)[0] == "Status en to, tre dager."


async def test_a_caller_who_hangs_up_ends_the_question() -> None:
    engine = Engine()
    cancelled = asyncio.Event()

    class Slow(SimulatedLookups):
        async def ask(self, question):  # type: ignore[no-untyped-def]
            try:
                return await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

    engine.services = replace(engine.services, lookups=Slow())
    call, task = engine.dial(flow_of(HEAD + LOOKUP + GOODBYE))
    await asyncio.sleep(2)
    call.hang_up()
    await task
    await asyncio.sleep(0)
    assert cancelled.is_set()
    await engine.close()


async def test_personal_values_go_out_in_body_and_headers_and_stand_nowhere_else() -> None:
    keys = [(1.0, "9"), (1.1, "8"), (1.2, "7")]
    async with asking(Answer({"owner": "Kari", "age": 4711}), PERSONAL, keys) as (call, data, engine, lookups):
        asked = lookups.asked[0]
        assert asked.pii_send == {"birth_number": "987", "service": "pension"}
        assert asked.pii_headers == {"X-Number": "987", "X-Demo": "false"}
        kept = json.dumps(data.to_data()) + repr(engine.sink.events) + repr(asked)
        assert not any(secret in kept for secret in ("987", "Kari", "4711"))
        assert data.asked == {"pii": "first", "owner": "ask", "age": "ask"}
        assert len(texts(call)) == 3


async def test_personal_values_are_looked_up_again_after_a_take_over() -> None:
    nodes = PERSONAL.replace("pii, service", "number, service").replace("X-Number: pii, ", "")
    engine = Engine()
    lookups = SimulatedLookups({"cases": Answer({"owner": "Kari", "age": 1})})
    engine.services = replace(engine.services, lookups=lookups)
    flow = flow_of(HEAD + nodes + GOODBYE)
    data = engine.begin(flow, "c1")
    data.step, data.asked, data.trace = "told", {"owner": "ask", "age": "ask"}, ["told"]
    _, task = engine.dial(flow, "c1", data)
    await task
    assert data.trace == ["told", "told", "ask", "told", "bye"]
    assert len(lookups.asked) == 1
    await engine.close()


async def asked_with(value: str) -> tuple[list[str], list[str]]:
    """The paths that were asked for where a variable in them has this value, and what came of it."""
    head, nodes = HEAD.replace("{demo", '{case: "", demo'), LOOKUP.replace("{number}", "{case}?q={demo}")
    engine, lookups, flow = Engine(), SimulatedLookups({"cases": Answer(OPEN)}), flow_of(head + nodes + GOODBYE)
    engine.services = replace(engine.services, lookups=lookups)
    data = engine.begin(flow, "c1")
    data.variables["case"] = value
    _, task = engine.dial(flow, "c1", data)
    await task
    await engine.close()
    return [asked.path for asked in lookups.asked], [told.outcome for told in engine.told(LookupDone)]


@pytest.mark.parametrize("value", ["", "x" * 201])
async def test_a_value_that_is_no_part_of_a_path_is_not_asked_for(value: str) -> None:
    assert await asked_with(value) == ([], ["not_allowed"])


async def test_values_are_encoded_in_the_path() -> None:
    paths, _ = await asked_with("a/b?c=æ&d#%")
    assert paths == ["/cases/a%2Fb%3Fc%3D%C3%A6%26d%23%25?q=false"]


def problems(nodes: str) -> str:
    flow, marked = load_flow("test.yaml", HEAD + nodes + GOODBYE)
    if flow is not None:
        check_flow(flow, marked)
    return "\n".join(map(str, marked.problems))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("path: /cases/{number}", "path: cases", "a path begins with /"),
        ("path: /cases/{number}", "path: /a/../b", "a path begins with /"),
        ("path: /cases/{number}", "path: //evil.example", "a path begins with /"),
        ("path: /cases/{number}", "path: '/a b'", "a path begins with /"),
        ("path: /cases/{number}", "path: '/{Number}'", "a path begins with /"),
        ("path: /cases/{number}", "path: '/{numer}'", "there is no value {numer}; did you mean 'number'?"),
        ("field: case.status", "field: case..status", "take.status.field"),
        ("type: number", "type: date", "'text', 'number' or 'true_or_false'"),
        ("timeout: 3s", "timeout: 31s", "timeout"),
        ("timeout: 3s", "timeout: 3s\n    retries: 9", "retries"),
        ("timeout: 3s", "timeout: 3s\n    headers: {Authorization: number}", "headers"),
        ("timeout: 3s", "timeout: 3s\n    send: {a: nothing}", "there is no variable 'nothing'"),
        ("503: slow", "600: slow", "causes"),
        ("503: slow", "503: gone", "there is no node 'gone'"),
        ("    failed: bye\n", "", "'failed' is missing"),
    ],
)
def test_mistakes_are_told(before: str, after: str, said: str) -> None:
    told = problems(LOOKUP.replace(before, after, 1))
    assert told.startswith("test.yaml:")
    assert said in told


def test_personal_digits_are_refused_in_a_path_with_their_line() -> None:
    told = problems(PERSONAL.replace("    send: {", "    path: '/people/{pii}'\n    send: {"))
    assert told == "test.yaml:20:11: lookup 'ask': 'pii' is personal, and what stands here is logged by others"


def test_a_personal_value_may_not_be_given_as_a_plain_one() -> None:
    told = problems(PERSONAL.replace("owner: {field: owner, personal: true}", "pii: {field: owner}"))
    assert "'pii' is personal elsewhere" in told


def test_a_personal_value_is_copied_into_no_plain_variable() -> None:
    copy = "  copy: {type: set, values: {demo: 'pii == \"1\"', text: pii}, next: ask}\n"
    head = HEAD.replace("count: 0", "count: 0, text: ''")
    flow, marked = load_flow("test.yaml", head + PERSONAL.replace("next: ask", "next: copy") + copy + GOODBYE)
    assert flow is not None
    check_flow(flow, marked)
    assert [problem.message for problem in marked.problems] == [
        "set 'copy': 'pii' is personal, and 'text' would be written into traces and snapshots"
    ]


def test_the_ways_say_what_they_are_for() -> None:
    node = flow_of(HEAD + LOOKUP + GOODBYE).nodes["first"]
    assert [(way.target, way.kind.value, way.detail) for way in node.ways()] == [
        ("told", "found", ""),
        ("nothing", "failed", "not_found"),
        ("slow", "failed", "timeout"),
        ("slow", "failed", "503"),
        ("bye", "failed", "failed"),
    ]


def moved(one_of: str, *values: str) -> list[object]:
    """The statuses that a proof looks at, where conditions tell these values apart."""
    nodes = LOOKUP.replace("case.status}", f"case.status{one_of}}}")
    node = flow_of(HEAD + nodes + GOODBYE).nodes["first"]
    moves = node.moves(At(values_of={"status": values}) if values else At())
    return [move.sets["status"] for move in moves if move.way is not None and move.way.kind is Kind.FOUND]


def test_a_proof_looks_at_what_the_answer_may_be() -> None:
    assert moved("", "open", "x") == [UNKNOWN]
    assert moved(", one_of: [open, closed, gone]") == [UNKNOWN]
    assert moved(", one_of: [open, closed, gone]", "open", "x") == ["open", "closed"]
    assert moved(", one_of: [open], required: false", "open", "x") == ["open", ""]
    assert moved(", one_of: [open]", "open", "x") == ["open"]


def test_a_proof_knows_that_a_failure_leaves_nothing() -> None:
    node = flow_of(HEAD + LOOKUP + GOODBYE).nodes["first"]
    failed = [move for move in node.moves(At()) if move.way is not None and move.way.kind is Kind.FAILED]
    assert [dict(move.sets) for move in failed] == [{"status": "", "days": 0}] * 4
    assert [move.acts[0].detail for move in failed] == ["not_found", "timeout", "503", "failed"]
    assert {move.waits_s for move in failed} == {3.0}
