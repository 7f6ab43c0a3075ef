"""Checks of routing: names that nothing is known by, queues that nobody serves, tiers that change nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from acd.model import AgentSpec, QueueSpec
from ivr.checks.serving import Landscape, implied, is_conditional
from ivr.files.load import Folder
from ivr.files.marked_yaml import Marked
from ivr.files.marked_yaml import Path as Where
from ivr.files.routing_file import Placed, RoutingFiles
from ivr.files.routing_rows import MOST_AGENTS, AgentRow, QueueRow
from ivr.language.problems import did_you_mean, errors
from ivr.language.routing import NO_ROUTING, Routing, skills_asked

Known = Mapping[str, Collection[str]]


def check_routing(
    folder: Folder, deployment: Known, calendars: Collection[str], standing: Routing = NO_ROUTING
) -> None:
    """Note in the files' marks what is not known, stands twice, or leaves callers alone.

    `standing` are the queues and agents of the configuration, which serve beside those of the files.
    """
    files = folder.routing
    if not files.marks:
        return
    _check_unique(files, deployment)
    if files.is_partial:
        return
    staff = [agent.spec for agent in standing.agents.values()] + [_spec(placed.row) for placed in files.agents]
    _check_queues(files, staff, None if "agents" in files.broken else deployment.get("skill"))
    _check_sites(files)
    for placed in files.agents:
        _named(placed.marked, (*placed.where, "site"), "site", placed.row.site, files.names("sites"), _subject(placed))
    _check_partners(files, deployment.get("destination"), calendars)
    _check_rosters(folder)
    if not any(errors(marked.problems) for marked in files.marks):
        _advise(files, staff, standing)
        if not folder.problems:
            _advise_rosters(files, {roster.file.queue for roster in folder.rosters.values()})


def _spec(row: AgentRow) -> AgentSpec:
    """One agent for all of a range: they differ in nothing that matters here."""
    return next(row.made()).spec


def _subject(placed: Placed[Any]) -> str:
    kinds = {"queues": "queue", "sites": "site", "agents": "agent", "partners": "partner"}
    return f"{kinds[str(placed.where[0])]} {placed.row.name!r}: "


def _named(
    marked: Marked, where: Where, kind: str, name: str, names: Collection[str], subject: str, hint: str = "",
    *, key: bool = False,
) -> None:  # fmt: skip
    if name not in names and not marked.is_full:
        marked.report(where, f"{subject}there is no {kind} {name!r}{did_you_mean(name, names) or hint}", key=key)


# --- Names ------------------------------------------------------------------------------------------------------------


def _check_unique(files: RoutingFiles, deployment: Known) -> None:
    one_by_one: tuple[tuple[str, Sequence[Placed[Any]]], ...] = (
        ("queue", files.queues),
        ("site", files.sites),
        ("partner", files.partners),
    )
    for kind, rows in one_by_one:
        _check_twice(kind, ((placed, placed.row.name) for placed in rows), deployment.get(kind, ()))
    if (count := sum(placed.row.count for placed in files.agents)) > MOST_AGENTS:
        last = files.agents[-1]
        last.marked.report(last.where, f"{count} agents in all: at most {MOST_AGENTS} may stand in a folder")
        return
    each = ((placed, name) for placed in files.agents for name in placed.row.names())
    _check_twice("agent", each, frozenset(deployment.get("agent", ())))


def _check_twice(kind: str, rows: Iterator[tuple[Placed[Any], str]], configured: Collection[str]) -> None:
    """A range that meets another is told once."""
    seen: dict[str, Placed[Any]] = {}
    told: set[int] = set()
    for placed, name in rows:
        first = seen.setdefault(name, placed)
        there = f"{first.marked.path}:{first.marked.place(first.where)[0]}" if first is not placed else ""
        if not there and name in configured:
            there = f"the configuration, as [[{kind}]]"
        if there and id(placed) not in told:
            told.add(id(placed))
            placed.marked.report((*placed.where, "name"), f"the {kind} {name!r} is in {there} too")


def _check_queues(files: RoutingFiles, staff: Sequence[AgentSpec], configured: Collection[str] | None) -> None:
    """`configured`: the skills of agents that stand in the configuration; None where nobody knows."""
    skills = {skill for agent in staff for skill in agent.skills} | set(configured or ())
    groups = {group for agent in staff for group in agent.groups}
    for placed in files.queues:
        for where, skill, key in _skills_named(placed.row):
            if skills and configured is not None:
                _named(placed.marked, (*placed.where, *where), "skill", skill, skills, _subject(placed), key=key)
        for at, tier in enumerate(placed.row.tiers):
            where = (*placed.where, "tiers", at)
            subject = f"{_subject(placed)}tier {at + 1}: "
            for index, site in enumerate(tier.sites if isinstance(tier.sites, tuple) else ()):
                _named(placed.marked, (*where, "sites", index), "site", site, files.names("sites"), subject)
            for index, group in enumerate(tier.groups if staff else ()):
                hint = "; no agent is in it"
                _named(placed.marked, (*where, "groups", index), "group", group, groups, subject, hint)
            if tier.partner:
                hint = "; partners stand in a list `partners:`"
                names = files.names("partners")
                _named(placed.marked, (*where, "partner"), "partner", tier.partner, names, subject, hint)


def _skills_named(row: QueueRow) -> Iterator[tuple[Where, str, bool]]:
    """Where a skill is named, and whether as a key."""
    if row.skill:
        yield ("skill",), row.skill, False
    for field, levels in (("requires", row.requires), ("wishes", row.wishes)):
        yield from (((field, skill), skill, True) for skill in levels)
    yield from ((("tiers", at, "skill"), tier.skill, False) for at, tier in enumerate(row.tiers) if tier.skill)


def _check_sites(files: RoutingFiles) -> None:
    for placed in files.sites:
        for at, neighbour in enumerate(placed.row.neighbours):
            where, subject = (*placed.where, "neighbours", at), _subject(placed)
            if neighbour == placed.row.name:
                placed.marked.report(where, f"{subject}a site is not its own neighbour: it serves its callers anyhow")
            else:
                _named(placed.marked, where, "site", neighbour, files.names("sites"), subject)


def _check_partners(files: RoutingFiles, destinations: Collection[str] | None, calendars: Collection[str]) -> None:
    for placed in files.partners:
        subject, name = _subject(placed), placed.row.name
        if destinations is not None:
            hint = " in the configuration: it wants a [[destination]] of this name, by which it is rung"
            _named(placed.marked, (*placed.where, "name"), "destination", name, destinations, subject, hint)
        if placed.row.hours:
            _named(placed.marked, (*placed.where, "hours"), "calendar", placed.row.hours, calendars, subject)


def _check_rosters(folder: Folder) -> None:
    """Those who are on duty count only for queues that go by a roster."""
    queues = {placed.row.name: placed for placed in folder.routing.queues}
    for roster in folder.rosters.values():
        placed = queues.get(roster.file.queue)
        if placed is not None and not placed.row.rostered:
            told = f"the queue {roster.file.queue!r} goes by no roster: it wants `rostered: true`"
            roster.marked.report(("queue",), told)


# --- What is right and yet may not be meant ---------------------------------------------------------------------------


def _warn(marked: Marked, where: Where, message: str, *, key: bool = False) -> None:
    line, column = marked.place(where, key=key)
    marked.note(line, column, message, "warning")


def _advise(files: RoutingFiles, staff: Sequence[AgentSpec], standing: Routing) -> None:
    land = Landscape(files.made().sites, staff)
    asked = {skill for placed in files.queues for skill in skills_asked(placed.row.made().spec)}
    asked |= {skill for queue in standing.queues.values() for skill in skills_asked(queue.spec)}
    for placed in files.agents:
        for skill in placed.row.skills:
            if skill not in asked:
                told = f"{_subject(placed)}no queue asks for the skill {skill!r}{did_you_mean(skill, asked)}"
                _warn(placed.marked, (*placed.where, "skills", skill), told, key=True)
    for queue in files.queues:
        _advise_queue(queue, land)
    _advise_places(files, {agent.site for agent in staff})


def _advise_places(files: RoutingFiles, staffed: Collection[str]) -> None:
    helpers = {placed.row.name: placed.row.neighbours for placed in files.sites}
    for placed in files.sites:
        if staffed and placed.row.name not in staffed:
            _warn(placed.marked, (*placed.where, "name"), f"{_subject(placed)}no agent is there")
        for at, neighbour in enumerate(placed.row.neighbours):
            if placed.row.name not in helpers[neighbour]:
                told = f"{neighbour!r} helps it, and is not helped by it: where that is meant, all is well"
                _warn(placed.marked, (*placed.where, "neighbours", at), _subject(placed) + told)
    asked = {tier.partner for placed in files.queues for tier in placed.row.tiers}
    for partner in files.partners:
        if partner.row.name not in asked:
            told = f"{_subject(partner)}no queue has a tier for it"
            _warn(partner.marked, (*partner.where, "name"), told)


def _advise_rosters(files: RoutingFiles, covered: Collection[str]) -> None:
    for placed in files.queues:
        if placed.row.rostered and placed.row.name not in covered:
            told = f"{_subject(placed)}nobody is ever on duty: no file of rosters/ is for it"
            _warn(placed.marked, (*placed.where, "rostered"), told)


def _advise_queue(placed: Placed[QueueRow], land: Landscape) -> None:
    spec = placed.row.made().spec
    served = [land.served(spec, tier) for tier in spec.tiers]
    where, subject = (*placed.where, "name"), _subject(placed)
    if not any(served):
        _warn(placed.marked, where, subject + _unserved(spec))
        return
    if all(is_conditional(tier) for tier in spec.tiers):
        _warn(placed.marked, (*placed.where, "tiers"), f"{subject}no tier is open from the start", key=True)
    for at, tier in enumerate(spec.tiers if placed.row.tiers else ()):
        where = (*placed.where, "tiers", at)
        before = [served[i] for i, other in enumerate(spec.tiers[:at]) if implied(tier, other)]
        if not served[at]:
            _warn(placed.marked, where, f"{subject}tier {at + 1}: no agent can ever serve by it: {_lacking(spec, at)}")
        elif before and served[at] <= frozenset().union(*before):
            _warn(placed.marked, where, f"{subject}tier {at + 1} adds nobody to the tiers that are open before it")


def _lacking(spec: QueueSpec, at: int) -> str:
    tier = spec.tiers[at]
    among = " of its groups" if tier.groups else ""
    there = {"own": "at any site", "neighbours": "at any site", "all": "anywhere"}.get(
        tier.sites if isinstance(tier.sites, str) else "", "at its sites"
    )
    required = "".join(f", {other!r} at {level}" for other, level in spec.serving.requires.items())
    level = tier.level or spec.level
    return f"nobody{among} {there} has {tier.skill or spec.skill or spec.queue!r} at level {level} or more{required}"


def _unserved(spec: QueueSpec) -> str:
    skill = spec.skill or spec.queue
    needed = f"{skill!r} at level {spec.level} or more"
    needed += "".join(f", and {other!r} at {level}" for other, level in spec.serving.requires.items())
    return f"no agent can serve it: nobody has the skill {needed}"
