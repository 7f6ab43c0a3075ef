"""The registrar: where the phones of an address of record are (RFC 3261 §10.3), in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from sip.config import Address, Expiries, Limits, Transport, default_port
from sip.deadlines import Deadline, Deadlines
from sip.dialog import is_address, transport_of
from sip.events import EVERY, Registered, RegistrarEvent, Unregistered
from sip.message.address import NameAddr
from sip.message.message import Request
from sip.message.uri import SipUri

_LONGEST_CONTACT = 1024
# A user's addresses of record are at our few names; bound to any address we would have names without number.
_MOST_HOSTS = 8


@dataclass(frozen=True, slots=True)
class Binding:
    """One phone. `destination` is where its REGISTER came from: what to send to, whatever a NAT did to the Contact.
    `path`: the proxies of a trunk on the way there (RFC 3327).
    """

    contact: SipUri
    destination: Address
    expires_at: float
    q: float = 1.0
    instance: str = ""
    call_id: str = ""
    cseq: int = 0
    path: tuple[NameAddr, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedBinding:
    """A binding as data: it holds what is left of its life, so that it survives a restart. All JSON-able."""

    aor: str
    contact: str
    host: str
    port: int
    expires_in_s: float
    q: float
    instance: str
    call_id: str
    cseq: int
    path: str = ""
    transport: Transport = "UDP"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to answer a REGISTER with."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    def __init__(self, status: int, *headers: tuple[str, str]) -> None:
        super().__init__(status)
        self.outcome = Outcome(status, headers)


class Registrar:
    """An update succeeds as a whole or changes nothing. `report` is told what changed, expiry included."""

    def __init__(
        self, expiries: Expiries, limits: Limits, deadlines: Deadlines, report: Callable[[RegistrarEvent], None]
    ) -> None:
        self._expiries = expiries
        self._limits = limits
        self._deadlines = deadlines
        self._report = report
        self._bindings: dict[str, list[Binding]] = {}
        self._flows: dict[Address, set[str]] = {}
        self._paths: dict[tuple[SipUri, Address], tuple[NameAddr, ...]] = {}
        self._alarms: dict[str, Deadline] = {}
        self._hosts: dict[str, int] = {}

    def locations(self, aor: SipUri | str, now: float) -> list[Binding]:
        """The phones of `aor`, most wanted first (q), then latest registered first."""
        living = [one for one in self._bindings.get(str(aor), ()) if one.expires_at > now]
        return sorted(living, key=lambda one: (-one.q, -one.expires_at))

    def path(self, contact: SipUri, destination: Address) -> tuple[NameAddr, ...]:
        """The Route set to a phone that is registered there (RFC 3327 §5.3)."""
        return self._paths.get((contact, destination), ())

    def register(self, request: Request, source: Address, now: float, path: tuple[NameAddr, ...] = ()) -> Outcome:
        """Serve a REGISTER whose sender has been authenticated for the address in its To."""
        target = request.to.uri
        if not isinstance(target, SipUri) or not target.user:
            return Outcome(404)
        aor = str(target.aor)
        current = self._bindings.get(aor, [])
        try:
            updated, events = self._updated(aor, current, request, source, now, path)
        except Refused as refused:
            return refused.outcome
        if events:
            self._put(aor, updated)
            if updated and source.reliable:
                self._flows.setdefault(source, set()).add(aor)
            for event in events:
                self._report(event)
        return Outcome(200, tuple(("Contact", _written(one, now)) for one in updated))

    def forget(self, user: str, contacts: Collection[str]) -> None:
        """These phones of a user are registered no more, at whatever host of ours they were."""
        for aor in [one for one in self._bindings if SipUri.parse(one).user_text == user]:
            bindings = self._bindings[aor]
            gone = [one for one in bindings if str(one.contact) in contacts]
            if gone:
                self._put(aor, [one for one in bindings if one not in gone])
            for one in gone:
                self._report(Unregistered(aor, str(one.contact), "removed"))

    def connection_lost(self, connection: Address) -> None:
        """Phones that registered over it can't be reached any more, until they register again (RFC 5626 §5.3). Those
        behind a proxy are reached through it as before (RFC 3327 §5.3): only our way to the proxy is a new one.
        """
        for aor in self._flows.pop(connection, ()):
            bindings = self._bindings.get(aor, [])
            lost = [one for one in bindings if one.destination == connection]
            gone = [one for one in lost if nearest(one.path) is None]
            if lost:
                moved = [replace(one, destination=nearest(one.path) or connection) for one in lost if one not in gone]
                self._put(aor, [*(one for one in bindings if one.destination != connection), *moved])
            for one in gone:
                self._report(Unregistered(aor, str(one.contact), "connection lost"))

    def reaches(self, connection: Address) -> bool:
        """Whether a phone is registered over that connection."""
        return any(
            one.destination == connection
            for aor in self._flows.get(connection, ())
            for one in self._bindings.get(aor, ())
        )

    def save(self, now: float) -> list[SavedBinding]:
        """All but those over connections, which end with us."""
        return [
            _saved(aor, one, now)
            for aor, bindings in self._bindings.items()
            for one in bindings
            if not one.destination.reliable
        ]

    def restore(self, saved: Iterable[SavedBinding], now: float) -> None:
        """Know again what `save` gave, but for what has run out. Raises ParseError for a contact that is no SIP URI."""
        for one in saved:
            if one.expires_in_s <= 0:
                continue
            marks = (one.q, one.instance, one.call_id, one.cseq, _path(one.path))
            destination = Address(one.host, one.port, one.transport)
            binding = Binding(SipUri.parse(one.contact), destination, now + one.expires_in_s, *marks)
            self._put(one.aor, [*_without(self._bindings.get(one.aor, []), binding), binding])

    def _updated(
        self,
        aor: str,
        current: list[Binding],
        request: Request,
        source: Address,
        now: float,
        path: tuple[NameAddr, ...],
    ) -> tuple[list[Binding], list[RegistrarEvent]]:
        """The bindings as the REGISTER wants them. Raises Refused."""
        if request.contact_is_star:
            if request.expires != 0:
                raise Refused(400)
            for one in current:
                _check_order(one, request)
            return [], [Unregistered(aor, each, "removed") for each in (*(str(one.contact) for one in current), EVERY)]
        if request.contacts and not current and len(self._bindings) >= self._limits.addresses_of_record:
            raise Refused(503, ("Retry-After", str(self._limits.retry_after_s)))
        if not current and self._hosts.get(_user(aor), 0) >= _MOST_HOSTS:
            raise Refused(403)
        updated = current
        events: list[RegistrarEvent] = []
        for contact in request.contacts:
            binding = replace(self._binding(contact, request, source, now), path=path)
            for one in current:
                if _same_phone(one, binding):
                    _check_order(one, request)
            rest = _without(updated, binding)
            stays = binding.expires_at > now
            # A phone that restarted is at another contact; who keeps what is registered has to forget the one before.
            gone = [one for one in updated if one not in rest and not (stays and one.contact.matches(binding.contact))]
            events += (Unregistered(aor, str(one.contact), "replaced" if stays else "removed") for one in gone)
            if stays:
                events.append(Registered(aor, str(binding.contact), source, round(binding.expires_at - now)))
            updated = [*rest, binding] if stays else rest
        if len(updated) > self._limits.contacts_per_address:
            raise Refused(403)
        return updated, events

    def _binding(self, contact: NameAddr, request: Request, source: Address, now: float) -> Binding:
        uri = contact.uri
        if not isinstance(uri, SipUri) or len(str(uri)) > _LONGEST_CONTACT:
            raise Refused(400)
        instance = (contact.param("+sip.instance") or "")[:_LONGEST_CONTACT].strip('"')
        expires_at = now + self._expires_s(contact, request)
        return Binding(uri, source, expires_at, _q(contact), instance, request.call_id, request.cseq.number)

    def _expires_s(self, contact: NameAddr, request: Request) -> int:
        """The Contact's own wish, else the header's, within our bounds (§10.3 step 7)."""
        wish = contact.param("expires")
        asked = int(wish) if wish and wish.isascii() and wish.isdigit() and len(wish) <= 10 else request.expires
        if asked is None:
            return self._expiries.default_s
        if 0 < asked < self._expiries.least_s:
            raise Refused(423, ("Min-Expires", str(self._expiries.least_s)))
        return min(asked, self._expiries.most_s)

    def _put(self, aor: str, bindings: list[Binding]) -> None:
        alarm = self._alarms.pop(aor, None)
        if alarm is not None:
            alarm.cancel()
        for one in self._bindings.get(aor, ()):
            self._paths.pop((one.contact, one.destination), None)
        self._count(_user(aor), bool(bindings) - (aor in self._bindings))
        self._paths |= {(one.contact, one.destination): one.path for one in bindings if one.path}
        if bindings:
            self._bindings[aor] = bindings
            self._alarms[aor] = self._deadlines.set(min(one.expires_at for one in bindings), self._expired, aor)
        else:
            self._bindings.pop(aor, None)

    def _count(self, user: str, more: int) -> None:
        """Its addresses of record are so many `more`."""
        count = self._hosts.pop(user, 0) + more
        if count:
            self._hosts[user] = count

    def _expired(self, aor: str, now: float) -> None:
        bindings = self._bindings[aor]
        self._put(aor, [one for one in bindings if one.expires_at > now])
        for one in bindings:
            if one.expires_at <= now:
                self._report(Unregistered(aor, str(one.contact), "expired"))


def _user(aor: str) -> str:
    return aor.partition("@")[0]


def nearest(path: tuple[NameAddr, ...]) -> Address | None:
    """The proxy of a Path that is next to us, where it is named by an address."""
    uri = path[0].uri if path else None
    if not isinstance(uri, SipUri) or not is_address(uri.host):
        return None
    transport = transport_of(uri) or "UDP"
    return Address(uri.host, uri.port or default_port(transport), transport)


def _same_phone(one: Binding, other: Binding) -> bool:
    """By instance where a phone names one (a restarted phone replaces itself), else by the Contact's URI."""
    if one.instance and one.instance == other.instance:
        return True
    return one.contact.matches(other.contact)


def _without(bindings: list[Binding], binding: Binding) -> list[Binding]:
    return [one for one in bindings if not _same_phone(one, binding)]


def _check_order(one: Binding, request: Request) -> None:
    """A late REGISTER of the same Call-ID must not undo a newer one (§10.3 step 7)."""
    if one.call_id == request.call_id and request.cseq.number <= one.cseq:
        raise Refused(500)


def _q(contact: NameAddr) -> float:
    try:
        value = float(contact.param("q") or 1.0)
    except ValueError:
        return 1.0
    return value if 0.0 <= value <= 1.0 else 1.0


def _saved(aor: str, one: Binding, now: float) -> SavedBinding:
    host, port, _ = one.destination
    left_s = one.expires_at - now
    path = ", ".join(map(str, one.path))
    return SavedBinding(aor, str(one.contact), host, port, left_s, one.q, one.instance, one.call_id, one.cseq, path)


def _path(text: str) -> tuple[NameAddr, ...]:
    return tuple(NameAddr.parse_list(text)) if text else ()


def _written(one: Binding, now: float) -> str:
    params = f";expires={max(1, round(one.expires_at - now))}"
    return f"<{one.contact}>{params};q={one.q:g}" if one.q != 1.0 else f"<{one.contact}>{params}"
