"""Phrases for what callers do and meet, in Norwegian and English; what is not in a table goes by its own name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Final

from ivr.files.flow import Flow
from ivr.language.ways import Kind, Way, Where
from ivr.nodes import Node
from ivr.picture import words
from ivr.picture.graph import first_words

MOST_CHAIN = 4
_QUOTED = 72
"""Characters of what is said."""

_DOING: Final[Mapping[str, tuple[str, str]]] = {
    Kind.KEY: ("taster {}", "pressing {}"),
    Kind.NO_CHOICE: ("ikke velger noe", "making no choice"),
    Kind.GIVEN: ("har tastet inn det de blir bedt om", "having entered what is asked for"),
    Kind.NO_ENTRY: ("ikke taster inn noe", "entering nothing"),
    Kind.CASE: ("når {}", "when {}"),
    Kind.OTHERWISE: ("ellers", "otherwise"),
    Kind.OPEN: ("når det er åpent", "when open"),
    Kind.CLOSED: ("når det er stengt", "when closed"),
    Kind.HOLIDAY: ("på helligdager", "on holidays"),
    Kind.TALKED: ("etter samtalen", "after the talk"),
    Kind.OVERFLOW: ("etter for lang ventetid", "after waiting too long"),
    Kind.UNAVAILABLE: ("når køen er full", "when the queue is full"),
    Kind.CLOSING: ("når det stenger før noen kan svare", "when it closes before anybody can answer"),
    Kind.FOUND: ("når det blir funnet", "when it is found"),
    Kind.FAILED: ("når det mislykkes", "when it fails"),
    Kind.DONE: ("når det er gjort", "when it is done"),
    Kind.REFUSED: ("når det blir avslått", "when it is refused"),
    Kind.RESULT: ("med svaret {}", "with the result {}"),
    Kind.NEXT: ("det går videre", "it goes on"),
}

_SETTINGS: Final[Mapping[str, tuple[str, str]]] = {
    "wait": ("hvor lenge det ventes på tast", "how long a key is awaited"),
    "between": ("hvor lenge det ventes på hver neste tast", "how long each further key is awaited"),
    "attempts": ("antall forsøk", "the number of attempts"),
    "max_wait": ("lengste ventetid i køen", "the longest wait in the queue"),
    "priority": ("forsprang i køen", "the head start in the queue"),
    "queue": ("køen", "the queue"),
    "calendar": ("kalenderen", "the calendar"),
    "music": ("musikken", "the music"),
    "first_after": ("ventetid før første plassmelding", "the wait before the first position"),
    "every": ("tid mellom plassmeldinger", "the time between positions"),
    "to": ("målet", "the destination"),
    "mailbox": ("postkassen", "the mailbox"),
    "variable": ("navnet på det som tastes", "the name of what is entered"),
    "most": ("det meste", "the most"),
    "least": ("det minste", "the least"),
    "terminator": ("tasten som avslutter", "the key that ends it"),
    "check": ("kontrollen", "the check"),
    "personal": ("om det er personlig", "whether it is personal"),
    "silence": ("stillhet som avslutter", "the silence that ends it"),
    "closes": ("kalenderen som køen stenger etter", "the calendar by which the queue closes"),
    "always_open_when": ("når det alltid er åpent", "when it is always open"),
    "service": ("tjenesten", "the service"),
    "flows": ("flytene som hører det", "the flows that hear it"),
    "head_start": ("forspranget", "the head start"),
    "end": ("om samtalen ender der", "whether the call ends there"),
    "stay": ("tasten for å vente likevel", "the key to wait all the same"),
    "flow": ("delflyten", "the sub-flow"),
    "default": ("språket til den som ikke velger", "the language of who chooses none"),
    "language": ("språket", "the language"),
    "timeout": ("hvor lenge det ventes på svar", "how long an answer is awaited"),
    "when": ("vilkåret", "the condition"),
    "after": ("hvor lenge før det går videre", "how long before it goes on"),
    "from": ("fra når", "from when"),
    "until": ("til når", "until when"),
}

_SAID: Final[Mapping[str, tuple[str, str]]] = {
    "say": ("det som sies", "what is said"),
    "message": ("kriseteksten", "the message"),
    "silence": ("det som sies etter stillhet", "what is said after silence"),
    "wrong": ("det som sies etter feil tast", "what is said after a wrong key"),
    "welcome": ("velkomsten i køen", "the welcome in the queue"),
    "position": ("plassen i køen", "the position in the queue"),
    "position_and_wait": ("plassen i køen med ventetid", "the position in the queue with the wait"),
    "delayed": ("det som sies ved forsinkelse", "what is said at a delay"),
    "saved": ("det som sies når beskjeden er lagret", "what is said when the message is kept"),
    "too_short": ("det som sies når beskjeden er for kort", "what is said when the message is too short"),
    "comfort": ("det som sies innimellom i køen", "what is said now and then in the queue"),
    "say_keys": ("tastene som tilbys i køen", "the keys that are offered in the queue"),
    "sms": ("teksten i SMS-en", "the text message"),
}


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases in one language; `titles` are people's names for queues and the like."""

    language: str
    titles: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def choose(self, norwegian: str, english: str) -> str:
        return norwegian if self.language == "nb" else english

    def doing(self, way: Way) -> str:
        """What a caller does, or what is so, to take the way: "pressing 3", "when closed"."""
        if way.kind not in _DOING:
            return words.of_way(way, self.language)
        if way.kind is Kind.FAILED and way.detail == "not_found":
            return self.choose("når det ikke blir funnet", "when it is not found")
        told = self.choose(*_DOING[way.kind]).format(way.detail)
        if way.kind is Kind.OVERFLOW and way.detail:
            after, _, when = way.detail.partition(", ")
            return self.choose(f"etter {after} i kø", f"after waiting {after}") + (f" ({when})" if when else "")
        return told

    def setting(self, where: Where) -> str:
        """What a setting is called; a variable that is set, by its name."""
        names = [str(part) for part in where if not isinstance(part, int)]
        if names[0] == "values":
            return self.choose(f"verdien av {names[-1]}", f"the value of {names[-1]}")
        known = _SETTINGS.get(names[-1])
        told = self.choose(*known) if known else words.pretty(names[-1]).lower()
        ordinals = [part + 1 for part in where if isinstance(part, int)]
        return f"{told} ({ordinals[0]})" if ordinals and names[-1] != "calendar" else told

    def said(self, where: Where) -> str:
        """Which of a step's texts it is."""
        names = [str(part) for part in where if not isinstance(part, int)]
        known = _SAID.get(names[-1])
        told = self.choose(*known) if known else words.pretty(names[-1]).lower()
        ordinals = [part + 1 for part in where if isinstance(part, int)]
        return f"{told} ({ordinals[0]})" if ordinals else told

    def step(self, name: str) -> str:
        return f"“{words.pretty(name)}”"

    def steps(self, names: Sequence[str]) -> str:
        joint = self.choose(" og ", " and ")
        shown = [self.step(name) for name in names]
        return joint.join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)

    def value(self, where: Where, value: str) -> str:
        """A value as people know it: queues by their titles."""
        of = next((part for part in reversed(where) if isinstance(part, str)), "")
        title = self.titles.get((of, value))
        return f"{title} ({value})" if title and title != value else value

    def place(self, node: Node, name: str) -> str:
        """A step as callers meet it: the queue and its title, or its name and the first words."""
        kind = words.of_type(node.type, self.language).lower()
        queue = next((what for of, what in node.needs().values() if of == "queue"), "")
        if queue:
            return self.choose(f"køen {self._title(queue)}", f"the queue {self._title(queue)}")
        quoted = shorten(first_words(node.texts(), self.language), _QUOTED, placeholder=" …")
        told = f"{self.step(name)} ({kind}"
        return told + (f": “{quoted}”)" if quoted else ")")

    def named(self, node: Node, name: str) -> str:
        """A step by its name, and what it is."""
        place = self.place(node, name)
        return place if place.startswith(self.step(name)) else f"{self.step(name)} ({place})"

    def _title(self, queue: str) -> str:
        return self.titles.get(("queue", queue)) or words.pretty(queue)

    def leads_to(self, flow: Flow, name: str | None) -> str:
        """Where a way leads, on through what goes on by itself: "says “Hello”, then the queue Family"."""
        then = self.choose(", så ", ", then ")
        met: list[str] = []
        while name is not None and name in flow.nodes and len(met) < MOST_CHAIN:
            node = flow.nodes[name]
            met.append(self.place(node, name))
            ways = node.ways()
            name = ways[0].target if len(ways) == 1 and ways[0].kind is Kind.NEXT else None
        return then.join(met) or self.choose("slutten av samtalen", "the end of the call")
