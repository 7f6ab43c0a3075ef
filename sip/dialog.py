"""A dialog: what two user agents agreed to remember, and the requests built from it (RFC 3261 §12)."""

from collections.abc import Iterable

from sip.config import Address, Transport, default_port
from sip.message.address import NameAddr
from sip.message.headers import Headers
from sip.message.message import Request, Response
from sip.message.uri import SipUri, Uri
from sip.requests import MAX_FORWARDS
from sip.resolution import address_of

_TRANSPORTS: dict[str, Transport] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}

DialogId = tuple[str, str, str]
"""Call-ID, local tag, remote tag."""


class Dialog:
    """One dialog. `calls`: our side chose the Call-ID, which decides who backs off longer after glare (§14.1). `trunk`:
    whose call it is, as far as it is one's.
    """

    __slots__ = (
        "call_id",
        "calls",
        "destination",
        "local",
        "local_cseq",
        "remote",
        "remote_cseq",
        "remote_target",
        "route",
        "trunk",
    )

    def __init__(
        self,
        *,
        call_id: str,
        local: NameAddr,
        remote: NameAddr,
        local_cseq: int,
        remote_cseq: int,
        remote_target: Uri,
        route: tuple[NameAddr, ...],
        destination: Address,
        calls: bool,
    ) -> None:
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.local_cseq = local_cseq
        self.remote_cseq = remote_cseq
        self.remote_target = remote_target
        self.route = route
        self.destination = destination
        self.calls = calls
        self.trunk = ""

    @classmethod
    def of_uas(cls, request: Request, tag: str, source: Address) -> "Dialog":
        """RFC 3261 §12.1.1. A peer of RFC 2543 that names no Contact is reached by its From."""
        dialog = cls(
            call_id=request.call_id,
            local=request.to.with_tag(tag),
            remote=request.from_,
            local_cseq=0,
            remote_cseq=request.cseq.number,
            remote_target=request.contacts[0].uri if request.contacts else request.from_.uri,
            route=tuple(request.record_route),
            destination=source,
            calls=False,
        )
        behind_nat = len(request.vias) == 1 and Address(request.via.host, request.via.port or 5060) != source
        if not behind_nat:
            dialog.destination = next_hop(dialog.route, dialog.remote_target, source)
        return dialog

    @classmethod
    def of_uac(cls, request: Request, response: Response, destination: Address) -> "Dialog":
        """RFC 3261 §12.1.2. `destination` is where the request went: kept while the peer's target stays the same."""
        contacts = response.contacts
        target = contacts[0].uri if contacts else request.uri
        route = tuple(reversed(response.record_route))
        if route or not _same_place(target, request.uri):
            destination = next_hop(route, target, destination)
        return cls(
            call_id=request.call_id,
            local=request.from_,
            remote=response.to,
            local_cseq=request.cseq.number,
            remote_cseq=-1,
            remote_target=target,
            route=route,
            destination=destination,
            calls=True,
        )

    @property
    def id(self) -> DialogId:
        return (self.call_id, self.local.tag or "", self.remote.tag or "")

    def refresh(self, message: Request | Response) -> None:
        """A re-INVITE or its 2xx may move the peer's target (§12.2); the route set stays."""
        contacts = message.contacts
        if contacts and contacts[0].uri != self.remote_target:
            moved = not _same_place(contacts[0].uri, self.remote_target)
            self.remote_target = contacts[0].uri
            if moved:
                self.destination = next_hop(self.route, self.remote_target, self.destination)

    @property
    def secure(self) -> bool:
        """The peer wants nothing but TLS on the way (RFC 3261 §12.1.1)."""
        uri = self.route[0].uri if self.route else self.remote_target
        return isinstance(uri, SipUri) and uri.scheme == "sips"

    def heard_from(self, request: Request, source: Address) -> None:
        """A request within the dialog came by that connection: ours follow it where the peer itself is at its end."""
        ours = self.destination
        if self.secure and source.transport != "TLS":
            return
        if source.reliable and ours.reliable and (len(request.vias) == 1 or source.host == ours.host):
            self.destination = source

    def connection_lost(self) -> None:
        """Go on by a new connection to where the peer says that it is, if it says so by an address."""
        uri = self.route[0].uri if self.route else self.remote_target
        if isinstance(uri, SipUri) and is_address(uri.host):
            transport = transport_of(uri) or self.destination.transport
            self.destination = Address(uri.host, uri.port or default_port(transport), transport)

    def request(
        self,
        method: str,
        via: str,
        *,
        cseq: int | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str = "application/sdp",
    ) -> Request:
        """A request within the dialog (§12.2.1.1). `cseq` is given for an ACK only; others count up."""
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, route = self._routing()
        built = Headers()
        built.add("Via", via)
        built.add("Max-Forwards", MAX_FORWARDS)
        for hop in route:
            built.add("Route", str(hop))
        built.add("From", str(self.local))
        built.add("To", str(self.remote))
        built.add("Call-ID", self.call_id)
        built.add("CSeq", f"{cseq} {method}")
        for name, value in headers:
            built.add(name, value)
        if body:
            built.add("Content-Type", content_type)
        return Request(method, uri, built, body)

    def _routing(self) -> tuple[Uri, list[NameAddr]]:
        """Loose routing leaves the target in the Request-URI; a strict first hop takes its place (§12.2.1.1)."""
        route = list(self.route)
        if not route:
            return self.remote_target, route
        first = route[0].uri
        if not isinstance(first, SipUri) or first.param("lr") is not None:
            return self.remote_target, route
        return first, [*route[1:], NameAddr(self.remote_target)]


def next_hop(route: tuple[NameAddr, ...], target: Uri, otherwise: Address) -> Address:
    """Where a request goes, as far as it can be told without asking the DNS; else where the peer was last reached.

    A connection to the same host is used again, whoever opened it: a peer behind a NAT has no other (RFC 5923).
    """
    uri = route[0].uri if route else target
    if not isinstance(uri, SipUri) or not is_address(uri.host):
        return otherwise
    named = transport_of(uri)
    kept = named != "UDP" and (uri.scheme != "sips" or otherwise.transport == "TLS")
    if otherwise.reliable and uri.host == otherwise.host and kept:
        return otherwise
    transport = named or "UDP"
    return Address(uri.host, uri.port or default_port(transport), transport)


def transport_of(uri: SipUri) -> Transport | None:
    """What the URI says of the way (RFC 3263 §4.1); None where it leaves that open."""
    if uri.scheme == "sips":
        return "TLS"
    return _TRANSPORTS.get((uri.param("transport") or "").lower()) if uri.params else None


def is_address(host: str) -> bool:
    """An IP address, as opposed to a name and to what the kernel alone would take for an address: 127.1, 2130706433."""
    return (":" in host or host[-1:].isdigit()) and address_of(host) is not None


def _same_place(one: Uri, other: Uri) -> bool:
    if not isinstance(one, SipUri) or not isinstance(other, SipUri):
        return True
    return (one.host, one.port) == (other.host, other.port)
