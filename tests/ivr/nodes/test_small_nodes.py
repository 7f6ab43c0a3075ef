"""say, set, branch, hours, transfer and hangup."""

import asyncio
from datetime import date

import pytest

from ivr.checks.flows import check_flow
from ivr.files.load import load_flow
from ivr.language.calendar import Calendar, Hours, Opening
from ivr.language.ways import Reached
from tests.ivr.engine import Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, ringing, texts
from tests.ivr.nodes.moments import At

VIRTUAL_TIME = True
OFFICE = Calendar("office", (*[((540, 900),)] * 5, (), ()))
HOURS = """
  first: {type: hours, calendar: office, always_open_when: demo, open: open, closed: bye, holiday: away}
  open: {type: say, say: {nb: Åpent., en: Open.}, next: bye}
  away: {type: say, say: {nb: Fri., en: Off.}, next: bye}
"""


async def test_say_answers_speaks_and_goes_on() -> None:
    async with ringing("  first: {type: say, say: {nb: Hei., en: Hi.}, next: bye}\n") as (call, data):
        assert call.answered
        assert texts(call) == ["Hei.", "Ha det."]
        assert data.trace == ["first", "bye"]


LATE = HEAD.replace("start: first", "answer: late\nstart: first")


@pytest.mark.parametrize(
    ("nodes", "answered"),
    [
        ("  first: {type: say, say: {nb: Stengt., en: Closed.}, next: bye}\n", False),
        (
            "  first: {type: menu, say: {nb: Velg., en: Choose.}, keys: {1: bye}, no_choice: bye}\n",
            True,
        ),
        ("  first: {type: transfer, to: desk, failed: bye}\n", True),
    ],
)
async def test_flow_that_answers_late_speaks_first_and_takes_the_call_for_more_than_that(
    nodes: str, answered: bool
) -> None:
    engine = Engine()
    flow = flow_of(LATE + nodes + GOODBYE)
    call, task = engine.dial(flow, "c1", engine.begin(flow, "c1"))
    await task
    assert call.answered is answered
    await engine.close()


async def test_set_changes_the_language_of_what_follows() -> None:
    async with ringing("  first: {type: set, values: {language: '\"en\"'}, next: bye}\n") as (call, _):
        assert texts(call) == ["Goodbye."]


async def test_set_counts() -> None:
    nodes = """
  first: {type: set, values: {count: count + 2}, next: told}
  told: {type: say, say: {nb: "Tallet er {count}.", en: "It is {count}."}, next: bye}
"""
    async with ringing(nodes) as (call, _):
        assert texts(call)[0] == "Tallet er to."


@pytest.mark.parametrize(("when", "step"), [('number == "5000"', "yes"), ("count > 0", "bye"), ("demo", "bye")])
async def test_branch_goes_where_the_first_true_condition_says(when: str, step: str) -> None:
    nodes = f"""
  first:
    type: branch
    cases: [{{when: '{when}', next: yes}}, {{when: false, next: yes}}]
    otherwise: bye
  yes: {{type: say, say: {{nb: Ja., en: Yes.}}, next: bye}}
"""
    async with ringing(nodes) as (_, data):
        assert data.trace[1] == step


async def test_hours_ask_the_calendar() -> None:
    async with ringing(HOURS, engine=Engine({"office": OFFICE})) as (call, _):
        assert texts(call)[0] == "Åpent."


@pytest.mark.parametrize(
    ("holiday", "demo", "said"), [(True, False, "Fri."), (False, False, "Ha det."), (True, True, "Åpent.")]
)
async def test_hours_tell_closed_from_holiday_and_may_be_overruled(holiday: bool, demo: bool, said: str) -> None:
    closed = Calendar("office", ((),) * 7, dated={date(2026, 11, 23): ()} if holiday else {})
    async with ringing(HOURS, engine=Engine({"office": closed}, {"demo": demo})) as (call, _):
        assert texts(call)[0] == said


async def test_without_a_holiday_step_a_holiday_is_closed() -> None:
    closed = Calendar("office", ((),) * 7, dated={date(2026, 11, 23): ()})
    async with ringing(
        HOURS.replace("holiday: away", "note: none").replace("closed: bye", "closed: away"),
        engine=Engine({"office": closed}),
    ) as (call, _):
        assert texts(call)[0] == "Fri."


@pytest.mark.parametrize(("taken", "trace"), [(True, ["first"]), (False, ["first", "bye"])])
async def test_a_transfer_that_is_not_taken_comes_back(taken: bool, trace: list[str]) -> None:
    engine = Engine()
    nodes = "  first: {type: transfer, to: partner, say: {nb: Vent., en: Wait.}, failed: bye}\n"
    flow = flow_of(HEAD + nodes + GOODBYE)
    data = engine.begin(flow, "c1")
    call, task = engine.dial(flow, "c1", data)
    heard_meanwhile: list[bool] = []

    def takes(target: str) -> bool:
        heard_meanwhile.append(bool(call.music))
        return taken and target == "partner"

    call._takes = takes
    await task
    assert call.answered
    assert heard_meanwhile == [True]
    assert data.trace == trace
    assert data.elsewhere.transferred == ("partner" if taken else "")
    await engine.close()


@pytest.mark.parametrize(("how", "reached"), [("blind", Reached.PERSON), ("partner", Reached.PARTNER)])
def test_a_proof_sees_whom_a_transfer_reaches(how: str, reached: Reached) -> None:
    nodes = f"  first: {{type: transfer, to: partner, how: {how}, failed: bye}}\n"
    taken, failed = flow_of(HEAD + nodes + GOODBYE).nodes["first"].moves(At())
    assert (taken.reached, taken.way, failed.reached) == (reached, None, None)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("context: [count]", "a blind transfer takes no context along"),
        ("how: attended, context: [cound]", "there is no variable 'cound'; did you mean 'count'?"),
        ("how: warm", "'how': 'blind', 'attended' or 'partner' is expected"),
    ],
)
def test_mistakes_of_a_transfer_are_told(fields: str, said: str) -> None:
    nodes = f"  first: {{type: transfer, to: partner, {fields}, failed: bye}}\n"
    flow, marked = load_flow("x.yaml", HEAD + nodes + GOODBYE)
    if flow is not None:
        check_flow(flow, marked)
    assert said in "\n".join(map(str, marked.problems))


@pytest.mark.parametrize(
    ("second", "step"),
    [(((540, 900),), "open"), (((0, 60),), "bye"), ((), "bye")],
)
async def test_of_several_calendars_all_have_to_be_open(second: Hours, step: str) -> None:
    calendars = {"office": OFFICE, "desk": Calendar("desk", (second,) * 7)}
    several = HOURS.replace("calendar: office", "calendar: [office, desk]")
    async with ringing(several, engine=Engine(calendars)) as (_, data):
        assert data.trace[1] == step


def test_a_proof_asks_all_calendars() -> None:
    node = flow_of(HEAD + HOURS.replace("calendar: office", "calendar: [a, b]") + GOODBYE).nodes["first"]
    assert node.needs() == {("calendar", 0): ("calendar", "a"), ("calendar", 1): ("calendar", "b")}
    said = {"open": ("open", "open"), "bye": ("open", "closed"), "away": ("holiday", "closed")}
    for target, (a, b) in said.items():
        at = At(openings={"a": Opening(a), "b": Opening(b)}, known={"demo": False})
        assert [move.way and move.way.target for move in node.moves(at)] == [target]


async def test_hangup_says_goodbye_to_the_end() -> None:
    async with ringing("  first: {type: set, values: {count: 1}, next: bye}\n") as (call, _):
        assert call.ended == "flow_ended"
        assert asyncio.get_running_loop().time() > 0.4


async def test_a_flow_may_refuse_without_answering() -> None:
    async with ringing(
        "  first: {type: branch, cases: [{when: demo, next: bye}], otherwise: no}\n  no: {type: hangup}\n"
    ) as (call, _):
        assert not call.answered
        assert call.ended == "flow_ended"
