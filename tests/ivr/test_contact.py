"""One contact from its start to its end."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from events.catalogue import ContactEnded, ContactStarted
from ivr.contact import outcome_of
from ivr.files.load import load_flow
from ivr.running.run import Elsewhere, FlowRun, Visit
from tests.ivr.engine import QUEUE, Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD

VIRTUAL_TIME = True
MENU = flow_of(
    HEAD + "  first: {type: menu, say: {nb: Hei., en: Hi.}, keys: {1: bye}, wait: 60s, no_choice: bye}\n" + GOODBYE
)


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    engine = Engine()
    yield engine
    await engine.close()


def ended(engine: Engine) -> tuple[str, str, int]:
    (event,) = engine.told(ContactEnded)
    return event.outcome, event.cause, event.duration_ms


async def test_a_caller_who_hangs_up_in_a_menu_is_menu_ended(engine: Engine) -> None:
    call, task = engine.dial(MENU)
    await asyncio.sleep(7)
    call.hang_up()
    await task
    assert ended(engine) == ("menu_ended", "caller_hung_up", 7_000)
    assert engine.told(ContactStarted)[0].trunk == "test"


async def test_the_end_reaches_a_flow_that_waits_for_something_else(engine: Engine) -> None:
    await engine.staff()
    engine.distributor.slow_s = 3_600
    call, task = engine.dial(flow_of(QUEUE))
    await asyncio.sleep(1)
    call.hang_up()
    await task
    assert ended(engine) == ("abandoned", "caller_hung_up", 1_000)


async def test_a_flow_that_fails_ends_its_own_call_alone(engine: Engine) -> None:
    broken, _ = load_flow("x.yaml", HEAD + "  first: {type: say, say: {nb: Hei., en: Hi.}, next: nowhere}\n")
    assert broken is not None
    call, task = engine.dial(broken)
    await task
    assert call.ended == "failed"
    assert ended(engine)[:2] == ("failed", "KeyError")


async def test_a_shutdown_hangs_up_and_is_told(engine: Engine) -> None:
    call, task = engine.dial(MENU)
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await engine.commands.drain(1)
    assert call.ended == "shutdown"
    assert ended(engine)[1] == "shutdown"


async def test_a_shutdown_at_the_very_moment_of_the_callers_end_is_still_a_shutdown(engine: Engine) -> None:
    await engine.staff()
    call, task = engine.dial(flow_of(QUEUE))
    await asyncio.sleep(5)
    call.hang_up()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(engine.told(ContactEnded)) == 1


async def test_a_call_that_is_over_before_it_began_is_ended(engine: Engine) -> None:
    call, task = engine.dial(MENU)
    call.hang_up()
    await task
    assert ended(engine)[:2] == ("menu_ended", "caller_hung_up")


async def test_settings_replace_variables_of_the_same_name_and_type() -> None:
    flow = flow_of(HEAD.replace("start: first", "start: bye") + GOODBYE)
    values = flow.first_variables("5000", {"demo": True, "count": "three", "other": 1})
    assert flow.first_variables("5000", {}, "+4755553333")["diverted_from"] == "+4755553333"
    assert values == {"demo": True, "count": 0, "number": "5000", "language": "nb", "diverted_from": ""}


@pytest.mark.parametrize(
    ("visits", "transferred", "cause", "failed", "outcome"),
    [
        ([], "", "flow_ended", False, "completed"),
        ([], "", "caller_hung_up", False, "menu_ended"),
        (["answered"], "", "caller_hung_up", False, "answered"),
        (["overflow", "answered"], "", "flow_ended", False, "answered"),
        (["overflow"], "", "flow_ended", False, "abandoned"),
        (["closing"], "", "flow_ended", False, "completed"),
        (["closing", "key"], "", "flow_ended", False, "abandoned"),
        (["caller_hung_up"], "", "caller_hung_up", False, "abandoned"),
        (["overflow"], "partner", "flow_ended", False, "transferred"),
        ([], "partner", "caller_hung_up", False, "menu_ended"),
        ([], "", "EndlessFlowError", True, "failed"),
        ([], "", "media_timeout", False, "failed"),
    ],
)
def test_the_outcome_tells_what_became_of_the_contact(
    visits: list[str], transferred: str, cause: str, failed: bool, outcome: str
) -> None:
    journey = [Visit("q", 0, outcome=visit) for visit in visits]  # type: ignore[arg-type]
    data = FlowRun("c", "f", "v", "s", journey=journey, elsewhere=Elsewhere(transferred))
    assert outcome_of(data, cause, failed=failed) == outcome


@pytest.mark.parametrize(
    ("visits", "cause", "outcome"),
    [([], "media_timeout", "voicemail"), (["voicemail"], "flow_ended", "voicemail"), (["answered"], "x", "answered")],
)
def test_who_left_a_message_and_talked_to_nobody_is_told_so(visits: list[str], cause: str, outcome: str) -> None:
    journey = [Visit("q", 0, outcome=visit) for visit in visits]  # type: ignore[arg-type]
    assert outcome_of(FlowRun("c", "f", "v", "s", journey=journey, elsewhere=Elsewhere(message="m")), cause) == outcome


@pytest.mark.parametrize(
    ("visits", "cause", "outcome"),
    [([], "caller_hung_up", "callback"), (["callback"], "flow_ended", "callback"), (["answered"], "x", "answered")],
)
def test_who_is_rung_back_has_not_given_up(visits: list[str], cause: str, outcome: str) -> None:
    journey = [Visit("q", 0, outcome=visit) for visit in visits]  # type: ignore[arg-type]
    data = FlowRun("c", "f", "v", "s", journey=journey, elsewhere=Elsewhere(promised=True))
    assert outcome_of(data, cause) == outcome
