"""Whom we were asked not to call for a while (Retry-After, RFC 3261 §20.33)."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from sip.message.message import Response

# What may carry it: the called party (404 to 486, 600, 603) or its server (500, 503) is to be back then.
_SAYS = frozenset((404, 413, 480, 486, 500, 503, 600, 603))
_LONGEST_S = 60.0
_MOST = 1024


class Asked(NamedTuple):
    status: int
    reason: str
    until: float


class Respites:
    """By the URI that was called. Bounded, so that nobody talks us out of calling for longer than a minute.

    Servers that are overloaded are `sip.lookups.Rests`: they have other names, this one has not.
    """

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        self._asked: OrderedDict[str, Asked] = OrderedDict()

    def __len__(self) -> int:
        return len(self._asked)

    def refused(self, uri: str, response: Response, now: float) -> None:
        """Our call to `uri` was refused."""
        if response.status not in _SAYS or not response.retry_after:
            return
        until = now + min(float(response.retry_after), _LONGEST_S)
        self._asked[uri] = Asked(response.status, response.reason, until)
        self._asked.move_to_end(uri)
        if len(self._asked) > _MOST:
            self._asked.popitem(last=False)

    def of(self, uri: str, now: float) -> Asked | None:
        """How a call to `uri` would be refused still; None: it may be tried."""
        asked = self._asked.get(uri)
        if asked is not None and asked.until <= now:
            del self._asked[uri]
            return None
        return asked
