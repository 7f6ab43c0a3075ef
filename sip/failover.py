"""Targets in their order, until one takes the request (RFC 3263 §4.3)."""

from __future__ import annotations

from collections.abc import Sequence

from sip.config import Address
from sip.deadlines import Deadline
from sip.dialog import Dialog
from sip.message.message import Request, Response
from sip.requests import again, cancellation
from sip.station import UNATTENDED, Station
from sip.transaction import Failure, Transaction, TransactionUser

PATIENCE_S = 4.0
"""How long a target may be silent before the next is tried, if there is one: four repeats over UDP."""


def towards(station: Station, request: Request, target: Address, user: str | None) -> Request:
    """The same request by a new branch, saying how we are reached from there. `user`: of its Contact, None without."""
    secure = getattr(request.uri, "scheme", "") == "sips"
    contact = [] if user is None else [("Contact", station.contact(target, user, secure=secure))]
    return again(request, station.via(target), contact, request.cseq.number)


class Attempts:
    """One request other than INVITE to each of `targets` in turn. `user` hears of the last that was tried alone.

    The next is tried after a 503, a failed transport, and PATIENCE_S without a word; not after any other answer.
    """

    __slots__ = ("_contact", "_patience", "_request", "_station", "_targets", "_user")

    def __init__(
        self, station: Station, request: Request, targets: Sequence[Address], user: TransactionUser, contact: str | None
    ) -> None:
        """`contact`: see `towards`. There has to be one target at least."""
        self._station = station
        self._request = request
        self._targets = list(targets)
        self._user = user
        self._contact = contact
        self._patience: Deadline | None = None

    def start(self, now: float) -> Transaction:
        station, target = self._station, self._targets.pop(0)
        request = towards(station, self._request, target, self._contact)
        transaction = station.transactions.client(request, target, self, now)
        if self._targets:
            self._patience = station.deadlines.set(now + PATIENCE_S, lambda _, then: self._silent(transaction, then))
        return transaction

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        self._station.lookups.rests.answered(transaction.destination, response, now)
        self._calm()
        if response.status == 503 and self._targets:
            self.start(now)
        else:
            self._user.responded(transaction, response, now)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        self._station.lookups.rests.dead(transaction.destination, now)
        self._calm()
        if self._targets:
            self.start(now)
        else:
            self._user.failed(transaction, cause, now)

    def _silent(self, transaction: Transaction, now: float) -> None:
        self._patience = None
        transaction.abandon(now)
        self.failed(transaction, Failure.TIMEOUT, now)

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class Superseded:
    """What becomes of an INVITE whose target was silent, once another is tried: a late word is answered by CANCEL, a
    late success by ACK and BYE (RFC 3261 §9.1, §13.2.2.4).
    """

    __slots__ = ("_acks", "_cancelled", "_station")

    def __init__(self, station: Station) -> None:
        self._station = station
        self._cancelled = False
        self._acks: dict[str, tuple[bytes, Address]] = {}

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        station = self._station
        if response.status < 200:
            if not self._cancelled:
                self._cancelled = True
                station.transactions.client(cancellation(transaction.request), transaction.destination, UNATTENDED, now)
        elif response.status < 300:
            self._hang_up(transaction, response, now)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        pass

    def _hang_up(self, transaction: Transaction, response: Response, now: float) -> None:
        station, tag = self._station, response.to.tag or ""
        if tag in self._acks:
            station.send(*self._acks[tag], repeat=True)
            return
        if len(self._acks) >= station.config.limits.forks:
            return
        dialog = Dialog.of_uac(transaction.request, response, transaction.destination)
        via = station.via(dialog.destination)
        ack = bytes(dialog.request("ACK", via, cseq=transaction.request.cseq.number))
        self._acks[tag] = (ack, dialog.destination)
        station.send(ack, dialog.destination)
        bye = dialog.request("BYE", station.via(dialog.destination))
        station.transactions.client(bye, dialog.destination, UNATTENDED, now)
