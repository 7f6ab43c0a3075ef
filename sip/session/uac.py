"""Our own INVITE that opens a session: forks, CANCEL, and an ACK for every 2xx (RFC 3261 §13.2, §9.1)."""

from __future__ import annotations

from sip.config import Address
from sip.deadlines import Deadline
from sip.dialog import Dialog
from sip.events import Accepted, Provisional, body_text
from sip.message.message import REASONS, Request, Response
from sip.requests import HeaderLines, again, cancellation, credentials
from sip.session.early import EarlyDialogs
from sip.session.offers import FIRST, NONE, Offers, Side
from sip.session.owner import Owner
from sip.station import CHALLENGES, UNATTENDED
from sip.transaction import Failure, Transaction, TransactionUser

_TERMINATED = 487
_MOST_TRIES = 4


class OutgoingInvite:
    """The INVITE transaction's user. It outlives the session, as long as 2xx may repeat.

    `early` are its early dialogs; `_cancelled` what a CANCEL says, None as long as none is wanted.
    """

    __slots__ = (
        "_acks",
        "_answered",
        "_cancelled",
        "_limit",
        "_rings",
        "_tries",
        "early",
        "request",
        "session",
        "transaction",
        "winner",
    )

    def __init__(self, session: Owner, request: Request, destination: Address, now: float) -> None:
        self.session = session
        self.request = request
        self.winner: str | None = None
        self._acks: dict[str, tuple[bytes, Address] | None] = {}
        self._cancelled: HeaderLines | None = None
        self.early = EarlyDialogs(session)
        self._rings = False
        self._tries = 0
        self._answered = False
        station = session.station
        self._limit: Deadline = station.deadlines.set(
            now + station.config.limits.unanswered_s, self._unanswered, "unanswered"
        )
        self.transaction = station.transactions.client(request, destination, self, now)

    def cancel(self, now: float, headers: HeaderLines = ()) -> None:
        """Nothing may be sent before the peer has spoken (§9.1): until then it is only remembered."""
        if self._cancelled is not None or self._answered:
            return
        self._cancelled = tuple(headers)
        if self._rings:
            self._send_cancel(now)

    def acknowledge(self, sdp: str | None, now: float) -> bool:
        """Send the ACK to the 2xx, with our answer when the 2xx carried the offer. False when it went out before."""
        if self.winner is None or self._acks.get(self.winner) is not None:
            return False
        side = self.session.side
        assert side is not None
        self._limit.cancel()
        self._acknowledge(side.dialog, self.winner, sdp)
        if sdp is not None:
            side.offers.answered(sdp)
        return True

    @property
    def awaits_answer(self) -> bool:
        """A 2xx brought an offer that nobody has answered yet."""
        return self.winner is not None and self._acks.get(self.winner) is None

    @property
    def heard(self) -> bool:
        """The peer has said something, if only that it wants a proof."""
        return self._rings or self._tries > 0

    @property
    def cancelled(self) -> bool:
        """It was given up by us."""
        return self._cancelled is not None

    def supersede(self, user: TransactionUser, now: float) -> None:
        """Another target is tried: `user` hears what still comes of this one."""
        self._close(now)
        self.transaction.user = user

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        if response.status < 200:
            self._progress(response, now)
        elif response.status < 300:
            self._succeeded(response, now)
        elif not self._tries_again(response, now):
            self._close(now)
            self.session.rejected(response.status, response.reason, response, now)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        if self._answered:
            return
        self._close(now)
        if cause is Failure.TRANSPORT and self._rings:
            # By a new connection: whoever rings there would otherwise answer to nobody.
            cancel = cancellation(self.request, self._cancelled or ())
            self.session.station.transactions.client(cancel, transaction.destination, UNATTENDED, now)
        status = _TERMINATED if self._cancelled is not None else 408 if cause is Failure.TIMEOUT else 503
        self.session.rejected(status, REASONS[status], None, now)

    def _tries_again(self, response: Response, now: float) -> bool:
        """The same INVITE as a new transaction: with a proof (§22.2), or a longer interval (RFC 4028 §7.3)."""
        station, destination = self.session.station, self.transaction.destination
        changed: list[tuple[str, str]] = []
        if self._cancelled is not None or self._tries >= _MOST_TRIES:
            return False
        if response.status == 422 and self.session.timer.grow(response):
            changed = [line for line in self.session.timer.wish() if line[0] != "Supported"]
        elif response.status in CHALLENGES and (
            proof := station.proof(self.request, response, destination, self.session.origin.trunk)
        ):
            changed = [proof]
        if not changed:
            return False
        self._tries += 1
        self._rings = False
        self.early.clear(now)
        self.request = again(self.request, station.via(destination), changed)
        self.transaction = station.transactions.client(self.request, destination, self, now)
        return True

    def _progress(self, response: Response, now: float) -> None:
        first = not self._rings
        self._rings = True
        fresh = response.status > 100 and self.early.heard(self.request, response, self.transaction.destination, now)
        if self._cancelled is not None:
            if first:
                self._send_cancel(now)
        elif fresh:
            self.session.station.emit(Provisional(self.session.id, response))

    def _succeeded(self, response: Response, now: float) -> None:
        tag = response.to.tag or ""
        if tag in self._acks:
            ack = self._acks[tag]
            if ack is not None:
                self.session.station.send(*ack, repeat=True)
            return
        side = self._established(tag, response)
        if self._answered or self._cancelled is not None:
            side.offers.stop(now)
            self.session.falls_silent(side)
            self._decline(side.dialog, tag, now)
            return
        self._close(now)
        self.winner = tag
        self._acks[tag] = None
        self.session.established(side)
        self.session.timer.granted(response, now)
        sdp = self._described(side, response)
        if self.request.body or side.offers.state is NONE:
            self._acknowledge(side.dialog, tag, None)
        else:
            give_up_s = self.session.station.config.timers.give_up_s
            self._limit = self.session.station.deadlines.set(now + give_up_s, self._unanswered, "no_answer")
        self.session.station.emit(Accepted(self.session.id, response, sdp))

    def _established(self, tag: str, response: Response) -> Side:
        """The dialog of a 2xx: its route set counts, whatever the early dialog's was (§13.2.2.4)."""
        dialog = Dialog.of_uac(self.request, response, self.transaction.destination)
        side = self.early.pop(tag)
        if side is None:
            side = Side(dialog, Offers.of_invite(body_text(self.request)))
        else:
            dialog.local_cseq, dialog.remote_cseq = side.dialog.local_cseq, side.dialog.remote_cseq
            side.dialog = dialog
        side.hears(response)
        return side

    def _described(self, side: Side, response: Response) -> str | None:
        """The peer's answer, or its offer. What a reliable provisional brought stands, whatever comes later (§13.2.1);
        an unreliable one counts where the 2xx brings none.
        """
        offers, sdp = side.offers, body_text(response)
        if self.request.body:
            if offers.heard is None:
                offers.settled(sdp or side.preview)
            return offers.heard
        if offers.state is FIRST and sdp is not None:
            offers.came(sdp)
            return sdp
        offers.waiting = None
        return None if offers.state is NONE else offers.heard

    def _decline(self, dialog: Dialog, tag: str, now: float) -> None:
        """A further branch of a forked INVITE answered, or CANCEL came too late: ACK, then BYE (§13.2.2.4)."""
        if len(self._acks) >= self.session.station.config.limits.forks:
            return
        self._acknowledge(dialog, tag, None)
        station = self.session.station
        bye = dialog.request("BYE", station.via(dialog.destination))
        station.transactions.client(bye, dialog.destination, UNATTENDED, now)
        if not self._answered:
            self._close(now)
            self.session.rejected(_TERMINATED, REASONS[_TERMINATED], None, now)

    def _acknowledge(self, dialog: Dialog, tag: str, sdp: str | None) -> None:
        station = self.session.station
        body = sdp.encode() if sdp else b""
        via = station.via(dialog.destination)
        # For whoever asked for them, not for whoever else a Contact names.
        asked = dialog.destination.host == self.transaction.destination.host
        headers = credentials(self.request) if asked else ()
        data = bytes(dialog.request("ACK", via, cseq=self.request.cseq.number, headers=headers, body=body))
        self._acks[tag] = (data, dialog.destination)
        station.send(data, dialog.destination)

    def _send_cancel(self, now: float) -> None:
        station = self.session.station
        request = cancellation(self.request, self._cancelled or ())
        station.transactions.client(request, self.transaction.destination, UNATTENDED, now)
        self._limit.cancel()
        self._limit = station.deadlines.set(now + station.config.timers.give_up_s, self._unanswered, "cancelled")

    def _close(self, now: float) -> None:
        self._answered = True
        self.early.clear(now)
        self._limit.cancel()

    def _unanswered(self, name: str, now: float) -> None:
        """Rung too long: cancel. Cancelled and still no answer: give up (§9.1). No answer to an offer: hang up."""
        if name == "unanswered":
            self.cancel(now)
        elif name == "cancelled":
            self._close(now)
            self.transaction.abandon(now)
            self.session.rejected(_TERMINATED, REASONS[_TERMINATED], None, now)
        else:
            self.session.hang_up(480, now)
