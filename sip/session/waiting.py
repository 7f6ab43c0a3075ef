"""Offers of the peer in something else than an INVITE, until the application answers (RFC 3311, RFC 3262 §5)."""

from __future__ import annotations

from sip.config import Address
from sip.events import OfferReceived, body_text
from sip.message.message import Request, Response, respond
from sip.requests import HeaderLines
from sip.session.offers import Side
from sip.session.owner import Owner
from sip.station import UNATTENDED

# The peer repeats its request for 64*T1, and an answer after that finds nobody.
_PART_OF_PATIENCE = 0.5


class RequestOffer:
    """An offer in an UPDATE or a PRACK, whose 2xx brings our answer."""

    __slots__ = ("_limit", "_request", "_session", "_side", "_transaction")

    def __init__(self, session: Owner, side: Side, request: Request, answer_to: Address, now: float) -> None:
        station = session.station
        self._session = session
        self._side = side
        self._request = request
        self._transaction = station.transactions.server(request, answer_to, UNATTENDED, now)
        after_s = _PART_OF_PATIENCE * station.config.timers.give_up_s
        self._limit = station.deadlines.set(now + after_s, self._late, "unanswered")
        offer = body_text(request) or ""
        side.offers.came(offer)
        side.offers.waiting = self
        station.emit(OfferReceived(session.id, offer, request))

    def answer(self, sdp: str, now: float) -> None:
        self._side.offers.answered(sdp)
        lines: HeaderLines = ()
        if self._request.method == "UPDATE":
            lines = self._session.updated(self._side, self._request, now)
        self._respond(200, lines, now, sdp)

    def refuse(self, status: int, headers: HeaderLines, now: float) -> None:
        self._side.offers.withdrawn()
        self._respond(status, headers, now)

    def stop(self, now: float) -> None:
        """The session ended meanwhile (RFC 3261 §15.1.2)."""
        self._limit.cancel()
        self._transaction.respond(respond(self._request, 487), now)

    def _late(self, name: str, now: float) -> None:
        """The application did not answer: 504, as RFC 3311 §5.2 has it."""
        self.refuse(504, (), now)

    def _respond(self, status: int, headers: HeaderLines, now: float, sdp: str = "") -> None:
        self._limit.cancel()
        self._side.offers.waiting = None
        kind = "application/sdp" if sdp else ""
        answer = respond(self._request, status, headers=list(headers), body=sdp.encode(), content_type=kind)
        self._transaction.respond(answer, now)
        self._session.proceed(now)


class ProvisionalOffer:
    """An offer in a reliable provisional response to our INVITE without one: the PRACK brings our answer."""

    __slots__ = ("_session", "_side")

    def __init__(self, session: Owner, side: Side, response: Response) -> None:
        self._session = session
        self._side = side
        offer = body_text(response) or ""
        side.offers.came(offer)
        side.offers.waiting = self
        session.station.emit(OfferReceived(session.id, offer, response))

    def answer(self, sdp: str, now: float) -> None:
        self._side.offers.waiting = None
        self._side.offers.answered(sdp)
        self._session.acknowledge_early(self._side, sdp, now)

    def refuse(self, status: int, headers: HeaderLines, now: float) -> None:
        """A PRACK cannot refuse: the call is given up."""
        self._side.offers.waiting = None
        self._session.cancel(now)

    def stop(self, now: float) -> None:
        """The session is over; nobody waits for the PRACK any more."""
