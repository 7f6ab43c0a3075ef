"""Where the offers and answers of a dialog stand: one offer is open at a time (RFC 3264 §4, RFC 3311 §5, RFC 6337)."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from sip.dialog import Dialog
from sip.message.message import Request, Response
from sip.requests import HeaderLines

_RETRY_WITHIN_S = 10


class State(Enum):
    """FIRST: nobody has offered, and only the responses to the INVITE may. OURS and THEIRS: that offer is open."""

    FIRST = auto()
    NONE = auto()
    OURS = auto()
    THEIRS = auto()


FIRST, NONE, OURS, THEIRS = State.FIRST, State.NONE, State.OURS, State.THEIRS

# What a request with an offer is refused with (RFC 3261 §14.2, RFC 3311 §5.2); NONE is the state that takes one.
_REFUSED = {FIRST: 491, OURS: 491, THEIRS: 500}


class Sending(Protocol):
    """Our own offer under way, by re-INVITE or UPDATE."""

    done: bool

    def stop(self, now: float) -> None: ...


class Waiting(Protocol):
    """An offer of the peer that the application has to answer, by the request or response it came in."""

    def answer(self, sdp: str, now: float) -> None: ...

    def refuse(self, status: int, headers: HeaderLines, now: float) -> None: ...

    def stop(self, now: float) -> None: ...


class Offers:
    """`described` is our description of last, which a refresh offers again; `heard` the peer's.

    `sending` is our own offer, also while it backs off; `waiting` one of the peer in UPDATE, PRACK or a provisional.
    """

    __slots__ = ("described", "heard", "sending", "state", "waiting")

    def __init__(self, state: State = NONE, described: str | None = None) -> None:
        self.state = state
        self.described = described
        self.heard: str | None = None
        self.sending: Sending | None = None
        self.waiting: Waiting | None = None

    @classmethod
    def of_invite(cls, sdp: str | None) -> Offers:
        """The caller's side, as its INVITE leaves it."""
        return cls(FIRST if sdp is None else OURS, sdp)

    def invited(self, sdp: str | None) -> None:
        """The peer's INVITE or re-INVITE came."""
        if sdp is None:
            self.state = FIRST
        else:
            self.came(sdp)

    def came(self, sdp: str) -> None:
        """An offer of the peer."""
        self.state, self.heard = THEIRS, sdp

    def made(self) -> None:
        """An offer of ours goes out. Where it may be refused, it counts as `described` only once it is answered."""
        self.state = OURS

    def answered(self, sdp: str) -> None:
        """We answered."""
        self.state, self.described = NONE, sdp

    def settled(self, sdp: str | None) -> bool:
        """The peer answered; where it says nothing, as before. Gives whether that is news."""
        self.state = NONE
        moved = sdp is not None and sdp != self.heard
        if sdp is not None:
            self.heard = sdp
        return moved

    def withdrawn(self) -> None:
        """The open offer was refused: what was agreed before goes on."""
        self.state = NONE

    def refusal(self, chance: float) -> tuple[int, list[tuple[str, str]]] | None:
        """What an offer of the peer is refused with now; None: it may be taken."""
        status = _REFUSED.get(self.state)
        if status is None:
            return None
        return status, retry_after(chance) if status == 500 else []

    @property
    def busy(self) -> bool:
        """No offer of ours can be made."""
        return (
            self.state is not NONE or self.waiting is not None or (self.sending is not None and not self.sending.done)
        )

    def stop(self, now: float) -> None:
        """The session ends: nothing that is open matters any more."""
        if self.sending is not None:
            self.sending.stop(now)
        if self.waiting is not None:
            self.waiting.stop(now)
        self.sending = self.waiting = None


class Side:
    """A dialog and its offers: the session's own, or one early dialog of many (RFC 3261 §12.1, §13.2.2.4).

    `updates`: the peer takes UPDATE. `rseq` is its reliable provisional of last, `preview` the description in one that
    is not reliable, which is a copy of the answer to come.
    """

    __slots__ = ("dialog", "offers", "preview", "rseq", "updates")

    def __init__(self, dialog: Dialog, offers: Offers) -> None:
        self.dialog = dialog
        self.offers = offers
        self.rseq: int | None = None
        self.preview: str | None = None
        self.updates = False

    def hears(self, message: Request | Response) -> None:
        """What the peer allows, where it says so."""
        if "Allow" in message.headers:
            self.updates = any("UPDATE" in line for line in message.headers.get_all("Allow"))


def retry_after(chance: float) -> list[tuple[str, str]]:
    """Below 10 s, drawn (RFC 3261 §14.2, RFC 3311 §5.2)."""
    return [("Retry-After", str(int(chance * _RETRY_WITHIN_S)))]
