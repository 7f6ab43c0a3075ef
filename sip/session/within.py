"""What the peer sends within a dialog, ACK and CANCEL apart (RFC 3261 §12.2.2, §14.2, §15.1.2, RFC 3262, RFC 3311)."""

from __future__ import annotations

from collections.abc import Callable

from sip.config import Address
from sip.events import DigitReceived, ProvisionalConfirmed, ReinviteReceived, body_text
from sip.message.message import Request, respond
from sip.message.reason import warning
from sip.requests import HeaderLines
from sip.session.info import read_info
from sip.session.offers import Side, retry_after
from sip.session.phase import Phase
from sip.session.session import Session
from sip.session.timer import interval_refusal
from sip.session.uas import IncomingInvite
from sip.session.waiting import RequestOffer
from sip.station import UNATTENDED


def received(session: Session, request: Request, answer_to: Address, now: float) -> None:
    """A new request, in order or not."""
    side = session.side_of(request)
    if request.cseq.number < side.dialog.remote_cseq:
        answer(session, request, 500, answer_to, now)
        return
    side.dialog.remote_cseq = request.cseq.number
    _SERVED.get(request.method, _not_served)(session, side, request, answer_to, now)


def answer(
    session: Session, request: Request, status: int, answer_to: Address, now: float, headers: HeaderLines = ()
) -> None:
    """Answer it at once."""
    transaction = session.station.transactions.server(request, answer_to, UNATTENDED, now)
    transaction.respond(respond(request, status, headers=list(headers)), now)


def _not_served(session: Session, side: Side, request: Request, answer_to: Address, now: float) -> None:
    answer(session, request, 405, answer_to, now, (("Allow", session.station.allow),))


def _bye(session: Session, side: Side, request: Request, answer_to: Address, now: float) -> None:
    """A callee may not end an early dialog so (§15): that fork is let go, the others ring on."""
    answer(session, request, 200, answer_to, now)
    if side is not session.side:
        session.falls_silent(side)
        return
    session.over("local" if session.phase is Phase.ENDING else "remote", now, request)


def _reinvite(session: Session, side: Side, request: Request, answer_to: Address, now: float) -> None:
    refused = _reinvite_refusal(session, side, request)
    if refused is not None:
        answer(session, request, refused[0], answer_to, now, refused[1])
        return
    side.offers.invited(body_text(request))
    side.hears(request)
    session.incoming = IncomingInvite(session, request, answer_to, now, tag=request.to.tag or "", initial=False)
    session.station.emit(ReinviteReceived(session.id, body_text(request), request))


def _reinvite_refusal(session: Session, side: Side, request: Request) -> tuple[int, HeaderLines] | None:
    """Ours is under way: 491; theirs is unanswered: 500; else as for any offer (§14.2, RFC 3311 §5.2)."""
    chance = session.station.chance
    if session.phase is Phase.ENDING:
        return 481, ()
    if session.incoming is not None and not session.incoming.answered:
        return 500, retry_after(chance())
    if session.peer_offers or session.phase is Phase.EARLY:
        return 491, ()
    too_small = interval_refusal(request, session.station.config.session_timers)
    return side.offers.refusal(chance()) or ((422, too_small) if too_small is not None else None)


def _prack(session: Session, side: Side, request: Request, answer_to: Address, now: float) -> None:
    """A body answers the offer in our provisional; where all offers are answered, it is a new one (RFC 3262 §5)."""
    incoming, sdp = session.incoming, body_text(request)
    if incoming is None or not incoming.awaits(request):
        answer(session, request, 481, answer_to, now)
        return
    if incoming.offered_early and sdp is None:
        missing = warning(399, session.station.own(answer_to), "The PRACK has to answer our offer")
        answer(session, request, 400, answer_to, now, (missing,))
        return
    incoming.pracked()
    answers = sdp if incoming.offered_early else None
    if answers is not None:
        side.offers.settled(answers)
    refused = side.offers.refusal(session.station.chance()) if sdp is not None and answers is None else None
    session.station.emit(ProvisionalConfirmed(session.id, request, answers))
    if refused is not None:
        answer(session, request, refused[0], answer_to, now, refused[1])
    elif sdp is not None and answers is None:
        RequestOffer(session, side, request, answer_to, now)
        return
    else:
        answer(session, request, 200, answer_to, now)
    incoming.proceed(now)


def _update(session: Session, side: Side, request: Request, answer_to: Address, now: float) -> None:
    """In the order of RFC 3311 §5.2; one without an offer refreshes the target and the session timer."""
    station, offers = session.station, side.offers
    refused: tuple[int, HeaderLines] | None = None
    if session.phase is Phase.ENDING:
        refused = 481, ()
    elif offers.waiting is not None:
        refused = 500, retry_after(station.chance())
    elif request.body:
        refused = offers.refusal(station.chance())
    if refused is None and (too_small := interval_refusal(request, station.config.session_timers)) is not None:
        refused = 422, too_small
    if refused is not None:
        answer(session, request, refused[0], answer_to, now, refused[1])
    elif request.body:
        RequestOffer(session, side, request, answer_to, now)
    else:
        answer(session, request, 200, answer_to, now, session.updated(side, request, now))


def _info(session: Session, side: Side, request: Request, answer_to: Address, now: float) -> None:
    if session.phase is Phase.ENDING:
        answer(session, request, 481, answer_to, now)
        return
    read = read_info(request)
    answer(session, request, read.status, answer_to, now, read.headers)
    if read.key is not None:
        session.station.emit(DigitReceived(session.id, read.key.digit, read.key.duration_ms))


_Serve = Callable[[Session, Side, Request, Address, float], None]
_SERVED: dict[str, _Serve] = {
    "BYE": _bye,
    "INVITE": _reinvite,
    "PRACK": _prack,
    "UPDATE": _update,
    "INFO": _info,
}
