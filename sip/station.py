"""What the parts of one user agent core share: its address, clockwork, tokens, what goes out and what has happened."""

from __future__ import annotations

from collections.abc import Callable

from sip.config import Address, CoreConfig
from sip.deadlines import Deadlines
from sip.dialog import is_address
from sip.events import SipEvent
from sip.message.message import Request, Response
from sip.proving import account_at, proof
from sip.transaction import Failure, Transaction
from sip.transaction_layer import MAGIC_COOKIE, TransactionLayer

ALLOWED = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "PRACK")
ALLOW = ", ".join(ALLOWED)

CHALLENGES = (401, 407)

Datagram = tuple[bytes, Address]


class Station:
    """`outbox` and `happened` are drained by the shell through the core."""

    __slots__ = (
        "_addresses",
        "_everywhere",
        "config",
        "counts",
        "deadlines",
        "happened",
        "outbox",
        "tokens",
        "transactions",
    )

    def __init__(self, config: CoreConfig, tokens: Callable[[], str]) -> None:
        self.config = config
        self.tokens = tokens
        self.deadlines = Deadlines()
        self.outbox: list[Datagram] = []
        self.happened: list[SipEvent] = []
        self.counts = dict.fromkeys(
            ("messages_in", "messages_out", "retransmissions", "parse_errors", "refused", "dropped"), 0
        )
        self.transactions = TransactionLayer(config.timers, self.deadlines, self.send, config.limits.transactions)
        self._addresses: dict[bool, Address] = {}
        self._everywhere: set[int] = set()

    def listens(self, address: Address, *, everywhere: bool = False) -> None:
        """What we call ourselves towards peers of that address family. `everywhere`: all others reach us too."""
        self._addresses[":" in address.host] = address
        if everywhere:
            self._everywhere.add(address.port)

    def own(self, destination: Address) -> str:
        """Our host and port as that peer shall see it. A family without a socket of its own gets the other's."""
        six = ":" in destination.host
        host, port, _ = self._addresses.get(six) or self._addresses.get(not six) or Address("127.0.0.1", 5060)
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def is_own(self, host: str, port: int | None) -> bool:
        port = port or 5060
        return Address(host, port) in self._addresses.values() or (port in self._everywhere and is_address(host))

    def is_own_host(self, host: str) -> bool:
        """As `is_own`, whatever the port."""
        own = any(host == address.host for address in self._addresses.values())
        return own or (bool(self._everywhere) and is_address(host))

    def via(self, destination: Address) -> str:
        """The Via of a new client transaction, its branch included; rport asks for symmetric responses (RFC 3581)."""
        return f"SIP/2.0/UDP {self.own(destination)};branch={MAGIC_COOKIE}{self.tokens()};rport"

    def contact(self, destination: Address, user: str) -> str:
        return f"<sip:{user}@{self.own(destination)}>" if user else f"<sip:{self.own(destination)}>"

    def proof(self, request: Request, response: Response, destination: Address) -> tuple[str, str] | None:
        """What proves to the peer at `destination` that we are who it knows. None where that is not to be."""
        return proof(request, response, account_at(self.config, destination), self.tokens())

    def chance(self) -> float:
        """A number from 0 up to 1 out of a token, so that a run repeats exactly."""
        return hash_fraction(self.tokens())

    def send(self, data: bytes, destination: Address, repeat: bool = False) -> None:
        self.counts["messages_out"] += 1
        if repeat:
            self.counts["retransmissions"] += 1
        self.outbox.append((data, destination))

    def emit(self, event: SipEvent) -> None:
        self.happened.append(event)


class Unattended:
    """The user of transactions whose outcome changes nothing: CANCEL, the BYE to a fork, a request refused at once."""

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        pass

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        pass


UNATTENDED = Unattended()


def hash_fraction(token: str) -> float:
    """FNV-1a: Python's own hash differs from run to run."""
    value = 0x811C9DC5
    for byte in token.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value / 2**32


def response_address(request: Request, source: Address) -> Address:
    """Where responses go (RFC 3261 §18.2.2, RFC 3581 §4). The host is always where the request came from: a Via cannot
    point our answers at somebody else."""
    via = request.via
    if via.rport_asked:
        return source
    return Address(source.host, via.port or 5060)
