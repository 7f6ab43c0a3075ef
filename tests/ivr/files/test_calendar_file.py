"""The file of a calendar."""

from datetime import date
from pathlib import Path

import pytest

from ivr.files.calendar_file import CalendarFile
from ivr.files.load import validated
from ivr.files.marked_yaml import read
from ivr.language.calendar import Calendar
from ivr.language.named_days import NAMED_DAYS

OFFICE = """calendar: office
public_holidays: false
weekly:
  mon-wed: 09:00-15:00
  thu: 09:00-12:00, 13:00-18:00
  sat: closed
days:
  12-24: closed
  02-29: 10:00-11:00
  2026-12-28: 00:00-24:00
"""


def made(text: str) -> tuple[Calendar | None, list[str]]:
    marked = read("c.yaml", text)
    found = validated(CalendarFile, marked)
    return (found.made() if found else None), [str(problem) for problem in marked.problems]


def test_a_calendar_is_what_its_file_says() -> None:
    calendar, problems = made(OFFICE)
    assert problems == []
    assert calendar is not None
    work = ((540, 900),)
    assert calendar.weekly == (work, work, work, ((540, 720), (780, 1080)), (), (), ())
    assert calendar.yearly == {(12, 24): (), (2, 29): ((600, 660),)}
    assert calendar.dated == {date(2026, 12, 28): ((0, 1440),)}
    assert not calendar.public_holidays


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("09:00-12:00,", "9-12,", "c.yaml:5:8: 'weekly.thu': hours are written 09:00-15:00"),
        ("13:00-18:00", "18:00-13:00", "c.yaml:5:8: 'weekly.thu': 18:00-13:00 ends before it begins"),
        ("00:00-24:00", "00:00-24:30", "c.yaml:10:15: 'days.2026-12-28': 00:00-24:30 ends before it begins"),
        ("mon-wed", "man-ons", "c.yaml:4:3: 'weekly.man-ons': weekdays are written mon-fri or sat"),
        ("mon-wed", "wed-mon", "c.yaml:4:3: "),
        ("12-24:", "12-32:", "c.yaml:8:3: 'days.12-32': a day is written 2026-12-28"),
        ("12-24:", "maundy_thursdy:", "did you mean 'maundy_thursday'?"),
        ("12-24:", "2026-07-01..07-31:", "both ends of a span have a year, or neither has"),
        ("12-24:", "2026-07-31..2026-07-01:", "2026-07-01 is before 2026-07-31"),
        ("12-24:", "20261224:", "a day is written 2026-12-28"),
        ("2026-12-28", "2026-02-29", "c.yaml:10:3: 'days.2026-02-29': a day is written"),
        ("weekly:", "weekley:", "c.yaml:3:1: there is no field 'weekley'; did you mean 'weekly'?"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, said: str) -> None:
    assert old in OFFICE
    assert said in "\n".join(made(OFFICE.replace(old, new, 1))[1])


def test_the_shipped_calendar_is_closed_on_the_two_eves() -> None:
    path = Path(__file__).parents[3] / "flows" / "calendars" / "office.yaml"
    calendar, problems = made(path.read_text())
    assert problems == []
    assert calendar is not None
    assert calendar.public_holidays
    assert calendar.yearly == {(12, 24): (), (12, 31): ()}


def test_named_days_spans_and_seasons_are_read() -> None:
    calendar, problems = made(
        OFFICE
        + """  easter_wednesday: 09:00-12:00
  2026-07-01..2026-07-31: closed
  12-27..01-02: 10:00-12:00
seasons:
  - days: 05-15..09-14
    weekly: {mon-fri: 09:00-14:00}
"""
    )
    assert problems == []
    assert calendar is not None
    assert calendar.named == {"easter_wednesday": ((540, 720),)}
    assert [(span.first.text, span.last.text, hours) for span, hours in calendar.spans] == [
        ("2026-07-01", "2026-07-31", ()),
        ("12-27", "01-02", ((600, 720),)),
    ]
    (season,) = calendar.seasons
    assert season.weekly[0] == ((540, 840),)


def test_every_day_with_a_name_is_told_in_the_reference() -> None:
    assert [name for name in NAMED_DAYS if name not in (CalendarFile.__doc__ or "")] == []
