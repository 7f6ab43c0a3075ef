"""Where a request comes from: behind proxies that are named, and whether it is near enough to read figures unasked."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.requests import Request

Network = IPv4Network | IPv6Network
_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
_MOST_HOPS = 20


@dataclass(frozen=True, slots=True)
class Networks:
    """`proxies` are believed what they say of whom they serve; `scrapers` need no token."""

    proxies: tuple[Network, ...] = ()
    scrapers: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Visitor:
    """`near`: from this machine or a scraper's network. `secure`: by TLS the whole way."""

    address: str
    near: bool
    secure: bool


def visitor(request: Request, networks: Networks) -> Visitor:
    """Who is told of by a proxy that nobody named is not near: it may speak for the whole world."""
    peer = request.client.host if request.client is not None else ""
    secure = request.url.scheme == "https"
    if not _within(peer, networks.proxies):
        forwarded = any(header in request.headers for header in _FORWARDED)
        return Visitor(peer, not forwarded and _near(peer, networks), secure)
    told = ",".join(request.headers.getlist("x-forwarded-for"))
    if not told:
        return Visitor(peer, _near(peer, networks), secure)
    hops = [hop.strip() for hop in told.split(",")][-_MOST_HOPS:]
    others = [hop for hop in hops if not _within(hop, networks.proxies)]
    address = others[-1] if others else peer
    over_tls = request.headers.get("x-forwarded-proto", "").lower() == "https"
    return Visitor(address[:64], _within(address, networks.scrapers), secure or over_tls)


def _near(address: str, networks: Networks) -> bool:
    try:
        loopback = ip_address(address).is_loopback
    except ValueError:
        return False
    return loopback or _within(address, networks.scrapers)


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in networks)
