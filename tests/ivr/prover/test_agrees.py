"""What is proven is what happens: random flows, random callers, the interpreter, and the prover's word.

Where the prover says that a flow is right, no caller is left without a word or for ever; where it names a fault, the
scenario that it gives shows it.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ivr.book import FlowBook, book_of
from ivr.files.load import load_flow
from ivr.language.calendar import OSLO, Calendar
from ivr.prover.bounds import Bounds
from ivr.prover.prove import Fault, prove
from ivr.simulator.scenario import run_text
from tests.ivr.prover.cases import FROM_MS

WEEK = ((540, 900),)
CALENDARS: Mapping[str, Calendar] = {
    "office": Calendar("office", (WEEK,) * 5 + ((), ()), yearly={(12, 24): ((540, 720),), (12, 31): ()}),
    "evening": Calendar("evening", (((900, 1260),),) * 5 + (((600, 840),), ()), yearly={(12, 24): ()}),
}
BOUNDS = Bounds(time_s=900.0, days=60)
NAMES = [f"n{number}" for number in range(7)]
QUEUES = ["one", "two"]
KEYS = "0123456789*#"


@st.composite
def texts(draw: st.DrawFn) -> dict[str, str]:
    nb = draw(st.sampled_from(["Velkommen.", "Vent litt.", "Ring igjen i morgen. Ha det bra."]))
    return {"nb": nb, "en": "Hello."} if draw(st.integers(0, 12)) else {"nb": nb}


CONDITIONS = st.sampled_from(
    ['language == "en"', "tries >= 2", "flag", 'case == "1234"', "length(case) == 5", "not flag and tries < 3"]
)


@st.composite
def nodes(draw: st.DrawFn, at: int) -> dict[str, Any]:
    """The node number `at`; most lead forward, so that many flows are right."""
    ahead = NAMES[at + 1 :] if draw(st.integers(0, 9)) else NAMES
    target = st.sampled_from(ahead or NAMES)
    kind = draw(st.sampled_from(sorted(_KINDS))) if ahead and at + 1 < len(NAMES) else "hangup"
    return {"type": kind, **_KINDS[kind](draw, target)}


def _menu(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
    remark = {"wrong": draw(texts())} if draw(st.booleans()) else {}
    return {
        "say": draw(texts()),
        "keys": {key: draw(target) for key in keys},
        "wait": "3s",
        "attempts": draw(st.integers(1, 3)),
        "no_choice": draw(target),
        **remark,
    }


def _digits(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    return {
        "say": draw(texts()),
        "variable": "case",
        "personal": draw(st.booleans()),
        "expect": {"least": draw(st.integers(1, 4)), "most": draw(st.integers(4, 6))},
        "wait": "3s",
        "between": "2s",
        "attempts": draw(st.integers(1, 2)),
        "next": draw(target),
        "no_entry": draw(target),
    }


def _queue(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    next_ = {"next": draw(target)} if draw(st.booleans()) else {}
    if not draw(st.integers(0, 2)):
        next_ |= {"closes": draw(st.sampled_from(sorted(CALENDARS))), "closing": draw(target)}
    waiting: dict[str, Any] = {"welcome": draw(texts()), "position": draw(texts())} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        waiting |= {"say_keys": draw(texts()), "keys": {"1": draw(target)}}
    if draw(st.booleans()):
        waiting["overflow"] = [
            {"after": "2m", "when": draw(st.sampled_from(["true", "agents == 0"])), "next": draw(target)}
        ]
    return {
        "queue": draw(st.sampled_from(QUEUES)),
        "max_wait": draw(st.sampled_from(["5m", "30m"])),
        "overflow": draw(target),
        "unavailable": draw(target),
        **next_,
        **({"waiting": waiting} if waiting else {}),
    }


def _hours(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    holiday = {"holiday": draw(target)} if draw(st.booleans()) else {}
    calendar = draw(st.sampled_from(sorted(CALENDARS)))
    return {"calendar": calendar, "open": draw(target), "closed": draw(target), **holiday}


def _message(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    until = draw(st.sampled_from(["2026-12-01 00:00", "2026-12-24 12:30"]))
    return {"say": draw(texts()), "until": until, "next": draw(target)}


def _language(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    choices = [{"key": 1, "language": "nb", "say": "Norsk, 1."}, {"key": 2, "language": "en", "say": "English, 2."}]
    return {"choices": choices, "default": "nb", "wait": "2s", "next": draw(target)}


def _set(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    one = draw(st.sampled_from([{"tries": "tries + 1"}, {"flag": "not flag"}, {"language": '"en"'}, {"tries": 0}]))
    return {"values": one, "next": draw(target)}


def _lookup(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    take = {"known": {"field": "known", "type": "true_or_false"}}
    return {"service": "cases", "path": "/x", "take": take, "found": draw(target), "failed": draw(target)}


def _voicemail(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    return {"mailbox": "box", "say": draw(texts()), "most": "20s", "done": draw(target), "failed": draw(target)}


def _deflect(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    offered = {"offer": draw(texts()), "refused": draw(target)}
    ways = {"sms": {"nb": "x", "en": "x"}, "sent": draw(target), "failed": draw(target), **offered}
    return {"say": draw(texts()), **(ways if draw(st.booleans()) else {"next": draw(target)})}


def _returning(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    code = {"code": draw(texts())} if draw(st.booleans()) else {}
    return {"say": draw(texts()), **code, "stands": draw(target), "next": draw(target)}


def _survey(draw: st.DrawFn, target: st.SearchStrategy[str]) -> dict[str, Any]:
    questions = [{"id": "helped", "say": draw(texts()), "keys": [1, 2]}]
    return {"survey": "s", "questions": questions, "attempts": 1, "next": draw(target)}


_KINDS: dict[str, Any] = {
    "deflect": _deflect,
    "survey": _survey,
    "returning": _returning,
    "say": lambda draw, target: {"say": draw(texts()), "next": draw(target)},
    "menu": _menu,
    "digits": _digits,
    "queue": _queue,
    "hours": _hours,
    "message": _message,
    "language": _language,
    "set": _set,
    "lookup": _lookup,
    "voicemail": _voicemail,
    "branch": lambda draw, target: {
        "cases": [{"when": draw(CONDITIONS), "next": draw(target)}],
        "otherwise": draw(target),
    },
    "transfer": lambda draw, target: {"to": "tax", "failed": draw(target)},
    "hangup": lambda draw, target: {"say": draw(texts())} if draw(st.integers(0, 9)) else {},
}


@st.composite
def flows(draw: st.DrawFn) -> str:
    """One flow on 5000; whatever else, digits and what is looked up exist."""
    content = {
        "flow": "main",
        "title": "Random",
        "numbers": [5000],
        "languages": ["nb", "en"],
        "variables": {"tries": 0, "flag": False},
        "start": "n0",
        "nodes": {name: draw(nodes(at)) for at, name in enumerate(NAMES)},
    }
    content["nodes"]["unreached"] = {  # type: ignore[index]  # gives `case` its type
        "type": "digits",
        "say": {"nb": "Tast.", "en": "Key."},
        "variable": "case",
        "expect": {"most": 6},
        "next": "n6",
        "no_entry": "n6",
    }
    return json.dumps(content, ensure_ascii=False)


def book_with(text: str) -> FlowBook:
    flow, marked = load_flow("random.yaml", text)
    assert flow is not None, marked.problems
    assert not marked.problems, marked.problems
    return book_of(flow, calendars=CALENDARS, version="-")


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """A caller who presses what and when they please, and a world that helps or not."""
    begin = datetime(2026, 11, 23, tzinfo=OSLO)
    at = begin + timedelta(days=draw(st.integers(0, 45)), minutes=15 * draw(st.integers(0, 95)))
    if draw(st.booleans()):
        at = at.replace(hour=draw(st.sampled_from([8, 11, 14, 20])), minute=59, second=draw(st.integers(30, 59)))
    presses = st.text(KEYS, min_size=1, max_size=6)
    waits = st.sampled_from(["0s", "500ms", "2s", "4s", "20s", "10m"])
    acts = [{"after": draw(waits), "press": draw(presses)} for _ in range(draw(st.integers(0, 8)))]
    if draw(st.booleans()):
        acts.append({"after": "3s", "speak": "6s"})
    agents = [
        {"name": queue, "queues": [queue], "talks": "20s", "until": "1h"} for queue in QUEUES if draw(st.booleans())
    ]
    answer = draw(st.sampled_from([{"gives": {"known": True}}, {"fails": "timeout"}, {"gives": {}}]))
    return {
        "name": "random",
        "at": at.strftime("%Y-%m-%d %H:%M:%S"),
        "caller": acts,
        "agents": agents,
        "queues": {queue: "full" for queue in QUEUES if draw(st.integers(0, 3)) == 0},
        "lookups": {"cases": answer},
        "transfers": {"tax": draw(st.sampled_from(["answered", "refused"]))},
        "mailboxes": {"box": "full"} if draw(st.booleans()) else {},
        "callbacks": draw(st.sampled_from(["promised", "already"])),
        **({"from": "22334455"} if draw(st.booleans()) else {}),
        "expect": {"ends_well": True},
    }


def fitting(world: dict[str, Any], text: str) -> str:
    """The scenario, without what the flow has nothing to do with: scenarios may name nothing else."""
    there = {
        **world,
        "agents": [agent for agent in world["agents"] if f'"queue": "{agent["name"]}"' in text],
        "queues": {name: state for name, state in world["queues"].items() if f'"queue": "{name}"' in text},
    }
    for field, name in (("lookups", "service"), ("transfers", "tax"), ("mailboxes", "box")):
        there[field] = world[field] if f'"{name}"' in text else {}
    return json.dumps({"number": 5000, "scenarios": [there]})


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def flow_with(**nodes: object) -> str:
    """A flow whose callers choose a language first, and then come to `there`."""
    head = {"flow": "main", "title": "Once wrong", "numbers": [5000], "languages": ["nb", "en"], "start": "n0"}
    choices = [{"key": 1, "language": "nb", "say": "Norsk, 1."}, {"key": 2, "language": "en", "say": "English, 2."}]
    first = {"type": "language", "choices": choices, "default": "nb", "wait": "2s", "next": "there"}
    last = {"silent": {"type": "hangup"}, "last": {"type": "hangup", "say": {"nb": "Ha det.", "en": "Bye."}}}
    return json.dumps({**head, "nodes": {"n0": first, **nodes, **last}})


BOTH = {"nb": "Velkommen.", "en": "Hello."}
ASKS_ONCE = {"type": "menu", "say": BOTH, "keys": {"0": "last"}, "attempts": 1, "no_choice": "last"}
EVERY_KEY = {"type": "menu", "say": BOTH, "keys": dict.fromkeys(KEYS, "last"), "no_choice": "last"}
DIGITS = {"type": "digits", "say": BOTH, "variable": "case", "expect": {"most": 4}, "next": "last", "no_entry": "last"}
MAILBOX = {"type": "voicemail", "mailbox": "box", "say": BOTH, "attempts": 1, "done": "last", "failed": "last"}
OVER = {"type": "message", "say": {"nb": "Nytt."}, "from": "2026-01-01 00:00", "until": "2026-02-01 00:00"}
SMS = {"type": "deflect", "say": BOTH, "sms": BOTH, "sent": "last", "failed": "last", "refused": "last"}
QUEUE = {"type": "queue", "queue": "one", "max_wait": "30m", "next": "last", "unavailable": "last"}


@pytest.mark.parametrize(
    "there",
    [
        {**ASKS_ONCE, "wrong": {"nb": "Feil."}},
        {**ASKS_ONCE, "silence": {"nb": "Hallo?"}},
        {**EVERY_KEY, "wrong": {"nb": "Feil."}},
        {**DIGITS, "attempts": 1, "wrong": {"nb": "Feil."}},
        {**MAILBOX, "too_short": {"nb": "For kort."}},
        {**OVER, "next": "last"},
        {**QUEUE, "overflow": "silent", "waiting": {"overflow": [{"after": "2m", "when": "true", "next": "last"}]}},
        {**QUEUE, "overflow": "last", "waiting": {"overflow": [{"after": "2m", "when": "false", "next": "silent"}]}},
        {
            **QUEUE,
            "overflow": "last",
            "waiting": {"overflow": [{"after": "2m", "next": "last"}, {"after": "3m", "next": "silent"}]},
        },
    ],
)
def test_what_no_caller_comes_to_is_no_fault(there: dict[str, Any]) -> None:
    assert prove(book_with(flow_with(there=there)), FROM_MS, bounds=BOUNDS).faults == ()


@pytest.mark.parametrize(
    "there",
    [
        {**ASKS_ONCE, "attempts": 2, "wrong": {"nb": "Feil."}},
        {**ASKS_ONCE, "attempts": 3, "wrong": {"nb": "Feil."}},
        {**ASKS_ONCE, "attempts": 2, "silence": {"nb": "Hallo?"}},
        {**DIGITS, "attempts": 2, "wrong": {"nb": "Feil."}},
        {**SMS, "offer": {"nb": "Tast 1 for en melding."}},
        {**QUEUE, "overflow": "last", "waiting": {"overflow": [{"after": "2m", "when": "true", "next": "silent"}]}},
        {**QUEUE, "overflow": "last", "waiting": {"position": {"nb": "Nummer {position}."}}},
        {
            **QUEUE,
            "overflow": "silent",
            "waiting": {"overflow": [{"after": "2m", "when": "agents == 0", "next": "last"}]},
        },
    ],
)
def test_a_fault_is_shown_by_its_scenario(there: dict[str, Any]) -> None:
    (fault,) = shown(flow_with(there=there))
    assert fault.scenario


def test_a_caller_presses_after_the_text_when_the_hours_change_meanwhile() -> None:
    """Who is known listens for as long as the story says."""
    long = {"nb": "Vi ringer deg opp. " * 6, "en": "We will ring you back. " * 6}
    again = {"type": "returning", "say": long, "stands": "last", "next": "asked"}
    asked = {"type": "hours", "calendar": "evening", "open": "last", "closed": "last", "holiday": "silent"}
    told = shown(flow_with(there=again, asked=asked))
    assert [fault.kind for fault in told] == ["silent_holiday"]


ASKED = {"type": "lookup", "service": "cases", "path": "/x", "take": {"known": {"field": "known", "type": "text"}}}


@pytest.mark.parametrize(
    "nodes",
    [
        {
            "there": {**ASKED, "found": "again", "failed": "last"},
            "again": {**ASKED, "found": "last", "failed": "silent"},
        },
        {
            "there": {**SMS, "offer": BOTH, "refused": "bye", "sent": "again", "failed": "bye"},
            "again": {"type": "returning", "say": BOTH, "code": {"nb": "Tast koden."}, "stands": "bye", "next": "bye"},
            "bye": {"type": "hangup", "say": BOTH},
        },
        {"there": {**SMS, "offer": BOTH, "ask": {"nb": "Tast nummeret."}}},
    ],
)
def test_no_scenario_is_given_for_what_it_cannot_have_both_ways(nodes: dict[str, Any]) -> None:
    """A service answers and fails; a number is shown, and then it is not; keys at once cut a text short."""
    (fault,) = shown(flow_with(**nodes))
    assert fault.scenario == ""


def shown(text: str) -> tuple[Fault, ...]:
    """The faults of a flow, each of which its scenario shows."""
    book = book_with(text)
    proof = prove(book, FROM_MS, bounds=BOUNDS)
    with capture_logs():
        for fault in (fault for fault in proof.faults if fault.scenario):
            (result,) = run_text(book, "shown.yaml", fault.scenario)
            assert result.failures, f"{fault}\n{fault.scenario}"
    return proof.faults


@settings(max_examples=120, deadline=None, suppress_health_check=SLOW)
@given(flows(), st.lists(worlds(), min_size=3, max_size=6))
def test_random_callers_agree_with_the_prover(text: str, callers: list[dict[str, Any]]) -> None:
    book = book_with(text)
    faults = shown(text)
    with capture_logs():
        for world in () if faults else callers:
            (told,) = run_text(book, "random.yaml", fitting(world, text))
            assert told.failures == (), (told.failures, told.story and told.story.path)


@pytest.mark.parametrize("right", [True, False])
def test_random_flows_are_of_both_kinds(right: bool) -> None:
    """Else the property above would show nothing."""
    found: list[bool] = []

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=SLOW, derandomize=True)
    @given(flows())
    def look(text: str) -> None:
        found.append(prove(book_with(text), FROM_MS, bounds=BOUNDS).holds)

    look()
    assert found.count(right) >= 5
