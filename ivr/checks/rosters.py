"""Checks of rosters against calendars, queues and agents."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from ivr.files.marked_yaml import Marked
from ivr.files.marked_yaml import Path as Where
from ivr.files.roster_file import RosterFile
from ivr.language.calendar import OSLO, Calendar
from ivr.language.expression import ExpressionError
from ivr.language.problems import did_you_mean
from ivr.running.leaving import KNOWN

WEEK_DAYS = 7
FROM_MS = 1_767_567_600_000
"""5 January 2026, a Monday without holidays near: what is looked at is the ordinary week, whenever it is checked."""

_VALUES = {name: kind for name, kind in KNOWN.items() if name != "position"}


def check_roster(
    roster: RosterFile,
    marked: Marked,
    calendars: Mapping[str, Calendar],
    known: Mapping[str, Collection[str]],
) -> None:
    """Note in `marked` what is not known, cannot be, or leaves callers alone."""
    _check_named(marked, ("queue",), "queue", roster.queue, known.get("queue"))
    for where, agent in _agents(roster):
        _check_named(marked, where, "agent", agent, known.get("agent"))
    for index, reserve in enumerate(roster.reserves):
        if reserve.notice is not None:
            _check_named(marked, ("reserves", index, "notice"), "notice", reserve.notice, known.get("notice"))
        where = ("reserves", index, "when")
        try:
            if reserve.when.type_in(_VALUES) is not bool:
                marked.report(where, f"a condition gives true or false: {reserve.when.text}")
        except ExpressionError as error:
            marked.report_within(where, error.column, str(error))
    if roster.covers is None:
        return
    calendar = calendars.get(roster.covers)
    if calendar is None:
        _check_named(marked, ("covers",), "calendar", roster.covers, known.get("calendar"))
        return
    for begin, end in roster.made().uncovered(calendar, FROM_MS, WEEK_DAYS):
        told = f"nobody is on duty on {_told(begin)} to {_told(end)[-5:]}, when {roster.covers!r} is open"
        line, column = marked.place(("shifts",), key=True)
        marked.note(line, column, told, "warning")


def _agents(roster: RosterFile) -> Iterator[tuple[Where, str]]:
    for index, shift in enumerate(roster.shifts):
        for at, agent in enumerate(shift.agents):
            yield ("shifts", index, "agents", at), agent
    for index, absence in enumerate(roster.absences):
        yield ("absences", index, "agent"), absence.agent
        if absence.instead is not None:
            yield ("absences", index, "instead"), absence.instead
    for index, reserve in enumerate(roster.reserves):
        for at, agent in enumerate(reserve.agents):
            yield ("reserves", index, "agents", at), agent


def _check_named(marked: Marked, where: Where, kind: str, name: str, names: Collection[str] | None) -> None:
    if names is not None and name not in names and not marked.is_full:
        marked.report(where, f"there is no {kind} {name!r}{did_you_mean(name, names)}")


def _told(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, OSLO):%A %H:%M}"
