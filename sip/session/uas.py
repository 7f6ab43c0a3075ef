"""An INVITE that the peer sent, first or within the dialog, until it is acknowledged (RFC 3261 §13.3, §14.2)."""

from __future__ import annotations

from sip.config import Address
from sip.deadlines import Deadline
from sip.message.message import Request, Response, respond
from sip.requests import HeaderLines
from sip.session.offers import FIRST, THEIRS
from sip.session.owner import Owner
from sip.session.reliable import TAG, Reliable
from sip.transaction import Failure, Transaction

# RFC 3261 §13.3.1.1: a proxy forgets an INVITE that rings longer than three minutes without a word.
_REMIND_AFTER_S = 60.0


class IncomingInvite:
    """Rings, answers, and repeats its 2xx until the ACK comes (§13.3.1.4).

    `offers`: its 2xx carried our offer, which the ACK answers. `bye_headers`: a BYE with these waits for the ACK.
    """

    __slots__ = (
        "_interval_s",
        "_reliable",
        "_timers",
        "acknowledged",
        "bye_headers",
        "initial",
        "offers",
        "request",
        "session",
        "tag",
        "transaction",
    )

    def __init__(
        self, session: Owner, request: Request, answer_to: Address, now: float, *, tag: str, initial: bool
    ) -> None:
        self.session = session
        self.request = request
        self.tag = tag
        self.initial = initial
        self.acknowledged = False
        self.offers = False
        self.bye_headers: HeaderLines | None = None
        self._interval_s = 0.0
        self._reliable = Reliable.of(request)
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

    @property
    def decided(self) -> bool:
        """Answered, or about to be as soon as the PRACK allows it."""
        return self.answered or (self._reliable is not None and self._reliable.held is not None)

    def ring(self, status: int, sdp: str | None, now: float, *, reliable: bool) -> None:
        """Reliably where the caller requires it, or both sides want it. While one waits for its PRACK, others wait.

        A description goes out where it is the answer to the caller's offer, or as our offer where it goes reliably and
        nobody has offered; otherwise the response goes without (RFC 3261 §13.2.1, RFC 6337 §2.2).
        """
        if self._reliable is not None and (reliable or self._reliable.required):
            if self._reliable.datagram:
                self._reliable.waiting.append((status, sdp))
            else:
                self._ring_reliably(self._reliable, status, sdp, now)
        else:
            offers = self.session.offers
            copied = sdp if offers.state is THEIRS and offers.waiting is None else None
            self.transaction.respond(self._response(status, copied, ()), now)
        self._set("remind", now + _REMIND_AFTER_S)

    def awaits(self, prack: Request) -> bool:
        """Whether the PRACK is for a provisional of ours that waits for one (RFC 3262 §3)."""
        return self._reliable is not None and self._reliable.awaits(prack, self.request)

    @property
    def awaits_prack(self) -> bool:
        return self._reliable is not None and bool(self._reliable.datagram)

    @property
    def offered_early(self) -> bool:
        """The provisional that waits for its PRACK carries our offer."""
        return self._reliable is not None and self._reliable.offers

    def pracked(self) -> None:
        """Its PRACK came."""
        assert self._reliable is not None
        self._reliable.acknowledged()
        self._cancel("prack")
        self._cancel("no_prack")

    def proceed(self, now: float) -> None:
        """Send what waited for the PRACK, or for our answer to an offer."""
        reliable = self._reliable
        if reliable is None or reliable.datagram or self.answered:
            return
        if reliable.held is not None:
            self._succeed(*reliable.held, now)
        elif reliable.waiting:
            self._ring_reliably(reliable, *reliable.waiting.popleft(), now)

    def accept(self, sdp: str, headers: HeaderLines, now: float) -> None:
        """At once, or when the PRACK has come for a provisional that carried a description, and any offer in that PRACK
        or in an UPDATE is answered (RFC 3262 §3).
        """
        reliable = self._reliable
        if reliable is not None and (reliable.holds_success or self.session.offers.waiting is not None):
            reliable.held = (sdp, headers)
            self._cancel("unanswered")
        else:
            self._succeed(sdp, headers, now)

    def _ring_reliably(self, reliable: Reliable, status: int, sdp: str | None, now: float) -> None:
        station, offers = self.session.station, self.session.offers
        lines = (("Require", TAG), ("RSeq", str(reliable.next_rseq(station.chance()))))
        reliable.offers = offers.state is FIRST and sdp is not None
        sdp = self._describe(sdp)
        self.transaction.respond(self._response(status, sdp, lines), now)
        reliable.datagram = self.transaction.datagram
        reliable.described = bool(sdp)
        reliable.interval_s = station.config.timers.t1_s
        self._set("prack", now + reliable.interval_s)
        self._set("no_prack", now + station.config.timers.give_up_s)

    def _describe(self, sdp: str | None) -> str | None:
        """Our answer, or our offer; nothing where both are behind us (RFC 6337 §2.2)."""
        offers = self.session.offers
        if sdp is None or offers.state not in (FIRST, THEIRS) or offers.waiting is not None:
            return None
        if offers.state is FIRST:
            offers.made()
        else:
            offers.answered(sdp)
        offers.described = sdp
        return sdp

    def _succeed(self, sdp: str, headers: HeaderLines, now: float) -> None:
        self.offers = self.session.offers.state is FIRST
        self.transaction.respond(self._response(200, self._describe(sdp), headers), now)
        self.stop()
        timers = self.session.station.config.timers
        self._interval_s = timers.t1_s
        self._set("repeat", now + timers.t1_s)
        self._set("no_ack", now + timers.give_up_s)

    def reject(self, status: int, reason: str | None, headers: HeaderLines, now: float) -> None:
        self.stop()
        lines = list(headers)
        if not self.initial:
            self.session.offers.withdrawn()
        elif status == 503 and not any(name == "Retry-After" for name, _ in lines):
            lines.append(("Retry-After", str(self.session.station.config.limits.retry_after_s)))
        response = respond(self.request, status, reason, to_tag=self.tag, headers=lines)
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
        side = session.side
        assert side is not None
        lines = [("Contact", session.contact(side.dialog)), ("Allow", session.station.allow), *headers]
        body = sdp.encode() if sdp else b""
        kind = "application/sdp" if sdp else ""
        return respond(self.request, status, to_tag=self.tag, headers=lines, body=body, content_type=kind)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _set(self, name: str, at: float) -> None:
        self._cancel(name)
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
        elif name == "prack":
            self._repeat_reliably(now)
        elif name == "no_prack":
            self.reject(504, None, (), now)
            self.session.over("no_ack", now)
        elif name == "no_ack":
            self.stop()
            self.session.not_acknowledged(now)
        else:
            self.session.unanswered(now)

    def _repeat_reliably(self, now: float) -> None:
        """Twice as long each time, without the bound that a 2xx has (RFC 3262 §3)."""
        reliable = self._reliable
        assert reliable is not None
        self.session.station.send(reliable.datagram, self.transaction.destination, repeat=True)
        reliable.interval_s *= 2
        self._set("prack", now + reliable.interval_s)
