"""Which addresses a web service may have: public ones, and those of the networks that its configuration names."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_EMBEDDING = tuple(
    IPv6Network(network)
    for network in (
        "::ffff:0:0/96",  # IPv4-mapped
        "::/96",  # IPv4-compatible
        "64:ff9b::/96",  # NAT64, RFC 6052
        "64:ff9b:1::/48",  # NAT64, RFC 8215
        "2002::/16",  # 6to4
        "2001::/32",  # Teredo
        "fec0::/10",  # site-local
    )
)
"""IPv6 addresses that lead to an IPv4 address of the writer's choice, or that Python calls global and nobody routes."""


class NotAllowed(OSError):
    """An address that the configuration does not name."""


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Raises ValueError for what is no network."""
    return tuple(ip_network(text) for text in texts)


def may_reach(host: str, named: Sequence[Network]) -> bool:
    """Whether `host`, an address, is public or in a network that is named; what is no address may not."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if any(address in network for network in named):
        return True
    return _is_public(address)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not (isinstance(address, IPv6Address) and any(address in network for network in _EMBEDDING))
