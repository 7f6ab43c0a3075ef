"""The INVITE usage of a dialog: from the first INVITE to the answer to the BYE (RFC 3261 §13 to §15)."""

from __future__ import annotations

from enum import Enum, auto

from sip.config import Address
from sip.dialog import Dialog, DialogId
from sip.events import (
    Confirmed,
    DigitReceived,
    EndCause,
    Ended,
    Origin,
    ProvisionalConfirmed,
    ReinviteReceived,
    Rejected,
    SessionId,
    body_text,
)
from sip.message.message import Request, Response, respond
from sip.requests import HeaderLines, again
from sip.session.info import read_info
from sip.session.reinvite import Reoffer
from sip.session.timer import SessionTimer, interval_refusal
from sip.session.uac import OutgoingInvite
from sip.session.uas import IncomingInvite
from sip.station import CHALLENGES, UNATTENDED, Station
from sip.transaction import Failure, Transaction

_RETRY_WITHIN_S = 10


class Phase(Enum):
    EARLY = auto()
    ESTABLISHED = auto()
    ENDING = auto()
    OVER = auto()


class Sessions:
    """All sessions of one core, by name and by dialog."""

    __slots__ = ("by_dialog", "by_id")

    def __init__(self) -> None:
        self.by_id: dict[SessionId, Session] = {}
        self.by_dialog: dict[DialogId, Session] = {}


class Session:
    """Commands give False when it is too late for them: the event that says so is under way or was given.

    `described` is the session description that we sent last: a refresh offers it again.
    """

    __slots__ = (
        "_all",
        "_bye_headers",
        "described",
        "dialog",
        "id",
        "incoming",
        "origin",
        "outgoing",
        "phase",
        "reoffering",
        "station",
        "timer",
    )

    def __init__(self, station: Station, sessions: Sessions, origin: Origin) -> None:
        self.station = station
        self._all = sessions
        self.id = SessionId(station.tokens())
        self.origin = origin
        self.phase = Phase.EARLY
        self.dialog: Dialog | None = None
        self.incoming: IncomingInvite | None = None
        self.outgoing: OutgoingInvite | None = None
        self.reoffering: Reoffer | None = None
        self.described: str | None = None
        self.timer = SessionTimer(self, station.config.session_timers)
        self._bye_headers: HeaderLines | None = None
        sessions.by_id[self.id] = self

    # --- how it begins

    def invited(self, request: Request, answer_to: Address, source: Address, now: float) -> None:
        """A caller's INVITE."""
        tag = self.station.tokens()
        dialog = Dialog.of_uas(request, tag, source)
        self.incoming = IncomingInvite(self, request, answer_to, now, tag=tag, initial=True)
        self._hold(dialog)

    def invite(self, request: Request, destination: Address, now: float) -> None:
        self.described = body_text(request)
        self.outgoing = OutgoingInvite(self, request, destination, now)

    def resume(self, dialog: Dialog) -> None:
        self.phase = Phase.ESTABLISHED
        self._hold(dialog)

    # --- commands

    def ring(self, status: int, sdp: str | None, now: float, *, reliable: bool = False) -> bool:
        if self.phase is not Phase.EARLY or self.incoming is None:
            return False
        self.incoming.ring(status, sdp, now, reliable=reliable)
        return True

    def accept(self, sdp: str, headers: HeaderLines, now: float) -> bool:
        """Answer the INVITE or re-INVITE that waits."""
        incoming = self.incoming
        if incoming is None or incoming.decided or self.dialog is None:
            return False
        incoming.accept(sdp, (*self.timer.grant(incoming.request, now), *headers), now)
        self.phase = Phase.ESTABLISHED
        self.described = sdp
        if not incoming.initial:
            self.dialog.refresh(incoming.request)
        return True

    def reject(self, status: int, reason: str | None, headers: HeaderLines, now: float) -> bool:
        incoming = self.incoming
        if incoming is None or incoming.decided:
            return False
        incoming.reject(status, reason, headers, now)
        if incoming.initial:
            self.over("local", now)
        return True

    def acknowledge(self, sdp: str, now: float) -> bool:
        if self.outgoing is None or not self.outgoing.acknowledge(sdp, now):
            return False
        self.described = sdp
        return True

    def reoffer(self, sdp: str, now: float) -> bool:
        """False while an earlier offer of either side is still open, and unless the session is established."""
        if self.phase is not Phase.ESTABLISHED or self.dialog is None or self._unsettled:
            return False
        self.reoffering = Reoffer(self, self.dialog, sdp, now)
        return True

    def refresh(self, now: float) -> bool:
        """Show the peer that we live, by our last description again. False while that cannot be (RFC 4028 §7.4)."""
        if self.phase is not Phase.ESTABLISHED or self.dialog is None or self._unsettled or self.described is None:
            return False
        self.reoffering = Reoffer(self, self.dialog, self.described, now, refresh=True)
        return True

    def cancel(self, now: float) -> bool:
        if self.phase is not Phase.EARLY or self.outgoing is None:
            return False
        self.outgoing.cancel(now)
        return True

    def bye(self, now: float, headers: HeaderLines) -> bool:
        """Before the ACK to our first 2xx it waits for that ACK, or for its time to pass (§15)."""
        dialog = self.dialog
        if self.phase is not Phase.ESTABLISHED or dialog is None:
            return False
        if self.incoming is not None and self.incoming.initial and not self.incoming.acknowledged:
            self._bye_headers = headers
            return True
        if self.outgoing is not None and self.outgoing.awaits_answer:
            self.outgoing.acknowledge(None, now)
        self._send_bye(dialog, headers, now)
        self._settle(now)
        return True

    def hang_up(self, status: int, now: float) -> bool:
        """Whichever of CANCEL, BYE and rejection fits."""
        if self.phase is not Phase.EARLY:
            return self.bye(now, ())
        return self.cancel(now) if self.outgoing is not None else self.reject(status, None, (), now)

    # --- what the peer sends

    def received(self, request: Request, answer_to: Address, now: float) -> None:
        """A new request within the dialog; ACK and CANCEL have ways of their own."""
        dialog = self.dialog
        assert dialog is not None
        if request.cseq.number < dialog.remote_cseq:
            self._answer(request, 500, answer_to, now)
            return
        dialog.remote_cseq = request.cseq.number
        if request.method == "BYE":
            self._answer(request, 200, answer_to, now)
            self.over("local" if self.phase is Phase.ENDING else "remote", now, request)
        elif request.method == "INVITE":
            self._reinvited(request, answer_to, now)
        elif request.method == "PRACK":
            self._pracked(request, answer_to, now)
        elif request.method == "INFO":
            self._informed(request, answer_to, now)
        else:
            self._answer(request, 405, answer_to, now)

    def acked(self, request: Request, now: float) -> None:
        """An ACK to a 2xx of ours, or its repeat."""
        incoming = self.incoming
        if incoming is None or request.cseq.number != incoming.request.cseq.number or not incoming.answered:
            return
        if not incoming.acknowledge():
            return
        if self._bye_headers is not None:
            headers, self._bye_headers = self._bye_headers, None
            self.bye(now, headers)
        elif self.phase is Phase.ESTABLISHED:
            self.station.emit(Confirmed(self.id, request))

    def cancelled(self, transaction: Transaction, now: float) -> None:
        """CANCEL for an INVITE of the peer; too late once it was answered (§9.2)."""
        incoming = self.incoming
        if incoming is None or incoming.transaction is not transaction or incoming.answered:
            return
        incoming.reject(487, None, (), now)
        if incoming.initial:
            self.over("cancelled", now)

    # --- what its parts report

    @property
    def peer_offers(self) -> bool:
        """An INVITE of the peer is unanswered, or our 2xx to it is not acknowledged yet."""
        incoming = self.incoming
        return incoming is not None and (not incoming.answered or (incoming.accepted and not incoming.acknowledged))

    @property
    def confirmed(self) -> bool:
        """Both sides know that the session stands."""
        if self.phase is not Phase.ESTABLISHED:
            return False
        if self.incoming is not None and self.incoming.initial:
            return self.incoming.acknowledged
        return self.outgoing is None or not self.outgoing.awaits_answer

    def contact(self) -> str:
        dialog = self.dialog
        assert dialog is not None
        return self.station.contact(dialog.destination, getattr(dialog.local.uri, "user", ""))

    def established(self, dialog: Dialog) -> None:
        """Our INVITE was accepted."""
        self.phase = Phase.ESTABLISHED
        self._hold(dialog)

    def rejected(self, status: int, reason: str, response: Response | None, now: float) -> None:
        """Our INVITE failed."""
        self._leave(now)
        self.station.emit(Rejected(self.id, status, reason, response))

    def not_acknowledged(self, now: float) -> None:
        """64*T1 passed without the ACK to a 2xx: the session is ended with a BYE (§13.3.1.4)."""
        wanted, self._bye_headers = self._bye_headers, None
        dialog = self.dialog
        assert dialog is not None
        self._send_bye(dialog, wanted or (), now)
        if wanted is None:
            self.over("no_ack", now)

    def unanswered(self, now: float) -> None:
        """The application let an INVITE wait too long."""
        incoming = self.incoming
        assert incoming is not None
        incoming.reject(480 if incoming.initial else 488, None, (), now)
        if incoming.initial:
            self.over("unanswered", now)

    def lost(self, cause: EndCause, now: float) -> None:
        """The peer knows nothing of the dialog any more, or does not answer (§12.2.1.2)."""
        dialog = self.dialog
        assert dialog is not None
        self._send_bye(dialog, (), now)
        self.over(cause, now)

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        """The answer to our BYE: whatever it is, the session is over (§15.1.1), unless it asks who we are."""
        if response.status < 200 or self._proves(transaction, response, now):
            return
        self.over("local", now)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        """Nobody answered our BYE."""
        self.over("local", now)

    def over(self, cause: EndCause, now: float, request: Request | None = None) -> None:
        if self.phase is not Phase.OVER:
            self._leave(now)
            self.station.emit(Ended(self.id, cause, request))

    # --- inside

    @property
    def _unsettled(self) -> bool:
        return (
            self.peer_offers
            or (self.reoffering is not None and not self.reoffering.done)
            or (self.outgoing is not None and self.outgoing.awaits_answer)
        )

    def _reinvited(self, request: Request, answer_to: Address, now: float) -> None:
        if self.phase is not Phase.ESTABLISHED:
            self._answer(request, 481, answer_to, now)
        elif self.incoming is not None and not self.incoming.answered:
            wait_s = int(self.station.chance() * _RETRY_WITHIN_S)
            self._answer(request, 500, answer_to, now, (("Retry-After", str(wait_s)),))
        elif self.peer_offers or (self.reoffering is not None and self.reoffering.under_way):
            self._answer(request, 491, answer_to, now)
        elif (too_small := interval_refusal(request, self.station.config.session_timers)) is not None:
            self._answer(request, 422, answer_to, now, too_small)
        else:
            tag = request.to.tag or ""
            self.incoming = IncomingInvite(self, request, answer_to, now, tag=tag, initial=False)
            self.station.emit(ReinviteReceived(self.id, body_text(request), request))

    def _pracked(self, request: Request, answer_to: Address, now: float) -> None:
        """A body can only be the answer to an offer of ours; a further offer is refused (RFC 3262 §5)."""
        incoming = self.incoming
        if incoming is None or not incoming.pracked(request):
            self._answer(request, 481, answer_to, now)
            return
        unwanted = request.body and incoming.request.body
        self._answer(request, 488 if unwanted else 200, answer_to, now)
        self.station.emit(ProvisionalConfirmed(self.id, request))
        incoming.proceed(now)

    def _informed(self, request: Request, answer_to: Address, now: float) -> None:
        if self.phase is Phase.ENDING:
            self._answer(request, 481, answer_to, now)
            return
        answer = read_info(request)
        self._answer(request, answer.status, answer_to, now, answer.headers)
        if answer.key is not None:
            self.station.emit(DigitReceived(self.id, answer.key.digit, answer.key.duration_ms))

    def _answer(self, request: Request, status: int, answer_to: Address, now: float, headers: HeaderLines = ()) -> None:
        transaction = self.station.transactions.server(request, answer_to, UNATTENDED, now)
        transaction.respond(respond(request, status, headers=list(headers)), now)

    def _send_bye(self, dialog: Dialog, headers: HeaderLines, now: float) -> None:
        self.phase = Phase.ENDING
        request = dialog.request("BYE", self.station.via(dialog.destination), headers=headers)
        self.station.transactions.client(request, dialog.destination, self, now)

    def _proves(self, transaction: Transaction, response: Response, now: float) -> bool:
        """Send the BYE again with what the peer asks for; once for each kind of proof."""
        if response.status not in CHALLENGES:
            return False
        dialog, asked = self.dialog, transaction.request
        assert dialog is not None
        proof = self.station.proof(asked, response, transaction.destination)
        if proof is None or proof[0] in asked.headers:
            return False
        dialog.local_cseq += 1
        request = again(asked, self.station.via(dialog.destination), (proof,), dialog.local_cseq)
        self.station.transactions.client(request, transaction.destination, self, now)
        return True

    def _hold(self, dialog: Dialog) -> None:
        self.dialog = dialog
        self._all.by_dialog[dialog.id] = self

    def _settle(self, now: float) -> None:
        """Nothing of the offers that are still open matters any more; a pending INVITE gets 487 (§15.1.2)."""
        self.timer.close()
        if self.incoming is not None:
            if not self.incoming.answered:
                self.incoming.reject(487, None, (), now)
            self.incoming.stop()
        if self.reoffering is not None:
            self.reoffering.stop(now)

    def _leave(self, now: float) -> None:
        self.phase = Phase.OVER
        self._settle(now)
        self._all.by_id.pop(self.id, None)
        if self.dialog is not None:
            self._all.by_dialog.pop(self.dialog.id, None)
        # They hold the session, and live on in their transactions.
        self.incoming = self.outgoing = self.reoffering = None
