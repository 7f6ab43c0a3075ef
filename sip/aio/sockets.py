"""Every socket of one user agent behind one `send`: UDP by address family, and the streams. And who asks the DNS."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable

from sip.aio.pulse import Pulse
from sip.aio.questions import Questions, Resolving
from sip.aio.streams import Streams
from sip.aio.tls import Tls
from sip.aio.udp import UdpSocket
from sip.config import Address
from sip.core import UserAgentCore


class CannotListen(OSError):
    """`address` is taken, not ours, or not ours to take."""

    def __init__(self, address: Address, cause: OSError) -> None:
        host = f"[{address.host}]" if ":" in address.host else address.host
        super().__init__(f"cannot listen for SIP over {address.transport} on {host}:{address.port}: {cause.strerror}")
        self.address = address


class Sockets:
    """`heard` gets every message, `woken` a word after a batch of datagrams, `flush` one where more is to be done."""

    def __init__(
        self,
        core: UserAgentCore,
        heard: Callable[[bytes, Address], None],
        woken: Callable[[], None],
        flush: Callable[[], None],
        tls: Tls | None = None,
        resolver: Resolving | None = None,
    ) -> None:
        self._core = core
        self._heard = heard
        self._woken = woken
        self._udp: dict[bool, UdpSocket] = {}
        self._streams = Streams(core, heard, flush, tls)
        self._pulse = Pulse(core.late)
        self.questions = Questions(core, resolver, flush)
        self.addresses: list[Address] = []

    def listen(self, addresses: Iterable[Address]) -> None:
        """Raises CannotListen when one is taken or not ours; then nothing is listened to."""
        for address in addresses:
            try:
                self._listen(address)
            except OSError as error:
                self.close()
                raise CannotListen(address, error) from error
        self.questions.listening()
        self._pulse.start()

    def send(self, data: bytes, destination: Address) -> None:
        if destination.transport != "UDP":
            self._streams.send(data, destination)
            return
        six = ":" in destination.host
        udp = self._udp.get(six) or self._udp.get(not six)
        if udp is not None:
            udp.send(data, destination)

    def close(self) -> None:
        for udp in self._udp.values():
            udp.close()
        self._udp.clear()
        self._streams.close()
        self.questions.close()
        self._pulse.stop()

    @property
    def stats(self) -> dict[str, int]:
        failures = sum(udp.send_failures for udp in self._udp.values())
        return {"send_failures": failures, "connections": len(self._streams), **self._streams.counts}

    def _listen(self, address: Address) -> None:
        if address.transport == "UDP":
            udp = UdpSocket(address, self._heard, self._woken)
            self._udp[":" in address.host] = udp
            bound = udp.address
        else:
            bound = self._listen_for_streams(address)
        self.addresses.append(bound)
        for one in reachable(bound):
            self._core.listens(one, everywhere=one != bound)

    def _listen_for_streams(self, address: Address) -> Address:
        """A free port is rather the one of our datagrams: people name one number for both."""
        taken = [one.port for one in self.addresses if one.host == address.host and one.transport == "UDP"]
        if address.port == 0 and taken and address.transport == "TCP":
            try:
                return self._streams.listen(address._replace(port=taken[0]))
            except OSError:
                return self._streams.listen(address)
        return self._streams.listen(address)


def reachable(bound: Address) -> list[Address]:
    """What to call ourselves: the bound address, or where that is "any", the one that leads out, of each family."""
    host, port, transport = bound
    if host not in ("0.0.0.0", "::"):
        return [bound]
    families = [("192.0.2.1", socket.AF_INET, "127.0.0.1")]
    if host == "::":
        families.append(("2001:db8::1", socket.AF_INET6, "::1"))
    found = []
    for example, family, otherwise in families:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((example, 9))  # chooses a route; a datagram socket sends nothing by it
                found.append(Address(probe.getsockname()[0], port, transport))
            except OSError:
                found.append(Address(otherwise, port, transport))
    return found
