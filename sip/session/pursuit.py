"""One call of ours over several targets: fail-over (RFC 3263 §4.3) and redirects (RFC 3261 §8.1.3.4, §21.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sip.config import Address, Trunk
from sip.deadlines import Deadline
from sip.failover import PATIENCE_S, Superseded, towards
from sip.message.headers import Headers
from sip.message.message import REASONS, Request, Response
from sip.message.uri import SipUri, Uri
from sip.redirection import Redirect, redirects
from sip.session.uac import OutgoingInvite
from sip.station import Station

_MOST_TRIES = 8
_MOST_REDIRECTS = 5


class Pursuer(Protocol):
    """The session, as far as its pursuit knows it."""

    station: Station
    outgoing: OutgoingInvite | None

    def rejected(self, status: int, reason: str, response: Response | None, now: float) -> None: ...


class Pursuit:
    """Each try is an OutgoingInvite of its own; the session hears how the last of them ended."""

    __slots__ = (
        "_last",
        "_over",
        "_patience",
        "_pending",
        "_request",
        "_session",
        "_start",
        "_targets",
        "_tries",
        "_trunk",
        "_user",
        "_visited",
    )

    def __init__(
        self,
        session: Pursuer,
        request: Request,
        user: str,
        trunk: Trunk | None,
        start: Callable[[Request, Address, float], None],
    ) -> None:
        """`user`: of our Contact. `trunk`: whose redirects are followed; without one, nobody's. `start` sends it."""
        self._session = session
        self._request = request
        self._user = user
        self._trunk = trunk
        self._start = start
        self._targets: list[Address] = []
        self._pending: list[Redirect] = []
        self._visited: set[str] = set()
        self._tries = 0
        self._patience: Deadline | None = None
        self._over = False
        self._last: tuple[int, Response | None] = (503, None)

    def begin(self, hop: SipUri, now: float) -> None:
        """Find out where `hop` leads, and call there."""
        self._visited.add(_seen(self._request.uri, hop))
        trunk = self._trunk.name if self._trunk is not None else ""
        self._session.station.lookups.ask(hop, self._found, now, trunk=trunk)

    def cancel(self, now: float) -> bool:
        """No further target is tried. True when the session is over by that: nothing was sent yet."""
        self._calm()
        waiting = self._session.outgoing is None and not self._over
        self._over = True
        if waiting:
            self._session.rejected(487, REASONS[487], None, now)
        return waiting

    def close(self) -> None:
        """The call was taken, or is over."""
        self._calm()
        self._over = True

    def goes_on(self, status: int, response: Response | None, now: float) -> bool:
        """A try ended by `status`. True when another one follows, and nobody has to be told."""
        self._calm()
        outgoing = self._session.outgoing
        if self._over or outgoing is None or outgoing.cancelled:
            return False
        self._request = outgoing.request
        self._last = (status, response)
        rests, target = self._session.station.lookups.rests, outgoing.transaction.destination
        if response is None:
            rests.dead(target, now)
        else:
            rests.answered(target, response, now)
        return self._continues(status, response, now)

    def _continues(self, status: int, response: Response | None, now: float) -> bool:
        if response is not None and 300 <= status < 400:
            return self._redirected(response, now)
        if (response is None or status == 503) and self._next(now):
            return True
        return status < 600 and self._other(now)

    def _found(self, targets: tuple[Address, ...], now: float) -> None:
        if self._over:
            return
        self._targets = self._session.station.lookups.rests.usable(targets, now)
        if not self._next(now) and not self._other(now):
            self._over = True
            status, response = self._last
            reason = response.reason if response is not None else REASONS[status]
            self._session.rejected(status, reason, response, now)

    def _next(self, now: float) -> bool:
        """The next target of the list, if there is one and we have not tried enough."""
        if not self._targets or self._tries >= _MOST_TRIES:
            return False
        self._tries += 1
        station, target = self._session.station, self._targets.pop(0)
        self._start(towards(station, self._request, target, self._user), target, now)
        if self._targets and self._tries < _MOST_TRIES:
            self._patience = station.deadlines.set(now + PATIENCE_S, self._silent)
        return True

    def _silent(self, _: str, now: float) -> None:
        """Not a word from this target: on to the next, and whatever comes of the first is taken back."""
        self._patience = None
        outgoing = self._session.outgoing
        if outgoing is None or outgoing.heard:
            return
        station = self._session.station
        station.lookups.rests.dead(outgoing.transaction.destination, now)
        self._request = outgoing.request
        outgoing.supersede(Superseded(station), now)
        self._next(now)

    def _redirected(self, response: Response, now: float) -> bool:
        """Follow what a named trunk says, as far as its configuration allows it."""
        if self._trunk is None:
            return self._other(now)
        for one in redirects(self._request, response, self._trunk):
            seen = _seen(one.uri or self._request.uri, one.hop)
            if len(self._visited) <= _MOST_REDIRECTS and seen not in self._visited:
                self._visited.add(seen)
                self._pending.append(one)
        return self._other(now)

    def _other(self, now: float) -> bool:
        """Ask where the next redirect leads."""
        if not self._pending:
            return False
        one = self._pending.pop(0)
        self._request = _led_to(self._request, one)
        self._session.outgoing = None
        self._session.station.lookups.ask(one.hop, self._found, now, trunk=self._trunk.name if self._trunk else "")
        return True

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _seen(uri: Uri, hop: SipUri) -> str:
    """What makes a try the same as another."""
    return f"{uri} {hop.scheme} {hop.host.lower()} {hop.port} {hop.param('transport')}"


def _led_to(request: Request, to: Redirect) -> Request:
    """The same call as a new request: what we proved to the first is not for the second (§8.1.3.4, §22.2)."""
    kept = [line for line in request.headers.items() if line[0] not in ("Authorization", "Proxy-Authorization")]
    headers = Headers(kept)
    headers.set("CSeq", f"{request.cseq.number + 1} INVITE")
    return Request("INVITE", to.uri or request.uri, headers, request.body)
