"""Words for the kinds of steps and ways, in Norwegian and English. What is not in a table is called by its own name."""

from collections.abc import Iterable, Mapping
from typing import Final

from ivr.language.ways import Kind, Way

LANGUAGES: Final = ("nb", "en")

_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "say": ("Beskjed", "Says"),
    "message": ("Varsel", "Message"),
    "menu": ("Meny", "Menu"),
    "digits": ("Taster inn", "Digits"),
    "language": ("Språkvalg", "Language"),
    "hours": ("Åpningstid", "Hours"),
    "branch": ("Vilkår", "Branch"),
    "set": ("Setter", "Sets"),
    "lookup": ("Oppslag", "Look-up"),
    "queue": ("Kø", "Queue"),
    "callback": ("Tilbakeringing", "Callback"),
    "returning": ("Ringer igjen", "Rings again"),
    "voicemail": ("Talepost", "Voicemail"),
    "transfer": ("Viderekobling", "Transfer"),
    "deflect": ("SMS med lenke", "Text message"),
    "survey": ("Undersøkelse", "Survey"),
    "subflow": ("Delflyt", "Sub-flow"),
    "return": ("Tilbake", "Return"),
    "hangup": ("Avslutning", "Goodbye"),
    "entry": ("Inngang", "Entrance"),
}

_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    Kind.NEXT: ("videre", "next"),
    Kind.KEY: ("tast", "key"),
    Kind.NO_CHOICE: ("ingen valg", "no choice"),
    Kind.GIVEN: ("tastet inn", "given"),
    Kind.NO_ENTRY: ("ikke tastet", "not given"),
    Kind.CASE: ("når", "if"),
    Kind.OTHERWISE: ("ellers", "otherwise"),
    Kind.OPEN: ("åpent", "open"),
    Kind.CLOSED: ("stengt", "closed"),
    Kind.HOLIDAY: ("helligdag", "holiday"),
    Kind.TALKED: ("etter samtalen", "after the talk"),
    Kind.OVERFLOW: ("for lang ventetid", "waited too long"),
    Kind.UNAVAILABLE: ("køen er full", "queue is full"),
    Kind.CLOSING: ("stenger snart", "closing soon"),
    Kind.FOUND: ("funnet", "found"),
    Kind.FAILED: ("mislykket", "failed"),
    Kind.DONE: ("ferdig", "done"),
    Kind.REFUSED: ("avslått", "refused"),
    Kind.RESULT: ("svar", "result"),
}

_FAILED: Final[Mapping[str, tuple[str, str]]] = {"not_found": ("ikke funnet", "not found")}

_NEEDS: Final[Mapping[str, tuple[str, str]]] = {
    "queue": ("kø", "queue"),
    "calendar": ("kalender", "calendar"),
    "destination": ("til", "to"),
    "mailbox": ("postkasse", "mailbox"),
    "lookup": ("tjeneste", "service"),
    "flow": ("flyt", "flow"),
    "crisis": ("krise", "crisis"),
    "sms": ("SMS", "text message"),
}

_PLAIN: Final[Mapping[str, tuple[str, str]]] = {
    "legend": ("Tegnforklaring", "Legend"),
    "endings": ("Slik kan det ende", "How it may end"),
    "ends": ("samtalen er slutt", "the call ends"),
    "hours": ("Åpent", "Open"),
    "numbers": ("Nummer", "Number"),
    "back": ("tilbake til", "back to"),
    "on": ("videre til", "on to"),
    "left": ("la på", "hung up"),
    "callers": ("innringere", "callers"),
    "no_number": ("kalt av andre flyter", "called by other flows"),
    "flow": ("Flyt", "Flow"),
    "version": ("versjon", "version"),
    "steps": ("steg", "steps"),
    "unreached": ("nås ikke", "not reached"),
    "added": ("ny", "new"),
    "removed": ("fjernet", "removed"),
    "changed": ("endret", "changed"),
    "uncounted": ("talt på veier som ikke lenger finnes", "counted on ways that are no longer there"),
    "counts": ("Innringere", "Callers"),
}


def _chosen(pair: tuple[str, str], language: str) -> str:
    return pair[0] if language == "nb" else pair[1]


def of_type(type_: str, language: str) -> str:
    """What a step of that type is called."""
    return _chosen(_TYPES[type_], language) if type_ in _TYPES else pretty(type_)


def of_need(kind: str, language: str) -> str:
    """What stands before the name of something outside the flow: a queue, a calendar."""
    return _chosen(_NEEDS[kind], language) if kind in _NEEDS else kind.replace("_", " ")


def plain(word: str, language: str) -> str:
    """A word of the picture itself."""
    return _chosen(_PLAIN[word], language)


def of_way(way: Way, language: str) -> str:
    """Why a caller takes the way, in a few words: "key 2", "waited too long", a condition."""
    word = _chosen(_KINDS[way.kind], language) if way.kind in _KINDS else str(way.kind).replace("_", " ")
    if way.kind in (Kind.OPEN, Kind.GIVEN) or way.detail in ("", str(way.kind)):
        return word
    if way.kind is Kind.FAILED and way.detail in _FAILED:
        return _chosen(_FAILED[way.detail], language)
    return f"{word} {way.detail}"


def of_ways(ways: Iterable[Way], language: str) -> str:
    """Several ways to one place: "key 1, 5, no choice"."""
    told: list[str] = []
    after_key = False
    for way in ways:
        is_key = way.kind is Kind.KEY
        told.append(way.detail if is_key and after_key else of_way(way, language))
        after_key = is_key
    return ", ".join(told)


def pretty(name: str) -> str:
    """A name of a file as people read it: `too_long` is "Too long"."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]
