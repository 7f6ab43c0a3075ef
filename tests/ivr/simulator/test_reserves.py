"""Reserves in scenarios: who comes when a rule calls them in, and goes when it has long not held."""

from pathlib import Path

import pytest

from events.catalogue import ContactAnswered
from ivr.book import load_book
from ivr.language.problems import FlowFileError
from ivr.simulator.cases import cases_in
from ivr.simulator.scenario import run_case

FLOW = """
flow: desk
title: Desk
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: desk, max_wait: 30m, next: bye, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
"""
ROSTER = """
roster: desk
queue: desk
shifts: [{days: mon-fri, hours: 08:00-11:00, agents: [anna]}]
absences: [{agent: dag, days: 2026-11-25}]
reserves: [{agents: [dag], when: wait > 60 and agents < 2, release_after: 2m}]
"""
SCENARIO = """
number: 5000
scenarios:
  - name: one
    at: 2026-11-{day} 09:00
    others: [{{queue: desk, waiting: 1, talk: 10m}}]
    agents:
      - {{name: anna, queues: [desk], roster: desk}}
      - {{name: dag, queues: [desk], {dag}, talks: 30s}}
    expect: {{outcome: answered}}
    callers: [{{name: later, number: 5000, rings_after: {later}, expect: {{outcome: answered}}}}]
"""


def answers(
    folder: Path, *, day: int = 24, dag: str = "roster: desk, comes_after: 20s", later: str = "2m"
) -> list[str]:
    """Who answered the two callers, and after how many whole seconds each."""
    for name, text in (("desk", FLOW), ("rosters/desk", ROSTER), ("scenarios/desk", SCENARIO)):
        (folder / f"{name}.yaml").parent.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text(text.format(day=day, dag=dag, later=later) if text is SCENARIO else text)
    book = load_book(folder)
    [case] = cases_in(folder, book)
    story = run_case(book, case).story
    assert story is not None
    answered = [event for one in (story, *story.further) for event in one.events if isinstance(event, ContactAnswered)]
    return [f"{event.agent} {round(event.waited_ms / 1000)}" for event in answered]


def test_a_reserve_comes_when_the_rule_holds_and_takes_further_callers(tmp_path: Path) -> None:
    assert answers(tmp_path) == ["dag 84", "dag 3"]


def test_a_reserve_is_released_when_it_has_long_been_quiet(tmp_path: Path) -> None:
    assert answers(tmp_path, later="6m") == ["dag 84", "dag 84"], "called in a second time"


def test_who_is_away_or_does_not_come_is_not_there(tmp_path: Path) -> None:
    assert answers(tmp_path, day=25)[0] == "anna 603"
    assert answers(tmp_path, dag="roster: desk")[0] == "anna 603"


def test_only_a_reserve_of_a_roster_is_called_in(tmp_path: Path) -> None:
    with pytest.raises(FlowFileError, match="say of which `roster`"):
        answers(tmp_path, dag="comes_after: 20s")
