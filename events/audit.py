"""Who did what from outside: through the API, by HTTP or MQTT, and who came into the console."""

from dataclasses import dataclass
from typing import ClassVar

from events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedDone(Event):
    """Somebody changed something through the API, or was refused.

    `author` is the token's name, `by` its role, `way` rest or mqtt; `deed`, `target` say what was asked of whom;
    `outcome` is done or the code of the refusal. No content: a reason or a topic stands in the event of the change.
    """

    kind: ClassVar[str] = "deed_done"
    author: str
    by: str
    way: str
    deed: str
    target: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLogin(Event):
    """Somebody logged in to the console."""

    kind: ClassVar[str] = "console_login"
    user: str
    role: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLoginRefused(Event):
    """Nobody was let in. `user` is empty where there is no such account: people type passwords in the wrong field.

    Causes: wrong, too_many (wrong ones before), busy.
    """

    kind: ClassVar[str] = "console_login_refused"
    user: str
    cause: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLogout(Event):
    """Somebody logged out of the console, `everywhere` or at one place."""

    kind: ClassVar[str] = "console_logout"
    user: str
    everywhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolePasswordChanged(Event):
    """Somebody gave themselves another password in the console."""

    kind: ClassVar[str] = "console_password_changed"
    user: str
