"""From a file's data to a model: what the schema refuses, in words, at its line and column."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ivr.files.marked_yaml import MOST_PROBLEMS, Marked
from ivr.files.marked_yaml import Path as Where
from ivr.language.problems import did_you_mean
from ivr.language.schema import PATTERNS
from ivr.nodes import NODE_TYPES

M = TypeVar("M", bound=BaseModel)

ROWS = {"queues": "queue", "sites": "site", "agents": "agent", "partners": "partner"}
"""What a row of each list of routing is."""
_QUOTED = re.compile(r"'(\w+)'")
_PLAIN = {
    "model_type": "fields are expected here, `name: value`",
    "model_attributes_type": "fields are expected here, `name: value`",
    "dict_type": "fields are expected here, `name: value`",
    "string_type": "text is expected",
    "int_type": "a whole number is expected, without quotes",
}


def validated(model: type[M], marked: Marked) -> M | None:
    """The file's content as `model`; None, with problems noted, when it is not."""
    if marked.problems:
        return None
    if not isinstance(marked.data, dict):
        begins = "queues:" if "queues" in model.model_fields else "flow: name"
        marked.report((), f"the file holds no mapping: it begins with `{begins}`")
        return None
    try:
        return model.model_validate(marked.data)
    except ValidationError as error:
        for details in error.errors(include_url=False)[:MOST_PROBLEMS]:
            _report(marked, details, model)
        return None


def _report(marked: Marked, error: ErrorDetails, root: type[BaseModel]) -> None:
    where, kind = _place(error["loc"]), error["type"]
    at_key = kind in ("extra_forbidden", "missing", "union_tag_invalid", "union_tag_not_found")
    if where and where[-1] == "[key]":
        where, at_key = where[:-1], True
    prefix = _subject(marked.data, where)
    if kind == "expression":
        marked.report_within(where, error["ctx"]["column"], prefix + error["msg"])
        return
    within = where[2:] if where[:1] == ("nodes",) or prefix else where
    if within[:1] == ("tiers",) and len(within) > 1:
        prefix, within = f"{prefix}tier {int(within[1]) + 1}: ", within[2:]
    field_name = ".".join(map(str, within))
    marked.report(_spot(where, kind), prefix + _message(error, field_name, root), key=at_key)


def _spot(where: Where, kind: str) -> Where:
    if kind == "missing":
        return where[:-1]
    return (*where, "type") if kind == "union_tag_invalid" else where


def _place(loc: tuple[int | str, ...]) -> Where:
    """Where the schema says the mistake is: pydantic puts the node's type between its name and its field."""
    return (*loc[:2], *loc[3:]) if loc[:1] == ("nodes",) and len(loc) > 2 and loc[2] != "[key]" else loc


def _subject(data: Any, where: Where) -> str:
    """ "menu 'main': " for what is inside a node, "queue 'family': " for what is in a row of routing."""
    if len(where) > 1 and where[0] in ROWS and isinstance(where[1], int):
        row = data[where[0]][where[1]]
        name = row.get("name") if isinstance(row, dict) else None
        return f"{ROWS[str(where[0])]} {name!r}: " if isinstance(name, str) else ""
    if len(where) < 2 or where[0] != "nodes":
        return ""
    node = data["nodes"].get(where[1]) if isinstance(data.get("nodes"), dict) else None
    kind = node.get("type") if isinstance(node, dict) else None
    return f"{kind if isinstance(kind, str) and kind in NODE_TYPES else 'node'} {where[1]!r}: "


def _message(error: ErrorDetails, name: str, root: type[BaseModel]) -> str:
    kind, given = error["type"], error["input"]
    last = str(error["loc"][-1]) if error["loc"] else ""
    if kind == "missing":
        return f"{last!r} is missing"
    if kind == "extra_forbidden":
        return f"there is no field {last!r}{_meant(error, root)}"
    if kind == "union_tag_not_found":
        return f"'type' is missing: one of {', '.join(NODE_TYPES)}"
    if kind == "union_tag_invalid":
        given_type = str(given.get("type")) if isinstance(given, dict) else ""
        hint = did_you_mean(given_type, NODE_TYPES) or f"; there are {', '.join(NODE_TYPES)}"
        return f"there is no type {given_type!r}{hint}"
    if kind in ("bool_type", "bool_parsing"):
        return f"{name!r} is true or false, not {given!r}"
    if kind == "list_type":
        message = f"a list is expected, [{given}]" if isinstance(given, str | int) else "a list is expected, [one, two]"
    elif kind == "literal_error":
        expected = error["ctx"]["expected"]
        message = f"{expected} is expected{did_you_mean(str(given), re.findall(_QUOTED, expected))}"
    elif kind in ("less_than_equal", "greater_than_equal"):
        bound = f"at most {error['ctx']['le']}" if kind == "less_than_equal" else f"at least {error['ctx']['ge']}"
        message = f"{bound}, not {given}"
    elif kind == "value_error":
        message = str(error["ctx"]["error"])
    elif kind == "string_pattern_mismatch":
        message = PATTERNS.get(error["ctx"]["pattern"], error["msg"])
    else:
        message = _PLAIN.get(kind, error["msg"])
    return f"{name!r}: {message[:1].lower()}{message[1:]}" if name else message


def _meant(error: ErrorDetails, root: type[BaseModel]) -> str:
    """Where a field that is not known here may belong."""
    name, given = str(error["loc"][-1]), error["input"]
    model = _model(error["loc"], root)
    if near := did_you_mean(name, _names(model)):
        return near
    if isinstance(given, dict) and "type" in given:
        return "; a node stands under `nodes`, and is indented like the others"
    for field, info in model.model_fields.items():
        for part in _models(info.annotation):
            if name in _names(part):
                return f"; it stands under {info.alias or field!r}"
    return ""


def _names(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items() if not info.exclude]


def _model(loc: tuple[int | str, ...], root: type[BaseModel]) -> type[BaseModel]:
    """The part that the place leads to."""
    model = root
    for at, name in enumerate(loc[:-1]):
        if loc[0] == "nodes" and at < 3:
            model = NODE_TYPES[str(name)] if at == 2 else root
        elif name in model.model_fields:
            model = next(_models(model.model_fields[str(name)].annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in a field's annotation, such as `Case` in `list[Case]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for inner in get_args(annotation):
            yield from _models(inner)
