"""REFER within a dialog, and the subscription that it makes (RFC 3515, RFC 4488, as far as needed RFC 6665).

A referral outlives its session: phones hang up as soon as their REFER is accepted, and want to hear what came of it.
"""

from __future__ import annotations

import re

from sip.config import Address
from sip.deadlines import Deadline
from sip.dialog import Dialog, DialogId
from sip.events import ReferProgress, ReferralId, SessionId
from sip.message.message import REASONS, Request, Response, respond
from sip.message.transfer import SIPFRAG, ReferTo, read_sipfrag, sipfrag
from sip.requests import HeaderLines
from sip.session.errand import Errand
from sip.station import UNATTENDED, Station

_MOST = 2000
_MOST_A_DIALOG = 4
_ANSWER_WITHIN_S = 10.0
_LIFE_S = 180
_SECONDS = re.compile("[0-9]{1,5}")


class Referrals:
    """All referrals of one core, by name; those of ours by the dialog whose NOTIFYs tell of them too."""

    __slots__ = ("_ours", "_theirs", "station")

    def __init__(self, station: Station) -> None:
        self.station = station
        self._ours: dict[DialogId, list[OurReferral]] = {}
        self._theirs: dict[ReferralId, TheirReferral] = {}

    def __len__(self) -> int:
        return len(self._theirs) + sum(len(some) for some in self._ours.values())

    def full(self, dialog: Dialog) -> bool:
        """No more of them, from or to this dialog."""
        theirs = sum(one.dialog is dialog for one in self._theirs.values())
        return len(self) >= _MOST or theirs + len(self._ours.get(dialog.id, ())) >= _MOST_A_DIALOG

    def asked(self, referral: TheirReferral) -> None:
        self._theirs[referral.id] = referral

    def sent(self, referral: OurReferral) -> None:
        self._ours.setdefault(referral.dialog.id, []).append(referral)

    def of(self, dialog: DialogId) -> bool:
        """Whether the peer of that dialog owes us NOTIFYs, also when its session is over."""
        return dialog in self._ours

    def theirs(self, referral: ReferralId) -> TheirReferral | None:
        return self._theirs.get(referral)

    def over(self, referral: TheirReferral | OurReferral) -> None:
        if isinstance(referral, TheirReferral):
            self._theirs.pop(referral.id, None)
            return
        left = [one for one in self._ours.get(referral.dialog.id, ()) if one is not referral]
        if left:
            self._ours[referral.dialog.id] = left
        else:
            self._ours.pop(referral.dialog.id, None)

    def notified(self, dialog: DialogId, request: Request, answer_to: Address, now: float) -> None:
        """A NOTIFY. What belongs to no referral of ours gets 481, other events 489 (RFC 6665 §4.1.3)."""
        event, _, rest = (request.headers.get("Event") or "").partition(";")
        status = 200
        headers: HeaderLines = ()
        found = self._named(dialog, rest)
        if event.strip(" \t").lower() != "refer":
            status, headers = 489, (("Allow-Events", "refer"),)
        elif found is None:
            status = 481
        elif request.cseq.number < found.dialog.remote_cseq:
            status = 500
        elif request.content_type != SIPFRAG or (told := read_sipfrag(request.body)) is None:
            status, headers = 415, (("Accept", SIPFRAG),)
        elif "Subscription-State" not in request.headers:
            status = 400
        else:
            found.dialog.remote_cseq = request.cseq.number
            found.told(told, request.headers.get("Subscription-State") or "", now)
        transaction = self.station.transactions.server(request, answer_to, UNATTENDED, now)
        transaction.respond(respond(request, status, headers=list(headers)), now)

    def _named(self, dialog: DialogId, params: str) -> OurReferral | None:
        """The one whose REFER had the CSeq in `id`; without it the first (RFC 3515 §2.4.6)."""
        some = self._ours.get(dialog, [])
        named = [part.strip()[3:] for part in params.lower().split(";") if part.strip().startswith("id=")]
        return next((one for one in some if not named or str(one.cseq) == named[0]), None)


class TheirReferral:
    """A REFER of the peer: the application accepts or refuses it, and says how the call that it asks for goes on."""

    __slots__ = ("_all", "_limit", "_subscribed", "_told", "_transaction", "dialog", "id", "station")

    def __init__(
        self, station: Station, every: Referrals, dialog: Dialog, request: Request, answer_to: Address, now: float
    ) -> None:
        self.station = station
        self.id = ReferralId(station.tokens())
        self.dialog = dialog
        self._all = every
        self._told = sipfrag(100, REASONS[100])
        # Who wants no NOTIFY says so (RFC 4488).
        self._subscribed = (request.headers.get("Refer-Sub") or "").partition(";")[0].strip(" \t").lower() != "false"
        self._transaction = station.transactions.server(request, answer_to, UNATTENDED, now)
        self._limit: Deadline = station.deadlines.set(now + _ANSWER_WITHIN_S, self._rings, "unanswered")
        every.asked(self)

    def accept(self, now: float) -> bool:
        """202, and a NOTIFY at once (RFC 3515 §2.4.4). False when it was answered before."""
        if self._transaction.finished:
            return False
        lines = () if self._subscribed else (("Refer-Sub", "false"),)
        self._respond(202, lines, now)
        if self._subscribed:
            self._limit = self.station.deadlines.set(now + _LIFE_S, self._rings, "expired")
            self._notify(f"active;expires={_LIFE_S}", now)
        else:
            self._all.over(self)
        return True

    def refuse(self, status: int, headers: HeaderLines, now: float) -> bool:
        if self._transaction.finished:
            return False
        self._respond(status, headers, now)
        self._all.over(self)
        return True

    def notify(self, status: int, now: float) -> bool:
        """How far the call has come; a final status ends the subscription. False before it is accepted."""
        if not self._transaction.finished:
            return False
        self._told = sipfrag(status, REASONS.get(status, "Unknown"))
        if status >= 200:
            self._end("noresource", now)
        else:
            self._notify(f"active;expires={max(1, int(self._limit.at - now))}", now)
        return True

    def _respond(self, status: int, headers: HeaderLines, now: float) -> None:
        self._limit.cancel()
        request = self._transaction.request
        lines = [*headers, ("Contact", self._contact())] if status < 300 else list(headers)
        self._transaction.respond(respond(request, status, headers=lines), now)

    def _contact(self) -> str:
        dialog = self.dialog
        user = getattr(dialog.local.uri, "user", "")
        return self.station.contact(dialog.destination, user, secure=dialog.secure)

    def _end(self, reason: str, now: float) -> None:
        self._limit.cancel()
        self._notify(f"terminated;reason={reason}", now)
        self._all.over(self)

    def _notify(self, state: str, now: float) -> None:
        dialog = self.dialog
        lines = [
            ("Event", f"refer;id={self._transaction.request.cseq.number}"),
            ("Subscription-State", state),
            ("Contact", self._contact()),
        ]
        via = self.station.via(dialog.destination)
        request = dialog.request("NOTIFY", via, headers=lines, body=self._told, content_type=SIPFRAG)
        Errand(self.station, dialog, request, self._heard, now)

    def _heard(self, response: Response | None, now: float) -> None:
        """Nobody is there to be told any more (RFC 6665 §4.2.2)."""
        if response is None or response.status == 481:
            self._limit.cancel()
            self._all.over(self)

    def _rings(self, name: str, now: float) -> None:
        if name == "unanswered":
            self.refuse(603, (), now)
        else:
            self._end("timeout", now)


class OurReferral:
    """A REFER of ours: what the peer says of it, until it says no more."""

    __slots__ = ("_all", "_limit", "_over", "cseq", "dialog", "id", "session", "station")

    def __init__(
        self, station: Station, every: Referrals, session: SessionId, dialog: Dialog, lines: HeaderLines, now: float
    ) -> None:
        self.station = station
        self.id = ReferralId(station.tokens())
        self.session = session
        self.dialog = dialog
        self._all = every
        self._over = False
        request = dialog.request("REFER", station.via(dialog.destination), headers=lines)
        self.cseq = request.cseq.number
        # A REFER that nobody answers fails by itself before that; an accepted one has to be followed by a NOTIFY.
        self._limit: Deadline = station.deadlines.set(now + 2 * station.config.timers.give_up_s, self._silent, "silent")
        every.sent(self)
        Errand(station, dialog, request, self._answered, now)

    def told(self, status: int, state: str, now: float) -> None:
        """A NOTIFY: the subscription lives for as long as it says, within bounds (RFC 6665 §4.1.3)."""
        self._limit.cancel()
        kind, _, params = state.partition(";")
        if kind.strip(" \t").lower() == "terminated":
            self._tell(status, over=True)
            return
        named = [part.strip()[8:] for part in params.split(";") if part.strip().startswith("expires=")]
        asked_s = int(named[0]) if named and _SECONDS.fullmatch(named[0]) else _LIFE_S
        self._limit = self.station.deadlines.set(now + min(asked_s, _LIFE_S), self._silent, "silent")
        self._tell(status, over=False)

    def _answered(self, response: Response | None, now: float) -> None:
        """The answer to the REFER. NOTIFYs may have come before it; a repeat with a proof has another CSeq."""
        status = 408 if response is None else response.status
        if response is not None:
            self.cseq = response.cseq.number
        unsubscribed = response is not None and (response.headers.get("Refer-Sub") or "").lower().startswith("false")
        if status >= 300 or unsubscribed:
            self._limit.cancel()
            self._tell(status, over=True)

    def _silent(self, name: str, now: float) -> None:
        self._tell(408, over=True)

    def _tell(self, status: int, *, over: bool) -> None:
        if not self._over:
            self._over = over
            self.station.emit(ReferProgress(self.session, self.id, status, over))
            if over:
                self._all.over(self)


def refer_lines(target: ReferTo, referred_by: str, allow: str, contact: str, *, subscribe: bool) -> HeaderLines:
    """What a REFER of ours says."""
    lines = [("Refer-To", str(target)), ("Referred-By", referred_by), ("Contact", contact), ("Allow", allow)]
    return lines if subscribe else [*lines, ("Refer-Sub", "false"), ("Supported", "norefersub")]
