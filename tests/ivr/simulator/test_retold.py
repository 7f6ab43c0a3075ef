"""Several tellings are tried, until one goes the same way."""

from pathlib import Path

import pytest
import structlog

from ivr.book import load_book
from ivr.simulator.cases import cases_in
from ivr.simulator.prompts import prompts_of
from ivr.simulator.retold import retold
from ivr.simulator.scenario import run_case, run_text
from tests.ivr.simulator.stories import FLOW, told

FLOWS = Path(__file__).parent.parent.parent.parent / "flows"
CHOOSING = FLOW.replace("start: menu", "start: choose").replace(
    "nodes:\n",
    """nodes:
  choose:
    type: language
    choices: [{key: 1, language: nb, say: "For norsk, tast 1."}, {key: 2, language: en, say: "For English, press 2."}]
    default: nb
    next: chosen
  chosen: {type: branch, cases: [{when: language == "en", next: sorry}], otherwise: menu}
""",
)


@pytest.mark.parametrize(
    ("scenario", "flow"),
    [
        ("    caller: [{press: 2}]\n    expect: {path: [choose, chosen, sorry]}\n", CHOOSING),
        ("    caller: [{press: 7}]\n    lookups: {cases: {gives: {case: {status: open}}}}\n    expect: {}\n", FLOW),
        ("    caller: [{press: 1}]\n    queues: {q: full}\n    expect: {path: [menu, wait, sorry]}\n", FLOW),
        ("    caller: [{press: 1}]\n    queues: {q: away}\n    expect: {path: [menu, wait, sorry]}\n", FLOW),
        ("    caller: [{press: 4}]\n    mailboxes: {desk: full}\n    expect: {path: [menu, box, sorry]}\n", FLOW),
        (
            "    caller: [{press: 1}]\n    agents: [{name: k, queues: [q], does: [no_answer, answer], rests: 30s}]\n"
            "    expect: {rung: [k, k], agent: k}\n",
            FLOW,
        ),
    ],
)
def test_what_no_event_says_is_found_by_trying(tmp_path: Path, scenario: str, flow: str) -> None:
    (was,) = told(tmp_path, scenario, flow)
    assert was.failures == ()
    assert was.story is not None
    book = load_book(tmp_path)
    text, failures = retold(was.story.events, book)
    assert failures == [], text
    (again,) = run_text(book, "again", text)
    assert again.story is not None
    assert again.story.path == was.story.path


def test_what_is_not_found_is_told(tmp_path: Path) -> None:
    """A number that a service gave decided, and numbers are not tried."""
    flow = FLOW.replace("{field: case.status}", "{field: case.status, type: number}")
    flow = flow.replace('status == "open"', "status > 5")
    scenario = "    caller: [{press: 7}]\n    lookups: {cases: {gives: {case: {status: 9}}}}\n    expect: {}\n"
    (was,) = told(tmp_path, scenario, flow)
    assert was.story is not None
    assert was.story.path[-1] == "bye"
    _, failures = retold(was.story.events, load_book(tmp_path))
    assert "path is menu > look > told > sorry, expected menu > look > told > bye" in failures[0]


def test_calls_through_the_shipped_flows_are_told_again() -> None:
    """Nine in ten at least: what the rest decided by is in no event."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        book, prompts = load_book(FLOWS), prompts_of(FLOWS)
        cases = cases_in(FLOWS, book)[::5]
        stories = [(case, run_case(book, case, prompts).story) for case in cases]
        lost = [case.name for case, story in stories if story and retold(story.events, book, case.scenario.settings)[1]]
    finally:
        structlog.configure(**before)
    assert len(lost) <= len(cases) / 10, lost
