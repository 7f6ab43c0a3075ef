"""What callers can hear of what the flows say: recorded, spoken by a synthetic voice, or not at all."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from ivr.files.flow import Flow
from ivr.language.crises import Crisis
from ivr.language.prompting import CHARACTERS_PER_S, Said, pieces
from ivr.prompts import wav_file
from ivr.prompts.phrases import Piece, example, literals, values
from ivr.prompts.recordings import Listing, content
from ivr.prompts.samples import SILENCE_DBFS, levels
from ivr.prompts.speech import VOICES
from ivr.prompts.spoken import keys

LONGEST_MENU_S = 25.0
LOUDEST_DBFS = -9.0
QUIETEST_DBFS = -40.0
"""Brought to the level of a prompt (-20), a quieter one would bring its noise up by more than 20 dB."""
VALUES = "values"
"""The section of words that values are put together from."""

_WORD = re.compile(r"\w+")


class State(StrEnum):
    """How a piece is heard. STALE: the recording was made for another text. FALLBACK: in another language."""

    RECORDED = "recorded"
    STALE = "stale"
    SYNTHETIC = "synthetic"
    FALLBACK = "fallback"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Section:
    """What one flow says, in the order in which a caller may hear it; `menus`: the texts of each choice, by key."""

    name: str
    title: str
    languages: tuple[str, ...]
    said: tuple[Said, ...]
    menus: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece in one language: a text, or the part of a text around its slots, or a word of a value.

    `whole` is the text that it is a part of; `recorded_as` what a stale recording says; `doubts` what is wrong with
    the recording. The duration is an estimate where nothing is recorded.
    """

    section: str
    language: str
    key: str
    text: str
    whole: str
    state: State
    duration_s: float
    recorded_as: str = ""
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LongMenu:
    """A choice that takes longer to hear than callers should listen."""

    section: str
    language: str
    key: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that is said, the recordings that nothing says, and menus that are too long."""

    entries: tuple[Entry, ...]
    unused: tuple[tuple[str, str], ...]
    long_menus: tuple[LongMenu, ...]

    def of(self, *states: State) -> list[Entry]:
        return [entry for entry in self.entries if entry.state in states]


def section(flow: Flow) -> Section:
    """What a flow says: nodes as callers come to them, the first ways first."""
    nodes = _in_order(flow)
    found = {said.key: said for node in nodes for said in flow.nodes[node].texts().values()}
    found.update({said.key: said for said in flow.said() if said.key not in found})
    asked = (flow.nodes[name].texts() for name in nodes if flow.nodes[name].type in ("menu", "language"))
    menus = tuple(tuple(said.key for where, said in texts.items() if where[-1] == "say") for texts in asked)
    return Section(flow.flow, flow.title, tuple(flow.languages), tuple(found.values()), menus)


def crisis_section(crisis: Crisis, flows: Iterable[Flow]) -> Section:
    """What is said in a crisis, in the languages of the flows in which it is heard."""
    heard = [flow for flow in flows if crisis.is_heard_in([flow.flow])]
    languages = dict.fromkeys(language for flow in heard for language in flow.languages)
    fallback = {language: other for flow in reversed(heard) for language, other in flow.fallback.items()}
    said = tuple(each.falling_back(fallback) for each in crisis.said())
    return Section(crisis.name, crisis.title, tuple(languages), said)


def _in_order(flow: Flow) -> list[str]:
    """The names of the nodes, each before those that it leads to; those that nothing leads to last."""
    found: dict[str, None] = {}
    for start in (flow.start, *flow.nodes):
        ahead = [start]
        while ahead:
            name = ahead.pop()
            if name in flow.nodes and name not in found:
                found[name] = None
                ahead += reversed(list(flow.nodes[name].targets().values()))
    return list(found)


def take(sections: Sequence[Section], listing: Listing, *, longest_menu_s: float = LONGEST_MENU_S) -> Inventory:
    """The inventory of `sections`. Reads every recording that is used, to know how loud and how long it is."""
    entries: dict[tuple[str, str], Entry] = {}
    long: list[LongMenu] = []
    for each in sections:
        spoken_s: dict[str, dict[str, float]] = {}
        for language in each.languages:
            for said in each.said:
                if language in said.texts:
                    whole = [_entry(each, said, piece, listing) for piece in _fixed(said, language)]
                    entries.update({(entry.language, entry.key): entry for entry in whole})
                    duration_s = sum(entry.duration_s for entry in whole) + _values_s(said, language)
                    spoken_s.setdefault(said.key, {})[language] = duration_s
        long += [menu for menu in _menus(each, spoken_s) if menu.duration_s > longest_menu_s]
    for (language, key), (text, falls_back) in _wanted_values(sections, listing).items():
        piece = Piece(language, text, key)
        entries.setdefault((language, key), _made(VALUES, piece, text, listing, falls_back=falls_back))
    return Inventory(tuple(entries.values()), tuple(_unused(entries, listing)), tuple(long))


def _menus(each: Section, spoken_s: Mapping[str, Mapping[str, float]]) -> Iterator[LongMenu]:
    """How long each choice takes, by language; what is offered in several languages at once counts whole, and once."""
    for keys_ in each.menus:
        told = [spoken_s[key] for key in keys_ if key in spoken_s]
        for language in each.languages if len(told) == 1 else each.languages[:1] if told else ():
            duration_s = sum(by.get(language, next(iter(by.values()))) for by in told)
            yield LongMenu(each.name, language, keys_[0], duration_s)


def _fixed(said: Said, language: str) -> list[Piece]:
    return literals(language, said.texts[language], said.key)


def _values_s(said: Said, language: str) -> float:
    """About how long the values in a text take, by examples."""
    text = said.texts[language]
    fixed = sum(len(part) for part in pieces(text) if isinstance(part, str))
    return max(0, len(example(language, text)) - fixed) / CHARACTERS_PER_S


def _entry(each: Section, said: Said, piece: Piece, listing: Listing) -> Entry:
    falls_back = falls_to(said, piece.language, listing) is not None
    return _made(each.name, piece, said.texts[piece.language], listing, falls_back=falls_back)


def _made(name: str, piece: Piece, whole: str, listing: Listing, *, falls_back: bool) -> Entry:
    language, key = piece.language, piece.key
    estimate_s = len(piece.text) / CHARACTERS_PER_S
    without = State.SYNTHETIC if language in VOICES else State.FALLBACK if falls_back else State.MISSING
    if (language, key) not in listing.keys:
        return Entry(name, language, key, piece.text, whole, without, estimate_s)
    doubts, duration_s = _examined(listing, language, key)
    if not duration_s:
        return Entry(name, language, key, piece.text, whole, without, estimate_s, doubts=tuple(doubts))
    recorded_as = listing.texts.get(language, {}).get(key)
    if recorded_as is None:
        doubts = [*doubts, "not in recorded.yaml: nobody knows which text it was made for"]
    stale = recorded_as is not None and not same_words(recorded_as, piece.text)
    state = State.STALE if stale else State.RECORDED
    told = recorded_as if stale and recorded_as else ""
    return Entry(name, language, key, piece.text, whole, state, duration_s, told, tuple(doubts))


def same_words(one: str, other: str) -> bool:
    """Whether a speaker says the same: signs and capitals do not count."""
    return _WORD.findall(one.casefold()) == _WORD.findall(other.casefold())


def _examined(listing: Listing, language: str, key: str) -> tuple[list[str], float]:
    source = listing.recordings.source(language, key)
    try:
        data = content(source) if source is not None else b""
        return examined(data)
    except (OSError, wav_file.WavFileError) as fault:
        return [f"cannot be used: {fault}"], 0.0


def examined(data: bytes) -> tuple[list[str], float]:
    """What is wrong with the level of a recording, and its duration in seconds. Raises WavFileError."""
    sound = wav_file.read(data)
    found = levels(sound.samples, sound.rate_hz)
    if not isfinite(found.speech_dbfs):
        raise wav_file.WavFileError(f"there is nothing to hear in it (nothing above {SILENCE_DBFS:.0f} dBFS)")
    doubts = []
    if found.clipped:
        doubts.append(f"clipped in {found.clipped} place{'s' if found.clipped > 1 else ''}")
    if found.speech_dbfs > LOUDEST_DBFS:
        doubts.append(f"too loud ({found.speech_dbfs:.0f} dBFS, at most {LOUDEST_DBFS:.0f})")
    if found.speech_dbfs < QUIETEST_DBFS:
        doubts.append(f"too quiet ({found.speech_dbfs:.0f} dBFS, at least {QUIETEST_DBFS:.0f})")
    return doubts, sound.duration_s


def _wanted_values(sections: Iterable[Section], listing: Listing) -> dict[tuple[str, str], tuple[str, bool]]:
    """Text of every word that values need, by language and key, and whether all that needs it has a fallback."""
    wanted: dict[tuple[str, str], tuple[str, bool]] = {}
    for each in sections:
        for said, language in ((said, language) for said in each.said for language in each.languages):
            needed = values(language, said.texts[language]) if language in said.texts else {}
            falls_back = bool(needed) and falls_to(said, language, listing) is not None
            for text, key in needed.items():
                _, before = wanted.get((language, key), (text, True))
                wanted[language, key] = text, before and falls_back
    return wanted


def _unused(entries: Mapping[tuple[str, str], Entry], listing: Listing) -> Iterator[tuple[str, str]]:
    """Recordings that no flow asks for; of a language that is spoken every value counts as asked for."""
    spoken = {language for language, _ in entries}
    for language, key in sorted(listing.keys):
        known = language in spoken and key in set(keys(language).values())
        if (language, key) not in entries and not known:
            yield language, key


def lacking(said: Said, language: str, listing: Listing) -> list[str]:
    """The keys of the recordings without which `said` cannot be heard in `language`; empty where it can."""
    if language in VOICES:
        return []
    text = said.texts[language]
    needed = [piece.key for piece in _fixed(said, language)] + list(values(language, text).values())
    return [key for key in dict.fromkeys(needed) if not listing.heard(language, key)]


def falls_to(said: Said, language: str, listing: Listing) -> str | None:
    """The language in which a caller of `language` hears it when it cannot be heard in that one."""
    return next(
        (each for each in said.languages(language) if each != language and not lacking(said, each, listing)), None
    )


def spoken_in(said: Said, language: str, listing: Listing) -> str | None:
    """The language in which a caller of `language` hears it, by recordings or by a voice; None: not at all."""
    first, _ = said.text(language)
    candidates = said.languages(language) or (first,)
    return next((each for each in candidates if not lacking(said, each, listing)), None)


def is_recorded(said: Said, language: str, listing: Listing) -> bool:
    """Whether a person speaks all of it that never changes."""
    return all(listing.heard(language, piece.key) for piece in _fixed(said, language))
