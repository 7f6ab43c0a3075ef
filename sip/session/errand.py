"""A request of ours within a dialog that is neither INVITE nor an offer: PRACK, BYE, REFER, NOTIFY."""

from __future__ import annotations

from collections.abc import Callable

from sip.dialog import Dialog
from sip.message.message import Request, Response
from sip.requests import again
from sip.station import CHALLENGES, Station
from sip.transaction import Failure, Transaction

Done = Callable[[Response | None, float], None]
"""The final response, or None where nobody answered."""


class Errand:
    """Sent again with a proof where the peer asks who we are (RFC 3261 §22.2), once for each kind of proof."""

    __slots__ = ("_dialog", "_done", "_station")

    def __init__(self, station: Station, dialog: Dialog, request: Request, done: Done, now: float) -> None:
        self._station = station
        self._dialog = dialog
        self._done = done
        station.transactions.client(request, dialog.destination, self, now)

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        if response.status >= 200 and not self._proves(transaction, response, now):
            self._done(response, now)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        self._done(None, now)

    def _proves(self, transaction: Transaction, response: Response, now: float) -> bool:
        if response.status not in CHALLENGES:
            return False
        asked, destination = transaction.request, transaction.destination
        proof = self._station.proof(asked, response, destination, self._dialog.trunk)
        if proof is None or proof[0] in asked.headers:
            return False
        self._dialog.local_cseq += 1
        request = again(asked, self._station.via(destination), (proof,), self._dialog.local_cseq)
        self._station.transactions.client(request, destination, self, now)
        return True


def nothing_follows(response: Response | None, now: float) -> None:
    """For requests whose outcome changes nothing."""
