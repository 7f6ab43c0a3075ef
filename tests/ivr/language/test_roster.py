"""Duty rosters: who is on duty when, who stands in, and hours in which nobody is."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.checks.flows import check_folder
from ivr.files.marked_yaml import read
from ivr.files.roster_file import RosterFile
from ivr.files.validation import validated
from ivr.language.calendar import OSLO
from ivr.language.roster import Roster

FLOW = """
flow: desk
title: Desk
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: desk, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
"""
CALENDAR = "calendar: office\nweekly: {mon-fri: 08:00-15:30}\n"
ROSTER = """
roster: desk
queue: desk
covers: office
shifts:
  - {days: mon-fri, hours: 08:00-11:00, agents: [anna]}
  - {days: mon-fri, hours: 11:00-15:30, agents: [bjorn]}
  - {days: sat, hours: 22:00-24:00, agents: [anna], only: 2026-11-01..2026-11-30}
absences:
  - {agent: anna, days: 2026-11-25..2026-11-26, instead: cato}
  - {agent: bjorn, days: 2026-11-26}
  - {agent: anna, days: 2026-11-27, instead: bjorn}
  - {agent: bjorn, days: 2026-11-27}
reserves:
  - {agents: [dag], when: waiting >= 3 or wait > 300, release_after: 30m}
"""
KNOWN = {"queue": ["desk"], "agent": ["anna", "bjorn", "cato", "dag"], "notice": ["pager"]}


def roster(text: str = ROSTER) -> Roster:
    found = validated(RosterFile, read("r.yaml", text))
    assert found is not None
    return found.made()


def at(text: str) -> int:
    return round(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=OSLO).timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "agents"),
    [
        ("2026-11-24 07:59", set()),
        ("2026-11-24 08:00", {"anna"}),
        ("2026-11-24 10:59", {"anna"}),
        ("2026-11-24 11:00", {"bjorn"}),
        ("2026-11-24 15:30", set()),
        ("2026-11-25 09:00", {"cato"}),
        ("2026-11-26 12:00", set()),
        ("2026-11-27 09:00", set()),
        ("2026-11-28 23:59", {"anna"}),
        ("2026-12-05 23:00", set()),
    ],
)
def test_who_is_on_duty_at_a_moment(moment: str, agents: set[str]) -> None:
    assert roster().on_duty(at(moment)) == agents


def test_duty_is_told_in_spans_also_over_days_and_the_clock_change() -> None:
    spans = roster().duty("anna", at("2026-11-24 09:00"), at("2026-11-30 08:30"))
    assert spans == [
        (at("2026-11-24 09:00"), at("2026-11-24 11:00")),
        (at("2026-11-28 22:00"), at("2026-11-29 00:00")),
        (at("2026-11-30 08:00"), at("2026-11-30 08:30")),
    ]
    night = "roster: n\nqueue: q\nshifts: [{days: mon-sun, hours: 00:00-24:00, agents: [eva]}]\n"
    assert roster(night).duty("eva", at("2026-10-24 12:00"), at("2026-10-26 12:00")) == [
        (at("2026-10-24 12:00"), at("2026-10-26 12:00"))
    ]


@given(st.integers(0, 14 * 24 * 60))
def test_a_span_has_exactly_the_moments_on_duty(minute: int) -> None:
    begin = at("2026-11-16 00:00")
    now_ms = begin + minute * 60_000
    for agent in ("anna", "bjorn", "cato"):
        spans = roster().duty(agent, begin, begin + 15 * 86_400_000)
        assert any(first <= now_ms < last for first, last in spans) == (agent in roster().on_duty(now_ms))


def told(tmp_path: Path, text: str) -> str:
    for name, content in (("rosters/desk", text), ("calendars/office", CALENDAR), ("desk", FLOW)):
        (tmp_path / f"{name}.yaml").parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.yaml").write_text(content)
    return "\n".join(str(problem).replace(f"{tmp_path}/", "") for problem in check_folder(tmp_path, KNOWN))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("queue: desk", "queue: dsk", "rosters/desk.yaml:3:8: there is no queue 'dsk'; did you mean 'desk'?"),
        ("[bjorn]", "[bjron]", "rosters/desk.yaml:7:50: there is no agent 'bjron'; did you mean 'bjorn'?"),
        ("instead: cato", "instead: kato", "there is no agent 'kato'; did you mean 'cato'?"),
        (
            "covers: office",
            "covers: ofice",
            "rosters/desk.yaml:4:9: there is no calendar 'ofice'; did you mean 'office'?",
        ),
        ("waiting >= 3", "waitin >= 3", "there is no variable 'waitin'"),
        ("3 or wait > 300", "3 or wit > 300", "rosters/desk.yaml:15:43: there is no variable 'wit'"),
        ("waiting >= 3 or wait > 300", "waiting + 3", "a condition gives true or false: waiting + 3"),
        ("08:00-11:00", "11:00-08:00", "ends before it begins"),
        ("days: sat", "days: lørdag", "weekdays are written mon-fri or sat"),
        ("11:00-15:30", "11:30-15:30", "warning: nobody is on duty on Monday 11:00 to 11:30, when 'office' is open"),
    ],
)
def test_mistakes_and_empty_hours_are_told_at_their_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in ROSTER
    assert said in told(tmp_path, ROSTER.replace(old, new, 1))


def test_a_roster_that_is_right_has_no_problems(tmp_path: Path) -> None:
    assert told(tmp_path, ROSTER) == ""


def test_who_is_away_by_command_is_away_like_those_in_the_file() -> None:
    """Whoever stands in may be away too; an absence by command goes before one of the file."""
    now = at("2026-11-24 09:00")
    assert roster().on_duty(now, {"anna": "dag"}) == {"dag"}
    assert roster().on_duty(now, {"anna": ""}) == set()
    assert roster().on_duty(now, {"bjorn": ""}) == {"anna"}
    assert roster().absent(at("2026-11-26 09:00")) == {"anna": "cato", "bjorn": ""}
    assert roster().on_duty(at("2026-11-25 09:00"), {"anna": "", "dag": ""}) == set()
    assert roster().on_duty(at("2026-11-25 09:00"), {"cato": ""}) == set()


def test_a_reserve_has_a_minute_to_answer_its_phone_rings_and_nobody_else_is_told() -> None:
    [reserve] = roster().reserves
    assert (reserve.answer_within_s, reserve.rings, reserve.notice) == (60.0, True, "")
    text = ROSTER.replace("release_after: 30m", "release_after: 30m, answer_within: 45s, ring: false, notice: pager")
    [reserve] = roster(text).reserves
    assert (reserve.answer_within_s, reserve.rings, reserve.notice) == (45.0, False, "pager")


@pytest.mark.parametrize(
    ("further", "said"),
    [
        (
            "answer_within: 5s",
            "rosters/desk.yaml:15:90: 'reserves.0.answer_within': an answer is waited for 10s to 15m",
        ),
        ("notice: pagr", "there is no notice 'pagr'; did you mean 'pager'?"),
    ],
)
def test_mistakes_of_how_reserves_are_told_stand_at_their_place(tmp_path: Path, further: str, said: str) -> None:
    assert said in told(tmp_path, ROSTER.replace("release_after: 30m", f"release_after: 30m, {further}"))
