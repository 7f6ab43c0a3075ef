"""Our own re-INVITE or UPDATE: hold, resume, move, refresh (RFC 3261 §14.1, RFC 3311 §5.1, RFC 4028 §7.4).

Where both sides offer at once, each backs off.
"""

from __future__ import annotations

from sip.config import Address
from sip.deadlines import Deadline
from sip.events import Refreshed, Reoffered, ReofferFailed, body_text
from sip.message.message import Response
from sip.requests import credentials
from sip.session.offers import NONE, Side
from sip.session.owner import Owner
from sip.station import CHALLENGES
from sip.transaction import Failure, Transaction

_MOST_TRIES = 6
_LONGEST_WAIT_S = 10


class Reoffer:
    """One new offer until it is answered, over as many transactions as glare takes.

    `method` is INVITE or UPDATE; an UPDATE without `sdp` offers nothing. `refresh`: nothing is changed by it, so a
    failure other than silence concerns the session timer alone.
    """

    __slots__ = (
        "_ack",
        "_method",
        "_proofs",
        "_refresh",
        "_sdp",
        "_side",
        "_timer",
        "_tries",
        "done",
        "session",
        "transaction",
    )

    def __init__(
        self, session: Owner, side: Side, sdp: str | None, now: float, *, method: str = "INVITE", refresh: bool = False
    ) -> None:
        self.session = session
        self.done = False
        self._side = side
        self._sdp = sdp
        self._method = method
        self._refresh = refresh
        self._proofs: dict[str, str] = {}
        self._tries = 0
        self._ack: tuple[bytes, Address] | None = None
        self._timer: Deadline | None = None
        self.transaction: Transaction | None = None
        self._send(now)

    def stop(self, now: float) -> None:
        """The session is over. A 2xx that is still to come will be acknowledged, for as long as one may come."""
        self.done = True
        self._set(None)
        if self.transaction is not None and not self.transaction.finished:
            give_up_s = self.session.station.config.timers.give_up_s
            self._set(self.session.station.deadlines.set(now + give_up_s, self._rings, "late"))

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        if response.status < 200:
            return
        if response.status < 300:
            self._succeeded(response, now)
        elif self.done:
            self._set(None)
        elif self._tries < _MOST_TRIES and (wait_s := self._wait(response)) is not None:
            self._withdraw()
            self._set(self.session.station.deadlines.set(now + wait_s, self._rings, "glare"))
        elif self._tries < _MOST_TRIES and self._meets(transaction, response):
            self._send(now)
        else:
            self._failed(response.status, now)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        if not self.done:
            self._failed(408 if cause is Failure.TIMEOUT else 503, now)

    def _send(self, now: float) -> None:
        self._tries += 1
        station, dialog = self.session.station, self._side.dialog
        headers = [
            ("Contact", self.session.contact(dialog)),
            ("Allow", station.allow),
            *(() if self.session.early else self.session.timer.wish()),
            *self._proofs.items(),
        ]
        body = (self._sdp or "").encode()
        if body:
            self._side.offers.made()
        request = dialog.request(self._method, station.via(dialog.destination), headers=headers, body=body)
        self._set(station.deadlines.set(now + 2 * station.config.timers.give_up_s, self._rings, "unanswered"))
        self.transaction = station.transactions.client(request, dialog.destination, self, now)

    def _succeeded(self, response: Response, now: float) -> None:
        if self._ack is not None:
            self.session.station.send(*self._ack, repeat=True)
            return
        self._set(None)
        side = self._side
        side.dialog.refresh(response)
        side.hears(response)
        self._acknowledge()
        if self.done:
            return
        self.done = True
        moved = False
        if self._sdp is not None:
            side.offers.described = self._sdp
            moved = side.offers.settled(body_text(response))
        if not self.session.early:
            self.session.timer.granted(response, now)
        session = self.session.id
        outcome = Refreshed(session, response, moved) if self._refresh else Reoffered(session, response)
        self.session.station.emit(outcome)

    def _acknowledge(self) -> None:
        if self._method == "INVITE":
            station, dialog = self.session.station, self._side.dialog
            assert self.transaction is not None
            invite, via = self.transaction.request, station.via(dialog.destination)
            asked = dialog.destination.host == self.transaction.destination.host
            headers = credentials(invite) if asked else ()
            ack = bytes(dialog.request("ACK", via, cseq=invite.cseq.number, headers=headers))
            self._ack = (ack, dialog.destination)
            station.send(*self._ack)

    def _meets(self, transaction: Transaction, response: Response) -> bool:
        """Whether the next try says what the peer misses: a longer interval (RFC 4028 §7.3), or a proof (§22.2)."""
        if response.status == 422:
            return self.session.timer.grow(response)
        if response.status not in CHALLENGES:
            return False
        proof = self.session.station.proof(
            transaction.request, response, transaction.destination, self._side.dialog.trunk
        )
        if proof is not None:
            self._proofs[proof[0]] = proof[1]
        return proof is not None

    def _wait(self, response: Response) -> float | None:
        """How long until the next try; None: the peer does not ask for one.

        After a glare (491) 2.1 to 4 s for the side that chose the Call-ID, 0 to 2 s for the other, in steps of 10 ms
        (§14.1); after a 500 with Retry-After as long as that says.
        """
        if response.status == 500 and response.retry_after is not None and response.retry_after <= _LONGEST_WAIT_S:
            return float(response.retry_after)
        return self._glare_s() if response.status == 491 else None

    def _glare_s(self) -> float:
        low, high = (2.1, 4.0) if self._side.dialog.calls else (0.0, 2.0)
        return round(low + self.session.station.chance() * (high - low), 2)

    def _withdraw(self) -> None:
        if self._sdp is not None:
            self._side.offers.withdrawn()

    def _failed(self, status: int, now: float) -> None:
        self.done = True
        self._set(None)
        self._withdraw()
        if status in (405, 501):
            self._side.updates = False
        if status in (408, 481) and not self.session.early:
            self.session.lost("timeout" if status == 408 else "gone", now)
        elif self._refresh:
            self.session.timer.refused(now)
        else:
            self.session.station.emit(ReofferFailed(self.session.id, status))

    def _rings(self, name: str, now: float) -> None:
        self._timer = None
        if name == "glare":
            if self.session.peer_offers or self._side.offers.state is not NONE:
                self._set(self.session.station.deadlines.set(now + self._glare_s(), self._rings, "glare"))
            else:
                self._send(now)
            return
        assert self.transaction is not None
        self.transaction.abandon(now)
        if name == "unanswered":
            self._failed(408, now)

    def _set(self, timer: Deadline | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer
