"""A small DNS server on loopback: what it says, and how badly it behaves, is for the test to choose."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SOA = "a.example. hostmaster.example. 1 3600 600 86400 60"


@dataclass
class Zone:
    """`records` by name and type, as in a zone file; `missing` names exist not at all. The rest is bad behaviour."""

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    ttl_s: int = 300
    silent: bool = False
    truncated: bool = False
    broken: bool = False
    forged: bool = False
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)

    def answer(self, wire: bytes, *, stream: bool) -> list[bytes]:
        """The datagrams that answer a query."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked[name, kind] += 1
        if self.silent:
            return []
        response = dns.message.make_response(query)
        if self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
            return [response.to_wire()]
        if self.truncated and not stream:
            response.flags |= dns.flags.TC
            return [response.to_wire()]
        self._fill(response, question.name, kind)
        genuine = response.to_wire()
        if not self.forged:
            return [genuine]
        lie = dns.message.make_response(query)
        lie.answer.append(dns.rrset.from_text(question.name, 300, "IN", "A", "203.0.113.66"))
        forged = lie.to_wire()
        return [struct.pack("!H", (query.id + 1) % 65536) + forged[2:], b"\x00", genuine]

    def _fill(self, response: dns.message.Message, name: dns.name.Name, kind: str) -> None:
        known = {one for one, _ in self.records}
        at = name
        for _ in range(20):
            text = at.to_text(omit_final_dot=True).lower()
            if found := self.records.get((text, kind)):
                response.answer.append(dns.rrset.from_text(at, self.ttl_s, "IN", kind, *found))
                return
            alias = self.records.get((text, "CNAME"))
            if not alias:
                break
            response.answer.append(dns.rrset.from_text(at, self.ttl_s, "IN", "CNAME", *alias))
            at = dns.name.from_text(alias[0])
        if text not in known:
            response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority.append(dns.rrset.from_text("example.", self.ttl_s, "IN", "SOA", SOA))


class NameServer(asyncio.DatagramProtocol):
    """UDP, and TCP on the same port for what was truncated."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.address = ""
        self._transport: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> NameServer:
        loop = asyncio.get_running_loop()
        listener, datagrams = _one_port_of_both()
        self._server = await asyncio.start_server(self._serve, sock=listener)
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=datagrams)
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._transport is not None
        assert self._server is not None
        self._transport.close()
        self._server.close()
        await self._server.wait_closed()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        for one in self.zone.answer(data, stream=False):
            self._transport.sendto(one, addr)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        for one in self.zone.answer(await reader.readexactly(length), stream=True):
            writer.write(struct.pack("!H", len(one)) + one)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


def _one_port_of_both() -> tuple[socket.socket, socket.socket]:
    """Somebody else may have the same port of the other transport: then another."""
    while True:
        listener = socket.create_server(("127.0.0.1", 0))
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagrams.bind(listener.getsockname())
        except OSError:
            listener.close()
            datagrams.close()
            continue
        return listener, datagrams
