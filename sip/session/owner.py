"""What the parts of a session may ask of it."""

from __future__ import annotations

from typing import Protocol

from sip.dialog import Dialog
from sip.events import EndCause, SessionId
from sip.message.message import Request, Response
from sip.session.timer import SessionTimer
from sip.station import Station
from sip.transaction import Transaction


class Owner(Protocol):
    """The session, as its INVITEs see it."""

    station: Station
    id: SessionId
    dialog: Dialog | None

    described: str | None
    timer: SessionTimer

    @property
    def peer_offers(self) -> bool: ...

    def contact(self) -> str: ...

    def established(self, dialog: Dialog) -> None: ...

    def rejected(self, status: int, reason: str, response: Response | None, now: float) -> None: ...

    def cancelled(self, transaction: Transaction, now: float) -> None: ...

    def not_acknowledged(self, now: float) -> None: ...

    def unanswered(self, now: float) -> None: ...

    def lost(self, cause: EndCause, now: float) -> None: ...

    def hang_up(self, status: int, now: float) -> bool: ...

    def over(self, cause: EndCause, now: float, request: Request | None = None) -> None: ...
