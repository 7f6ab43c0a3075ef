"""What a caller had got when the call ended, and what scenarios expect of it."""

from pathlib import Path

import pytest

from ivr.book import book_of
from ivr.files.load import load_flow
from ivr.language.ways import Reached
from ivr.simulator.parting import reached
from ivr.simulator.scenario import Result, run_text

HEAD = "flow: t\ntitle: T\nnumbers: [5000]\nlanguages: [nb]\nvariables: {on: true}\nstart: a\nnodes:\n"
ASKED = '  a: {type: menu, say: {nb: "Tast 1."}, keys: {1: b}, attempts: 1, no_choice: b}\n'
QUEUE = "  a: {type: queue, queue: q, max_wait: 1m, next: b, overflow: b, unavailable: b}\n"
SILENT = "  b: {type: hangup}\n"
SPOKEN = "  b: {type: hangup, say: {nb: Ha det.}}\n"
CIRCLE = "  a: {type: set, values: {on: true}, next: b}\n  b: {type: set, values: {on: false}, next: a}\n"


def told(nodes: str, expect: str = "ends_well: true", more: str = "") -> Result:
    flow, marked = load_flow("t.yaml", HEAD + nodes)
    assert flow is not None, marked.problems
    text = f"number: 5000\nscenarios:\n  - name: one\n    at: 2026-11-23 10:00\n{more}    expect: {{{expect}}}\n"
    (result,) = run_text(book_of(flow), "s.yaml", text)
    return result


AGENT = "    agents: [{name: kari, queues: [q], talks: 10s}]\n"


@pytest.mark.parametrize(
    ("nodes", "more", "got"),
    [
        (ASKED + SILENT, "", None),
        (ASKED + SPOKEN, "", Reached.MESSAGE),
        ("  a: {type: say, say: {nb: Vi har flyttet.}, next: b}\n" + SILENT, "", Reached.MESSAGE),
        (QUEUE + SILENT, "", None),
        (QUEUE + SILENT, AGENT, Reached.PERSON),
        (QUEUE + SPOKEN, AGENT, Reached.PERSON),
        ("  a: {type: transfer, to: tax, failed: b}\n" + SILENT, "", Reached.PERSON),
        ("  a: {type: transfer, to: tax, failed: b}\n" + SILENT, "    transfers: {tax: refused}\n", None),
        (
            "  a: {type: voicemail, mailbox: m, say: {nb: Snakk.}, done: b, failed: b}\n" + SILENT,
            "    caller: [{at: a, after: 3s, speak: 5s}]\n",
            Reached.VOICEMAIL,
        ),
    ],
)
def test_what_a_caller_got_last_is_known(nodes: str, more: str, got: Reached | None) -> None:
    result = told(nodes, more=more)
    assert result.story is not None
    assert reached(result.story) is got
    assert [failure.message for failure in result.failures] == ([] if got else ["'one': the call ends without a word"])


def test_a_fault_is_no_good_end() -> None:
    (failure,) = told(CIRCLE).failures
    assert "the call ends as a fault: EndlessFlowError" in failure.message


def test_a_call_that_lasts_a_day_does_not_end_well() -> None:
    nodes = "  a: {type: queue, queue: q, max_wait: 1h, overflow: a, unavailable: b}\n" + SPOKEN
    (failure,) = told(nodes).failures
    assert "does not end within a day" in failure.message


def test_who_hangs_up_ended_it_well() -> None:
    assert told(ASKED + SILENT, more="    caller: [{after: 1s, hang_up: true}]\n").failures == ()


def test_texts_in_a_row_are_counted() -> None:
    nodes = "  a: {type: say, say: {nb: En.}, next: c}\n  c: {type: say, say: {nb: To.}, next: b}\n" + SPOKEN
    assert told(nodes, "texts: 3").failures == ()
    (failure,) = told(nodes, "texts: 2").failures
    assert failure.message == "'one': 3 texts are heard in a row, expected at most 2"
    assert failure.path == str(Path("s.yaml"))
