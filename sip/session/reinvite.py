"""Our own re-INVITE: hold, resume, move (RFC 3261 §14.1). Where both sides offer at once, each backs off."""

from __future__ import annotations

from sip.config import Address
from sip.deadlines import Deadline
from sip.dialog import Dialog
from sip.events import Refreshed, Reoffered, ReofferFailed
from sip.message.message import Response
from sip.session.owner import Owner
from sip.station import ALLOW, CHALLENGES
from sip.transaction import Failure, Transaction

_MOST_TRIES = 6


class Reoffer:
    """One new offer until it is answered, over as many transactions as glare takes.

    `refresh`: nothing is changed by it, so a failure other than silence concerns the session timer alone.
    """

    __slots__ = (
        "_ack",
        "_cseq",
        "_dialog",
        "_proofs",
        "_refresh",
        "_sdp",
        "_timer",
        "_tries",
        "done",
        "session",
        "transaction",
    )

    def __init__(self, session: Owner, dialog: Dialog, sdp: str, now: float, *, refresh: bool = False) -> None:
        self.session = session
        self.done = False
        self._dialog = dialog
        self._sdp = sdp
        self._refresh = refresh
        self._proofs: dict[str, str] = {}
        self._tries = 0
        self._cseq = 0
        self._ack: tuple[bytes, Address] | None = None
        self._timer: Deadline | None = None
        self.transaction: Transaction | None = None
        self._send(now)

    @property
    def under_way(self) -> bool:
        """An offer of ours is out: one from the peer now is glare. While we back off, the peer may offer."""
        return self.transaction is not None and not self.transaction.finished

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
        elif response.status == 491 and self._tries < _MOST_TRIES:
            self._back_off(now)
        elif self._tries < _MOST_TRIES and self._meets(transaction, response):
            self._send(now)
        else:
            self._failed(response.status, now)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        if not self.done:
            self._failed(408 if cause is Failure.TIMEOUT else 503, now)

    def _send(self, now: float) -> None:
        self._tries += 1
        station, dialog = self.session.station, self._dialog
        headers = [
            ("Contact", self.session.contact()),
            ("Allow", ALLOW),
            *self.session.timer.wish(),
            *self._proofs.items(),
        ]
        request = dialog.request("INVITE", station.via(dialog.destination), headers=headers, body=self._sdp.encode())
        self._cseq = request.cseq.number
        self._set(station.deadlines.set(now + 2 * station.config.timers.give_up_s, self._rings, "unanswered"))
        self.transaction = station.transactions.client(request, dialog.destination, self, now)

    def _succeeded(self, response: Response, now: float) -> None:
        if self._ack is not None:
            self.session.station.send(*self._ack, repeat=True)
            return
        self._set(None)
        station, dialog = self.session.station, self._dialog
        dialog.refresh(response)
        ack = bytes(dialog.request("ACK", station.via(dialog.destination), cseq=self._cseq))
        self._ack = (ack, dialog.destination)
        station.send(*self._ack)
        if not self.done:
            self.done = True
            self.session.described = self._sdp
            self.session.timer.granted(response, now)
            outcome = Refreshed if self._refresh else Reoffered
            station.emit(outcome(self.session.id, response))

    def _meets(self, transaction: Transaction, response: Response) -> bool:
        """Whether the next try says what the peer misses: a longer interval (RFC 4028 §7.3), or a proof (§22.2)."""
        if response.status == 422:
            return self.session.timer.grow(response)
        if response.status not in CHALLENGES:
            return False
        proof = self.session.station.proof(transaction.request, response, transaction.destination)
        if proof is not None:
            self._proofs[proof[0]] = proof[1]
        return proof is not None

    def _back_off(self, now: float) -> None:
        """2.1 to 4 s for the side that chose the Call-ID, 0 to 2 s for the other, in steps of 10 ms (§14.1)."""
        low, high = (2.1, 4.0) if self._dialog.calls else (0.0, 2.0)
        wait_s = round(low + self.session.station.chance() * (high - low), 2)
        self._set(self.session.station.deadlines.set(now + wait_s, self._rings, "glare"))

    def _failed(self, status: int, now: float) -> None:
        self.done = True
        self._set(None)
        if status == 408 or status == 481:
            self.session.lost("timeout" if status == 408 else "gone", now)
        elif self._refresh:
            self.session.timer.refused(now)
        else:
            self.session.station.emit(ReofferFailed(self.session.id, status))

    def _rings(self, name: str, now: float) -> None:
        self._timer = None
        if name == "glare":
            if self.session.peer_offers:
                self._back_off(now)
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
