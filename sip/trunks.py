"""Being a customer of carriers: registered where they want it, and sure that they live."""

from __future__ import annotations

from sip.config import Address, Trunk
from sip.deadlines import Deadline
from sip.events import TrunkPinged, TrunkRegistered, TrunkRegistrationFailed
from sip.failover import Attempts
from sip.message.address import NameAddr
from sip.message.headers import Headers
from sip.message.message import REASONS, Request, Response
from sip.message.uri import SipUri
from sip.registering import ClientCredentials, OwnRegistration
from sip.requests import MAX_FORWARDS
from sip.station import CHALLENGES, Station
from sip.transaction import Failure, Transaction

_FIRST_RETRY_S = 5.0
_LONGEST_RETRY_S = 300.0
_LONGEST_WISH_S = 3600.0
_MOST_ROUTES = 10
_NO_USE = (403, *CHALLENGES)
"""Asked again with the same words, the answer would be the same, and some carriers lock who goes on asking."""


class Trunks:
    """Every trunk that calls go out by."""

    __slots__ = ("_pings", "_registrations", "_station")

    def __init__(self, station: Station) -> None:
        self._station = station
        trunks = [one for one in station.config.trunks if one.address is not None]
        self._registrations = {one.name: TrunkRegistration(station, one) for one in trunks if one.outwards.register_s}
        self._pings = [Ping(station, one) for one in trunks if one.outwards.ping_s]

    def way(self, name: str, target: SipUri) -> tuple[Trunk | None, SipUri, list[str]]:
        """The trunk of that name, whose host is to be found, and the Route of a call by it. Without a name, `target`.

        Raises KeyError for an unknown name, ValueError for a trunk without an address.
        """
        if not name:
            return None, target, []
        trunk = next((one for one in self._station.config.trunks if one.name == name), None)
        if trunk is None:
            raise KeyError(f"trunk {name!r} is not configured")
        if trunk.address is None:
            raise ValueError(f"trunk {name!r} has no address: calls come from it only")
        registration = self._registrations.get(name)
        return trunk, trunk.address, registration.service_route if registration is not None else []

    def start(self, now: float) -> None:
        for registration in self._registrations.values():
            registration.due(now)
        for ping in self._pings:
            ping.ask("", now)

    def stop(self, now: float) -> None:
        for registration in self._registrations.values():
            registration.stop(now)
        for ping in self._pings:
            ping.stop()

    @property
    def leaving(self) -> bool:
        """Whether a trunk has not yet answered that our registration is taken back."""
        return any(registration.leaving for registration in self._registrations.values())


class TrunkRegistration:
    """Tried again after a failure, later each time, unless the trunk wants us not. `service_route` goes into our calls
    (RFC 3608 §6.1).
    """

    __slots__ = ("_failures", "_own", "_retry", "_station", "_stopped", "_trunk", "service_route")

    def __init__(self, station: Station, trunk: Trunk) -> None:
        assert trunk.address is not None
        self._station = station
        self._trunk = trunk
        self._failures = 0
        self._retry: Deadline | None = None
        self._stopped = False
        self.service_route: list[str] = []
        account, address = trunk.account, trunk.address
        known = ClientCredentials(account.user, account.password, account.realm) if account is not None else None
        registrar = SipUri("", address.host, address.port, address.scheme)
        aor = NameAddr(SipUri(account.user if account is not None else "", address.host, None, address.scheme))
        self._own = OwnRegistration(station, self, aor, registrar, known, trunk.outwards.register_s)

    @property
    def leaving(self) -> bool:
        return self._own.leaving

    def due(self, now: float) -> None:
        """Find out anew where the trunk is, and register there."""
        assert self._trunk.address is not None
        self._station.lookups.ask(self._trunk.address, self._found, now, trunk=self._trunk.name)

    def stop(self, now: float) -> None:
        self._stopped = True
        if self._retry is not None:
            self._retry.cancel()
        self._own.remove(now)

    def registered(self, expires_s: int, response: Response, now: float) -> None:
        self._failures = 0
        self.service_route = response.headers.get_all("Service-Route")[:_MOST_ROUTES]
        self._station.emit(TrunkRegistered(self._trunk.name, expires_s))

    def refused(self, status: int, response: Response | None, now: float) -> None:
        self.service_route = []
        retry_s = None if response is not None and status in _NO_USE else self._wait_s(response)
        if retry_s is not None:
            self._retry = self._station.deadlines.set(now + retry_s, self._again)
        reason = response.reason if response is not None else REASONS[status]
        self._station.emit(TrunkRegistrationFailed(self._trunk.name, status, reason, retry_s))

    def _found(self, targets: tuple[Address, ...], now: float) -> None:
        if self._stopped:
            return
        usable = self._station.lookups.rests.usable(targets, now)
        if usable:
            self._own.targets = usable
            self._own.refresh(now)
        else:
            self.refused(503, None, now)

    def _again(self, _: str, now: float) -> None:
        self._retry = None
        self.due(now)

    def _wait_s(self, response: Response | None) -> float:
        """What the trunk wishes, else longer each time; spread, so that its customers don't all come back at once."""
        wished = response.retry_after if response is not None else None
        if wished:
            return min(float(wished), _LONGEST_WISH_S) * (1.0 + 0.1 * self._station.chance())
        longest = min(_FIRST_RETRY_S * 2.0 ** min(self._failures, 16), _LONGEST_RETRY_S)
        self._failures += 1
        return longest * (0.5 + 0.5 * self._station.chance())


class Ping:
    """OPTIONS every so often: whoever answers anything but 503 lives (RFC 3261 §11)."""

    __slots__ = ("_asked_at", "_station", "_stopped", "_timer", "_trunk")

    def __init__(self, station: Station, trunk: Trunk) -> None:
        self._station = station
        self._trunk = trunk
        self._asked_at = 0.0
        self._stopped = False
        self._timer: Deadline | None = None

    def ask(self, _: str, now: float) -> None:
        assert self._trunk.address is not None
        self._timer = None
        self._station.lookups.ask(self._trunk.address, self._found, now, trunk=self._trunk.name)

    def stop(self) -> None:
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        if response.status >= 200:
            self._heard(None if response.status == 503 else now - self._asked_at, now)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        self._heard(None, now)

    def _found(self, targets: tuple[Address, ...], now: float) -> None:
        usable = self._station.lookups.rests.usable(targets, now)
        if self._stopped:
            return
        if not usable:
            self._heard(None, now)
            return
        self._asked_at = now
        Attempts(self._station, self._request(usable[0]), usable, self, None).start(now)

    def _heard(self, round_trip_s: float | None, now: float) -> None:
        if self._stopped:
            return
        every_s = self._trunk.outwards.ping_s * (0.9 + 0.2 * self._station.chance())
        self._timer = self._station.deadlines.set(now + every_s, self.ask)
        self._station.emit(TrunkPinged(self._trunk.name, round_trip_s))

    def _request(self, target: Address) -> Request:
        station, address = self._station, self._trunk.address
        assert address is not None
        uri = SipUri("", address.host, address.port, address.scheme)
        built = Headers()
        built.add("Via", station.via(target))
        built.add("Max-Forwards", MAX_FORWARDS)
        built.add("From", f"<sip:{station.own(target)}>;tag={station.tokens()}")
        built.add("To", f"<{uri}>")
        built.add("Call-ID", station.tokens())
        built.add("CSeq", "1 OPTIONS")
        built.add("User-Agent", station.config.user_agent)
        return Request("OPTIONS", uri, built)
