"""Flow files to flows: YAML with its marks, then the schema; every mistake at its line, all at once.

A folder of flows has the flows themselves (`*.yaml`), `shared/*.yaml`, `calendars/*.yaml` and `scenarios/*.yaml`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ivr.calendar import Calendar
from ivr.calendar_file import CalendarFile
from ivr.flow import Flow
from ivr.marked_yaml import Marked, read
from ivr.marked_yaml import Path as Where
from ivr.nodes import NODE_TYPES
from ivr.problems import Problem, did_you_mean
from ivr.prompting import Said
from ivr.schema import NamedText, Part, Shared
from ivr.shared_file import SharedFile

M = TypeVar("M", bound=BaseModel)

MOST_FILES = 500

_PLAIN = {
    "model_type": "fields are expected here, `name: value`",
    "model_attributes_type": "fields are expected here, `name: value`",
    "dict_type": "fields are expected here, `name: value`",
    "list_type": "a list is expected, `[one, two]`",
    "string_type": "text is expected",
}


@dataclass(frozen=True, slots=True)
class LoadedFlow:
    """A flow and the file that it came from, for checks that name lines."""

    flow: Flow
    marked: Marked


@dataclass(frozen=True, slots=True)
class LoadedShared:
    """What flows may include, and the file's content."""

    shared: Shared
    marked: Marked


@dataclass(slots=True)
class Folder:
    """All that a folder holds, with the problems of files that could be no flow."""

    flows: list[LoadedFlow] = field(default_factory=list)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    shared: dict[str, LoadedShared] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    version: str = ""


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
    for marked in _files(path / "shared", contents):
        shared = validated(SharedFile, marked)
        folder.problems += marked.problems
        if shared is not None:
            folder.shared[shared.shared] = LoadedShared(shared.made(), marked)
    for marked in _files(path, contents):
        flow = flow_of(marked, folder.shared)
        if flow is not None:
            folder.flows.append(LoadedFlow(flow, marked))
        else:
            folder.problems += marked.problems
    for marked in _files(path / "calendars", contents):
        calendar = validated(CalendarFile, marked)
        folder.problems += marked.problems
        if calendar is not None:
            folder.calendars[calendar.calendar] = calendar.made()
    folder.version = _hash(contents)
    return folder


def _files(path: Path, contents: list[Any]) -> Iterator[Marked]:
    """The YAML files of a folder; what they hold is added to `contents`."""
    for file in sorted(path.glob("*.yaml"))[:MOST_FILES]:
        marked = read_file(file)
        contents.append([path.name, file.name, marked.data])
        yield marked


def _hash(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_file(file: Path) -> Marked:
    """A file as marked data; one that cannot be read has that as its problem."""
    try:
        return read(str(file), file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        return Marked(str(file), problems=[Problem(str(file), 1, 1, f"not UTF-8 text: byte {error.start}")])
    except OSError as error:
        return Marked(str(file), problems=[Problem(str(file), 1, 1, f"cannot be read: {error.strerror}")])


def load_flow(path: str, text: str) -> tuple[Flow | None, Marked]:
    """One flow from text, as far as it is right by itself; the mistakes are in the marked data."""
    marked = read(path, text)
    return flow_of(marked), marked


def flow_of(marked: Marked, shared: Mapping[str, LoadedShared] = MappingProxyType({})) -> Flow | None:
    """The flow in a file, with what it names put in: None when it has mistakes of its own.

    Its texts are named by place and its version by content. Names that nothing is known by are noted in `marked`.
    """
    flow = validated(Flow, marked)
    if flow is None:
        return None
    included = [shared[name] for name in flow.include if name in shared]
    known = _known(flow, marked, shared)
    nodes = {name: node.named(f"{flow.flow}/{name}").bound(known) for name, node in flow.nodes.items()}
    flow = flow.model_copy(update={"nodes": nodes})
    flow.identify(_hash([marked.data, *(each.marked.data for each in included)]))
    for name, node in nodes.items():
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


def validated(model: type[M], marked: Marked) -> M | None:
    """The file's content as `model`; None, with problems noted, when it is not."""
    if marked.problems:
        return None
    if not isinstance(marked.data, dict):
        marked.report((), "the file holds no mapping: it begins with `flow: name`")
        return None
    try:
        return model.model_validate(marked.data)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            _report(marked, details, model)
        return None


def _report(marked: Marked, error: ErrorDetails, root: type[BaseModel]) -> None:
    where, kind = _place(error["loc"]), error["type"]
    at_key = kind in ("extra_forbidden", "missing", "union_tag_invalid", "union_tag_not_found")
    if where and where[-1] == "[key]":
        where, at_key = where[:-1], True
    prefix = _subject(marked.data, where)
    if kind == "expression":
        column = error["ctx"]["column"] + (1 if where in marked.quoted else 0)
        line, begin = marked.place(where)
        marked.problems.append(Problem(marked.path, line, begin + column, prefix + error["msg"]))
        return
    field_name = ".".join(str(part) for part in where[2:]) if where[:1] == ("nodes",) else ".".join(map(str, where))
    marked.report(_spot(where, kind), prefix + _message(error, field_name, root), key=at_key)


def _spot(where: Where, kind: str) -> Where:
    if kind == "missing":
        return where[:-1]
    return (*where, "type") if kind == "union_tag_invalid" else where


def _place(loc: tuple[int | str, ...]) -> Where:
    """Where the schema says the mistake is: pydantic puts the node's type between its name and its field."""
    return (*loc[:2], *loc[3:]) if loc[:1] == ("nodes",) and len(loc) > 2 and loc[2] != "[key]" else loc


def _subject(data: Any, where: Where) -> str:
    """ "menu 'main': " for what is inside a node."""
    if len(where) < 2 or where[0] != "nodes":
        return ""
    node = data["nodes"].get(where[1]) if isinstance(data.get("nodes"), dict) else None
    kind = node.get("type") if isinstance(node, dict) else None
    return f"{kind if isinstance(kind, str) and kind in NODE_TYPES else 'node'} {where[1]!r}: "


def _message(error: ErrorDetails, name: str, root: type[BaseModel]) -> str:
    kind, given = error["type"], error["input"]
    last = str(error["loc"][-1])
    if kind == "missing":
        return f"{last!r} is missing"
    if kind == "extra_forbidden":
        return f"there is no field {last!r}{did_you_mean(last, _fields(error['loc'], root))}"
    if kind == "union_tag_not_found":
        return f"'type' is missing: one of {', '.join(NODE_TYPES)}"
    if kind == "union_tag_invalid":
        given_type = str(given.get("type")) if isinstance(given, dict) else ""
        hint = did_you_mean(given_type, NODE_TYPES) or f"; there are {', '.join(NODE_TYPES)}"
        return f"there is no type {given_type!r}{hint}"
    if kind in ("bool_type", "bool_parsing"):
        return f"{name!r} is true or false, not {given!r}"
    message = _PLAIN.get(kind, error["msg"])
    return f"{name!r}: {message[:1].lower()}{message[1:]}" if name else message


def _fields(loc: tuple[int | str, ...], root: type[BaseModel]) -> list[str]:
    """The fields of the part that the place leads to."""
    model = root
    for at, name in enumerate(loc[:-1]):
        if loc[0] == "nodes" and at < 3:
            model = NODE_TYPES[str(name)] if at == 2 else root
        elif name in model.model_fields:
            model = next(_models(model.model_fields[str(name)].annotation), model)
    return [info.alias or name for name, info in model.model_fields.items() if not info.exclude]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in a field's annotation, such as `Case` in `list[Case]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for inner in get_args(annotation):
            yield from _models(inner)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a flow file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Flow.model_json_schema()}
