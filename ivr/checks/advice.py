"""What is no mistake, but what callers suffer from: told as warnings, which keep nothing from going live."""

import re
from collections.abc import Iterator

from ivr.files.flow import Flow
from ivr.files.marked_yaml import Marked
from ivr.language.prompting import CHARACTERS_PER_S, Said
from ivr.language.schema import Where
from ivr.nodes import Node
from ivr.nodes.hours import Hours
from ivr.nodes.menu import Menu
from ivr.nodes.queue import Queue
from ivr.nodes.subflow import Subflow

MOST_KEYS = 5
"""People keep about so many choices in mind; 0, * and # (a person, again) and the choice of a language don't count."""
LONGEST_MENU_S = 25.0

_SAID_KEY = re.compile(
    r"\b(?:tast|trykk|tastar|trykkjer|press)\s+(?:på\s+)?([0-9]|stjerne|firkant|star|hash|pound)\b", re.IGNORECASE
)
_SIGNS = {"stjerne": "*", "star": "*", "firkant": "#", "hash": "#", "pound": "#"}


def advise(flow: Flow, marked: Marked) -> None:
    """Note the warnings in `marked`."""
    for name, node in flow.nodes.items():
        for where, message in _of(flow, node):
            line, column = marked.place(("nodes", name, *where))
            told = f"{node.type} {name!r}: {message}"
            marked.note(line, column, told, "warning")


def _of(flow: Flow, node: Node) -> Iterator[tuple[Where, str]]:
    if isinstance(node, Menu):
        yield from _menu(flow, node)
    if isinstance(node, Queue):
        yield from _closing(flow, node)


def _closing(flow: Flow, queue: Queue) -> Iterator[tuple[Where, str]]:
    """Where callers are let in out of hours, and then measured by them."""
    for name, hours in flow.nodes.items():
        if isinstance(hours, Hours) and hours.always_open_when is not None and set(hours.calendars) & set(queue.closes):
            always, closes = hours.always_open_when.text, queue.always_open_when
            if closes is None or closes.text != always:
                told = f"hours {name!r} is always open when {always}, and this queue closes all the same"
                yield ("closes",), f"{told}; say `always_open_when: {always}`"


def _menu(flow: Flow, menu: Menu) -> Iterator[tuple[Where, str]]:
    choices = [key for key, target in menu.keys.items() if key not in "0*#" and not _sets_language(flow, target)]
    if len(choices) > MOST_KEYS:
        yield ("keys",), f"{len(choices)} choices are more than people keep in mind; {MOST_KEYS} are enough"
    for language, text in menu.say.texts.items():
        seconds = len(text) / CHARACTERS_PER_S
        if seconds > LONGEST_MENU_S:
            told = f"about {seconds:.0f} s in {language}, more than {LONGEST_MENU_S:.0f} s; callers forget how it began"
            yield _place(flow, menu.say, language), told
        for key in sorted(_said_keys(text) - set(menu.keys)):
            yield _place(flow, menu.say, language), f"says key {key} in {language}, which leads nowhere"
    said = set().union(*(_said_keys(text) for text in menu.say.texts.values()))
    if said:
        for key in menu.keys:
            if key not in said:
                yield ("keys", key), f"key {key} leads to {menu.keys[key]!r}, and no text says so"


def _place(flow: Flow, said: Said, language: str) -> Where:
    """A text of the catalogue is pointed to where it is named."""
    return ("say", language) if said.key.startswith(f"{flow.flow}/") and "/prompts." not in said.key else ("say",)


def _said_keys(text: str) -> set[str]:
    return {_SIGNS.get(key.lower(), key) for key in _SAID_KEY.findall(text)}


def _sets_language(flow: Flow, target: str) -> bool:
    node: Node | None = flow.nodes.get(target)
    if isinstance(node, Subflow):
        return "language" in node.take
    return node is not None and (node.type == "language" or "language" in node.assigns())
