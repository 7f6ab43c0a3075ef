"""Two versions of the duty rosters compared: shifts, absences and reserves that came or went."""

from collections.abc import Iterator, Mapping

from ivr.difference.changes import Change, What
from ivr.difference.phrases import Phrases
from ivr.language.calendar import DaySpan
from ivr.language.lengths import length_text
from ivr.language.roster import Reserve, Roster, Shift
from ivr.picture.hours import days_text, hours_text, span_text


def compare_rosters(old: Mapping[str, Roster], new: Mapping[str, Roster], phrases: Phrases) -> Iterator[Change]:
    """Rows that are gone, then rows that are new; a row that was changed is both."""
    for name in sorted({*old, *new}):
        before, after = (_rows(side[name], phrases) if name in side else [] for side in (old, new))
        whose = phrases.choose(f"Vaktliste {name}: ", f"Roster {name}: ")
        for row in before:
            if row not in after:
                yield Change(What.ROSTER_REMOVED, "", whose + row, heard=False)
        for row in after:
            if row not in before:
                yield Change(What.ROSTER_ADDED, "", whose + row, heard=False)


def _rows(roster: Roster, phrases: Phrases) -> list[str]:
    queue = phrases.choose(f"for køen {roster.queue}", f"for the queue {roster.queue}")
    found = [queue, *(_shift(shift, phrases) for shift in roster.shifts)]
    for absence in roster.absences:
        days = _days(absence.days, phrases)
        told = phrases.choose(f"{absence.agent} er borte {days}", f"{absence.agent} is away {days}")
        if absence.instead:
            told += phrases.choose(f", {absence.instead} vikarierer", f", {absence.instead} stands in")
        found.append(told)
    return [*found, *(_reserve(reserve, phrases) for reserve in roster.reserves)]


def _shift(shift: Shift, phrases: Phrases) -> str:
    when = f"{days_text(sorted(shift.weekdays), phrases.language)} {hours_text(shift.hours, phrases.language)}"
    if shift.span is not None:
        when += f" ({_days(shift.span, phrases)})"
    return phrases.choose(f"{when} har vakt: ", f"{when} on duty: ") + ", ".join(shift.agents)


def _reserve(reserve: Reserve, phrases: Phrases) -> str:
    agents, after = ", ".join(reserve.agents), length_text(reserve.release_after_s)
    return phrases.choose(
        f"{agents} kalles inn når {reserve.when.text}, og slippes etter {after}",
        f"{agents} called in when {reserve.when.text}, released after {after}",
    )


def _days(span: DaySpan, phrases: Phrases) -> str:
    return span_text(span, phrases.language)
