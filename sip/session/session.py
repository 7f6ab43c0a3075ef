"""The INVITE usage of a dialog: from the first INVITE to the answer to the BYE (RFC 3261 §13 to §15)."""

from __future__ import annotations

from collections import deque

from sip.config import Address, Trunk
from sip.dialog import Dialog, DialogId
from sip.events import Confirmed, EndCause, Ended, Origin, Rejected, SessionId, body_text
from sip.message.message import Request, Response
from sip.message.reason import reason
from sip.message.uri import SipUri
from sip.requests import HeaderLines
from sip.respite import Respites
from sip.session.errand import Errand
from sip.session.offers import Offers, Side, Waiting
from sip.session.phase import Phase
from sip.session.pursuit import Pursuit
from sip.session.referral import Referrals
from sip.session.reinvite import Reoffer
from sip.session.timer import SessionTimer
from sip.session.uac import OutgoingInvite
from sip.session.uas import IncomingInvite
from sip.station import Station
from sip.transaction import Transaction

_MOST_ENDED = 512

# What a BYE says of a peer that is lost.
_LOST: dict[EndCause, tuple[int, str]] = {
    "timeout": (408, "Request Timeout"),
    "expired": (408, "Session Timer Expired"),
}


class Sessions:
    """All sessions of one core, by name and by dialog. `ended` are the dialogs that ended last (RFC 3891 §3)."""

    __slots__ = ("by_dialog", "by_id", "ended", "pursuits", "referrals", "respites")

    def __init__(self, station: Station) -> None:
        self.ended: deque[DialogId] = deque(maxlen=_MOST_ENDED)
        self.referrals = Referrals(station)
        self.respites = Respites()
        self.pursuits: dict[SessionId, Pursuit] = {}
        self.by_id: dict[SessionId, Session] = {}
        self.by_dialog: dict[DialogId, Session] = {}


class Session:
    """Commands give False when it is too late for them: the event that says so is under way or was given.

    `replaces` is the session that this one takes the place of once it is accepted.
    """

    __slots__ = ("_all", "id", "incoming", "origin", "outgoing", "phase", "replaces", "side", "station", "timer")

    def __init__(self, station: Station, sessions: Sessions, origin: Origin) -> None:
        self.station = station
        self._all = sessions
        self.id = SessionId(station.tokens())
        self.origin = origin
        self.phase = Phase.EARLY
        self.replaces: SessionId | None = None
        self.side: Side | None = None
        self.incoming: IncomingInvite | None = None
        self.outgoing: OutgoingInvite | None = None
        self.timer = SessionTimer(self, station.config.session_timers)
        sessions.by_id[self.id] = self

    # --- how it begins

    def invited(self, request: Request, answer_to: Address, source: Address, now: float) -> None:
        """A caller's INVITE."""
        tag = self.station.tokens()
        side = Side(Dialog.of_uas(request, tag, source), Offers())
        side.offers.invited(body_text(request))
        side.hears(request)
        self.incoming = IncomingInvite(self, request, answer_to, now, tag=tag, initial=True)
        self._hold(side)
        if self.origin.kind == "trunk" and len(request.vias) > 1:
            # Its proxies may be named; a peer that is met directly is where it is.
            self.station.lookups.follow(side.dialog)

    def invite(self, request: Request, destination: Address, now: float) -> None:
        self.outgoing = OutgoingInvite(self, request, destination, now)

    def pursue(self, request: Request, user: str, hop: SipUri, trunk: Trunk | None, now: float) -> None:
        """Call wherever `hop` leads. `user`: of our Contact."""
        pursuit = self._all.pursuits[self.id] = Pursuit(self, request, user, trunk, self.invite)
        pursuit.begin(hop, now)

    def resume(self, dialog: Dialog) -> None:
        self.phase = Phase.ESTABLISHED
        self._hold(Side(dialog, Offers()))

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
        if not incoming.initial:
            self.dialog.refresh(incoming.request)
        replaced = self._all.by_id.get(self.replaces) if self.replaces is not None else None
        if replaced is not None and incoming.initial:
            replaced.hang_up(480, now)
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
        return self.outgoing is not None and self.outgoing.acknowledge(sdp, now)

    def answer_offer(self, sdp: str, now: float) -> bool:
        """Answer what came in an UPDATE, a PRACK or a provisional."""
        waiting = self._waiting
        if waiting is not None:
            waiting.answer(sdp, now)
        return waiting is not None

    def refuse_offer(self, status: int, headers: HeaderLines, now: float) -> bool:
        waiting = self._waiting
        if waiting is not None:
            waiting.refuse(status, headers, now)
        return waiting is not None

    def reoffer(self, sdp: str, now: float) -> bool:
        """False while an earlier offer of either side is still open, and unless the session is established."""
        if self.phase is not Phase.ESTABLISHED or self.side is None or self._unsettled:
            return False
        self.offers.sending = Reoffer(self, self.side, sdp, now)
        return True

    def update(self, sdp: str | None, now: float) -> bool:
        """The same by UPDATE, also before the call is answered. False too where the peer does not take it."""
        side = self.side if self.outgoing is None or not self.early else self.outgoing.early.only()
        if side is None or not side.updates or self.phase is Phase.ENDING:
            return False
        if side.offers.busy or (self._unsettled if not self.early else self._unproven):
            return False
        side.offers.sending = Reoffer(self, side, sdp, now, method="UPDATE")
        return True

    def refresh(self, now: float) -> bool:
        """Show the peer that we live: by an UPDATE, or by our last description again where it does not take that.

        False while that cannot be (RFC 4028 §7.4).
        """
        side = self.side
        if self.phase is not Phase.ESTABLISHED or side is None or self._unsettled:
            return False
        if side.updates:
            side.offers.sending = Reoffer(self, side, None, now, method="UPDATE", refresh=True)
        elif side.offers.described is not None:
            side.offers.sending = Reoffer(self, side, side.offers.described, now, refresh=True)
        return side.updates or side.offers.described is not None

    def cancel(self, now: float, headers: HeaderLines = ()) -> bool:
        pursuit = self._all.pursuits.get(self.id)
        if pursuit is not None and pursuit.cancel(now):
            return True
        if self.phase is not Phase.EARLY or self.outgoing is None:
            return False
        self.outgoing.cancel(now, headers)
        return True

    def bye(self, now: float, headers: HeaderLines = ()) -> bool:
        """Before the ACK to our first 2xx it waits for that ACK, or for its time to pass (§15)."""
        if self.phase is not Phase.ESTABLISHED:
            return False
        if self.incoming is not None and self.incoming.initial and not self.incoming.acknowledged:
            self.incoming.bye_headers = headers
            return True
        if self.outgoing is not None and self.outgoing.awaits_answer:
            self.outgoing.acknowledge(None, now)
        self._send_bye(headers, now)
        self._settle(now)
        return True

    def hang_up(self, status: int, now: float, headers: HeaderLines = ()) -> bool:
        """Whichever of CANCEL, BYE and rejection fits."""
        if self.phase is not Phase.EARLY:
            return self.bye(now, headers)
        if self.incoming is None:
            return self.cancel(now, headers)
        return self.reject(status, None, headers, now)

    # --- what the peer sends; the rest is in `sip.session.within`

    def side_of(self, request: Request) -> Side:
        """The dialog that the request was found by."""
        early = self.outgoing.early.get(request.from_.tag) if self.outgoing is not None else None
        side = early or self.side
        assert side is not None
        return side

    def acked(self, request: Request, now: float) -> None:
        """An ACK to a 2xx of ours, or its repeat."""
        incoming = self.incoming
        if incoming is None or request.cseq.number != incoming.request.cseq.number or not incoming.answered:
            return
        if not incoming.acknowledge():
            return
        if incoming.offers:
            self.offers.settled(body_text(request))
        if incoming.bye_headers is not None:
            headers, incoming.bye_headers = incoming.bye_headers, None
            self.bye(now, headers)
        elif self.phase is Phase.ESTABLISHED:
            self.station.emit(Confirmed(self.id, request))

    def cancelled(self, transaction: Transaction, cancel: Request, now: float) -> None:
        """CANCEL for an INVITE of the peer; too late once it was answered (§9.2)."""
        incoming = self.incoming
        if incoming is None or incoming.transaction is not transaction or incoming.answered:
            return
        incoming.reject(487, None, (), now)
        if incoming.initial:
            self.over("cancelled", now, cancel)

    # --- what its parts ask and report

    @property
    def dialog(self) -> Dialog | None:
        """None until our INVITE is accepted."""
        return self.side.dialog if self.side is not None else None

    @property
    def offers(self) -> Offers:
        assert self.side is not None
        return self.side.offers

    @property
    def early(self) -> bool:
        return self.phase is Phase.EARLY

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

    def contact(self, dialog: Dialog) -> str:
        return self.station.contact(dialog.destination, getattr(dialog.local.uri, "user", ""), secure=dialog.secure)

    def rings_in(self, side: Side) -> None:
        """A dialog of this session began."""
        side.dialog.trunk = self.origin.trunk
        self._all.by_dialog[side.dialog.id] = self

    def falls_silent(self, side: Side) -> None:
        """An early dialog of our INVITE is no more."""
        self._all.by_dialog.pop(side.dialog.id, None)

    def established(self, side: Side) -> None:
        """Our INVITE was accepted."""
        self.phase = Phase.ESTABLISHED
        self._hold(side)
        self._pursued()
        if self.origin.trunk:
            self.station.lookups.follow(side.dialog)

    def rejected(self, status: int, reason: str, response: Response | None, now: float) -> None:
        """Our INVITE failed, at the last of its targets."""
        pursuit = self._all.pursuits.get(self.id)
        if pursuit is not None and pursuit.goes_on(status, response, now):
            return
        if response is not None and self.outgoing is not None:
            self._all.respites.refused(str(self.outgoing.request.uri), response, now)
        self._leave(now)
        self.station.emit(Rejected(self.id, status, reason, response))

    def updated(self, side: Side, request: Request, now: float) -> HeaderLines:
        """An UPDATE is taken: the target moves, the timer begins anew. Gives what its 2xx says (RFC 3311 §5.2)."""
        side.dialog.refresh(request)
        side.hears(request)
        timer = () if self.early else self.timer.grant(request, now)
        return (("Contact", self.contact(side.dialog)), ("Allow", self.station.allow), *timer)

    def proceed(self, now: float) -> None:
        """An offer of the peer is answered: what waited for that goes on."""
        if self.incoming is not None:
            self.incoming.proceed(now)

    def acknowledge_early(self, side: Side, sdp: str, now: float) -> None:
        """Our answer to the offer in a provisional."""
        assert self.outgoing is not None
        self.outgoing.early.acknowledge(side, self.outgoing.request, sdp, now)

    def not_acknowledged(self, now: float) -> None:
        """64*T1 passed without the ACK to a 2xx: the session is ended with a BYE (§13.3.1.4)."""
        incoming = self.incoming
        assert incoming is not None
        wanted, incoming.bye_headers = incoming.bye_headers, None
        self._send_bye(reason(408, "No ACK") if wanted is None else wanted, now)
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
        """The peer knows nothing of the dialog any more, or does not answer (§12.2.1.2, RFC 4028 §10)."""
        self._send_bye(reason(*_LOST[cause]) if cause in _LOST else (), now)
        self.over(cause, now)

    def over(self, cause: EndCause, now: float, request: Request | None = None) -> None:
        if self.phase is not Phase.OVER:
            self._leave(now)
            self.station.emit(Ended(self.id, cause, request))

    # --- inside

    @property
    def _unsettled(self) -> bool:
        return self.peer_offers or self.offers.busy or (self.outgoing is not None and self.outgoing.awaits_answer)

    @property
    def _unproven(self) -> bool:
        """Our answer in a provisional has not been acknowledged yet (RFC 3311 §5.1)."""
        return self.incoming is not None and self.incoming.awaits_prack

    @property
    def _waiting(self) -> Waiting | None:
        if self.side is not None:
            return self.side.offers.waiting
        sides = self.outgoing.early if self.outgoing is not None else ()
        return next((side.offers.waiting for side in sides if side.offers.waiting is not None), None)

    def _pursued(self) -> None:
        """It is decided where the call goes."""
        pursuit = self._all.pursuits.pop(self.id, None)
        if pursuit is not None:
            pursuit.close()

    def _send_bye(self, headers: HeaderLines, now: float) -> None:
        """Whatever the answer is, the session is over then (§15.1.1)."""
        dialog = self.dialog
        assert dialog is not None
        self.phase = Phase.ENDING
        request = dialog.request("BYE", self.station.via(dialog.destination), headers=headers)
        Errand(self.station, dialog, request, self._bye_answered, now)

    def _bye_answered(self, response: Response | None, now: float) -> None:
        self.over("local", now)

    def _hold(self, side: Side) -> None:
        self.side = side
        self.rings_in(side)

    def _settle(self, now: float) -> None:
        """Nothing of the offers that are still open matters any more; a pending INVITE gets 487 (§15.1.2)."""
        self.timer.close()
        if self.incoming is not None:
            if not self.incoming.answered:
                self.incoming.reject(487, None, (), now)
            self.incoming.stop()
        if self.side is not None:
            self.side.offers.stop(now)

    def _leave(self, now: float) -> None:
        self.phase = Phase.OVER
        self._settle(now)
        self._all.by_id.pop(self.id, None)
        self._pursued()
        if self.dialog is not None and self._all.by_dialog.pop(self.dialog.id, None) is not None:
            self._all.ended.append(self.dialog.id)
        # They hold the session, and live on in their transactions.
        self.incoming = self.outgoing = None
