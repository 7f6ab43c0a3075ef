"""A day of a roster in words: who is on duty from when to when, who is away, whom a rule has called in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from acd.duty import CallIn, Standing
from ivr.language.calendar import Calendar, Opening
from ivr.language.roster import Roster
from svar.crises_shown import when


@dataclass(frozen=True, slots=True)
class Span:
    """Who is on duty between two moments (epoch); `uncovered`: nobody, though the calendar is open."""

    from_ms: int
    until_ms: int
    agents: tuple[str, ...]
    uncovered: bool = False


def day_of(now_ms: int, zone: ZoneInfo) -> tuple[int, int]:
    """When the day of this moment begins and ends (epoch)."""
    midnight = datetime.combine(datetime.fromtimestamp(now_ms / 1000, zone).date(), clock_time(), zone)
    next_one = datetime.combine(midnight.date() + timedelta(days=1), clock_time(), zone)
    return round(midnight.timestamp() * 1000), round(next_one.timestamp() * 1000)


def spans(
    roster: Roster, calendar: Calendar | None, standing: Standing, from_ms: int, until_ms: int
) -> tuple[Span, ...]:
    """The day in spans in which nothing changes, those left out in which nobody has to be there and nobody is."""
    edges = {edge for agent in roster.agents() for span in roster.duty(agent, from_ms, until_ms) for edge in span}
    edges |= {one.until_ms for one in standing.away}
    if calendar is not None:
        edges.update(calendar.boundaries(from_ms, until_ms))
    moments = sorted({from_ms, *(edge for edge in edges if from_ms < edge < until_ms)})
    found: list[Span] = []
    for begin, end in zip(moments, [*moments[1:], until_ms], strict=True):
        agents = tuple(sorted(roster.on_duty(begin, standing.absent(begin))))
        is_open = calendar is not None and calendar.at(begin) is Opening.OPEN
        span = Span(begin, end, agents, uncovered=is_open and not agents)
        if found and (found[-1].agents, found[-1].uncovered, found[-1].until_ms) == (agents, span.uncovered, begin):
            span = Span(found.pop().from_ms, end, agents, span.uncovered)
        found.append(span)
    return tuple(span for span in found if span.agents or span.uncovered)


def told(
    roster: Roster, calendars: Mapping[str, Calendar], standing: Standing, now_ms: int, zone: ZoneInfo
) -> Iterator[str]:
    """The roster of today as people read it. Absences by command count for the hours that are still ahead."""
    away = standing.absent(now_ms)
    now = sorted(roster.on_duty(now_ms, away))
    came = [agent for one in standing.calls if one.queue == roster.queue for agent in one.on_duty]
    present = [*now, *(f"{agent} (called in)" for agent in came if agent not in now)]
    yield f"{roster.name}: queue {roster.queue}, on duty now: {', '.join(present) or 'NOBODY'}"
    for span in spans(roster, calendars.get(roster.covers), standing, *day_of(now_ms, zone)):
        hours = f"{_clock(span.from_ms, zone)}-{_clock(span.until_ms - 1, zone, ends=True)}"
        if span.uncovered:
            yield f"  {hours}  NOBODY, while {roster.covers} is open"
        else:
            yield f"  {hours}  {', '.join(span.agents)}"
    for agent, instead in sorted(roster.absent(now_ms).items()):
        yield f"  away today: {agent}{_instead(instead)}, by the roster's file"
    for one in standing.away:
        if now_ms < one.until_ms:
            until = when(one.until_ms, zone)
            yield f"  away: {one.agent} until {until}{_instead(one.instead)}, by {one.author or 'somebody'}"
    for number, reserve in enumerate(roster.reserves, 1):
        rule = f"{roster.name}/{number}"
        call_in = standing.call_in(rule)
        state = _state(call_in, zone) if call_in is not None else "nobody is called"
        yield f"  reserves {', '.join(reserve.agents)} when {reserve.when.text}: {state}"


def _instead(agent: str) -> str:
    return f", {agent} stands in" if agent else ""


def _state(one: CallIn, zone: ZoneInfo) -> str:
    words = [f"{came.agent} on duty since {_clock(came.since_ms, zone)}" for came in one.came]
    if one.calling:
        words.append(f"{one.calling} is being called until {_clock(one.until_ms, zone)}")
    words += [f"{asked.agent}: {asked.answer} at {_clock(asked.at_ms, zone)}" for asked in one.asked]
    return "; ".join(words) or "nobody is called"


def _clock(at_ms: int, zone: ZoneInfo, *, ends: bool = False) -> str:
    """As a roster writes it: a day ends at 24:00."""
    moment = datetime.fromtimestamp((at_ms + ends) / 1000, zone)
    return "24:00" if ends and (moment.hour, moment.minute) == (0, 0) else f"{moment:%H:%M}"
