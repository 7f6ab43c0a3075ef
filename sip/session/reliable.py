"""Provisional responses that the caller acknowledges by PRACK (RFC 3262): what an INVITE received remembers of them."""

from __future__ import annotations

from collections import deque

from sip.message.message import Request
from sip.requests import HeaderLines

TAG = "100rel"
_MOST_WAITING = 8


class Reliable:
    """One is out at a time (§3): `datagram` until its PRACK, `waiting` what is to follow.

    `described`: it carries a session description, so no 2xx may overtake its PRACK: `held` is that 2xx. `offers`: that
    is our offer, which the PRACK has to answer.
    """

    __slots__ = ("datagram", "described", "held", "interval_s", "offers", "required", "rseq", "waiting")

    def __init__(self, *, required: bool) -> None:
        self.required = required
        self.rseq = 0
        self.datagram = b""
        self.described = False
        self.offers = False
        self.interval_s = 0.0
        self.held: tuple[str, HeaderLines] | None = None
        self.waiting: deque[tuple[int, str | None]] = deque(maxlen=_MOST_WAITING)

    @classmethod
    def of(cls, invite: Request) -> Reliable | None:
        """None where the caller would not understand."""
        required = TAG in invite.require
        return cls(required=required) if required or TAG in invite.supported else None

    def next_rseq(self, chance: float) -> int:
        """From somewhere below 2^31, then one by one (§3)."""
        self.rseq = self.rseq + 1 if self.rseq else 1 + int(chance * 2**30)
        return self.rseq

    @property
    def holds_success(self) -> bool:
        """A 2xx has to wait for the PRACK."""
        return bool(self.datagram) and self.described

    def awaits(self, prack: Request, invite: Request) -> bool:
        """Whether this PRACK is for the one that is out (§3)."""
        return bool(self.datagram) and prack.rack == (self.rseq, invite.cseq.number, invite.method)

    def acknowledged(self) -> None:
        self.datagram = b""
