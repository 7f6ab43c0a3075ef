"""Versions, pointers and moves from the records that stores keep; what a newer svar added is left out."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from acd.versions import Canary, Damaged, Gate, Move, Pointer, Version

T = TypeVar("T")


def version_of(record: Mapping[str, Any]) -> Version:
    """Raises Damaged."""
    # An empty list of Lua's comes as an object.
    gates = tuple(_made(Gate, gate) for gate in record.get("gates") or ())
    return _made(Version, {**record, "gates": gates})


def pointer_of(record: Mapping[str, Any]) -> Pointer:
    """Raises Damaged."""
    canary = _made(Canary, record["canary"]) if record.get("canary") else None
    return _made(Pointer, {**record, "canary": canary})


def move_of(record: Mapping[str, Any]) -> Move:
    """Raises Damaged."""
    return _made(Move, record)


def _made(kind: type[T], record: Mapping[str, Any]) -> T:
    try:
        known = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # each of them is a dataclass
        return kind(**{name: value for name, value in record.items() if name in known})
    except (TypeError, AttributeError) as error:
        raise Damaged(f"a record in the store is no {kind.__name__}: {error}") from None
