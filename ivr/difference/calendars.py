"""Two versions of a calendar compared, in words: "Friday 09-15 becomes 09-14"."""

from collections.abc import Iterator
from dataclasses import replace

from ivr.difference.changes import Change, What
from ivr.difference.phrases import Phrases
from ivr.language.calendar import Calendar, Day, Hours
from ivr.picture.hours import date_text, day_text, days_text, hours_text, span_text, week_lines, week_text

MOST_SAME = 6


def compare_calendars(
    old: Calendar | None, new: Calendar | None, name: str, used_by: str, phrases: Phrases
) -> Iterator[Change]:
    """All changes of the calendar `name`; `used_by` names the flows that ask it."""
    if old is None or new is None:
        yield from _whole(old, new, name, used_by, phrases)
        return
    found = [*_week(old, new, phrases), *_days(old, new, phrases), *_holidays(old, new, phrases)]
    whose = phrases.choose(f"Åpningstid {name}", f"Opening hours {name}") + (f" ({used_by})" if used_by else "")
    as_before = _as_before(old, new, phrases)
    for at, change in enumerate(found):
        told = f"{whose}: {change.sentence}" + (as_before if at == len(found) - 1 else "")
        yield replace(change, sentence=told, heard=bool(used_by))


def _whole(old: Calendar | None, new: Calendar | None, name: str, used_by: str, phrases: Phrases) -> Iterator[Change]:
    if new is not None:
        told = phrases.choose(f"Ny kalender {name}", f"New calendar {name}")
        days = [f"{day} {hours}" for day, hours in rules(new, phrases.language).items()]
        after = "; ".join((*week_lines(new, phrases.language), *days))
        yield Change(What.CALENDAR_ADDED, "", told, after=after, heard=False)
    elif old is not None:
        told = phrases.choose(f"Kalenderen {name} er fjernet", f"The calendar {name} is removed")
        yield Change(What.CALENDAR_REMOVED, "", told, heard=bool(used_by))


def _week(old: Calendar, new: Calendar, phrases: Phrases) -> Iterator[Change]:
    alike: dict[tuple[Hours, Hours], list[int]] = {}
    for day, pair in enumerate(zip(old.weekly, new.weekly, strict=True)):
        if pair[0] != pair[1]:
            alike.setdefault(pair, []).append(day)
    for (before, after), days in alike.items():
        told = days_text(days, phrases.language, each=True)
        was, is_ = (hours_text(hours, phrases.language) for hours in (before, after))
        yield Change(What.HOURS_CHANGED, "", f"{told} {_becomes(was, is_, phrases)}", before=was, after=is_)


def _becomes(was: str, is_: str, phrases: Phrases) -> str:
    return phrases.choose(f"{was} blir {is_}", f"{was} becomes {is_}")


def rules(calendar: Calendar, language: str) -> dict[str, str]:
    """Days and spans with hours of their own, in words, in the order of the year; then seasons' weeks."""
    closed = hours_text((), language)
    found = {date_text(*day, language): hours for day, hours in sorted(calendar.yearly.items())}
    found |= {day_text(Day(name), language): hours for name, hours in calendar.named.items()}
    found |= {date_text(day.month, day.day, language, day.year): hours for day, hours in sorted(calendar.dated.items())}
    found |= {span_text(span, language): hours for span, hours in calendar.spans}
    told = {day: hours_text(hours, language) for day, hours in found.items()}
    for season in calendar.seasons:
        week = ", ".join(week_text(season.weekly, language)) or closed
        told[span_text(season.span, language)] = week
    return told


def _days(old: Calendar, new: Calendar, phrases: Phrases) -> Iterator[Change]:
    before, after = rules(old, phrases.language), rules(new, phrases.language)
    usual = phrases.choose("som ellers", "as usual")
    for day in dict.fromkeys((*before, *after)):
        was, is_ = before.get(day, usual), after.get(day, usual)
        if was != is_:
            yield Change(What.DAY_CHANGED, "", f"{day}: {_becomes(was, is_, phrases)}", before=was, after=is_)


def _as_before(old: Calendar, new: Calendar, phrases: Phrases) -> str:
    """ "; 24 December closed as before": the special days that did not change, for who fears that they did."""
    before, after = rules(old, phrases.language), rules(new, phrases.language)
    same = [f"{day} {told}" for day, told in after.items() if before.get(day) == told]
    if not same:
        return ""
    shown = ", ".join(same[:MOST_SAME]) + (", ..." if len(same) > MOST_SAME else "")
    return phrases.choose(f"; {shown} som før", f"; {shown} as before")


def _holidays(old: Calendar, new: Calendar, phrases: Phrases) -> Iterator[Change]:
    if old.public_holidays == new.public_holidays:
        return
    told = phrases.choose("åpent som ellers på helligdager", "open as usual on public holidays")
    if new.public_holidays:
        told = phrases.choose("stengt på helligdager", "closed on public holidays")
    yield Change(What.HOURS_CHANGED, "", told)
