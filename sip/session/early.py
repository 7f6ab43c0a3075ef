"""The early dialogs of an INVITE of ours: each fork that rings has its own (RFC 3261 §12.1, RFC 3262 §4, RFC 6228)."""

from __future__ import annotations

from collections.abc import Iterator

from sip.config import Address
from sip.dialog import Dialog
from sip.events import body_text
from sip.message.message import Request, Response
from sip.session.errand import Errand, nothing_follows
from sip.session.offers import FIRST, OURS, Offers, Side
from sip.session.owner import Owner
from sip.session.reliable import TAG
from sip.session.waiting import ProvisionalOffer

_TERMINATED = 199


class EarlyDialogs:
    """By the tag of the fork; as many as `Limits.forks`."""

    __slots__ = ("_session", "_sides")

    def __init__(self, session: Owner) -> None:
        self._session = session
        self._sides: dict[str, Side] = {}

    def __iter__(self) -> Iterator[Side]:
        return iter(self._sides.values())

    def get(self, tag: str | None) -> Side | None:
        return self._sides.get(tag or "")

    def only(self) -> Side | None:
        """The one that there is; None where it is to be guessed which one is meant."""
        return next(iter(self._sides.values())) if len(self._sides) == 1 else None

    def pop(self, tag: str) -> Side | None:
        """The fork that answered: its dialog goes on as the session's."""
        return self._sides.pop(tag, None)

    def clear(self, now: float) -> None:
        """The INVITE is answered, or goes out anew: these dialogs are no more."""
        for side in self._sides.values():
            side.offers.stop(now)
            self._session.falls_silent(side)
        self._sides.clear()

    def heard(self, invite: Request, response: Response, destination: Address, now: float) -> bool:
        """A provisional above 100. False where it is not to be reported: a repeat, one that came before its time, and
        what is not taken yet; all of these come again.
        """
        reliable = TAG in response.require and response.rseq is not None
        side = self._side(invite, response, destination)
        if side is None:
            return not reliable or not response.to.tag
        side.hears(response)
        if not reliable:
            side.preview = side.preview or body_text(response)
        elif not self._in_order(side, response) or not self._takes(side, invite, response, now):
            return False
        if response.status == _TERMINATED:
            self._session.falls_silent(side)
        return True

    def acknowledge(self, side: Side, invite: Request, sdp: str, now: float) -> None:
        """PRACK what this fork sent last, with our answer where it offered (RFC 3262 §5)."""
        station, dialog = self._session.station, side.dialog
        lines = [("RAck", f"{side.rseq} {invite.cseq}")]
        prack = dialog.request("PRACK", station.via(dialog.destination), headers=lines, body=sdp.encode())
        Errand(station, dialog, prack, nothing_follows, now)

    def _side(self, invite: Request, response: Response, destination: Address) -> Side | None:
        tag = response.to.tag
        if not tag:
            return None
        side = self._sides.get(tag)
        if side is None and len(self._sides) < self._session.station.config.limits.forks:
            dialog = Dialog.of_uac(invite, response, destination)
            side = self._sides[tag] = Side(dialog, Offers.of_invite(body_text(invite)))
            self._session.rings_in(side)
        return side

    def _in_order(self, side: Side, response: Response) -> bool:
        return side.rseq is None or response.rseq == side.rseq + 1

    def _takes(self, side: Side, invite: Request, response: Response, now: float) -> bool:
        """An answer is taken, an offer given to the application: of one fork at a time, since its media is one."""
        sdp = body_text(response)
        offered = sdp is not None and side.offers.state is FIRST
        if offered and any(one.offers.waiting is not None for one in self):
            return False
        side.rseq = response.rseq
        if offered:
            ProvisionalOffer(self._session, side, response)
            return True
        if sdp is not None and side.offers.state is OURS and side.offers.heard is None:
            side.offers.settled(sdp)
        self.acknowledge(side, invite, "", now)
        return True
