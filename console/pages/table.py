"""The table of pages: what there is, for whom, in which order of the menu. A new page is a module and a row here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from console.accounts import Role
from console.asked import Asked
from console.pages import contacts, flows, installation, measures, people, wallboard
from console.pages.frame import Content
from console.view import View

Show = Callable[[Asked, View, Mapping[str, str]], Awaitable[Content]]
"""The page for who asks; the names in its path."""


@dataclass(frozen=True, slots=True)
class Page:
    """`word` names it in the menu; empty: it is not there. `least` may see it."""

    path: str
    word: str
    least: Role
    show: Show


PAGES = (
    Page("/", "wallboard", Role.VIEWER, wallboard.show),
    Page("/screen", "screen", Role.VIEWER, wallboard.show_screen),
    Page("/flows", "flows", Role.VIEWER, flows.show_all),
    Page("/flows/{flow}", "", Role.VIEWER, flows.show_one),
    Page("/contacts", "stories", Role.SUPERVISOR, contacts.show_all),
    Page("/contacts/{contact}", "", Role.SUPERVISOR, contacts.show_one),
    Page("/people", "people", Role.SUPERVISOR, people.show),
    Page("/sites", "installation", Role.VIEWER, installation.show),
    Page("/measures", "measures", Role.VIEWER, measures.show),
)
