"""Our own registration at somebody else's registrar, kept up until it is taken back (RFC 3261 §10.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from sip.config import Account, Address
from sip.deadlines import Deadline
from sip.events import RegistrationActive, RegistrationFailed, RegistrationId
from sip.failover import Attempts
from sip.message.address import NameAddr
from sip.message.auth import authorize, choose, read_challenges
from sip.message.headers import Headers
from sip.message.message import Request, Response
from sip.message.uri import SipUri
from sip.proving import proof
from sip.requests import MAX_FORWARDS
from sip.station import CHALLENGES, Station
from sip.transaction import Failure, Transaction

# Early enough for a refresh that loses every datagram but the last.
_REFRESH_MARGIN_S = 40.0
# What closed a connection may need a moment, and must not be asked in a circle.
_AFTER_LOSS_S = 5.0
_MOST_TRIES = 4
_DIGITS = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """`realm`: whose challenges are answered; None: anybody's who is asked to register us."""

    user: str
    password: str = field(repr=False)
    realm: str | None = None


class Watcher(Protocol):
    """Who wants to know how it goes."""

    def registered(self, expires_s: int, response: Response, now: float) -> None: ...

    def refused(self, status: int, response: Response | None, now: float) -> None:
        """It is not tried again before `OwnRegistration.refresh`."""

    def due(self, now: float) -> None:
        """Time to refresh."""


class OwnRegistration:
    """One Call-ID, and one CSeq that counts up. `targets` are tried in their order."""

    __slots__ = (
        "_aor",
        "_call_id",
        "_credentials",
        "_cseq",
        "_expires_s",
        "_registrar",
        "_stage",
        "_station",
        "_timer",
        "_tries",
        "_watcher",
        "targets",
    )

    def __init__(
        self,
        station: Station,
        watcher: Watcher,
        aor: NameAddr,
        registrar: SipUri,
        credentials: ClientCredentials | None,
        expires_s: int,
    ) -> None:
        self.targets: Sequence[Address] = ()
        self._station = station
        self._watcher = watcher
        self._aor = aor
        self._registrar = registrar
        self._credentials = credentials
        self._expires_s = expires_s
        self._call_id = station.tokens()
        self._cseq = 0
        self._tries = 0
        self._stage: Literal["kept", "failed", "leaving", "left"] = "kept"
        self._timer: Deadline | None = None

    def refresh(self, now: float) -> None:
        """There have to be targets."""
        self._stage = "kept"
        self._tries = 0
        self._send((), now)

    def remove(self, now: float) -> None:
        """Take the contact back; whatever the registrar answers, nobody is told."""
        self._stage = "leaving" if self.targets else "left"
        self._tries = 0
        if self._timer is not None:
            self._timer.cancel()
        if self.targets:
            self._send((), now)

    @property
    def leaving(self) -> bool:
        """It is being taken back, which has not been answered yet."""
        return self._stage == "leaving"

    @property
    def _wanted(self) -> bool:
        return self._stage == "kept"

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        if response.status < 200:
            return
        if response.status in CHALLENGES and (line := self._proof(transaction.request, response)) is not None:
            self._tries += 1
            self._send((line,), now)
        elif response.status == 423 and self._grow(response):
            self._tries += 1
            self._send((), now)
        elif self._wanted:
            self._settled(response, now)
            if response.status < 300 and transaction.destination.reliable:
                self._station.flows.setdefault(transaction.destination, set()).add(self)
        elif transaction.request.cseq.number == self._cseq:
            self._stage = "left"

    def connection_lost(self, now: float) -> None:
        """The registrar can't reach us any more where it would have to: register anew soon (RFC 5626 §4.5)."""
        if self._timer is not None and self._wanted:
            self._timer.cancel()
            self._timer = self._station.deadlines.set(now + _AFTER_LOSS_S, self._rings)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        if self._wanted:
            self._fail(408 if cause is Failure.TIMEOUT else 503, None, now)
        elif transaction.request.cseq.number == self._cseq:
            self._stage = "left"

    def _settled(self, response: Response, now: float) -> None:
        if response.status >= 300:
            self._fail(response.status, response, now)
            return
        granted_s = self._granted(response)
        refresh_s = max(granted_s / 2, granted_s - _REFRESH_MARGIN_S)
        self._timer = self._station.deadlines.set(now + refresh_s, self._rings)
        self._watcher.registered(granted_s, response, now)

    def _rings(self, name: str, now: float) -> None:
        self._timer = None
        self._watcher.due(now)

    def _fail(self, status: int, response: Response | None, now: float) -> None:
        self._stage = "failed"
        self._watcher.refused(status, response, now)

    def _proof(self, request: Request, response: Response) -> tuple[str, str] | None:
        """Without credentials, for another realm, and where a proof was refused: None."""
        given, name = self._credentials, "Proxy-Authenticate" if response.status == 407 else "WWW-Authenticate"
        if given is None or self._tries >= _MOST_TRIES:
            return None
        realm = given.realm
        if realm is None:
            challenge = choose(read_challenges(response.headers.get_all(name)))
            realm = challenge.realm if challenge is not None else ""
        return proof(request, response, Account(realm, given.user, given.password), self._station.tokens())

    def _grow(self, response: Response) -> bool:
        """423: the registrar wants longer registrations (§10.2.8). False when it makes no sense."""
        least = response.headers.get("Min-Expires") or ""
        if not self._wanted or self._tries >= _MOST_TRIES or not least.isascii() or not least.isdigit():
            return False
        if self._expires_s >= int(least[:9]):
            return False
        self._expires_s = int(least[:9])
        return True

    def _granted(self, response: Response) -> int:
        """Seconds: what the registrar says beside our Contact, else in Expires, else what we asked for."""
        own = {self._station.own(target) for target in self.targets}
        for contact in response.contacts:
            wish = contact.param("expires") or ""
            if isinstance(contact.uri, SipUri) and contact.uri.host_port in own and _DIGITS.fullmatch(wish):
                return max(1, int(wish[:9]))
        return max(1, response.expires if response.expires is not None else self._expires_s)

    def _send(self, headers: tuple[tuple[str, str], ...], now: float) -> None:
        self._cseq += 1
        station, first = self._station, self.targets[0]
        user = getattr(self._aor.uri, "user", "")
        built = Headers()
        built.add("Via", station.via(first))
        built.add("Max-Forwards", MAX_FORWARDS)
        built.add("From", str(self._aor.with_tag(station.tokens())))
        built.add("To", str(self._aor))
        built.add("Call-ID", self._call_id)
        built.add("CSeq", f"{self._cseq} REGISTER")
        built.add("Contact", station.contact(first, user))
        built.add("Expires", str(self._expires_s if self._wanted else 0))
        built.add("User-Agent", station.config.user_agent)
        for name, value in headers:
            built.add(name, value)
        Attempts(station, Request("REGISTER", self._registrar, built), self.targets, self, user).start(now)


class Reported:
    """The watcher of a registration that is given up when it fails: the application is told."""

    __slots__ = ("_id", "_station", "registration")

    def __init__(self, station: Station, id_: RegistrationId) -> None:
        self._station = station
        self._id = id_
        self.registration: OwnRegistration | None = None

    def registered(self, expires_s: int, response: Response, now: float) -> None:
        self._station.emit(RegistrationActive(self._id, expires_s))

    def refused(self, status: int, response: Response | None, now: float) -> None:
        self._station.emit(RegistrationFailed(self._id, status))

    def due(self, now: float) -> None:
        assert self.registration is not None
        self.registration.refresh(now)


def authorization(
    request: Request, response: Response, credentials: ClientCredentials | None, cnonce: str
) -> tuple[str, str] | None:
    """The header that answers a 401 or 407 to `request`; None when we cannot."""
    proxy = response.status == 407
    lines = response.headers.get_all("Proxy-Authenticate" if proxy else "WWW-Authenticate")
    challenge = choose(read_challenges(lines))
    if credentials is None or challenge is None:
        return None
    answer = authorize(
        challenge,
        username=credentials.user,
        password=credentials.password,
        method=request.method,
        uri=str(request.uri),
        cnonce=cnonce,
    )
    return ("Proxy-Authorization" if proxy else "Authorization", str(answer))
