"""What we call ourselves towards others, and which hosts of theirs mean us."""

from __future__ import annotations

from sip.config import Address, Transport
from sip.dialog import is_address
from sip.resolution import Ways

Reach = tuple[Transport, bool]
"""A transport, and whether it is IPv6."""

_TRANSPORTS: tuple[Transport, ...] = ("UDP", "TCP", "TLS")


class OwnAddresses:
    """`advertised` stands for those of its family, behind a NAT; empty: they stand for themselves."""

    __slots__ = ("_addresses", "_advertised", "_everywhere", "_sent_by")

    def __init__(self, advertised: str = "") -> None:
        self._advertised = advertised
        self._addresses: dict[Reach, Address] = {}
        self._sent_by: dict[Reach, str] = {}
        self._everywhere: set[int] = set()

    def add(self, address: Address, *, everywhere: bool = False) -> None:
        """We listen there. `everywhere`: all other addresses with that port reach us too."""
        self._addresses[(address.transport, ":" in address.host)] = address
        self._sent_by.clear()
        if everywhere:
            self._everywhere.add(address.port)

    def towards(self, destination: Address) -> str:
        """Our host and port as that peer shall see it. A family without a socket of its own gets the other's, and a
        transport that we do not listen on another's: peers answer over the connection that we opened.
        """
        reach: Reach = (destination.transport, ":" in destination.host)
        return self._sent_by.get(reach) or self._choose(reach)

    def mean(self, host: str, port: int | None) -> bool:
        """Whether a URI with that host and port is ours."""
        ports = (port,) if port else (5060, 5061)
        hosts = {address.host for address in self._addresses.values() if address.port in ports}
        own = host in hosts or (bool(hosts) and host == self._advertised)
        return own or (is_address(host) and not self._everywhere.isdisjoint(ports))

    def mean_host(self, host: str) -> bool:
        """As `mean`, whatever the port."""
        own = host == self._advertised or any(host == address.host for address in self._addresses.values())
        return own or (bool(self._everywhere) and is_address(host))

    @property
    def ways(self) -> Ways:
        """By what we reach others: as we listen. Only who listens on loopback believes a DNS that leads there."""
        own = list(self._addresses.values())
        hosts = [one.host for one in own]
        families = tuple(sorted({6 if ":" in host else 4 for host in hosts})) or (4,)
        loopback = any(host.startswith("127.") or host == "::1" for host in hosts)
        return Ways(
            tuple(one for one in _TRANSPORTS if any(one == known.transport for known in own)), families, loopback
        )

    def _choose(self, reach: Reach) -> str:
        transport, six = reach
        order: tuple[Reach, ...] = (reach, (transport, not six), ("UDP", six), ("UDP", not six))
        known = [self._addresses[one] for one in order if one in self._addresses]
        host, port, _ = [*known, *self._addresses.values(), Address("127.0.0.1", 5060)][0]
        if self._advertised and (":" in self._advertised) == (":" in host):
            host = self._advertised
        written = self._sent_by[reach] = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return written
