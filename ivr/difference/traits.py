"""What a step is made of, by place: what it says, its ways, and all else that is set in it."""

from collections.abc import Iterator, Mapping
from typing import Any

from ivr.language.expression import Expression
from ivr.language.lengths import length_text
from ivr.language.prompting import Said
from ivr.language.schema import Part, Written
from ivr.language.ways import Kind, Way, Where
from ivr.nodes import Node

_NOT_SETTINGS = ("type", "note", "block")


def settings_of(node: Node) -> dict[Where, str]:
    """Everything that is set, as text: not what is said, nor where it leads, nor what a way tells of itself."""
    targets = {way.where for way in node.ways()}
    told = {
        (way.where[:-1], part)
        for way in node.ways()
        if len(way.where) > 1 or way.kind is Kind.OVERFLOW
        for part in (way.detail, *way.detail.split(", "))
    }
    return {
        where: value
        for where, value in _flat((), node)
        if where not in targets and (where[:-1], value) not in told and where[-1] not in _NOT_SETTINGS
    }


def settings_within(where: Where, value: object) -> dict[Where, str]:
    """What is set in a part that is no node, by place."""
    return dict(_flat(where, value))


def texts_of(node: Node) -> dict[Where, Mapping[str, str]]:
    """Everything that is said or sent, by language."""
    said = {where: each.texts for where, each in node.texts().items()}
    return {**said, **{where: each.texts for where, each in node.written().items()}}


def ways_of(node: Node) -> dict[tuple[Kind, str], Way]:
    """The ways by what makes a caller take them."""
    return {(way.kind, _telling(way)): way for way in node.ways()}


def _telling(way: Way) -> str:
    return "" if way.kind in (Kind.OPEN, Kind.GIVEN) else way.detail


def _flat(where: Where, value: Any, unit: str = "") -> Iterator[tuple[Where, str]]:
    if isinstance(value, Said | Written) or value is None:
        return
    if isinstance(value, Part):
        for name, info in type(value).model_fields.items():
            yield from _flat((*where, info.alias or name), getattr(value, name), "s" if name.endswith("_s") else "")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _flat((*where, str(key)), item)
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value):
            yield from _flat((*where, at), item)
    elif isinstance(value, Expression):
        yield where, value.text
    elif unit:
        yield where, length_text(float(value))
    else:
        yield where, str(value).lower() if isinstance(value, bool) else str(value)


Print = tuple[str, frozenset[tuple[Where, str]], frozenset[tuple[Where, str, str]]]


def print_of(node: Node) -> Print:
    """All of a step but its name, its note and where it leads: two steps with one print are the same to callers."""
    said = {(where, *pair) for where, texts in texts_of(node).items() for pair in texts.items()}
    return node.type, frozenset(settings_of(node).items()), frozenset(said)
