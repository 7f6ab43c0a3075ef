"""A duty roster: who takes the calls of a queue when, who stands in, and who is called in when it gets busy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from types import MappingProxyType

from acd.call_ins import Rule
from ivr.language.calendar import OSLO, Calendar, DaySpan, Hours, Opening
from ivr.language.expression import Expression

_DAY_MS = 86_400_000
_NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Shift:
    """Who is on duty at these hours of these weekdays (Monday is 0), where there is a `span` only then."""

    weekdays: frozenset[int]
    hours: Hours
    agents: tuple[str, ...]
    span: DaySpan | None = None

    def is_of(self, day: date) -> bool:
        return day.weekday() in self.weekdays and (self.span is None or self.span.has(day))


@dataclass(frozen=True, slots=True)
class Absence:
    """An agent is away on these days; `instead` stands in, where somebody does."""

    agent: str
    days: DaySpan
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Reserve:
    """Who is called in while a condition on the queue holds, and released so long after it held last.

    Their phone `rings` and asks, or they are told alone, by MQTT and the web service `notice` (empty: none); who has
    not answered after `answer_within_s` makes room for the next.
    """

    agents: tuple[str, ...]
    when: Expression
    release_after_s: float
    answer_within_s: float = 60.0
    rings: bool = True
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is on duty for `queue`. `covers`: the calendar whose hours somebody should be on duty in; empty: none."""

    name: str
    queue: str
    shifts: tuple[Shift, ...]
    absences: tuple[Absence, ...] = ()
    reserves: tuple[Reserve, ...] = ()
    covers: str = ""

    def rules(self) -> Iterator[tuple[Rule, Reserve]]:
        """Its reserve rules, named by the roster and their number in it from 1 on."""
        for number, one in enumerate(self.reserves, 1):
            times_ms = round(one.answer_within_s * 1000), round(one.release_after_s * 1000)
            yield Rule(f"{self.name}/{number}", self.queue, one.when.text, one.agents, *times_ms, one.rings), one

    def on_duty(self, now_ms: int, away: Mapping[str, str] = _NOBODY) -> frozenset[str]:
        """The agents on duty at this moment (milliseconds since the epoch), those who stand in included.

        `away`: who is away besides, and who stands in ("": nobody).
        """
        local = datetime.fromtimestamp(now_ms / 1000, OSLO)
        minute = local.hour * 60 + local.minute
        return frozenset(agent for (begin, end), agent in self._of_day(local.date(), away) if begin <= minute < end)

    def agents(self) -> set[str]:
        """Everybody who may be on duty by its shifts."""
        named = {agent for shift in self.shifts for agent in shift.agents} | {each.instead for each in self.absences}
        return named - {""}

    def absent(self, now_ms: int) -> dict[str, str]:
        """Who is away by this roster at this moment, and who stands in ("": nobody)."""
        return self._away(datetime.fromtimestamp(now_ms / 1000, OSLO).date())

    def duty(self, agent: str, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
        """When the agent is on duty between two moments: spans of milliseconds since the epoch, in order."""
        found: list[tuple[int, int]] = []
        day = datetime.fromtimestamp(from_ms / 1000, OSLO).date()
        last = datetime.fromtimestamp(until_ms / 1000, OSLO).date()
        while day <= last:
            for (begin, end), who in sorted(self._of_day(day)):
                span = max(_at_ms(day, begin), from_ms), min(_at_ms(day, end), until_ms)
                if who == agent and span[0] < span[1]:
                    found.append(span)
            day += timedelta(days=1)
        return _joined(found)

    def uncovered(self, calendar: Calendar, from_ms: int, days: int) -> Iterator[tuple[int, int]]:
        """Spans in which the calendar is open and nobody is on duty, over so many days."""
        until_ms = from_ms + days * _DAY_MS
        covered = _joined(sorted(span for agent in self.agents() for span in self.duty(agent, from_ms, until_ms)))
        edges = {edge for span in covered for edge in span}
        moments = sorted({from_ms, *calendar.boundaries(from_ms, until_ms), *edges} - {until_ms})
        for begin, end in zip(moments, [*moments[1:], until_ms], strict=True):
            on_duty = any(span[0] <= begin < span[1] for span in covered)
            if calendar.at(begin) is Opening.OPEN and not on_duty:
                yield begin, end

    def _away(self, day: date) -> dict[str, str]:
        return {each.agent: each.instead for each in self.absences if each.days.has(day)}

    def _of_day(self, day: date, besides: Mapping[str, str] = _NOBODY) -> Iterator[tuple[tuple[int, int], str]]:
        away = {**self._away(day), **besides}
        for shift in self.shifts:
            if shift.is_of(day):
                present = {away.get(agent, agent) for agent in shift.agents} - away.keys() - {""}
                yield from ((span, agent) for span in shift.hours for agent in sorted(present))


def _at_ms(day: date, minute: int) -> int:
    """That minute by the clock on the wall; 24:00 is the next day's beginning."""
    midnight = datetime.combine(day + timedelta(days=minute // 1440), clock_time(), OSLO)
    local = midnight.replace(hour=minute % 1440 // 60, minute=minute % 60)
    return round(local.timestamp() * 1000)


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that touch put together."""
    found: list[tuple[int, int]] = []
    for begin, end in spans:
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found
