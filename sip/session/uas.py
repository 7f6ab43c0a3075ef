"""An INVITE that the peer sent, first or within the dialog, until it is acknowledged (RFC 3261 §13.3, §14.2)."""

from __future__ import annotations

from collections.abc import Iterable

from sip.config import Address
from sip.deadlines import Deadline
from sip.message.message import Request, Response, respond
from sip.session.owner import Owner
from sip.station import ALLOW
from sip.transaction import Failure, Transaction

# RFC 3261 §13.3.1.1: a proxy forgets an INVITE that rings longer than three minutes without a word.
_REMIND_AFTER_S = 60.0

HeaderLines = Iterable[tuple[str, str]]


class IncomingInvite:
    """Rings, answers, and repeats its 2xx until the ACK comes (§13.3.1.4)."""

    __slots__ = ("_interval_s", "_timers", "acknowledged", "initial", "request", "session", "tag", "transaction")

    def __init__(
        self, session: Owner, request: Request, answer_to: Address, now: float, *, tag: str, initial: bool
    ) -> None:
        self.session = session
        self.request = request
        self.tag = tag
        self.initial = initial
        self.acknowledged = False
        self._interval_s = 0.0
        self._timers: dict[str, Deadline] = {}
        self.transaction = session.station.transactions.server(request, answer_to, self, now)
        limit_s = session.station.config.limits.unanswered_s
        if request.expires is not None:
            limit_s = min(limit_s, request.expires)
        self._set("unanswered", now + limit_s)

    @property
    def answered(self) -> bool:
        """A final response went out."""
        return self.transaction.finished

    @property
    def accepted(self) -> bool:
        """Our 2xx is being repeated, or was until its ACK came."""
        return self.acknowledged or "no_ack" in self._timers

    def ring(self, status: int, sdp: str | None, now: float) -> None:
        self.transaction.respond(self._response(status, sdp, ()), now)
        self._set("remind", now + _REMIND_AFTER_S)

    def accept(self, sdp: str, headers: HeaderLines, now: float) -> None:
        self.transaction.respond(self._response(200, sdp, headers), now)
        self.stop()
        timers = self.session.station.config.timers
        self._interval_s = timers.t1_s
        self._set("repeat", now + timers.t1_s)
        self._set("no_ack", now + timers.give_up_s)

    def reject(self, status: int, reason: str | None, headers: HeaderLines, now: float) -> None:
        self.stop()
        response = respond(self.request, status, reason, to_tag=self.tag, headers=list(headers))
        self.transaction.respond(response, now)

    def acknowledge(self) -> bool:
        """The ACK came. False for a repeat of it."""
        first = not self.acknowledged
        self.acknowledged = True
        self.stop()
        return first

    def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        """Never: a server transaction gets no responses."""

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        """No ACK to a rejection changes nothing; a transport that is gone ends the session."""
        if cause is Failure.TRANSPORT:
            self.session.over("transport", now)

    def _response(self, status: int, sdp: str | None, headers: HeaderLines) -> Response:
        session = self.session
        lines = [("Contact", session.contact()), ("Allow", ALLOW), *headers]
        body = sdp.encode() if sdp else b""
        kind = "application/sdp" if sdp else ""
        return respond(self.request, status, to_tag=self.tag, headers=lines, body=body, content_type=kind)

    def _set(self, name: str, at: float) -> None:
        old = self._timers.pop(name, None)
        if old is not None:
            old.cancel()
        self._timers[name] = self.session.station.deadlines.set(at, self._rings, name)

    def _rings(self, name: str, now: float) -> None:
        del self._timers[name]
        if name == "repeat":
            self.transaction.repeat_success(now)
            self._interval_s = min(2 * self._interval_s, self.session.station.config.timers.t2_s)
            self._set("repeat", now + self._interval_s)
        elif name == "remind":
            self.transaction.repeat_provisional(now)
            self._set("remind", now + _REMIND_AFTER_S)
        elif name == "no_ack":
            self.stop()
            self.session.not_acknowledged(now)
        else:
            self.session.unanswered(now)
