"""Opening hours in words."""

from collections.abc import Sequence
from typing import Final

from ivr.calendar import Calendar, Hours

DAYS: Final = {
    "nb": ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_CLOSED: Final = {"nb": "stengt", "en": "closed"}
MONTHS: Final = {
    "nb": ("januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november",
           "desember"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip


def hours_text(hours: Hours, language: str) -> str:
    """ "09-15", "09-11:30 and 12-15" or "closed"."""
    joint = " og " if language == "nb" else " and "
    return joint.join(f"{_clock(begin)}-{_clock(end)}" for begin, end in hours) or _CLOSED[_known(language)]


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}" if minute else f"{hour:02}"


def _known(language: str) -> str:
    return "nb" if language == "nb" else "en"


def days_text(days: Sequence[int], language: str, *, each: bool = False) -> str:
    """ "Monday to Friday", "Friday", "Monday, Wednesday": weekdays from 0. With `each`: "Fridays"."""
    names: Sequence[str] = DAYS[_known(language)]
    if each:
        names = [f"{name}{'er' if language == 'nb' else 's'}" for name in names]
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    through = " til " if language == "nb" else " to "
    return ", ".join(
        names[run[0]] if len(run) == 1 else (through if len(run) > 2 else ", ").join((names[run[0]], names[run[-1]]))
        for run in runs
    )


def date_text(month: int, day: int, language: str, year: int | None = None) -> str:
    """ "24 December", "24. desember 2026"."""
    name = MONTHS[_known(language)][month - 1]
    told = f"{day}. {name}" if language == "nb" else f"{day} {name}"
    return f"{told} {year}" if year is not None else told


def week_lines(calendar: Calendar, language: str) -> list[str]:
    """The open hours of the week, days that are alike together: "Monday to Friday 09-15"."""
    alike: dict[Hours, list[int]] = {}
    for day, hours in enumerate(calendar.weekly):
        if hours:
            alike.setdefault(hours, []).append(day)
    lines = [f"{days_text(days, language)} {hours_text(hours, language)}" for hours, days in alike.items()]
    return [line[:1].upper() + line[1:] for line in lines] or [_CLOSED[_known(language)]]
