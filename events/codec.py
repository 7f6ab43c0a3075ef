"""Events as flat maps of text, the shape of a Redis stream entry: `kind`, `v`, and one text a field."""

from collections.abc import Mapping
from dataclasses import fields

from events.catalogue import CATALOGUE, FIELD_TYPES, Event, Scalar


class EventError(ValueError):
    """A stream entry that is not an event of the catalogue; the message names the kind and the field."""


def encode(event: Event) -> dict[str, str]:
    """The entry for `event`. Booleans become `1` and `0`."""
    entry = {"kind": event.kind, "v": str(event.version)}
    for field in fields(event):
        value = getattr(event, field.name)
        entry[field.name] = str(int(value)) if isinstance(value, bool) else str(value)
    return entry


def decode(entry: Mapping[str, str]) -> Event:
    """The event in `entry`. Unknown fields are left out (a newer version wrote them).

    Raises EventError for an unknown kind, a missing field or a value of the wrong type.
    """
    kind = entry.get("kind", "")
    cls = CATALOGUE.get(kind)
    if cls is None:
        raise EventError(f"unknown kind of event {kind!r}")
    values: dict[str, Scalar] = {}
    for name, type_ in FIELD_TYPES[kind].items():
        text = entry.get(name)
        if text is not None:
            values[name] = _read(kind, name, type_, text)
    try:
        return cls(**values)  # type: ignore[arg-type]  # the catalogue gives each field's type, mypy cannot follow
    except TypeError as error:
        raise EventError(f"{kind}: {error}") from None


def _read(kind: str, name: str, type_: type, text: str) -> Scalar:
    try:
        if type_ is bool:
            return bool(int(text))
        if type_ is int:
            return int(float(text)) if "." in text or "e" in text else int(text)
        return float(text) if type_ is float else text
    except (ValueError, OverflowError):
        raise EventError(f"{kind}: field {name!r} is no {type_.__name__}: {text!r}") from None
