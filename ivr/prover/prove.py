"""Proves flows: every caller of every class ends in a person, a message or a goodbye, within the bounds."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from time import process_time
from types import MappingProxyType

from ivr.book import FlowBook, book_of
from ivr.files.flow import Flow
from ivr.files.load import Folder
from ivr.files.marked_yaml import Marked
from ivr.language.expression import Scalar
from ivr.prover.bounds import Bounds
from ivr.prover.explore import explore
from ivr.prover.faults import FaultKind, Found, Seen, find
from ivr.prover.landscape import Landscape
from ivr.prover.measures import Measures
from ivr.prover.moments import BEYOND_S, Horizon, Timeline, Year
from ivr.prover.scenario import scenario_of
from ivr.prover.story import Story, story_of

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, in words, how a caller gets there, and a scenario (YAML) that shows it.

    `place` is `file:line:column` where the file is known. `also` counts other states in which it shows.
    """

    kind: FaultKind
    flow: str
    node: str
    message: str
    place: str
    story: Story
    scenario: str
    also: int

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.flow}.{self.node}: {self.message} [{self.kind}]"


@dataclass(frozen=True, slots=True)
class FlowProof:
    """What was seen of one flow. `paths` counts ways from ring to end with each circle once; `circles` those that
    callers close by a key or after a talk. Seconds leave queues and talks out; `took_s` is processor time.
    """

    flow: str
    title: str
    states: int
    moves: int
    classes: int
    boundaries: int
    paths: int
    circles: int
    longest_s: float
    most_speech_s: float
    ends: Mapping[str, int]
    took_s: float


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven, and what is wrong. `unproven` are flows that no number reaches."""

    horizon: Horizon
    bounds: Bounds
    flows: tuple[FlowProof, ...]
    faults: tuple[Fault, ...]
    unproven: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


_BOUNDS = Bounds()
_NO_MARKS: Mapping[str, Marked] = MappingProxyType({})
_NO_SETTINGS: Mapping[str, Scalar] = MappingProxyType({})


def prove(
    book: FlowBook,
    from_ms: int,
    *,
    bounds: Bounds = _BOUNDS,
    marks: Mapping[str, Marked] = _NO_MARKS,
    settings: Mapping[str, Scalar] = _NO_SETTINGS,
    only: Collection[str] = (),
) -> Proof:
    """Every path of every flow that has a number, from `from_ms` (epoch) on for `bounds.days`.

    `marks` are the flows' files by name, for the places of faults; `settings` the deployment's values of variables,
    proven as well as the values that the flows give them; `only` names flows.
    """
    horizon = Horizon(from_ms, from_ms + bounds.days * _DAY_MS)
    years = _Years(book, Horizon(from_ms, horizon.until_ms + round(BEYOND_S * 1000)))
    proofs: list[FlowProof] = []
    faults: dict[tuple[str, str, str, str], Fault] = {}
    for flow in _roots(book, only):
        proof, found = _proven(_Case(book, flow, settings, marks), years, bounds)
        proofs.append(proof)
        for fault in found:
            faults.setdefault((fault.kind, fault.flow, fault.node, fault.message), fault)
    proven = {name for flow in _roots(book, only) for name in Landscape(book, flow, settings).flows}
    unproven = tuple(name for name in book.by_name if name not in proven and not only)
    return Proof(horizon, bounds, tuple(proofs), tuple(faults.values()), unproven)


def prove_folder(
    folder: Folder,
    from_ms: int,
    *,
    bounds: Bounds = _BOUNDS,
    settings: Mapping[str, Scalar] = _NO_SETTINGS,
    only: Collection[str] = (),
) -> Proof:
    """The same for a folder as it was read, mistakes or not; faults have their places in the files."""
    marks = {loaded.flow.flow: loaded.marked for loaded in folder.flows}
    crises = {name: loaded.file.made() for name, loaded in folder.crises.items()}
    flows = [loaded.flow for loaded in folder.flows]
    book = book_of(*flows, calendars=folder.calendars, crises=crises, version=folder.version or "-")
    return prove(book, from_ms, bounds=bounds, marks=marks, settings=settings, only=only)


def _roots(book: FlowBook, only: Collection[str]) -> list[Flow]:
    if only:
        return [book.by_name[name] for name in only if name in book.by_name]
    return [flow for flow in book.by_name.values() if flow.numbers]


class _Years:
    """Each calendar over the horizon, looked at once for all flows."""

    def __init__(self, book: FlowBook, horizon: Horizon) -> None:
        self._book = book
        self._horizon = horizon
        self._years: dict[str, Year] = {}

    def timeline(self, land: Landscape) -> Timeline:
        for name in land.calendars:
            if name not in self._years:
                self._years[name] = Year(self._book.calendars[name], self._horizon)
        asked = {name: self._years[name] for name in sorted(land.calendars)}
        last_ms = max([self._horizon.until_ms, *(at_ms + _DAY_MS + round(BEYOND_S * 1000) for at_ms in land.instants)])
        return Timeline(asked, land.instants, Horizon(self._horizon.from_ms, last_ms))


@dataclass(frozen=True, slots=True)
class _Case:
    book: FlowBook
    flow: Flow
    settings: Mapping[str, Scalar]
    marks: Mapping[str, Marked]


def _proven(case: _Case, years: _Years, bounds: Bounds) -> tuple[FlowProof, list[Fault]]:
    began_s = process_time()
    faults: list[Fault] = []
    seen: list[Seen] = []
    for settings in _settings(case):
        land = Landscape(case.book, case.flow, settings)
        time = years.timeline(land)
        crises = ["", *(name for name, crisis in case.book.crises.items() if crisis.is_heard_in(list(land.flows)))]
        graph = explore(land, time, crises)
        one = Seen(land, time, graph, Measures(graph))
        faults += (_fault(case, one, found, bounds) for found in find(one, bounds))
        seen.append(one)
    return _summary(case.flow, seen, process_time() - began_s), faults


def _settings(case: _Case) -> Iterator[Mapping[str, Scalar]]:
    """The flow as it is written, and as the deployment sets it, where that is another."""
    yield {}
    written, set_ = case.flow.first_variables("", {}), case.flow.first_variables("", case.settings)
    if written != set_:
        yield case.settings


def _summary(flow: Flow, seen: list[Seen], took_s: float) -> FlowProof:
    ends = Counter(edge.reached or "nothing" for one in seen for edge in one.graph.edges() if edge.target is None)
    time = seen[0].time
    return FlowProof(
        flow.flow,
        flow.title,
        states=sum(len(one.graph.states) for one in seen),
        moves=sum(len(moves) for one in seen for moves in one.graph.moves),
        classes=len(time.classes),
        boundaries=time.boundaries,
        paths=sum(one.measures.paths for one in seen),
        circles=sum(one.measures.circles for one in seen),
        longest_s=max(one.measures.time.value[at] for one in seen for at in one.measures.beginnings),
        most_speech_s=max(max(one.measures.speech.value) for one in seen),
        ends=dict(ends),
        took_s=took_s,
    )


def _fault(case: _Case, seen: Seen, found: Found, bounds: Bounds) -> Fault:
    graph = seen.graph
    state = graph.states[found.state]
    first = graph.states[found.trail[0].source] if found.trail else state
    number = str(first.value("number") or next(iter(case.flow.numbers), ""))
    story = story_of(graph, seen.time, found.trail, state, number, found.message)
    scenario = scenario_of(seen, found, story, bounds)
    place = _place(case.marks.get(state.flow), state.node)
    return Fault(found.kind, state.flow, state.node, found.message, place, story, scenario, found.also)


def _place(marked: Marked | None, node: str) -> str:
    if marked is None:
        return ""
    line, column = marked.place(("nodes", node), key=True)
    return f"{marked.path}:{line}:{column}"
