"""A day of a roster as people read it: shifts, hours that nobody covers, absences and reserves."""

from zoneinfo import ZoneInfo

from acd.duty import Asked, Away, CallIn, Came, Standing
from ivr.language.roster import Roster
from svar.roster_words import Span, day_of, spans, told
from tests.svar.test_partners_in_service import at, calendar
from tests.svar.test_reserves import roster as made

OSLO = ZoneInfo("Europe/Oslo")
DESK = """
roster: desk
queue: desk
covers: office
shifts:
  - {days: mon-fri, hours: 08:00-11:00, agents: [anna]}
  - {days: mon-fri, hours: 11:00-14:00, agents: [bjorn, anna]}
  - {days: mon-fri, hours: 22:00-24:00, agents: [eva]}
absences: [{agent: gro, days: 2026-11-24, instead: eva}]
reserves: [{agents: [dag, eva], when: waiting > 2}]
"""
BEGIN, END = at("2026-11-24 00:00"), at("2026-11-25 00:00")
NOW = at("2026-11-24 09:30")


def desk(text: str = DESK) -> Roster:
    return made(text)


def lines(standing: Standing, now_ms: int = NOW) -> list[str]:
    return list(told(desk(), {"office": calendar()}, standing, now_ms, OSLO))


def test_a_day_is_told_in_spans_with_the_hours_that_nobody_covers() -> None:
    assert day_of(NOW, OSLO) == (BEGIN, END)
    assert lines(Standing()) == [
        "desk: queue desk, on duty now: anna",
        "  08:00-11:00  anna",
        "  11:00-14:00  anna, bjorn",
        "  14:00-15:30  NOBODY, while office is open",
        "  22:00-24:00  eva",
        "  away today: gro, eva stands in, by the roster's file",
        "  reserves dag, eva when waiting > 2: nobody is called",
    ]


def test_an_absence_by_command_counts_until_its_end() -> None:
    away = Standing(1, (Away("anna", at("2026-11-24 10:00"), "", "kari"), Away("eva", NOW - 1)))
    found = lines(away)
    assert found[0] == "desk: queue desk, on duty now: NOBODY"
    assert found[1:3] == ["  08:00-10:00  NOBODY, while office is open", "  10:00-11:00  anna"]
    assert "  away: anna until 2026-11-24 10:00, by kari" in found
    assert [line for line in found if "away: eva" in line] == []


def test_reserves_are_told_with_what_they_said() -> None:
    call = CallIn(
        "desk/1", "desk", NOW, "fred", 1, "n1", NOW, at("2026-11-24 09:31"), (Came("dag", at("2026-11-24 09:12")),),
        (Asked("eva", "no", at("2026-11-24 09:10")),),
    )  # fmt: skip
    found = lines(Standing(1, (), (call,)))
    assert found[0] == "desk: queue desk, on duty now: anna, dag (called in)"
    assert found[-1] == (
        "  reserves dag, eva when waiting > 2: "
        "dag on duty since 09:12; fred is being called until 09:31; eva: no at 09:10"
    )
    assert lines(Standing(1, (), (CallIn("desk/1", "desk", NOW),)))[-1].endswith("nobody is called")


def test_without_a_calendar_no_hour_has_to_be_covered() -> None:
    found = spans(desk(), None, Standing(), BEGIN, END)
    assert [span.uncovered for span in found] == [False, False, False]
    assert found[0] == Span(at("2026-11-24 08:00"), at("2026-11-24 11:00"), ("anna",))


def test_spans_in_which_nothing_changes_are_one() -> None:
    text = DESK.replace("[bjorn, anna]", "[anna]").replace("covers: office\n", "")
    assert spans(desk(text), None, Standing(), BEGIN, END)[0].until_ms == at("2026-11-24 14:00")
