"""How a text with slots is cut into pieces that have sound of their own, and which of them to have ready."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ivr.language.prompting import Duration, Interval, Number, Ordinal, Slot, Spelled, Value, filled, pieces
from ivr.prompts.spoken import INTERVALS, forms, keys, spoken, words

EXPECTED: Mapping[str, tuple[Value, ...]] = {
    "position": tuple(Number(place) for place in range(1, 31)),
    "wait": tuple(Duration(60 * count) for count in (0, *range(1, 11), *range(15, 66, 5))),
    "interval": INTERVALS,
}
"""Slots of these names have their whole sentences made ready; others are put together from pieces the first time."""


_MOMENT = Spelled("2026-11-24T09:30")
_EXAMPLES: Mapping[str, Value] = {
    "number": Number(3),
    "ordinal": Ordinal(3),
    "duration": Duration(300),
    "interval": Interval(300, 600),
    "date": _MOMENT,
    "time": _MOMENT,
    "digits": Spelled("2041"),
}

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
def _slots(text: str) -> tuple[Slot, ...]:
    return tuple(dict.fromkeys(part for part in pieces(text) if isinstance(part, Slot)))


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
            (slot,) = slots
            expected = EXPECTED.get(slot.name, ())
            yield from (sentence(language, each, {slot.name: value}) for value in expected)
    yield from (Piece(language, said, key) for said, key in values(language, text).items())


@lru_cache(MOST_TEXTS)
def values(language: str, text: str) -> Mapping[str, str]:
    """What the values of `text` are put together from, and the keys of recordings of it."""
    wanted = dict.fromkeys(form for slot in _slots(text) for form in forms(slot))
    known = keys(language)
    return {said: known[said] for form in wanted for said in words(language, form)}


def value_piece(language: str, said: str) -> Piece:
    """A value in words, or a word of one, with the key of its recording."""
    return Piece(language, said, keys(language).get(said, ""))


def _in_words(slot: Slot, given: Mapping[str, Value], language: str) -> tuple[str, ...]:
    value = filled(slot, given)
    return () if value is None else spoken(value, language)


def sentence(language: str, text: str, given: Mapping[str, Value]) -> Piece:
    """`text` with its values in words, to be said in one breath; a slot without a value is left out."""
    said = [part if isinstance(part, str) else " ".join(_in_words(part, given, language)) for part in pieces(text)]
    return Piece(language, "".join(said).strip())


def example(language: str, text: str) -> str:
    """`text` as it may be heard."""
    return sentence(language, text, examples(text)).text


def examples(text: str) -> dict[str, Value]:
    """Values for the slots of `text`, which stand for all of their form."""
    return {slot.name: _EXAMPLES[forms(slot)[-1]] for slot in _slots(text)}


def breaths(
    language: str, text: str, key: str, given: Mapping[str, Value]
) -> Iterator[tuple[Piece | None, list[Piece]]]:
    """Sentence by sentence: the whole of it, if it has slots, and the pieces that say the same one after the other."""
    fixed = iter(_literals(language, text, key))
    for each in sentences(text):
        said: list[Piece] = []
        for part in pieces(each):
            if isinstance(part, str):
                said += [next(fixed)] if _sounds(part) else []
            else:
                said += [value_piece(language, words_) for words_ in _in_words(part, given, language)]
        yield sentence(language, each, given) if _slots(each) else None, said
