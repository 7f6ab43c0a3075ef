"""What can go wrong in `sip/`: one tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sip.message.message import Request


class SipError(Exception):
    """The root of the package's exceptions."""


class ParseError(SipError):
    """Bytes or text that are not what RFC 3261 §25 allows.

    `status` is what to answer a request with. `partial` is as much of the request as its answer needs; None means that
    it cannot be answered (a response, an ACK, no usable Via) and is dropped.
    """

    def __init__(self, reason: str, *, status: int = 400, partial: Request | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.partial = partial
