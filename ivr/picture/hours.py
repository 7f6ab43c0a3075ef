"""Opening hours in words."""

from collections.abc import Sequence
from typing import Final

from ivr.language.calendar import Calendar, Day, DaySpan, Hours

DAYS: Final = {
    "nb": ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_CLOSED: Final = {"nb": "stengt", "en": "closed"}
_NAMED: Final = {
    "palm_sunday": ("palmesøndag", "Palm Sunday"),
    "holy_monday": ("mandag før påske", "the Monday before Easter"),
    "holy_tuesday": ("tirsdag før påske", "the Tuesday before Easter"),
    "easter_wednesday": ("onsdag før påske", "the Wednesday before Easter"),
    "maundy_thursday": ("skjærtorsdag", "Maundy Thursday"),
    "good_friday": ("langfredag", "Good Friday"),
    "easter_eve": ("påskeaften", "Easter Eve"),
    "easter_sunday": ("første påskedag", "Easter Sunday"),
    "easter_monday": ("andre påskedag", "Easter Monday"),
    "ascension_day": ("Kristi himmelfartsdag", "Ascension Day"),
    "ascension_friday": ("fredag etter Kristi himmelfartsdag", "the Friday after Ascension Day"),
    "whit_eve": ("pinseaften", "Whit Eve"),
    "whit_sunday": ("første pinsedag", "Whit Sunday"),
    "whit_monday": ("andre pinsedag", "Whit Monday"),
    "new_years_day": ("nyttårsdag", "New Year's Day"),
    "labour_day": ("1. mai", "Labour Day"),
    "constitution_day": ("17. mai", "Constitution Day"),
    "little_christmas_eve": ("lille julaften", "23 December"),
    "christmas_eve": ("julaften", "Christmas Eve"),
    "christmas_day": ("første juledag", "Christmas Day"),
    "boxing_day": ("andre juledag", "Boxing Day"),
    "new_years_eve": ("nyttårsaften", "New Year's Eve"),
}
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


def day_text(day: Day, language: str) -> str:
    """A day as a calendar's file names it: a date, a day of every year, or one with a name of its own."""
    parts = day.text.split("-")
    if not parts[-1].isdigit():
        known = _NAMED.get(day.text)
        return (known[0] if language == "nb" else known[1]) if known else day.text.replace("_", " ")
    return date_text(int(parts[-2]), int(parts[-1]), language, int(parts[0]) if len(parts) > 2 else None)


def span_text(span: DaySpan, language: str) -> str:
    """ "27 December to 30 December"."""
    return (" til " if language == "nb" else " to ").join(day_text(day, language) for day in (span.first, span.last))


def week_text(weekly: Sequence[Hours], language: str) -> list[str]:
    """The open hours of a week, days that are alike together: "Monday to Friday 09-15"."""
    alike: dict[Hours, list[int]] = {}
    for day, hours in enumerate(weekly):
        if hours:
            alike.setdefault(hours, []).append(day)
    return [f"{days_text(days, language)} {hours_text(hours, language)}" for hours, days in alike.items()]


def week_lines(calendar: Calendar, language: str) -> list[str]:
    """The open hours of the week and of its seasons, a line each."""
    lines = [line[:1].upper() + line[1:] for line in week_text(calendar.weekly, language)]
    for season in calendar.seasons:
        week = ", ".join(week_text(season.weekly, language)) or _CLOSED[_known(language)]
        lines.append(f"{span_text(season.span, language)}: {week}")
    return lines or [_CLOSED[_known(language)]]
