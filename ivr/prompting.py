"""The Prompts port: from what a flow says, in words, to the sound that says it. Implemented by `ivr/prompts`.

A flow gives each text in every language that it speaks. Parts that are known only during the call stand in braces,
`"Du er nummer {position} i køen."`, and are given as values of a kind, since languages speak kinds in their own ways.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

from ivr.call import Clip

_SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Number:
    """A cardinal, spoken as one: `Number(21)` is "tjueen"."""

    value: int


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, spoken as people say it: 150 s is "omtrent tre minutter"."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Spelled:
    """Digits spoken one by one. They may be personal and are in no log."""

    pii_text: str


Value = Number | Duration | Spelled


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a value in a text."""

    name: str


_NO_VALUES: Mapping[str, Value] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """One thing that a flow says: the text in each language, and the values of its slots.

    `key` names the place in the flows, `main/menu.say`: a recording of it is found by language and key. The first
    language of `texts` is spoken to a caller whose own is missing.
    """

    texts: Mapping[str, str]
    key: str = ""
    values: Mapping[str, Value] = field(default_factory=lambda: _NO_VALUES)

    def text(self, language: str) -> tuple[str, str]:
        """The language that is spoken for `language`, and its text with the slots as written."""
        text = self.texts.get(language)
        if text is not None:
            return language, text
        return next(iter(self.texts.items()))

    def named(self, key: str) -> "Said":
        """The same, with its place in the flows."""
        return replace(self, key=key)

    def with_values(self, **values: Value) -> "Said":
        """The same with its slots filled."""
        return replace(self, values=values)

    def slots(self) -> set[str]:
        """The names of the slots, over all languages."""
        return {part.name for text in self.texts.values() for part in pieces(text) if isinstance(part, Slot)}


@lru_cache(maxsize=4096)
def pieces(text: str) -> tuple[str | Slot, ...]:
    """`text` cut at its slots: "Du er nummer " · Slot("position") · " i køen." Empty parts are left out."""
    parts = _SLOT.split(text)
    return tuple(Slot(part) if index % 2 else part for index, part in enumerate(parts) if part)


class Prompts(Protocol):
    """Sound for what is said. Nothing here waits or raises: what has no sound is left out and reported in the log."""

    def prepare(self, said: Iterable[Said]) -> None:
        """These may be said from now on, in all their languages: have the sound ready. Called when flows are loaded."""

    def clips(self, said: Said, language: str) -> tuple[Clip, ...]:
        """The clips that say it, one after the other. The text of a clip is what is heard, values spelled out."""

    def music(self, name: str) -> tuple[Clip, ...]:
        """What is played in a loop to callers who wait; `default` always exists."""
