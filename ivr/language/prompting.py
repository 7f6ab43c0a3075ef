"""The Prompts port: from what a flow says, in words, to the sound that says it. Implemented by `ivr/prompts`.

A flow gives each text in every language that it speaks. Parts that are known only during the call stand in braces,
`"Du er nummer {position} i køen."`, and are given as values of a kind, since languages speak kinds in their own ways.
A slot may name the form that its value is spoken in: `"Timen er {when:date} {when:time}."`
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

from ivr.language.values import (
    FORMS,
    Clock,
    Day,
    Duration,
    Given,
    Interval,
    Number,
    Ordinal,
    Spelled,
    Value,
    in_form,
    spoken_value,
)
from ivr.ports.call import Clip

_SLOT = re.compile(r"\{([a-z][a-z0-9_]*)(?::([a-z_]+))?\}")

CHARACTERS_PER_S = 14.0
"""How fast texts are read (the synthetic voices over the shipped flows: nb 13.2, en 15.1)."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a value in a text, `{name}` or `{name:form}`."""

    name: str
    form: str = ""


_NO_VALUES: Mapping[str, Value] = MappingProxyType({})
_NO_FALLBACK: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """One thing that a flow says: the text in each language, and the values of its slots.

    `key` names the place in the flows, `main/menu.say`: a recording of it is found by language and key. `fallback` is
    the flow's: who speaks a language that cannot be said hears the other. Without it the first language of `texts` is
    spoken to a caller whose own is missing.
    """

    texts: Mapping[str, str]
    key: str = ""
    values: Mapping[str, Value] = field(default_factory=lambda: _NO_VALUES)
    fallback: Mapping[str, str] = field(default_factory=lambda: _NO_FALLBACK)

    def text(self, language: str) -> tuple[str, str]:
        """The language that is spoken for `language`, and its text with the slots as written."""
        for spoken in self.languages(language):
            return spoken, self.texts[spoken]
        return next(iter(self.texts.items()))

    def languages(self, language: str) -> tuple[str, ...]:
        """The languages to try for a caller of `language`: those that have a text, each fallback after its own."""
        tried: list[str] = []
        while language and language not in tried:
            tried.append(language)
            language = self.fallback.get(language, "")
        return tuple(each for each in tried if each in self.texts)

    def named(self, key: str) -> "Said":
        """The same, with its place in the flows."""
        return replace(self, key=key)

    def with_values(self, **values: Value) -> "Said":
        """The same with its slots filled; the forms that slots name are applied when they are spoken."""
        return replace(self, values=values)

    def falling_back(self, fallback: Mapping[str, str]) -> "Said":
        """The same, with the flow's `fallback`: language by language."""
        return replace(self, fallback=fallback) if fallback else self

    def slots(self) -> set[str]:
        """The names of the slots, over all languages."""
        return {part.name for text in self.texts.values() for part in pieces(text) if isinstance(part, Slot)}


@lru_cache(maxsize=4096)
def pieces(text: str) -> tuple[str | Slot, ...]:
    """`text` cut at its slots: "Du er nummer " · Slot("position") · " i køen." Empty parts are left out."""
    parts = _SLOT.split(text)
    found: list[str | Slot] = []
    for at in range(0, len(parts), 3):
        found += [parts[at]] if parts[at] else []
        found += [Slot(parts[at + 1], parts[at + 2] or "")] if at + 1 < len(parts) else []
    return tuple(found)


def unknown_forms(text: str) -> list[str]:
    """The forms that slots of `text` name and that do not exist."""
    return [part.form for part in pieces(text) if isinstance(part, Slot) and part.form and part.form not in FORMS]


def filled(slot: Slot, values: Mapping[str, Value]) -> Value | None:
    """What is spoken in `slot`, in its form; None where it has no value."""
    value = values.get(slot.name)
    return in_form(value, slot.form) if value is not None and slot.form else value


class Prompts(Protocol):
    """Sound for what is said. Nothing here waits or raises: what has no sound is left out and reported in the log."""

    def prepare(self, said: Iterable[Said]) -> None:
        """These may be said from now on, in all their languages: have the sound ready. Called when flows are loaded."""

    def clips(self, said: Said, language: str) -> tuple[Clip, ...]:
        """The clips that say it, one after the other. The text of a clip is what is heard, values spelled out."""

    def music(self, name: str) -> tuple[Clip, ...]:
        """What is played in a loop to callers who wait; `default` always exists."""


__all__ = [
    "FORMS",
    "Clock",
    "Day",
    "Duration",
    "Given",
    "Interval",
    "Number",
    "Ordinal",
    "Prompts",
    "Said",
    "Slot",
    "Spelled",
    "Value",
    "filled",
    "in_form",
    "pieces",
    "spoken_value",
    "unknown_forms",
]
