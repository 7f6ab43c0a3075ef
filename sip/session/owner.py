"""What the parts of a session may ask of it."""

from __future__ import annotations

from typing import Protocol

from sip.dialog import Dialog
from sip.events import EndCause, Origin, SessionId
from sip.message.message import Request, Response
from sip.requests import HeaderLines
from sip.session.offers import Offers, Side
from sip.session.timer import SessionTimer
from sip.station import Station
from sip.transaction import Transaction


class Owner(Protocol):
    """The session, as its INVITEs and offers see it."""

    station: Station
    id: SessionId
    origin: Origin
    side: Side | None
    timer: SessionTimer

    @property
    def dialog(self) -> Dialog | None: ...

    @property
    def offers(self) -> Offers: ...

    @property
    def early(self) -> bool: ...

    @property
    def peer_offers(self) -> bool: ...

    def contact(self, dialog: Dialog) -> str: ...

    def rings_in(self, side: Side) -> None: ...

    def falls_silent(self, side: Side) -> None: ...

    def established(self, side: Side) -> None: ...

    def rejected(self, status: int, reason: str, response: Response | None, now: float) -> None: ...

    def cancelled(self, transaction: Transaction, cancel: Request, now: float) -> None: ...

    def cancel(self, now: float, headers: HeaderLines = ()) -> bool: ...

    def updated(self, side: Side, request: Request, now: float) -> HeaderLines: ...

    def proceed(self, now: float) -> None: ...

    def acknowledge_early(self, side: Side, sdp: str, now: float) -> None: ...

    def not_acknowledged(self, now: float) -> None: ...

    def unanswered(self, now: float) -> None: ...

    def lost(self, cause: EndCause, now: float) -> None: ...

    def hang_up(self, status: int, now: float, headers: HeaderLines = ()) -> bool: ...

    def over(self, cause: EndCause, now: float, request: Request | None = None) -> None: ...
