"""How a field of the configuration is declared."""

from dataclasses import field
from typing import Any, TypeVar, cast

T = TypeVar("T")


def setting(doc: str, default: T) -> T:
    """A field with its explanation and default."""
    if isinstance(default, list | dict):
        return cast(T, field(default_factory=default.copy, metadata={"doc": doc}))
    return field(default=default, metadata={"doc": doc})


def required(doc: str) -> Any:
    """A field with its explanation that has no default."""
    return field(metadata={"doc": doc})
