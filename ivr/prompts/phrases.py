"""How a text with slots is cut into pieces that have sound of their own, and which of them to have ready."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ivr.prompting import Duration, Number, Slot, Value, pieces
from ivr.prompts.spoken import spoken, vocabulary

EXPECTED: Mapping[str, tuple[Value, ...]] = {
    "position": tuple(Number(place) for place in range(1, 31)),
    "wait": tuple(Duration(60 * count) for count in (0, *range(1, 11), *range(15, 66, 5))),
}
"""Slots of these names have their whole sentences made ready; others are put together from pieces the first time."""


MOST_TEXTS = 4096
"""Texts of flows that are kept cut into pieces: they are said again for every caller."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that is said in one breath. `key` names a recording of it, without the language; or ''."""

    language: str
    text: str
    key: str = ""


@lru_cache(MOST_TEXTS)
def _sounds(text: str) -> bool:
    return any(sign.isalnum() for sign in text)


@lru_cache(MOST_TEXTS)
def sentences(text: str) -> tuple[str, ...]:
    """A text with slots, sentence by sentence, so that each slot is said in a short breath; another text as it is."""
    return tuple(_SENTENCE_END.split(text.strip())) if _slots(text) else (text.strip(),)


@lru_cache(MOST_TEXTS)
def _slots(text: str) -> frozenset[str]:
    return frozenset(part.name for part in pieces(text) if isinstance(part, Slot))


def literals(language: str, text: str, key: str) -> list[Piece]:
    """What never changes in `text`. With slots these are recorded as `key.1`, `key.3`, the slots counted too."""
    return list(_literals(language, text, key))


@lru_cache(MOST_TEXTS)
def _literals(language: str, text: str, key: str) -> tuple[Piece, ...]:
    numbered = key and bool(_slots(text))
    parts = [part for each in sentences(text) for part in pieces(each)]
    return tuple(
        Piece(language, part.strip(), f"{key}.{at}" if numbered else key)
        for at, part in enumerate(parts, start=1)
        if isinstance(part, str) and _sounds(part)
    )


def likely(language: str, text: str) -> Iterator[Piece]:
    """Whole sentences and values that `text` will probably need."""
    for each in sentences(text):
        slots = _slots(each)
        if len(slots) == 1:
            (name,) = slots
            yield from (sentence(language, each, {name: value}) for value in EXPECTED.get(name, ()))
    if _slots(text):
        yield from (Piece(language, words) for words in sorted(vocabulary(language)))


def sentence(language: str, text: str, values: Mapping[str, Value]) -> Piece:
    """`text` with its values in words, to be said in one breath; a slot without a value is left out."""
    words = [
        part if isinstance(part, str) else " ".join(spoken(values[part.name], language)) if part.name in values else ""
        for part in pieces(text)
    ]
    return Piece(language, "".join(words).strip())


def breaths(
    language: str, text: str, key: str, values: Mapping[str, Value]
) -> Iterator[tuple[Piece | None, list[Piece]]]:
    """Sentence by sentence: the whole of it, if it has slots, and the pieces that say the same one after the other."""
    fixed = iter(_literals(language, text, key))
    for each in sentences(text):
        said: list[Piece] = []
        for part in pieces(each):
            if isinstance(part, str):
                said += [next(fixed)] if _sounds(part) else []
            elif part.name in values:
                said += [Piece(language, words) for words in spoken(values[part.name], language)]
        yield sentence(language, each, values) if _slots(each) else None, said
