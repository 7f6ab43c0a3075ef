"""One request to the console: who asks, in which language, with which look."""

from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

from console.accounts import Role
from console.sessions import Session
from console.visitors import Visitor

Language = Literal["nb", "en"]
LANGUAGES: tuple[Language, ...] = ("nb", "en")
THEMES = ("auto", "light", "dark")
LOOK = "svar_look"
"""The cookie that keeps language and theme."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`session` is None before log-in. `secret` proves forms; `fresh`: it has to be given as a cookie first."""

    path: str
    visitor: Visitor
    session: Session | None
    language: Language
    theme: str
    secret: str
    fresh: bool = False

    def may(self, least: Role) -> bool:
        return self.session is not None and self.session.role.at_least(least)


def look_of(request: Request) -> tuple[Language, str]:
    """The language and theme that were chosen; before that the browser's language."""
    chosen, _, theme = request.cookies.get(LOOK, "").partition(".")
    language = next((one for one in LANGUAGES if one == chosen), None) or _accepted(request)
    return language, theme if theme in THEMES else "auto"


def _accepted(request: Request) -> Language:
    for part in request.headers.get("accept-language", "").lower().split(",")[:20]:
        primary = part.partition(";")[0].strip().partition("-")[0]
        if primary in ("nb", "no", "nn"):
            return "nb"
        if primary == "en":
            return "en"
    return "nb"
