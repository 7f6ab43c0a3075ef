"""Cores joined by a network in memory, on a clock that jumps: loss, repetition and delay are drawn by the test.

Over TCP and TLS a connection is opened by the first message to a place, and lasts until it is cut.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from ipaddress import ip_network
from itertools import count

from sip.config import Address, CoreConfig, Transport, Trunk
from sip.core import UserAgentCore
from sip.events import SessionId, SipEvent
from sip.message.address import NameAddr
from sip.message.message import Message, parse
from sip.message.uri import SipUri

OFFER = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
ANSWER = OFFER.replace("192.0.2.1", "192.0.2.2")

ALICE: Address = Address("192.0.2.1", 5060)
BOB: Address = Address("192.0.2.2", 5060)
NEAR = Trunk("near", (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")))

Fate = Callable[[bytes], list[float]]
"""The delays of the copies of one datagram that arrive; none is a loss."""


def counted(prefix: str) -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers):06d}"


def smooth(data: bytes) -> list[float]:
    return [0.01]


@dataclass
class Peer:
    core: UserAgentCore
    address: Address
    heard: list[SipEvent] = field(default_factory=list)
    react: Callable[[SipEvent, float], None] = lambda event, now: None

    def of(self, kind: type[SipEvent]) -> list[SipEvent]:
        return [event for event in self.heard if isinstance(event, kind)]


@dataclass
class Network:
    """`sent` is every message with its sender, in order. `links`: for a peer and what it calls the other end of a
    connection, the peer there and what that calls this end."""

    fate: Fate = smooth
    now: float = 1000.0
    peers: dict[Address, Peer] = field(default_factory=dict)
    sent: list[tuple[Address, bytes]] = field(default_factory=list)
    links: dict[tuple[Address, Address], tuple[Address, Address]] = field(default_factory=dict)
    _flying: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    def join(self, address: Address, config: CoreConfig | None = None, name: str = "") -> Peer:
        core = UserAgentCore(config or CoreConfig(trunks=(NEAR,)), counted(name or address[0][-1]))
        transports: tuple[Transport, ...] = ("UDP", "TCP", "TLS")
        for transport in transports:
            core.listens(address._replace(transport=transport))
        peer = self.peers[address] = Peer(core, address)
        return peer

    def settle(self, peer: Peer) -> None:
        """Take what a core wants to send and has to say, until it has nothing more."""
        while True:
            datagrams, events = peer.core.datagrams(), peer.core.events()
            if not datagrams and not events:
                return
            for data, destination in datagrams:
                self.sent.append((peer.address, data))
                if destination.reliable:
                    self._stream(peer.address, destination, data)
                    continue
                for delay_s in self.fate(data):
                    self.later(delay_s, partial(self._arrive, peer.address, destination, data))
            for event in events:
                peer.heard.append(event)
                peer.react(event, self.now)

    def run(self, for_s: float = 200.0) -> None:
        """Let `for_s` seconds pass, or less if nothing is left to happen."""
        end = self.now + for_s
        while True:
            for peer in self.peers.values():
                self.settle(peer)
            at, peer_due = self._next()
            if at is None or at > end:
                self.now = end
                return
            self.now = max(self.now, at)
            if peer_due is not None:
                peer_due.core.handle_timeout(self.now)
                continue
            heappop(self._flying)[2]()

    def later(self, after_s: float, action: Callable[[], object]) -> None:
        """Do something when that time has passed."""
        heappush(self._flying, (self.now + after_s, next(self._numbers), action))

    def _stream(self, sender: Address, destination: Address, data: bytes) -> None:
        if (sender, destination) not in self.links:
            there = Address(destination.host, destination.port)
            if there not in self.peers:
                self.later(0.01, lambda: self.peers[sender].core.connection_lost(destination, self.now))
                return
            here = Address(sender.host, 40000 + next(self._numbers), destination.transport)
            self.links[sender, destination] = (there, here)
            self.links[there, here] = (sender, destination)
        receiver, source = self.links[sender, destination]
        self.later(0.01, lambda: self.peers[receiver].core.receive(data, source, self.now))

    def cut(self) -> None:
        """Every connection is lost, and both ends notice."""
        links, self.links = self.links, {}
        for peer, end in links:
            if peer in self.peers:
                self.peers[peer].core.connection_lost(end, self.now)

    def _arrive(self, source: Address, destination: Address, data: bytes) -> None:
        if destination in self.peers:
            self.peers[destination].core.receive(data, source, self.now)

    def _next(self) -> tuple[float | None, Peer | None]:
        due: tuple[float | None, Peer | None] = (self._flying[0][0], None) if self._flying else (None, None)
        for peer in self.peers.values():
            deadline = peer.core.deadline
            if deadline is not None and (due[0] is None or deadline < due[0]):
                due = (deadline, peer)
        return due

    def messages(self, sender: Peer | None = None) -> list[Message]:
        return [parse(data) for source, data in self.sent if sender is None or source == sender.address]

    def starts(self, sender: Peer | None = None) -> list[str]:
        """The methods and statuses sent, in order."""
        shown = []
        for source, data in self.sent:
            if sender is None or source == sender.address:
                first, second, _ = data.split(b" ", 2)
                shown.append((second if first.startswith(b"SIP/") else first).decode())
        return shown


def call(
    network: Network,
    caller: Peer,
    callee: Peer,
    sdp: str | None = OFFER,
    now: float | None = None,
    transport: Transport = "UDP",
) -> SessionId:
    host, port, _ = callee.address
    return caller.core.invite(
        SipUri("bob", host, port),
        local=NameAddr(SipUri("alice", caller.address[0])),
        remote=NameAddr(SipUri("bob", host)),
        destination=callee.address._replace(transport=transport),
        sdp=sdp,
        now=network.now if now is None else now,
    )


def nothing_left(peer: Peer) -> bool:
    stats = peer.core.stats
    return not any(stats[name] for name in ("sessions", "dialogs", "transactions", "deadlines"))
