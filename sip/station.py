"""What the parts of one user agent core share: its address, clockwork, tokens, what goes out and what has happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sip.config import Account, Address, CoreConfig, Transport
from sip.deadlines import Deadlines
from sip.events import SipEvent
from sip.lookups import Lookups
from sip.message.message import Request, Response
from sip.own_addresses import OwnAddresses
from sip.proving import account_at, proof
from sip.resolution import Ways
from sip.transaction import Failure, Transaction
from sip.transaction_layer import MAGIC_COOKIE, TransactionLayer

ALLOWED = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "PRACK", "UPDATE", "NOTIFY")
ALLOW = ", ".join(ALLOWED)
_ALLOW_MOVES = f"{ALLOW}, REFER"

CHALLENGES = (401, 407)

Datagram = tuple[bytes, Address]

_BY: dict[Transport, str] = {"UDP": "", "TCP": ";transport=tcp", "TLS": ";transport=tls"}


class Flow(Protocol):
    """Our own registration, as long as its connection stands."""

    def connection_lost(self, now: float) -> None: ...


class Station:
    """`outbox` and `happened` are drained by the shell through the core. `proven`: the trunks whose certificate was
    shown, by connection."""

    __slots__ = (
        "_addresses",
        "config",
        "counts",
        "deadlines",
        "flows",
        "happened",
        "lookups",
        "outbox",
        "proven",
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
            ("messages_in", "messages_out", "retransmissions", "parse_errors", "refused", "overloaded", "dropped"), 0
        )
        self.transactions = TransactionLayer(config.timers, self.deadlines, self.send, config.limits.transactions)
        self.proven: dict[Address, str] = {}
        self.flows: dict[Address, set[Flow]] = {}
        self.lookups = Lookups(self)
        self._addresses = OwnAddresses(config.advertised)

    def listens(self, address: Address, *, everywhere: bool = False) -> None:
        """What we call ourselves by that transport towards peers of that address family. `everywhere`: all others
        reach us too."""
        self._addresses.add(address, everywhere=everywhere)

    def own(self, destination: Address) -> str:
        """Our host and port as that peer shall see it."""
        return self._addresses.towards(destination)

    @property
    def allow(self) -> str:
        """The methods that we serve within a dialog, for Allow."""
        return _ALLOW_MOVES if self.config.moves else ALLOW

    @property
    def ways(self) -> Ways:
        """By what we reach others."""
        return self._addresses.ways

    def is_own(self, host: str, port: int | None) -> bool:
        return self._addresses.mean(host, port)

    def is_own_host(self, host: str) -> bool:
        """As `is_own`, whatever the port."""
        return self._addresses.mean_host(host)

    def via(self, destination: Address) -> str:
        """The Via of a new client transaction, its branch included; rport asks for symmetric responses (RFC 3581)."""
        own = self.own(destination)
        return f"SIP/2.0/{destination.transport} {own};branch={MAGIC_COOKIE}{self.tokens()};rport"

    def contact(self, destination: Address, user: str, *, secure: bool = False) -> str:
        """`secure`: a sips URI, which it has to be where the peer's is (RFC 3261 §8.1.1.8)."""
        place = f"{user}@{self.own(destination)}" if user else self.own(destination)
        return f"<sips:{place}>" if secure else f"<sip:{place}{_BY[destination.transport]}>"

    def proof(
        self, request: Request, response: Response, destination: Address, trunk: str = ""
    ) -> tuple[str, str] | None:
        """What proves to the peer at `destination` that we are who it knows. None where that is not to be.

        `trunk`: whose call it is, where it is one's.
        """
        return proof(request, response, self._account(destination, trunk), self.tokens())

    def _account(self, destination: Address, trunk: str) -> Account | None:
        host, found = self.lookups.known.get(destination, ("", ""))
        return account_at(self.config, destination, found, host=host, meant=trunk)

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
    """Where responses go (RFC 3261 §18.2.2, RFC 3581 §4): back over the connection, or to the host that the request
    came from. A Via cannot point our answers at somebody else."""
    via = request.via
    return answer_address(source, via.port, rport_asked=via.rport_asked)


def answer_address(source: Address, via_port: int | None, *, rport_asked: bool) -> Address:
    if source.reliable or rport_asked:
        return source
    return Address(source.host, via_port or 5060)
