"""Two versions of all flows compared: numbers, flows, calendars."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ivr.difference.calendars import compare_calendars
from ivr.difference.changes import Change, Difference, What, in_order
from ivr.difference.crises import compare_crises
from ivr.difference.flows import compare_flow, queues
from ivr.difference.journeys import routes
from ivr.difference.matching import match
from ivr.difference.phrases import Phrases
from ivr.difference.rosters import compare_rosters
from ivr.difference.routing import compare_routing
from ivr.files.crisis_file import CrisisFile
from ivr.files.flow import Flow
from ivr.language.calendar import Calendar
from ivr.language.roster import Roster
from ivr.language.routing import NO_ROUTING, Routing
from ivr.picture.hours import week_lines

ENOUGH = 0.6
"""A flow whose name is new is taken for one that is gone when so many of their steps are the same."""


@dataclass(frozen=True, slots=True)
class Side:
    """One version: what it is called, its flows by name, and its calendars."""

    name: str
    flows: Mapping[str, Flow]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    crises: Mapping[str, CrisisFile] = field(default_factory=dict)
    routing: Routing = NO_ROUTING
    rosters: Mapping[str, Roster] = field(default_factory=dict)


def compare(old: Side, new: Side, phrases: Phrases) -> Difference:
    """Everything that differs."""
    pairs = flow_pairs(old, new)
    titles = {**_queue_titles(old), **_queue_titles(new), **_hours(old, phrases), **_hours(new, phrases)}
    phrases = replace(phrases, titles={**phrases.titles, **titles})
    changes = [*_numbers(old, new, pairs, phrases), *_calendars(old, new, phrases)]
    changes += compare_crises(old.crises, new.crises, phrases)
    changes += compare_routing(old.routing, new.routing, phrases)
    changes += compare_rosters(old.rosters, new.rosters, phrases)
    for name, flow in new.flows.items():
        if name not in pairs.values():
            changes.append(_flow_added(flow, phrases))
    for name, flow in old.flows.items():
        if name not in pairs:
            changes.append(_flow_removed(flow, phrases))
        else:
            changes += in_order(compare_flow(flow, new.flows[pairs[name]], phrases))
    nowhere = list(_queues(old, new, phrases))
    lost = {change.before for change in nowhere}
    changes = [one for one in changes if one.what is not What.QUEUE_UNREACHED or one.before not in lost] + nowhere
    changes = shared(changes)
    flows = {name: flow.title for side in (old, new) for name, flow in side.flows.items()}
    return Difference(old.name, new.name, tuple(changes), tuple(flows.items()))


def shared(changes: Sequence[Change]) -> list[Change]:
    """What changed alike in several flows, told once for all of them: a text that they include."""
    flows: dict[Change, list[str]] = {}
    for change in changes:
        if change.at_steps:
            flows.setdefault(replace(change, flow="", steps=()), []).append(change.flow)
    told: dict[Change, None] = {}
    for change in changes:
        alike = replace(change, flow="", steps=())
        names = dict.fromkeys(flows.get(alike, ()))
        told[replace(alike, flows=tuple(names)) if len(names) > 1 else change] = None
    return list(told)


def _queue_titles(side: Side) -> dict[tuple[str, str], str]:
    return {("queue", name): queue.title for name, queue in side.routing.queues.items() if queue.title}


def _hours(side: Side, phrases: Phrases) -> dict[tuple[str, str], str]:
    """The calendars' weeks as their titles: who asks another calendar wants to know what it says."""
    return {
        ("calendar", name): "; ".join(week_lines(calendar, phrases.language))
        for name, calendar in side.calendars.items()
    }


def flow_pairs(old: Side, new: Side) -> dict[str, str]:
    """New names of flows by old ones."""
    pairs = {name: name for name in old.flows if name in new.flows}
    for name, flow in old.flows.items():
        if name in pairs:
            continue
        free = [other for key, other in new.flows.items() if key not in old.flows and key not in pairs.values()]
        alike = [(_alike(flow, other), other.flow) for other in free]
        best = max(alike, default=(0.0, ""))
        if best[0] >= ENOUGH:
            pairs[name] = best[1]
    return pairs


def _alike(one: Flow, other: Flow) -> float:
    same = len(match(one, other)) / max(len(one.nodes), len(other.nodes))
    return same + (0.2 if set(one.numbers) & set(other.numbers) else 0.0)


def _flow_added(flow: Flow, phrases: Phrases) -> Change:
    on = phrases.choose(" på ", " on ") + ", ".join(flow.numbers) if flow.numbers else ""
    told = phrases.choose(f"Ny flyt {flow.flow} ({flow.title}){on}", f"New flow {flow.flow} ({flow.title}){on}")
    return Change(What.FLOW_ADDED, flow.flow, told, after=phrases.leads_to(flow, flow.start), heard=bool(flow.numbers))


def _flow_removed(flow: Flow, phrases: Phrases) -> Change:
    told = phrases.choose(
        f"Flyten {flow.flow} ({flow.title}) er fjernet", f"The flow {flow.flow} ({flow.title}) is removed"
    )
    return Change(
        What.FLOW_REMOVED, flow.flow, told, before=phrases.leads_to(flow, flow.start), heard=bool(flow.numbers)
    )


def _numbers(old: Side, new: Side, pairs: Mapping[str, str], phrases: Phrases) -> Iterator[Change]:
    before = {number: flow for flow in old.flows.values() for number in flow.numbers}
    now = {number: flow for flow in new.flows.values() for number in flow.numbers}
    choose = phrases.choose
    for number in sorted({*before, *now}):
        was, is_ = before.get(number), now.get(number)
        if was is None and is_ is not None:
            told = choose(f"Nytt nummer: {number}", f"New number: {number}")
            yield Change(What.NUMBER_ADDED, is_.flow, told, after=f"{is_.flow} ({is_.title})")
        elif was is not None and is_ is None:
            told = choose(f"Nummeret {number} besvares ikke lenger", f"The number {number} is no longer answered")
            yield Change(What.NUMBER_REMOVED, pairs.get(was.flow, was.flow), told, before=f"{was.flow} ({was.title})")
        elif was is not None and is_ is not None and pairs.get(was.flow) != is_.flow:
            told = choose(f"Nummeret {number} går til en annen flyt", f"The number {number} goes to another flow")
            yield Change(
                What.NUMBER_MOVED, is_.flow, told, before=f"{was.flow} ({was.title})", after=f"{is_.flow} ({is_.title})"
            )


def _calendars(old: Side, new: Side, phrases: Phrases) -> Iterator[Change]:
    for name in sorted({*old.calendars, *new.calendars}):
        used = [flow.flow for flow in new.flows.values() if name in _asked(flow)]
        asked = ", ".join(used)
        if len(used) == len(new.flows) > 1:
            asked = phrases.choose("alle flyter", "all flows")
        yield from compare_calendars(old.calendars.get(name), new.calendars.get(name), name, asked, phrases)


def _asked(flow: Flow) -> set[str]:
    return {what for step in routes(flow) for kind, what in flow.nodes[step].needs().values() if kind == "calendar"}


def _queues(old: Side, new: Side, phrases: Phrases) -> Iterator[Change]:
    """Queues that no flow leads to any more."""
    before = {queue for flow in old.flows.values() for queue in queues(flow, routes(flow))}
    now = {queue for flow in new.flows.values() for queue in queues(flow, routes(flow))}
    for queue in sorted(before - now):
        title = phrases.value(("queue",), queue)
        told = phrases.choose(
            f"Ingen kommer lenger til køen {title}",
            f"No caller reaches the queue {title} any more",
        )
        yield Change(What.QUEUE_UNREACHED, "", told, before=queue)
