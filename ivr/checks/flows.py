"""Checks across the nodes of a flow, and across the files of a folder."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from ivr.checks.advice import advise
from ivr.checks.calls import check_calls
from ivr.checks.crises import check_crisis
from ivr.checks.outwards import check_outwards
from ivr.checks.rosters import check_roster
from ivr.checks.routing import check_routing
from ivr.checks.topics import check_topics
from ivr.files.flow import Flow
from ivr.files.load import Folder, LoadedFlow, read_folder
from ivr.files.marked_yaml import Marked
from ivr.files.marked_yaml import Path as Where
from ivr.language.expression import TYPE_WORDS, Expression, ExpressionError
from ivr.language.problems import Problem, did_you_mean
from ivr.language.prompting import Said
from ivr.language.routing import NO_ROUTING, Routing
from ivr.language.schema import OneLanguage
from ivr.nodes import Node

Deployment = Mapping[str, Collection[str]]
"""The names that the configuration gives, by kind (queue, destination, ...). Kinds left out are not checked."""

TABLES = ("queue", "mailbox", "destination", "lookup")
"""Kinds that stand in the configuration, each as a table of that name."""

NO_DEPLOYMENT: Deployment = MappingProxyType({})


def check_folder(path: Path, deployment: Deployment = NO_DEPLOYMENT, standing: Routing = NO_ROUTING) -> list[Problem]:
    """Every mistake in a folder of flows, in order."""
    folder = read_folder(path)
    return sorted(folder.problems + check_flows(folder, deployment, standing))


def check_flows(
    folder: Folder, deployment: Deployment = NO_DEPLOYMENT, standing: Routing = NO_ROUTING
) -> list[Problem]:
    """The mistakes that show only when nodes and files are seen together.

    `standing`: the queues and agents of the configuration, beside which those of the folder serve.
    """
    known = _known(folder, deployment)
    for loaded in folder.flows:
        check_flow(loaded.flow, loaded.marked, loaded.broken)
        _check_world(loaded, known, has_routing=bool(folder.routing.marks))
        advise(loaded.flow, loaded.marked)
    _check_unique(folder.flows)
    whole = not folder.problems and not any(loaded.broken for loaded in folder.flows)
    check_calls(folder.flows, whole=whole)
    flows = [loaded.flow for loaded in folder.flows]
    for crisis in folder.crises.values():
        check_crisis(crisis.file, crisis.marked, flows, known)
    for roster in folder.rosters.values():
        check_roster(roster.file, roster.marked, folder.calendars, known)
    check_routing(folder, deployment, known["calendar"], standing)
    check_topics([(topics.file, topics.marked) for topics in folder.topics.values()], known)
    files = [loaded.marked for loaded in folder.flows]
    files += [crisis.marked for crisis in folder.crises.values()]
    files += [roster.marked for roster in folder.rosters.values()]
    files += [topics.marked for topics in folder.topics.values()]
    files += folder.routing.marks
    return [problem for marked in files for problem in marked.problems]


def _known(folder: Folder, deployment: Deployment) -> Deployment:
    """What the configuration and the folder give flows to name."""
    known = {**deployment, "calendar": folder.names("calendar"), "flow": folder.names("flow")}
    for kind, rows in (("queue", "queues"), ("agent", "agents")):
        if kind in known and folder.routing.is_partial:
            del known[kind]
        elif kind in known and folder.routing.marks:
            known[kind] = {*known[kind], *folder.routing.names(rows)}
    return known


def check_flow(flow: Flow, marked: Marked, broken: Collection[str] = ()) -> None:
    """What can be said of one flow alone; the problems are noted in `marked`.

    `broken` nodes are not there as they were meant: where they may lead, and what they set, nobody knows.
    """
    _check_targets(flow, marked)
    _check_circles(flow, marked)
    _check_languages(flow, marked)
    _check_declared(flow, marked)
    if not broken:
        _check_reach(flow, marked)
        _check_values(flow, marked)
        _check_expressions(flow, marked)
        check_outwards(flow, marked)


def _report(marked: Marked, name: str, node: Node, where: Where, message: str, *, key: bool = False) -> None:
    marked.report(("nodes", name, *where), f"{node.type} {name!r}: {message}", key=key)


def _check_targets(flow: Flow, marked: Marked) -> None:
    if flow.start not in flow.nodes:
        marked.report(("start",), f"start: there is no node {flow.start!r}{did_you_mean(flow.start, flow.nodes)}")
    for name, node in flow.nodes.items():
        if marked.is_full:
            return
        for where, target in node.targets().items():
            if target not in flow.nodes:
                hint = did_you_mean(target, flow.nodes)
                _report(marked, name, node, where, f"there is no node {target!r}{hint}")


def _check_declared(flow: Flow, marked: Marked) -> None:
    """A name that had two meanings could have two types, and an expression fail when a caller is on the line."""
    for field, names in (("variables", flow.variables), ("parameters", flow.parameters)):
        for name in names:
            if name in flow.built_in:
                marked.report((field, name), f"{name!r} is known to every flow: choose another name", key=True)
            elif field == "parameters" and name in flow.variables:
                marked.report((field, name), f"{name!r} stands under variables too: choose another name", key=True)


def _check_reach(flow: Flow, marked: Marked) -> None:
    if flow.start in flow.nodes:
        reached = _reached(flow)
        for name, node in flow.nodes.items():
            if name not in reached:
                _report(marked, name, node, (), "no caller ever gets here", key=True)


def _reached(flow: Flow) -> set[str]:
    reached: set[str] = set()
    ahead = [flow.start]
    while ahead:
        name = ahead.pop()
        if name in reached or name not in flow.nodes:
            continue
        reached.add(name)
        ahead.extend(flow.nodes[name].targets().values())
    return reached


def _check_circles(flow: Flow, marked: Marked) -> None:
    """A caller who presses nothing, and is in no queue, must not be led in a circle. Told once a circle."""
    for circle in _circles(flow):
        if marked.is_full:
            return
        node = flow.nodes[circle[0]]
        said = " > ".join([*circle, circle[0]])
        _report(marked, circle[0], node, (), f"a caller who presses nothing turns in a circle: {said}", key=True)


def _circles(flow: Flow) -> list[list[str]]:
    found: list[list[str]] = []
    done: set[str] = set()
    for start in flow.nodes:
        trail: list[str] = []
        ahead = [iter([start])]
        while ahead:
            name = next(ahead[-1], None)
            if name is None:
                ahead.pop()
                done.update(trail[len(ahead) - 1 :])
                del trail[max(len(ahead) - 1, 0) :]
            elif name in trail:
                circle = trail[trail.index(name) :]
                found += [circle] if circle not in found else []
            elif name in flow.nodes and name not in done:
                trail.append(name)
                ahead.append(iter(flow.nodes[name].silent_targets()))
    return found


def _check_languages(flow: Flow, marked: Marked) -> None:
    spoken = [language for language in flow.languages if language not in flow.fallback]
    for name, node in flow.nodes.items():
        for where, language in node.speaks().items():
            if language not in flow.languages:
                message = f"{language!r} is none of the flow's languages{did_you_mean(language, flow.languages)}"
                _report(marked, name, node, where, message)
        for where, said in node.texts().items():
            if isinstance(said, OneLanguage):
                continue
            owner, what, place = _written_at(flow, name, node, where, said)
            missing = [language for language in spoken if language not in said.texts]
            if missing and said.texts:
                marked.report(place, f"{what} is not said in {', '.join(missing)}", key=True)
            for language in said.texts:
                if language not in flow.languages and said.key.startswith(f"{flow.flow}/"):
                    hint = did_you_mean(language, flow.languages)
                    message = f"{owner}: {language!r} is none of the flow's languages{hint}"
                    marked.report((*place, language), message, key=True)


def _written_at(flow: Flow, name: str, node: Node, where: Where, said: Said) -> tuple[str, str, Where]:
    """Who says a text, what it is called, and where it is written: a shared one where the file keeps it."""
    for field in ("prompts", "waiting"):
        beginning = f"{flow.flow}/{field}."
        if field not in flow.nodes and said.key.startswith(beginning):
            parts = (int(part) if part.isdigit() else part for part in said.key.removeprefix(beginning).split("."))
            called = repr(said.key.partition("/")[2])
            return called, called, (field, *parts)
    owner = f"{node.type} {name!r}"
    return owner, f"{owner}: {'.'.join(map(str, where))!r}", ("nodes", name, *where)


def _check_values(flow: Flow, marked: Marked) -> None:
    types = flow.types()
    for name, node in flow.nodes.items():
        if marked.is_full:
            return
        for where, said in node.texts().items():
            owner, _, place = _written_at(flow, name, node, where, said)
            for slot in sorted(said.slots() - node.slots - types.keys()):
                hint = did_you_mean(slot, [*node.slots, *types])
                at = place if place[0] == "waiting" else ("nodes", name, *where)
                marked.report(at, f"{owner}: there is no value {{{slot}}}{hint}", key=True)


def _check_expressions(flow: Flow, marked: Marked) -> None:
    types = flow.types()
    for name, node in flow.nodes.items():
        if marked.is_full:
            return
        for where, expression in node.conditions().items():
            given = _type(marked, name, node, where, expression, {**types, **node.knows()})
            if given not in (None, bool):
                _report(marked, name, node, where, f"a condition gives true or false: {expression.text}")
        for variable, assigned in node.assigns().items():
            _check_assigned(flow, marked, name, node, variable, assigned)
        for variable, kind in node.gives().items():
            if variable in flow.variables or variable in flow.parameters or variable in flow.built_in:
                _report(marked, name, node, ("variable",), f"{variable!r} is declared already: choose another name")
            elif types[variable] is not kind:
                message = f"{variable!r} is {TYPE_WORDS[types[variable]]} elsewhere, and this gives {TYPE_WORDS[kind]}"
                _report(marked, name, node, ("variable",), message)


def _check_assigned(flow: Flow, marked: Marked, name: str, node: Node, variable: str, assigned: Expression) -> None:
    types = flow.types()
    where = ("values", variable)
    if variable not in flow.variables and variable not in flow.parameters and variable != "language":
        hint = did_you_mean(variable, [*flow.variables, *flow.parameters, "language"]) or "; declare it under variables"
        _report(marked, name, node, where, f"there is no variable {variable!r}{hint}", key=True)
        return
    given = _type(marked, name, node, where, assigned, types)
    if given is None:
        return
    if given is not types[variable]:
        message = f"{variable!r} is {TYPE_WORDS[types[variable]]}, and this gives {TYPE_WORDS[given]}"
        _report(marked, name, node, where, message)
    elif variable == "language" and assigned.constant() not in flow.languages:
        _report(marked, name, node, where, f"the language is one of the flow's: {', '.join(flow.languages)}")


def _type(
    marked: Marked, name: str, node: Node, where: Where, expression: Expression, types: dict[str, type]
) -> type | None:
    try:
        return expression.type_in(types)
    except ExpressionError as error:
        marked.report_within(("nodes", name, *where), error.column, f"{node.type} {name!r}: {error}")
        return None


def _check_world(loaded: LoadedFlow, known: Deployment, *, has_routing: bool) -> None:
    for name, node in loaded.flow.nodes.items():
        if loaded.marked.is_full:
            return
        for where, (kind, wanted) in node.needs().items():
            names = known.get(kind)
            if names is not None and wanted not in names:
                place = f" in the configuration: it wants a [[{kind}]]" if kind in TABLES else ""
                if kind == "queue" and has_routing:
                    place = (
                        ": it wants a row under `queues:` in a file of routing/, or a [[queue]] in the configuration"
                    )
                hint = did_you_mean(wanted, names) or place
                _report(loaded.marked, name, node, where, f"there is no {kind} {wanted!r}{hint}")


def _check_unique(flows: Iterable[LoadedFlow]) -> None:
    numbers: dict[str, str] = {}
    names: dict[str, str] = {}
    for loaded in flows:
        flow, marked = loaded.flow, loaded.marked
        if flow.flow in names:
            marked.report(("flow",), f"the flow {flow.flow!r} is in {names[flow.flow]} too")
        names.setdefault(flow.flow, marked.path)
        for index, number in enumerate(flow.numbers):
            if number in numbers:
                marked.report(("numbers", index), f"the number {number} is in {numbers[number]} too")
            numbers.setdefault(number, marked.path)
