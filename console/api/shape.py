"""The shape of bodies: dataclasses to and from JSON, and as JSON Schema. Whatever is not expected is told by name."""

import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, cast

from console.api.problems import Mistake, Problem
from ivr.language.problems import did_you_mean

T = TypeVar("T")
MOST_MISTAKES = 20
MOST_CHARACTERS = 200
MOST_ITEMS = 200
_PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number"}


def member(
    doc: str, default: Any = MISSING, *, pattern: str = "", least: int | None = None, most: int | None = None
) -> Any:
    """A field with what it is. `least` and `most` bound a number, or the length of anything else."""
    told = {"doc": doc, "pattern": pattern, "least": least, "most": most}
    if isinstance(default, dict | list | tuple):
        return field(default_factory=lambda: type(default)(default), metadata=told)
    return field(default=default, metadata=told)


# --- Reading


def read(kind: type[T], raw: object) -> T:
    """`raw`, as JSON gives it, as the dataclass `kind`. Raises Problem with every mistake."""
    mistakes: list[Mistake] = []
    value = _value(kind, raw, "", {}, mistakes)
    if mistakes:
        told = "; ".join(f"{one.pointer or 'the body'}: {one.detail}" for one in mistakes[:3])
        raise Problem("malformed", told, mistakes=mistakes[:MOST_MISTAKES])
    return cast(T, value)


def _value(kind: Any, raw: object, where: str, rules: Mapping[str, Any], mistakes: list[Mistake]) -> Any:
    inner, optional = _optional(kind)
    if optional and raw is None:
        return None
    if is_dataclass(inner):
        return _object(inner, raw, where, mistakes)
    origin = typing.get_origin(inner)
    if origin is dict:
        return _mapping(typing.get_args(inner)[1], raw, where, rules, mistakes)
    if origin is tuple:
        return _items(typing.get_args(inner)[0], raw, where, rules, mistakes)
    if not (type(raw) is inner or (inner is float and type(raw) is int)):
        mistakes.append(Mistake(where, f"expected {_named(inner)}"))
        return None
    _bound(raw, where, rules, mistakes)
    return raw


def _object(kind: Any, raw: object, where: str, mistakes: list[Mistake]) -> Any:
    if not isinstance(raw, dict):
        mistakes.append(Mistake(where, "expected an object"))
        return None
    known = _fields(kind)
    for name in list(raw.keys() - known.keys())[:MOST_MISTAKES]:
        hint = did_you_mean(name, known) or (f"; known are {', '.join(known)}" if known else "; none is known here")
        mistakes.append(Mistake(f"{where}/{_escaped(name)}", f"unknown field{hint}"))
    values, before = {}, len(mistakes)
    for name, (one, inner) in known.items():
        if name in raw:
            values[name] = _value(inner, raw[name], f"{where}/{name}", one.metadata, mistakes)
        elif one.default is MISSING and one.default_factory is MISSING:
            mistakes.append(Mistake(f"{where}/{name}", "is needed"))
    return kind(**values) if len(mistakes) == before else None


def _mapping(inner: Any, raw: object, where: str, rules: Mapping[str, Any], mistakes: list[Mistake]) -> Any:
    if not isinstance(raw, dict) or len(raw) > MOST_ITEMS:
        mistakes.append(Mistake(where, f"expected an object of at most {MOST_ITEMS} members"))
        return None
    for name in raw:
        if not name or len(name) > MOST_CHARACTERS or not name.isprintable():
            mistakes.append(Mistake(where, "a name in it is empty, too long or not printable"))
            return None
    return {name: _value(inner, value, f"{where}/{_escaped(name)}", rules, mistakes) for name, value in raw.items()}


def _items(inner: Any, raw: object, where: str, rules: Mapping[str, Any], mistakes: list[Mistake]) -> Any:
    if not isinstance(raw, list) or len(raw) > MOST_ITEMS:
        mistakes.append(Mistake(where, f"expected a list of at most {MOST_ITEMS}"))
        return None
    return tuple(_value(inner, value, f"{where}/{index}", rules, mistakes) for index, value in enumerate(raw))


def _bound(raw: object, where: str, rules: Mapping[str, Any], mistakes: list[Mistake]) -> None:
    least, most = rules.get("least"), rules.get("most")
    if isinstance(raw, str):
        most = MOST_CHARACTERS if most is None else most
        if not (least or 0) <= len(raw) <= most:
            mistakes.append(Mistake(where, f"expected {least or 0} to {most} characters"))
        elif not raw.isprintable():
            mistakes.append(Mistake(where, "expected printable characters"))
        elif rules.get("pattern") and not re.fullmatch(rules["pattern"], raw):
            mistakes.append(Mistake(where, f"expected what fits {rules['pattern']}"))
    elif isinstance(raw, int | float) and not _between(raw, least, most):
        mistakes.append(Mistake(where, f"expected {least} to {most}"))


def _between(number: float, least: int | None, most: int | None) -> bool:
    return (least is None or number >= least) and (most is None or number <= most)


def _named(kind: Any) -> str:
    return {str: "text", bool: "true or false", int: "a whole number", float: "a number"}[kind]


def _escaped(name: str) -> str:
    """One step of a pointer, of bounded length and without what moves a cursor."""
    shown = name[:40].replace("~", "~0").replace("/", "~1")
    return shown if shown.isprintable() else ascii(shown)[1:-1]


# --- Writing


def plain(value: Any) -> Any:
    """A dataclass as JSON has it."""
    if is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in _fields(cast(Any, type(value)))}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


# --- As JSON Schema


def schema(kind: Any, defs: dict[str, Any]) -> dict[str, Any]:
    """The schema of `kind`; those of dataclasses go into `defs`, and are referred to."""
    inner, optional = _optional(kind)
    found = _schema(inner, defs)
    return {"anyOf": [found, {"type": "null"}]} if optional else found


def _schema(kind: Any, defs: dict[str, Any]) -> dict[str, Any]:
    if is_dataclass(kind):
        name = cast(type, kind).__name__
        if name not in defs:
            defs[name] = {}
            defs[name] = _object_schema(kind, defs)
        return {"$ref": f"#/components/schemas/{name}"}
    if typing.get_origin(kind) is dict:
        return {"type": "object", "additionalProperties": schema(typing.get_args(kind)[1], defs)}
    if typing.get_origin(kind) is tuple:
        return {"type": "array", "items": schema(typing.get_args(kind)[0], defs)}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"type": "string", "enum": [one.value for one in kind]}
    return {"type": _PLAIN[kind]}


def _object_schema(kind: Any, defs: dict[str, Any]) -> dict[str, Any]:
    properties = {name: _property(one, inner, defs) for name, (one, inner) in _fields(kind).items()}
    needed = [n for n, (f, _) in _fields(kind).items() if f.default is MISSING and f.default_factory is MISSING]
    found: dict[str, Any] = {"type": "object", "description": " ".join((kind.__doc__ or "").split())}
    return found | {"properties": properties, "required": needed, "additionalProperties": False}


def _property(one: Field[Any], kind: Any, defs: dict[str, Any]) -> dict[str, Any]:
    found = schema(kind, defs)
    rules, target = one.metadata, found
    inner, _ = _optional(kind)
    if typing.get_origin(inner) is dict:
        target = found["additionalProperties"]
    elif typing.get_origin(inner) is tuple:
        target = found["items"]
    names = ("minLength", "maxLength") if target.get("type") == "string" else ("minimum", "maximum")
    for rule, name in zip(("least", "most"), names, strict=True):
        if rules.get(rule) is not None:
            target[name] = rules[rule]
    if rules.get("pattern"):
        target["pattern"] = f"^(?:{rules['pattern']})$"
    if rules.get("doc"):
        found["description"] = rules["doc"]
    return found


@cache
def _fields(kind: Any) -> dict[str, tuple[Field[Any], Any]]:
    kinds = typing.get_type_hints(kind)
    return {one.name: (one, kinds[one.name]) for one in fields(kind)}


def _optional(kind: Any) -> tuple[Any, bool]:
    if isinstance(kind, types.UnionType):
        inner = [one for one in typing.get_args(kind) if one is not type(None)]
        return inner[0], True
    return kind, False
