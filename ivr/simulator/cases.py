"""The scenarios of a folder: found, read, and their names checked against the flows; every mistake at its line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

from events.catalogue import CATALOGUE, FIELD_TYPES
from ivr.book import FlowBook
from ivr.files.flow import Flow
from ivr.files.load import read_file, validated
from ivr.files.marked_yaml import Marked, Path, read
from ivr.language.problems import FlowFileError, Problem, did_you_mean
from ivr.simulator.expected import Expected
from ivr.simulator.scenario_file import Caller, Scenario, ScenarioFile

_NUMBERED = re.compile(r"'scenarios\.(\d++)\.?([^']*+)'")


class _Known:
    """What flows know by name, gathered once for all scenarios."""

    def __init__(self, book: FlowBook) -> None:
        self.book = book
        self._needed: dict[str, set[str]] = {}
        self.settings: set[str] = set()
        for flow in book.by_name.values():
            self.settings.update(flow.variables)
            for node in flow.nodes.values():
                for kind, name in node.needs().values():
                    self._needed.setdefault(kind, set()).add(name)

    def named(self, kind: str) -> set[str]:
        """What the flows need of this kind, such as queues."""
        return self._needed.get(kind, set())

    def has_step(self, flow: Flow, step: str) -> bool:
        """Whether paths of a call to `flow` may have it: a step of its own, or `other.step`."""
        other, _, name = step.rpartition(".")
        called = self.book.by_name.get(other)
        return step in flow.nodes or (called is not None and called is not flow and name in called.nodes)

    def steps(self, flow: Flow) -> list[str]:
        """All of them, to say what may have been meant."""
        called = [other for other in self.book.by_name.values() if other is not flow]
        return [*flow.nodes, *(f"{other.flow}.{step}" for other in called for step in other.nodes)]


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario and its place in its file. `number` is what its caller dials."""

    marked: Marked
    index: int
    scenario: Scenario
    number: str

    @property
    def path(self) -> str:
        return self.marked.path

    @property
    def name(self) -> str:
        return self.scenario.name

    def place(self, where: Path) -> tuple[int, int]:
        """Line and column of a place in the scenario."""
        return self.marked.place(("scenarios", self.index, *where))

    def problem(self, where: Path, message: str) -> Problem:
        """A failure, at its place."""
        return Problem(self.path, *self.place(where), f"{self.name!r}: {message}")


def cases_in(folder: FilePath, book: FlowBook, chosen: Sequence[str] = ()) -> list[Case]:
    """The scenarios in `folder`/scenarios, or of those `chosen` by flow, number or file.

    Raises FlowFileError with all mistakes in the files.
    """
    problems: list[Problem] = []
    files = [FilePath(each) for each in chosen if each.endswith((".yaml", ".yml"))]
    flows = [each for each in chosen if not each.endswith((".yaml", ".yml"))]
    problems += [_unknown(folder, each, book) for each in flows if _flow(each, book) is None]
    if flows or not chosen:
        files += sorted((folder / "scenarios").glob("*.yaml"))
    found: list[Case] = []
    known = _Known(book)
    wanted = {flow.flow for each in flows if (flow := _flow(each, book)) is not None}
    for file in dict.fromkeys(files):
        marked = read_file(file)
        named = str(file) in chosen
        found += [case for case in _cases(marked, known) if named or not chosen or _is_of(case, wanted, book)]
        problems += marked.problems
    if problems:
        raise FlowFileError(sorted(problems))
    return found


def cases_of(path: str, text: str, book: FlowBook) -> list[Case]:
    """The scenarios in `text`. Raises FlowFileError."""
    marked = read(path, text)
    found = list(_cases(marked, _Known(book)))
    if marked.problems:
        raise FlowFileError(sorted(marked.problems))
    return found


def _flow(name: str, book: FlowBook) -> Flow | None:
    return book.by_name.get(name) or book.by_number.get(name)


def _unknown(folder: FilePath, name: str, book: FlowBook) -> Problem:
    hint = did_you_mean(name, [*book.by_name, *book.by_number])
    return Problem(str(folder), 1, 1, f"there is no flow or number {name!r}{hint}; a file of scenarios ends in .yaml")


def _is_of(case: Case, flows: set[str], book: FlowBook) -> bool:
    return book.by_number[case.number].flow in flows


def _cases(marked: Marked, known: _Known) -> Iterator[Case]:
    file = validated(ScenarioFile, marked)
    if file is None:
        marked.problems[:] = [replace(one, message=_named(marked, one.message)) for one in marked.problems]
        return
    _check(marked, file, known)
    if not marked.problems:
        for index, scenario in enumerate(file.scenarios):
            yield Case(marked, index, scenario, scenario.number or file.number)


def _named(marked: Marked, message: str) -> str:
    """`'scenarios.2.caller.0': ...` with the scenario's name in place of its number."""
    found = _NUMBERED.match(message)
    scenarios = marked.data.get("scenarios") if isinstance(marked.data, dict) else None
    if found is None or not isinstance(scenarios, list):
        return message
    given = scenarios[int(found[1])]
    name = given.get("name") if isinstance(given, dict) else None
    return f"{name!r}: '{found[2]}'{message[found.end() :]}" if isinstance(name, str) and found[2] else message


# --- names ---


def _check(marked: Marked, file: ScenarioFile, known: _Known) -> None:
    names: dict[str, int] = {}
    for index, scenario in enumerate(file.scenarios):
        where: Path = ("scenarios", index)
        if scenario.name in names:
            first, _ = marked.place(("scenarios", names[scenario.name], "name"))
            marked.report((*where, "name"), f"there are two scenarios {scenario.name!r} (the first in line {first})")
        names.setdefault(scenario.name, index)
        _check_caller(marked, where, scenario, file.number, known)
        for at, caller in enumerate(scenario.callers):
            _check_caller(marked, (*where, "callers", at), caller, file.number, known)
        _check_world(marked, where, scenario, known)


def _check_caller(marked: Marked, where: Path, caller: Caller, number: str, known: _Known) -> None:
    flow = known.book.by_number.get(caller.number or number)
    if flow is None:
        place = (*where, "number") if caller.number else ("number",)
        dialled = caller.number or number
        message = f"no flow has the number {dialled}{did_you_mean(dialled, known.book.by_number)}"
        if message not in {problem.message for problem in marked.problems}:
            marked.report(place, message)
        return
    steps: list[tuple[Path, str]] = [(("caller", at, "at"), act.at) for at, act in enumerate(caller.caller) if act.at]
    for field in ("path", "path_contains"):
        steps += [(("expect", field, at), step) for at, step in enumerate(getattr(caller.expect, field) or ())]
    for place, step in steps:
        if not known.has_step(flow, step):
            _check_name(marked, (*where, *place), "node", step, known.steps(flow))
    _check_expected(marked, (*where, "expect"), caller.expect, known)


def _check_name(marked: Marked, where: Path, kind: str, name: str, known: Iterable[str]) -> None:
    known = list(known)
    if name not in known:
        marked.report(where, f"there is no {kind} {name!r}{did_you_mean(name, known)}")


def _check_expected(marked: Marked, where: Path, expected: Expected, known: _Known) -> None:
    for at, told in enumerate(expected.events):
        place = (*where, "events", at)
        _check_name(marked, (*place, "event"), "event", told.event, CATALOGUE)
        for name in told.fields:
            fields = FIELD_TYPES.get(told.event, {})
            if fields and name not in fields:
                hint = did_you_mean(name, fields) or f"; it has {', '.join(sorted(fields))}"
                marked.report((*place, "fields", name), f"{told.event} has no field {name!r}{hint}", key=True)
    if expected.queue:
        _check_name(marked, (*where, "queue"), "queue", expected.queue, known.named("queue"))
    if expected.callback:
        _check_name(marked, (*where, "callback"), "queue", expected.callback, known.named("queue"))
    if expected.voicemail:
        _check_name(marked, (*where, "voicemail"), "mailbox", expected.voicemail, known.named("mailbox"))


def _check_world(marked: Marked, where: Path, scenario: Scenario, known: _Known) -> None:
    queues = known.named("queue")
    for at, agent in enumerate(scenario.agents):
        for index, queue in enumerate(agent.queues):
            _check_name(marked, (*where, "agents", at, "queues", index), "queue", queue, queues)
        if agent.roster is not None:
            _check_name(marked, (*where, "agents", at, "roster"), "roster", agent.roster, known.book.rosters)
    for at, others in enumerate(scenario.others):
        _check_name(marked, (*where, "others", at, "queue"), "queue", others.queue, queues)
    kinds = {"queues": "queue", "lookups": "lookup", "mailboxes": "mailbox", "transfers": "destination"}
    for field, kind in kinds.items():
        for name in getattr(scenario, field):
            _check_key(marked, (*where, field, name), kind, name, known.named(kind))
    if scenario.crisis:
        _check_name(marked, (*where, "crisis"), "crisis", scenario.crisis, known.book.crises)
    for name in scenario.settings:
        _check_key(marked, (*where, "settings", name), "variable", name, known.settings)


def _check_key(marked: Marked, where: Path, kind: str, name: str, known: set[str]) -> None:
    if name not in known:
        marked.report(where, f"no flow has the {kind} {name!r}{did_you_mean(name, known)}", key=True)
