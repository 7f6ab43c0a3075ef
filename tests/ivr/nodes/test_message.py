"""Information for a while, and the message of a crisis."""

import asyncio
from dataclasses import replace

import pytest

from events.catalogue import CrisisHeard
from ivr.files.load import load_flow
from ivr.language.crises import CrisesInMemory, Crisis, CrisisOn
from ivr.language.prompting import Said
from ivr.nodes.message import Message
from tests.ivr.engine import BEGINS_MS, Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, ringing, texts
from tests.ivr.nodes.moments import At

VIRTUAL_TIME = True
NEWS = """
  first:
    type: message
    say: {nb: Nytt., en: News.}
    from: 2026-11-23 08:00
    until: 2026-11-23 12:00
    next: bye
"""
CRISIS = "  first: {type: message, crisis: true, next: second}\n"
SECOND = """
  second:
    type: branch
    cases: [{when: crisis == "late", next: told}]
    otherwise: bye
  told: {type: say, say: {nb: Krise., en: Crisis.}, next: bye}
"""
LATE = Crisis("late", "Late", Said({"nb": "Alt er forsinket.", "en": "All is late."}), flows=frozenset({"test"}))


@pytest.mark.parametrize(
    ("begin", "end", "heard"),
    [
        ("2026-11-23 08:00", "2026-11-23 12:00", True),  # callers of these tests ring at 10:00
        ("2026-11-23 10:00", "2026-11-23 10:01", True),
        ("2026-11-23 10:01", "2026-11-23 12:00", False),
        ("2026-11-23 08:00", "2026-11-23 10:00", False),
    ],
)
async def test_information_is_said_between_its_moments(begin: str, end: str, heard: bool) -> None:
    nodes = NEWS.replace("2026-11-23 08:00", begin).replace("2026-11-23 12:00", end)
    async with ringing(nodes) as (call, data):
        assert data.trace == ["first", "bye"]
        assert ("Nytt." in texts(call)) is heard


async def test_information_without_moments_is_always_said() -> None:
    always = "".join(line for line in NEWS.splitlines(keepends=True) if "2026" not in line)
    async with ringing(always) as (call, _):
        assert texts(call) == ["Nytt.", "Ha det."]


@pytest.mark.parametrize(
    ("on", "prepared", "heard"),
    [
        (CrisisOn("late", BEGINS_MS - 1, BEGINS_MS + 60_000, "kari"), LATE, True),
        (CrisisOn("late", BEGINS_MS - 2, BEGINS_MS - 1, "kari"), LATE, False),
        (CrisisOn("late", BEGINS_MS - 1, BEGINS_MS + 60_000, "kari"), replace(LATE, flows=frozenset({"other"})), False),
        (CrisisOn("other", BEGINS_MS - 1, BEGINS_MS + 60_000, "kari"), LATE, False),
    ],
)
async def test_the_message_of_a_crisis_is_said_while_it_is_on(on: CrisisOn, prepared: Crisis, heard: bool) -> None:
    engine = Engine()
    engine.services = replace(engine.services, crises=CrisesInMemory(on))
    engine.crises = {"late": prepared}
    call, task = engine.dial(flow_of(HEAD + CRISIS + SECOND + GOODBYE))
    data = await asyncio.wait_for(task, 60)
    told = ["Alt er forsinket.", "Krise."] if heard else []
    assert texts(call) == [*told, "Ha det."]
    assert data.trace == ["first", "second", *(["told"] if heard else []), "bye"]
    assert [(event.crisis, event.lasts_ms > 0) for event in engine.told(CrisisHeard)] == (
        [("late", True)] if heard else []
    )
    await engine.close()


async def test_a_crisis_falls_back_to_the_language_that_the_flow_says() -> None:
    engine = Engine()
    on = CrisisOn("late", BEGINS_MS - 1, BEGINS_MS + 60_000, "kari")
    engine.services = replace(engine.services, crises=CrisesInMemory(on))
    engine.crises = {"late": replace(LATE, message=Said({"nb": "Forsinket.", "en": "Late."}))}
    head = HEAD.replace("languages: [nb, en]", "languages: [se, nb, en]\nfallback: {se: en}")
    call, task = engine.dial(flow_of(head + CRISIS + SECOND + GOODBYE))
    await asyncio.wait_for(task, 60)
    assert texts(call)[0] == "Late."
    await engine.close()


async def test_without_crises_nothing_is_said() -> None:
    async with ringing(CRISIS + SECOND) as (call, _):
        assert texts(call) == ["Ha det."]


def test_a_proof_hears_what_callers_of_the_moment_hear() -> None:
    node = flow_of(HEAD + NEWS + GOODBYE).nodes["first"]
    assert isinstance(node, Message)
    begins_ms, ends_ms = node.changes_at()
    heard = [len(move.said) for at in (begins_ms - 1, begins_ms, ends_ms) for move in node.moves(At(now_ms=at))]
    assert heard == [0, 1, 0]
    crisis = flow_of(HEAD + CRISIS + SECOND + GOODBYE).nodes["first"]
    assert [move.said for move in crisis.moves(At(prepared=LATE))] == [(LATE.message,)]
    assert [move.said for move in crisis.moves(At())] == [()]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("until: 2026-11-23 12:00", "until: 2026-11-23 07:00", "until is not after from"),
        ("from: 2026-11-23 08:00", "from: 23.11.2026", "a moment is written 2026-11-23 08:00"),
        ("from: 2026-11-23 08:00", "from: 2026-02-30 08:00", "a moment is written 2026-11-23 08:00"),
        ("    say: {nb: Nytt., en: News.}\n", "", "a message has a `say`, or is `crisis: true`"),
        ("type: message", "type: message\n    crisis: true", "either `say` or `crisis: true`"),
    ],
)
def test_mistakes_are_told(old: str, new: str, said: str) -> None:
    _, marked = load_flow("x.yaml", HEAD + NEWS.replace(old, new) + GOODBYE)
    assert said in "\n".join(map(str, marked.problems))
