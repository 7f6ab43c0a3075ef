"""Our own registration at somebody else's registrar, kept up until it is taken back (RFC 3261 §10.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from sip.config import Address
from sip.deadlines import Deadline
from sip.events import RegistrationActive, RegistrationFailed, RegistrationId
from sip.message.address import NameAddr
from sip.message.auth import authorize, choose, read_challenges
from sip.message.headers import Headers
from sip.message.message import Request, Response
from sip.message.uri import SipUri
from sip.requests import MAX_FORWARDS
from sip.station import Station
from sip.transaction import Failure, Transaction

# Early enough for a refresh that loses every datagram but the last.
_REFRESH_MARGIN_S = 40.0


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    user: str
    password: str = field(repr=False)


class OwnRegistration:
    """One Call-ID, and one CSeq that counts up."""

    __slots__ = (
        "_aor",
        "_call_id",
        "_credentials",
        "_cseq",
        "_destination",
        "_expires_s",
        "_registrar",
        "_station",
        "_timer",
        "_tried",
        "_wanted",
        "id",
    )

    def __init__(
        self,
        station: Station,
        id_: RegistrationId,
        aor: NameAddr,
        registrar: SipUri,
        destination: Address,
        credentials: ClientCredentials | None,
        expires_s: int,
    ) -> None:
        self.id = id_
        self._station = station
        self._aor = aor
        self._registrar = registrar
        self._destination = destination
        self._credentials = credentials
        self._expires_s = expires_s
        self._call_id = station.tokens()
        self._cseq = 0
        self._tried = False
        self._wanted = True
        self._timer: Deadline | None = None

    def refresh(self, now: float) -> None:
        self._tried = False
        self._send((), now)

    def remove(self, now: float) -> None:
        """Take the contact back; whatever the registrar answers, nobody is told."""
        self._wanted = False
        if self._timer is not None:
            self._timer.cancel()
        self.refresh(now)

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        if response.status < 200:
            return
        if response.status in (401, 407) and not self._tried:
            self._authorize(transaction.request, response, now)
        elif response.status == 423 and self._grow(response):
            self.refresh(now)
        elif self._wanted:
            self._settled(response, now)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        if self._wanted:
            self._fail(408 if cause is Failure.TIMEOUT else 503)

    def _settled(self, response: Response, now: float) -> None:
        if response.status >= 300:
            self._fail(response.status)
            return
        granted_s = self._granted(response)
        refresh_s = max(granted_s / 2, granted_s - _REFRESH_MARGIN_S)
        self._timer = self._station.deadlines.set(now + refresh_s, self._rings)
        self._station.emit(RegistrationActive(self.id, granted_s))

    def _rings(self, name: str, now: float) -> None:
        self._timer = None
        self.refresh(now)

    def _fail(self, status: int) -> None:
        self._wanted = False
        self._station.emit(RegistrationFailed(self.id, status))

    def _authorize(self, request: Request, response: Response, now: float) -> None:
        """Answer the first challenge that we know how to. Without one, or without credentials, it has failed."""
        self._tried = True
        lines = authorization(request, response, self._credentials, self._station.tokens())
        if lines is not None:
            self._send((lines,), now)
        elif self._wanted:
            self._fail(response.status)

    def _grow(self, response: Response) -> bool:
        """423: the registrar wants longer registrations (§10.2.8). False when it makes no sense."""
        least = response.headers.get("Min-Expires") or ""
        if not self._wanted or not least.isascii() or not least.isdigit() or not self._expires_s < int(least[:9]):
            return False
        self._expires_s = int(least[:9])
        return True

    def _granted(self, response: Response) -> int:
        """Seconds: what the registrar says beside our Contact, else in Expires, else what we asked for."""
        own = self._station.own(self._destination)
        for contact in response.contacts:
            wish = contact.param("expires") or ""
            if isinstance(contact.uri, SipUri) and contact.uri.host_port == own and wish.isdigit():
                return max(1, int(wish[:9]))
        return max(1, response.expires if response.expires is not None else self._expires_s)

    def _send(self, headers: tuple[tuple[str, str], ...], now: float) -> None:
        self._cseq += 1
        station = self._station
        built = Headers()
        built.add("Via", station.via(self._destination))
        built.add("Max-Forwards", MAX_FORWARDS)
        built.add("From", str(self._aor.with_tag(station.tokens())))
        built.add("To", str(self._aor))
        built.add("Call-ID", self._call_id)
        built.add("CSeq", f"{self._cseq} REGISTER")
        built.add("Contact", station.contact(self._destination, getattr(self._aor.uri, "user", "")))
        built.add("Expires", str(self._expires_s if self._wanted else 0))
        built.add("User-Agent", station.config.user_agent)
        for name, value in headers:
            built.add(name, value)
        request = Request("REGISTER", self._registrar, built)
        station.transactions.client(request, self._destination, self, now)


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
