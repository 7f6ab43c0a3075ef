"""Values of flows as they are spoken, by the form that a slot names."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.language.values import (
    FORMS,
    Clock,
    Day,
    Duration,
    Given,
    Number,
    Ordinal,
    Spelled,
    Value,
    in_form,
    spoken_value,
)

NOVEMBER = Day(date(2026, 11, 24))


@pytest.mark.parametrize(
    ("given_", "form", "value"),
    [
        (3, "", Number(3)),
        ("3", "", Spelled("3")),
        (1.5, "", Spelled("1.5")),
        (3, "number", Number(3)),
        ("0021", "number", Number(21)),
        ("21b", "number", Spelled("21b")),
        (3, "ordinal", Ordinal(3)),
        ("3", "ordinal", Ordinal(3)),
        (90, "duration", Duration(90)),
        ("90", "duration", Duration(90)),
        ("1h30m", "duration", Duration(5400)),
        ("500ms", "duration", Duration(0)),
        ("soon", "duration", Spelled("soon")),
        ("2026-11-24", "date", NOVEMBER),
        ("2026-11-24T09:30:00+01:00", "date", NOVEMBER),
        ("24.11.2026", "date", NOVEMBER),
        ("24112026", "date", NOVEMBER),
        ("2026-02-30", "date", Spelled("2026-02-30")),
        ("tomorrow", "date", Spelled("tomorrow")),
        (24, "date", Number(24)),
        ("09:30", "time", Clock(9, 30)),
        ("9.30", "time", Clock(9, 30)),
        ("0930", "time", Clock(9, 30)),
        ("09:30:15", "time", Clock(9, 30)),
        ("2026-11-24T15:05", "time", Clock(15, 5)),
        ("24:00", "time", Spelled("24:00")),
        ("9:60", "time", Spelled("9:60")),
        (9, "time", Number(9)),
        (204, "digits", Spelled("204")),
        ("204", "digits", Spelled("204")),
    ],
)
def test_a_variable_is_spoken_in_the_form_that_fits_it(given_: Given, form: str, value: Value) -> None:
    assert spoken_value(given_, form) == value


def test_what_a_node_gives_takes_the_form_of_its_slot() -> None:
    assert in_form(Number(3), "ordinal") == Ordinal(3)
    assert in_form(Ordinal(3), "number") == Number(3)
    assert in_form(Ordinal(3), "digits") == Spelled("3")
    assert in_form(Duration(90), "duration") == Duration(90)
    assert in_form(Duration(90), "number") == Duration(90)


@given(st.one_of(st.text(max_size=20), st.integers(), st.floats(), st.booleans()), st.sampled_from(FORMS))
def test_anything_can_be_given(given_: Given, form: str) -> None:
    again = in_form(spoken_value(given_, form), form)
    assert again == spoken_value(given_, form)


@given(st.dates(date(1900, 1, 1)), st.times())
def test_every_moment_is_read_as_date_and_as_time(day: date, at: time) -> None:
    written = f"{day.isoformat()}T{at.isoformat('seconds')}"
    assert spoken_value(written, "date") == spoken_value(f"{day:%d.%m.%Y}", "date") == Day(day)
    assert spoken_value(written, "time") == Clock(at.hour, at.minute)


@given(st.integers(0, 86_399))
def test_every_length_is_read_with_its_units(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    written = f"{seconds // 3600}h{seconds // 60 % 60}m{seconds % 60}s"
    assert spoken_value(written, "duration") == spoken_value(seconds, "duration") == Duration(length.seconds)
