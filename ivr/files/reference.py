"""The reference of the flow language and its schemas for editors, written from the nodes themselves."""

import inspect
import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ivr.files.calendar_file import CalendarFile
from ivr.files.crisis_file import CrisisFile
from ivr.files.flow import Flow, Heading
from ivr.files.roster_file import RosterFile
from ivr.files.routing_file import RoutingFile
from ivr.files.routing_rows import AgentRow, PartnerRow, QueueRow, SiteRow
from ivr.files.shared_file import SharedFile
from ivr.files.topics_file import TopicsFile
from ivr.language.schema import Part
from ivr.nodes import NODE_TYPES
from ivr.running.announcing import Waiting

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_BESIDE: dict[str, type[BaseModel]] = {
    "Blocks of waiting": Waiting,
    "Calendars (calendars/NAME.yaml)": CalendarFile,
    "Crises (crises/NAME.yaml)": CrisisFile,
    "Rosters (rosters/NAME.yaml)": RosterFile,
    "Topics (topics/NAME.yaml)": TopicsFile,
}
_ROUTING: dict[str, type[BaseModel]] = {
    "Queues (`queues:`)": QueueRow,
    "Sites (`sites:`)": SiteRow,
    "Agents (`agents:`)": AgentRow,
    "Partners (`partners:`)": PartnerRow,
}
_EXAMPLE = re.compile(r"```yaml\n(.*?)```", re.S)


def flows() -> str:
    """docs/flows.md without its heading."""
    lines = ["## The file", "", "| field | what |", "|---|---|"]
    lines += [_row(name, info) for model in (Heading, Flow) for name, info in _own(model)]
    lines += ["", "## Nodes", "", "Every node has a `type`, and may have a `note`, which is never spoken.", ""]
    lines += ["| type | what it does |", "|---|---|"]
    lines += [f"| [`{name}`](#{name}) | {_first(model)} |" for name, model in NODE_TYPES.items()]
    for name, model in NODE_TYPES.items():
        lines += ["", f"### {name}", "", *_described(model)]
    for title, file in _BESIDE.items():
        lines += ["", f"## {title}", "", *_described(file)]
    return "\n".join(lines) + "\n"


def routing() -> str:
    """The fields of docs/routing.md."""
    lines = []
    for title, row in _ROUTING.items():
        lines += ["", f"## {title}", "", *_described(row)]
    return "\n".join(lines) + "\n"


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each kind of file, for editors."""
    models: dict[str, type[BaseModel]] = {
        "flow": Flow,
        "shared": SharedFile,
        "calendar": CalendarFile,
        "crisis": CrisisFile,
        "roster": RosterFile,
        "routing": RoutingFile,
        "topics": TopicsFile,
    }
    return {name: {"$schema": _DRAFT, **model.model_json_schema()} for name, model in models.items()}


def examples() -> dict[str, str]:
    """The YAML of every node's example, by type; a test loads each."""
    found = {}
    for name, model in NODE_TYPES.items():
        match = _EXAMPLE.search(inspect.getdoc(model) or "")
        if match is not None:
            found[name] = match[1]
    return found


def _described(model: type[BaseModel]) -> Iterator[str]:
    yield inspect.getdoc(model) or ""
    yield from ("", "| field | what |", "|---|---|")
    for name, info in _own(model):
        if name not in ("type", "note"):
            yield _row(name, info)
    for part in _parts(model):
        yield from ("", f"**{part.__name__}**: {_first(part)}", "", "| field | what |", "|---|---|")
        yield from (_row(name, info) for name, info in _own(part))


def _own(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    inherited = Heading.model_fields if model is Flow else {}
    return [
        (info.alias or name, info)
        for name, info in model.model_fields.items()
        if name not in inherited and not info.exclude
    ]


def _parts(model: type[BaseModel]) -> list[type[Part]]:
    """The parts that a node is made of, each once."""
    found: list[type[Part]] = []
    ahead: list[Any] = [info.annotation for info in model.model_fields.values()]
    while ahead:
        annotation = ahead.pop(0)
        if isinstance(annotation, type) and issubclass(annotation, Part):
            if annotation not in found:
                found.append(annotation)
                ahead += [info.annotation for info in annotation.model_fields.values()]
        elif get_origin(annotation) is Annotated:
            ahead.append(get_args(annotation)[0])
        else:
            ahead += get_args(annotation)
    return found


def _row(name: str, info: FieldInfo) -> str:
    need = "**needed**. " if info.is_required() else ""
    default = _default(info)
    told = f"{need}{info.description or ''}".strip()
    return f"| `{name}` | {told}{f' Without it: {default}.' if default else ''} |".replace("\n", " ")


def _default(info: FieldInfo) -> str:
    if info.is_required() or info.default in (None, "") or isinstance(info.default, BaseModel):
        return ""
    value = info.default
    for serializer in info.metadata:
        written = getattr(serializer, "func", None)
        if callable(written) and type(serializer).__name__ == "PlainSerializer":
            value = written(value)
    if value in ([], {}, ()) or type(value).__name__ == "PydanticUndefinedType":
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _first(model: type[BaseModel]) -> str:
    text = (inspect.getdoc(model) or "").split("\n\n")[0]
    return " ".join(text.split())
