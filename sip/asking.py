"""Asking phones whether they are there (RFC 3261 §11)."""

from __future__ import annotations

from sip.config import Address
from sip.events import PhoneAsked, QuestionId
from sip.failover import Attempts
from sip.message.headers import Headers
from sip.message.message import Request, Response
from sip.message.uri import SipUri
from sip.registration import Registrar
from sip.requests import MAX_FORWARDS
from sip.station import Station
from sip.transaction import Failure, Transaction

GONE = frozenset((408, 410, 430, 503, 504))
"""What a proxy answers for a phone that it does not reach; anything else is a phone that lives."""


class Asking:
    """One OPTIONS for each question: PhoneAsked tells how it went, at the latest after 64*T1."""

    __slots__ = ("_registrar", "_station")

    def __init__(self, station: Station, registrar: Registrar) -> None:
        self._station = station
        self._registrar = registrar

    def ask(self, contact: SipUri, destination: Address, now: float) -> QuestionId | None:
        """Ask the phone at `destination`; None, and nothing is asked, where too much is under way."""
        station = self._station
        if station.transactions.full:
            return None
        question = _Question(station, QuestionId(station.tokens()), now)
        built = Headers()
        built.add("Via", station.via(destination))
        built.add("Max-Forwards", MAX_FORWARDS)
        for one in self._registrar.path(contact, destination):
            built.add("Route", str(one))
        built.add("From", f"<sip:{station.own(destination)}>;tag={station.tokens()}")
        built.add("To", f"<{contact}>")
        built.add("Call-ID", station.tokens())
        built.add("CSeq", "1 OPTIONS")
        built.add("User-Agent", station.config.user_agent)
        Attempts(station, Request("OPTIONS", contact, built), (destination,), question, None).start(now)
        return question.id


class _Question:
    __slots__ = ("_asked_at", "_station", "id")

    def __init__(self, station: Station, id_: QuestionId, now: float) -> None:
        self._station = station
        self.id = id_
        self._asked_at = now

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        if response.status >= 200:
            gone = response.status in GONE
            self._station.emit(PhoneAsked(self.id, None if gone else now - self._asked_at))

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        self._station.emit(PhoneAsked(self.id, None))
