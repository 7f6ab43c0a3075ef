"""Flow files to flows: YAML with its marks, then the schema; every mistake at its line, all at once.

A folder of flows has the flows themselves (`*.yaml`), `shared/*.yaml`, `calendars/*.yaml`, `crises/*.yaml`,
`rosters/*.yaml`, `topics/*.yaml` and `scenarios/*.yaml`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from ivr.files.calendar_file import CalendarFile
from ivr.files.crisis_file import CrisisFile
from ivr.files.flow import Flow
from ivr.files.marked_yaml import MOST_CHARACTERS, Marked, read
from ivr.files.roster_file import RosterFile
from ivr.files.routing_file import RoutingFiles, is_routing
from ivr.files.shared_file import SharedFile
from ivr.files.topics_file import TopicsFile
from ivr.files.validation import M, validated
from ivr.language.calendar import Calendar
from ivr.language.problems import Problem, did_you_mean
from ivr.language.prompting import Said
from ivr.language.schema import NamedText, Part, Shared
from ivr.nodes import AnyNode

MOST_FILES = 500
_MOST_BYTES = 4 * MOST_CHARACTERS
_ANY_NODE: TypeAdapter[AnyNode] = TypeAdapter(AnyNode)


@dataclass(frozen=True, slots=True)
class LoadedFlow:
    """A flow and the file that it came from, for checks that name lines.

    `broken` are nodes with mistakes of their own, in whose place the flow has a hangup.
    """

    flow: Flow
    marked: Marked
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LoadedShared:
    """What flows may include, and the file's content; nothing, where that has mistakes."""

    shared: Shared
    marked: Marked


@dataclass(frozen=True, slots=True)
class LoadedCrisis:
    """What a crisis' file says, and its content."""

    file: CrisisFile
    marked: Marked


@dataclass(frozen=True, slots=True)
class LoadedCalendar:
    """A calendar, and its file's content."""

    calendar: Calendar
    marked: Marked


@dataclass(frozen=True, slots=True)
class LoadedRoster:
    """A roster and the file that it came from."""

    file: RosterFile
    marked: Marked


@dataclass(frozen=True, slots=True)
class LoadedTopics:
    """A service's topics and the file that they came from."""

    file: TopicsFile
    marked: Marked


class Loaded(Protocol):
    """What came from a file."""

    @property
    def marked(self) -> Marked: ...


@dataclass(slots=True)
class Folder:
    """All that a folder holds, with the problems of files that could be no flow.

    `broken` has what those would have been called, by kind.
    """

    flows: list[LoadedFlow] = field(default_factory=list)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    shared: dict[str, LoadedShared] = field(default_factory=dict)
    crises: dict[str, LoadedCrisis] = field(default_factory=dict)
    rosters: dict[str, LoadedRoster] = field(default_factory=dict)
    topics: dict[str, LoadedTopics] = field(default_factory=dict)
    routing: RoutingFiles = field(default_factory=RoutingFiles)
    problems: list[Problem] = field(default_factory=list)
    broken: dict[str, set[str]] = field(default_factory=dict)
    version: str = ""

    def names(self, kind: str) -> set[str]:
        """Those of all flows, or calendars, also of the files that could be none: it is enough to tell that once."""
        there = self.calendars if kind == "calendar" else (loaded.flow.flow for loaded in self.flows)
        return {*there, *self.broken.get(kind, ())}


def read_folder(path: Path) -> Folder:
    """Every flow and calendar in the folder, as far as they are right by themselves."""
    folder = Folder()
    files = sorted(path.glob("*.yaml"))
    if not files:
        lacking = "there is no flow here: a flow is a file NAME.yaml"
        if not path.is_dir():
            lacking = "there is no such folder; the way to it begins at the configuration's file"
        folder.problems.append(Problem(str(path), 1, 1, lacking))
    contents: list[Any] = []
    for marked in _files(path / "shared", contents, folder.problems):
        shared = _once(SharedFile, marked, "shared", folder.shared)
        folder.problems += marked.problems
        name = shared.shared if shared is not None else _would_be(marked, "shared")
        folder.shared.setdefault(name, LoadedShared(shared.made() if shared is not None else Shared(), marked))
    for marked in _files(path, contents, folder.problems):
        if is_routing(Path(marked.path).name, marked.data):
            folder.routing.add(marked)
            continue
        flow = flow_of(marked, folder.shared)
        loaded = LoadedFlow(flow, marked) if flow is not None else sketch_of(marked, folder.shared)
        if loaded is not None:
            folder.flows.append(loaded)
        else:
            _give_up(marked, "flow", folder)
    calendars: dict[str, LoadedCalendar] = {}
    for marked in _files(path / "calendars", contents, folder.problems):
        calendar = _once(CalendarFile, marked, "calendar", calendars)
        if calendar is None:
            _give_up(marked, "calendar", folder)
        else:
            calendars[calendar.calendar] = LoadedCalendar(calendar.made(), marked)
    folder.calendars = {name: loaded.calendar for name, loaded in calendars.items()}
    for marked in _files(path / "crises", contents, folder.problems):
        crisis = _once(CrisisFile, marked, "crisis", folder.crises)
        folder.problems += marked.problems
        if crisis is not None:
            folder.crises[crisis.crisis] = LoadedCrisis(crisis, marked)
    for marked in _files(path / "rosters", contents, folder.problems):
        roster = _once(RosterFile, marked, "roster", folder.rosters)
        folder.problems += marked.problems
        if roster is not None:
            folder.rosters[roster.roster] = LoadedRoster(roster, marked)
    for marked in _files(path / "topics", contents, folder.problems):
        topics = _once(TopicsFile, marked, "topics", folder.topics)
        folder.problems += marked.problems
        if topics is not None:
            folder.topics[topics.topics] = LoadedTopics(topics, marked)
    below = path / "routing"
    for place in (below, *sorted(inner for inner in below.rglob("*") if inner.is_dir())):
        for marked in _files(place, contents, folder.problems):
            folder.routing.add(marked)
    folder.version = _hash(contents)
    return folder


def _once(model: type[M], marked: Marked, kind: str, there: Mapping[str, Loaded]) -> M | None:
    """What the file holds; None, with problems noted, when it is wrong or another file of its kind has its name."""
    found = validated(model, marked)
    if found is None:
        return None
    name = getattr(found, kind)
    if name in there:
        marked.report((kind,), f"the {kind} {name!r} is in {there[name].marked.path} too")
    return None if marked.problems else found


def _give_up(marked: Marked, kind: str, folder: Folder) -> None:
    folder.problems += marked.problems
    folder.broken.setdefault(kind, set()).add(_would_be(marked, kind))


def _would_be(marked: Marked, kind: str) -> str:
    """The name that a file with mistakes probably has."""
    named = marked.data.get(kind) if isinstance(marked.data, dict) else None
    return named if isinstance(named, str) else Path(marked.path).stem


def _files(path: Path, contents: list[Any], problems: list[Problem]) -> Iterator[Marked]:
    """The YAML files of a folder; what they hold is added to `contents`. None of them, where there are too many."""
    files = sorted(path.glob("*.yaml"))
    if len(files) > MOST_FILES:
        problems.append(Problem(str(path), 1, 1, f"{len(files)} files: at most {MOST_FILES} may stand here"))
        return
    for file in files:
        marked = read_file(file)
        contents.append([path.name, file.name, marked.data])
        yield marked


def _hash(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_file(file: Path) -> Marked:
    """A file as marked data; one that cannot be read has that as its problem."""
    wrong = Marked(str(file))
    try:
        if file.exists() and not file.is_file():
            # A pipe would be waited for, and a device read without an end.
            wrong.note(1, 1, "cannot be read: it is no file")
            return wrong
        with file.open("rb") as content:
            data = content.read(_MOST_BYTES + 1)
        if len(data) <= _MOST_BYTES:
            return read(str(file), data.decode("utf-8"))
        wrong.note(1, 1, f"the file is longer than {_MOST_BYTES} bytes")
    except UnicodeDecodeError as error:
        wrong.note(data.count(b"\n", 0, error.start) + 1, 1, f"not UTF-8 text: byte {error.start}")
    except OSError as error:
        wrong.note(1, 1, f"cannot be read: {error.strerror}")
    return wrong


def load_flow(path: str, text: str) -> tuple[Flow | None, Marked]:
    """One flow from text, as far as it is right by itself; the mistakes are in the marked data."""
    marked = read(path, text)
    return flow_of(marked), marked


def flow_of(marked: Marked, shared: Mapping[str, LoadedShared] = MappingProxyType({})) -> Flow | None:
    """The flow in a file, with what it names put in: None when it has mistakes of its own.

    Its texts are named by place and its version by content. Names that nothing is known by are noted in `marked`.
    """
    flow = validated(Flow, marked)
    return None if flow is None else _completed(flow, marked, shared)


def sketch_of(marked: Marked, shared: Mapping[str, LoadedShared] = MappingProxyType({})) -> LoadedFlow | None:
    """A flow that has mistakes, without the nodes that have them, so that the rest can be checked all the same.

    None where the mistakes are not in nodes alone.
    """
    data = marked.data
    nodes = data.get("nodes") if isinstance(data, dict) else None
    if not isinstance(nodes, dict):
        return None
    broken = frozenset(str(name) for name, node in nodes.items() if not _is_node(node))
    try:
        flow = Flow.model_validate({**data, "nodes": {**nodes, **{name: {"type": "hangup"} for name in broken}}})
    except ValidationError:
        return None
    return LoadedFlow(_completed(flow, marked, shared), marked, broken) if broken else None


def _is_node(data: Any) -> bool:
    try:
        _ANY_NODE.validate_python(data)
    except ValidationError:
        return False
    return True


def _completed(flow: Flow, marked: Marked, shared: Mapping[str, LoadedShared]) -> Flow:
    included = [shared[name] for name in flow.include if name in shared]
    known = _known(flow, marked, shared)
    named = {name: node.named(f"{flow.flow}/{name}").bound(known) for name, node in flow.nodes.items()}
    nodes = {name: node.falling_back(flow.fallback) for name, node in named.items()}
    flow = flow.model_copy(update={"nodes": nodes})
    flow.identify(_hash([marked.data, *(each.marked.data for each in included)]))
    whole = not any(each.marked.problems for each in included)
    for name, node in nodes.items() if whole else ():
        if marked.is_full:
            break
        for where, said in node.texts().items():
            if isinstance(said, NamedText):
                hint = did_you_mean(said.key, known.texts) or "; texts are written by language, or named under prompts"
                message = f"{node.type} {name!r}: there is no text {said.key!r}{hint}"
                marked.report(("nodes", name, *where), message)
        block = getattr(getattr(node, "waiting", None), "block", "")
        if block:
            hint = did_you_mean(block, known.blocks) or "; blocks stand under waiting"
            marked.report(("nodes", name, "waiting"), f"{node.type} {name!r}: there is no block {block!r}{hint}")
    return flow


def _known(flow: Flow, marked: Marked, shared: Mapping[str, LoadedShared]) -> Shared:
    """All that the flow may name: its own texts and blocks, and those of what it includes."""
    texts: dict[str, Said] = {}
    blocks: dict[str, Part] = {}
    for index, name in enumerate(flow.include):
        if name not in shared:
            hint = did_you_mean(name, shared) or "; a file shared/NAME.yaml is included by its name"
            marked.report(("include", index), f"there is nothing shared named {name!r}{hint}")
            continue
        texts |= shared[name].shared.texts
        blocks |= shared[name].shared.blocks
    bound = Shared(texts)
    own = flow.own()
    texts |= own.texts
    blocks |= {name: block.bound(bound) for name, block in own.blocks.items()}
    return Shared(texts, blocks)


__all__ = [
    "Folder",
    "LoadedFlow",
    "LoadedShared",
    "flow_of",
    "load_flow",
    "read_file",
    "read_folder",
    "validated",
]
