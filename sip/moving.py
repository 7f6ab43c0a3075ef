"""Who may move calls, by REFER or by an INVITE with Replaces, and which dialog is meant (RFC 3515 §5, RFC 3891 §3).

Strangers never, and nobody unless the configuration says that the application has a policy of its own.
"""

from __future__ import annotations

from sip.authentication import Authenticator
from sip.config import Address, CoreConfig
from sip.errors import ParseError
from sip.events import Origin, ReferralId, ReferReceived, SessionId
from sip.message.message import Request
from sip.message.transfer import ReferTo, Replaces, read_refer_to, read_replaces
from sip.session.phase import Phase
from sip.session.referral import OurReferral, TheirReferral, refer_lines
from sip.session.session import Session, Sessions

_LONGEST_NAME = 200


def referrer(
    session: Session, request: Request, source: Address, trunk: str | None, agents: Authenticator | None, now: float
) -> Origin | int:
    """Who proved to have sent a REFER, or the status that refuses it.

    An agent by digest on the request itself: the agent of the session, or in a call that we made, any. A trunk by its
    address or certificate: that of the session, or in a call that we made, the one that was called.
    """
    origin = session.origin
    if origin.kind == "stranger":
        return 403
    ours = not origin.name
    if agents is not None and "Authorization" in request.headers:
        proof = agents.check(request, source.host, now)
        if proof.user is None:
            return 401
        who = Origin("agent", proof.user)
        return who if ours or who == origin else 403
    if trunk is not None and origin.kind == "trunk" and (ours or trunk == origin.name):
        return Origin("trunk", trunk)
    return 403 if agents is None or not (ours or origin.kind == "agent") else 401


def replaced(request: Request, origin: Origin, sessions: Sessions, config: CoreConfig) -> SessionId | int | None:
    """The session whose place an INVITE wants to take, if it names one, or the status that refuses it."""
    if "Replaces" not in request.headers:
        return None
    if origin.kind == "stranger" and config.moves and config.digest is not None:
        return 401  # whatever is named: an agent's phone proves itself when it is asked to, and nobody else can
    if origin.kind == "stranger" or not config.moves:
        return 403
    try:
        return _matched(read_replaces(request.headers), sessions)
    except ParseError as error:
        return error.status


def _matched(replaces: Replaces, sessions: Sessions) -> SessionId | int:
    """In the order of RFC 3891 §3."""
    named = (replaces.call_id, replaces.to_tag, replaces.from_tag)
    session = sessions.by_dialog.get(named)
    if session is None:
        return 603 if named in sessions.ended else 481
    if session.phase is Phase.ENDING:
        return 603
    if session.phase is Phase.ESTABLISHED:
        return 486 if replaces.early_only else session.id
    # Whoever rings us cannot be replaced, only whom we ring.
    return session.id if session.outgoing is not None else 481


def referred(
    session: Session, sessions: Sessions, request: Request, answer_to: Address, origin: Origin, now: float
) -> int | None:
    """A REFER of somebody who may ask: what becomes of it is for the application to say. Else the status that refuses
    it.
    """
    side, every = session.side_of(request), sessions.referrals
    if request.cseq.number < side.dialog.remote_cseq:
        return 500
    side.dialog.remote_cseq = request.cseq.number
    if not session.confirmed:
        return 403
    if every.full(side.dialog):
        return 503
    try:
        to = read_refer_to(request.headers)
    except ParseError as error:
        return error.status
    referral = TheirReferral(session.station, every, side.dialog, request, answer_to, now)
    by = (request.headers.get("Referred-By") or "")[:_LONGEST_NAME]
    session.station.emit(ReferReceived(session.id, referral.id, to.target, to.replaces, by, origin, request))
    return None


def refer(session: Session, sessions: Sessions, target: ReferTo, now: float, *, subscribe: bool) -> ReferralId | None:
    """Ask the peer to call somebody. None unless the session is established, and where too many are open."""
    dialog, station = session.dialog, session.station
    if not session.confirmed or dialog is None or sessions.referrals.full(dialog):
        return None
    by = str(dialog.local.with_params(()))
    lines = refer_lines(target, by, station.allow, session.contact(dialog), subscribe=subscribe)
    return OurReferral(station, sessions.referrals, session.id, dialog, lines, now).id


def named_to_others(session: Session) -> Replaces | None:
    """What somebody else puts into an INVITE to the peer of this session, to take our place."""
    dialog = session.dialog
    if dialog is None or not session.confirmed:
        return None
    return Replaces(dialog.call_id, dialog.remote.tag or "", dialog.local.tag or "")
