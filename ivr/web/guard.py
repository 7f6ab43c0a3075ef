"""The way out: names are resolved here, addresses checked here, and connections made to exactly those addresses.

aiohttp connects to what `CheckedNames` gives and asks no other resolver, so a name cannot lead elsewhere between the
check and the connection (DNS rebinding). Addresses that stand in a URL reach no resolver: `checked_socket` sees them.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

from ivr.web.addresses import Network, NotAllowed, may_reach

AddrInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]]
Names = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a host's name, IPv4 and IPv6. Raises OSError."""

MOST_ADDRESSES = 16


class SystemNames:
    """The system's resolver (/etc/hosts too), in one thread of its own: one that hangs holds nobody else."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="names")

    async def __call__(self, host: str) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._thread, _addresses, host)
        return tuple(dict.fromkeys(str(address[0]) for *_, address in found))

    def close(self) -> None:
        """What is still asked is not waited for."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str) -> Sequence[AddrInfo]:
    return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)


class CheckedNames(AbstractResolver):
    """Names resolved by `names`; one address that is not allowed is enough to refuse them all."""

    def __init__(self, names: Names, named: Sequence[Network]) -> None:
        self._names = names
        self._named = named

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises NotAllowed, and OSError where there is no address."""
        addresses = (await self._names(host))[:MOST_ADDRESSES]
        if not addresses:
            raise OSError("the name has no address")
        for address in addresses:
            if not may_reach(address, self._named):
                raise NotAllowed("the name leads to an address that is not public; `networks` would have to name it")
        return [_result(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Nothing is held here."""


def _result(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=0,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def checked_socket(named: Sequence[Network]) -> Callable[[AddrInfo], socket.socket]:
    """Makes the sockets that connections begin with: the last look at an address, whatever way it came."""

    def make(info: AddrInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        if not may_reach(str(address[0]), named):
            raise NotAllowed("the address is not public; `networks` would have to name it")
        made = socket.socket(family, kind, protocol)
        made.settimeout(0)
        return made

    return make
