"""The session timer: a session ends when neither side refreshes it any more (RFC 4028)."""

from __future__ import annotations

from typing import Protocol

from sip.config import SessionTimers
from sip.deadlines import Deadline
from sip.events import EndCause
from sip.message.fields import SessionInterval
from sip.message.message import Request, Response
from sip.station import Station

HeaderLine = tuple[str, str]

_LEAST_S = 90
_TAG = "timer"
# Where an offer of either side is open, or the peer refused: it lives, and is asked again.
_AGAIN_S = 10.0


class Timed(Protocol):
    """The session, as its timer sees it."""

    station: Station

    def refresh(self, now: float) -> bool: ...

    def lost(self, cause: EndCause, now: float) -> None: ...


def interval_refusal(request: Request, config: SessionTimers) -> list[HeaderLine] | None:
    """The lines of a 422; None when the interval will do. A peer that knows no timers would not understand it (§9)."""
    asked = request.session_expires
    if config.mode == "off" or asked is None or asked.seconds >= config.shortest_s or not _supports(request):
        return None
    return [("Min-SE", str(config.shortest_s))]


class SessionTimer:
    """`interval_s` is 0 while there is none. `refreshes`: it is our side that refreshes."""

    __slots__ = ("_config", "_deadlines", "_least_s", "_session", "enforced", "interval_s", "refreshes")

    def __init__(self, session: Timed, config: SessionTimers) -> None:
        self._session: Timed | None = session
        self._config = config
        self._deadlines: dict[str, Deadline] = {}
        self._least_s = config.shortest_s
        self.interval_s = 0
        self.refreshes = False
        self.enforced = True

    def wish(self) -> list[HeaderLine]:
        """What a request of ours says: an INVITE, or a refresh (§7.1, §7.4)."""
        config = self._config
        if config.mode == "off":
            return []
        lines = [("Supported", _TAG)]
        if self.interval_s:
            interval = SessionInterval(max(self.interval_s, self._least_s), "uac" if self.refreshes else "uas")
        elif config.mode == "require":
            interval = SessionInterval(max(config.expires_s, self._least_s))
        else:
            return lines
        lines.append(("Session-Expires", str(interval)))
        if self._least_s > _LEAST_S:
            lines.append(("Min-SE", str(self._least_s)))
        return lines

    def grow(self, response: Response) -> bool:
        """422: the other side wants a longer interval (§7.3). False when asking for it makes no sense."""
        least_s = response.min_se
        if self._config.mode == "off" or least_s is None or least_s <= self._least_s:
            return False
        self._least_s = least_s
        return True

    def granted(self, response: Response, now: float) -> None:
        """A 2xx to a request of ours. Without Session-Expires, §7.2 leaves it to us whether to refresh."""
        interval = response.session_expires
        mode = self._config.mode
        if mode == "off" or (interval is None and mode == "accept"):
            self.stop()
        elif interval is None:
            self._start(self._config.expires_s, now, refreshes=True, enforced=False)
        else:
            self._start(interval.seconds, now, refreshes=interval.refresher != "uas", enforced=True)

    def grant(self, request: Request, now: float) -> list[HeaderLine]:
        """What our 2xx says (§9): who refreshes is for the peer to choose, else it stays, else it is the peer."""
        config, asked, knows = self._config, request.session_expires, _supports(request)
        if config.mode == "off":
            return []
        lines = [("Supported", _TAG)]
        if asked is None and config.mode == "accept" and not self.interval_s:
            return lines
        most_s = min(asked.seconds, config.expires_s) if asked is not None else self.interval_s or config.expires_s
        interval_s = max(most_s, request.min_se or 0, config.shortest_s)
        refresher = asked.refresher if asked is not None else ""
        if not knows:
            refresher = "uas"
        elif not refresher:
            refresher = "uas" if self.refreshes else "uac"
        self._start(interval_s, now, refreshes=refresher == "uas", enforced=knows or asked is not None)
        lines.append(("Session-Expires", str(SessionInterval(interval_s, refresher))))
        if knows:
            lines.append(("Require", _TAG))
        return lines

    def refused(self, now: float) -> None:
        """Our refresh was answered, but not with success: the peer lives, and is asked again while there is time."""
        if self.interval_s:
            self._set("refresh", now + (_AGAIN_S if self.enforced else self.interval_s / 2))

    def resume(self, interval_s: int, now: float, *, refreshes: bool) -> None:
        """Go on with the timer of a dialog that was taken over."""
        if interval_s:
            self._start(interval_s, now, refreshes=refreshes, enforced=True)

    def stop(self) -> None:
        self.interval_s = 0
        self._clear()

    def close(self) -> None:
        """The session ends. It is let go, since it holds its timer: a cycle would wait for the collector."""
        self.stop()
        self._session = None

    def _start(self, interval_s: int, now: float, *, refreshes: bool, enforced: bool) -> None:
        """Half of it until the refresh; the BYE goes out a third of it before the end, at most 32 s (§10)."""
        self._clear()
        self.interval_s = interval_s = max(interval_s, _LEAST_S)
        self.refreshes = refreshes
        self.enforced = enforced
        if refreshes:
            self._set("refresh", now + interval_s / 2)
        if enforced:
            self._set("expired", now + interval_s - min(32, interval_s / 3))

    def _set(self, name: str, at: float) -> None:
        old = self._deadlines.pop(name, None)
        if old is not None:
            old.cancel()
        assert self._session is not None
        self._deadlines[name] = self._session.station.deadlines.set(at, self._rings, name)

    def _clear(self) -> None:
        for deadline in self._deadlines.values():
            deadline.cancel()
        self._deadlines.clear()

    def _rings(self, name: str, now: float) -> None:
        del self._deadlines[name]
        assert self._session is not None
        if name == "expired":
            self._session.lost("expired", now)
        elif not self._session.refresh(now):
            self._set("refresh", now + _AGAIN_S)


def _supports(request: Request) -> bool:
    return _TAG in request.supported or _TAG in request.require
