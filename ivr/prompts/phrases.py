"""How a text with slots is cut into pieces that have sound of their own, and which of them to have ready."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.prompting import Duration, Number, Slot, Value, pieces
from ivr.prompts.spoken import spoken, vocabulary

EXPECTED: Mapping[str, tuple[Value, ...]] = {
    "position": tuple(Number(place) for place in range(1, 31)),
    "wait": tuple(Duration(60 * count) for count in (0, *range(1, 11), *range(15, 66, 5))),
}
"""Slots of these names have their whole sentences made ready; others are put together from pieces the first time."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that is said in one breath. `key` names a recording of it, without the language; or ''."""

    language: str
    text: str
    key: str = ""


def _sounds(text: str) -> bool:
    return any(sign.isalnum() for sign in text)


def literals(language: str, text: str, key: str) -> list[Piece]:
    """What never changes in `text`. Parts beside slots are recorded as `key.1`, `key.3`, the slots counted too."""
    parts = pieces(text)
    return [
        Piece(language, part.strip(), f"{key}.{at}" if key and len(parts) > 1 else key)
        for at, part in enumerate(parts, start=1)
        if isinstance(part, str) and _sounds(part)
    ]


def likely(language: str, text: str) -> Iterator[Piece]:
    """Whole sentences and values that `text` will probably need."""
    slots = {part.name for part in pieces(text) if isinstance(part, Slot)}
    if not slots:
        return
    if len(slots) == 1:
        (name,) = slots
        yield from (sentence(language, text, {name: value}) for value in EXPECTED.get(name, ()))
    yield from (Piece(language, words) for words in sorted(vocabulary(language)))


def sentence(language: str, text: str, values: Mapping[str, Value]) -> Piece:
    """`text` with its values in words, to be said in one breath; a slot without a value is left out."""
    words = [
        part if isinstance(part, str) else " ".join(spoken(values[part.name], language)) if part.name in values else ""
        for part in pieces(text)
    ]
    return Piece(language, "".join(words).strip())


def in_turn(language: str, text: str, key: str, values: Mapping[str, Value]) -> Iterator[Piece]:
    """`text` cut into pieces, to be said one after the other."""
    fixed = iter(literals(language, text, key))
    for part in pieces(text):
        if isinstance(part, str):
            if _sounds(part):
                yield next(fixed)
        elif part.name in values:
            yield from (Piece(language, words) for words in spoken(values[part.name], language))
