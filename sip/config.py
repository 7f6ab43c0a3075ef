"""What a user agent core has to be told: who it is, whom it trusts, and its bounds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, NamedTuple

from sip.message.auth import HashedPassword
from sip.message.uri import SipUri
from sip.nodes import Nodes

Transport = Literal["UDP", "TCP", "TLS"]
"""As a Via names it (RFC 3261 §20.42)."""


class Address(NamedTuple):
    """Where messages go to and come from. `host` is an IP address without brackets.

    Over a stream it names the connection too: the peer's end of one that stands, or where to open one.
    """

    host: str
    port: int
    transport: Transport = "UDP"

    @property
    def reliable(self) -> bool:
        """Nothing has to be repeated on the way there."""
        return self.transport != "UDP"


def default_port(transport: Transport) -> int:
    """RFC 3261 §19.1.2."""
    return 5061 if transport == "TLS" else 5060


Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 3261 §17 and its table 4, RFC 6026 §8.8. All in seconds."""

    t1_s: float = 0.5
    t2_s: float = 4.0
    t4_s: float = 5.0
    trying_s: float = 0.2

    @property
    def give_up_s(self) -> float:
        """64*T1: how long anything unanswered or unacknowledged is pursued."""
        return 64 * self.t1_s

    def durations(self, *, reliable: bool = False) -> dict[str, float]:
        """First duration of every lettered timer; over a reliable transport those that repeat are not started.

        T is the automatic 100 Trying, U how long a server waits for its user (RFC 4320 §4.2).
        """
        long, t1, t4 = self.give_up_s, self.t1_s, self.t4_s
        always = {"T": self.trying_s} | dict.fromkeys("BFHLMU", long)
        if reliable:
            return always | dict.fromkeys("DIJK", 0.0)
        return always | {"A": t1, "E": t1, "G": t1, "I": t4, "K": t4, "D": max(32.0, long), "J": long}


@dataclass(frozen=True, slots=True)
class Limits:
    """Every count and wait has a bound."""

    sessions: int = 4000
    forks: int = 10
    transactions: int = 60_000
    calls_per_s: float = 400.0
    retry_after_s: int = 5
    unanswered_s: float = 300.0
    stranger_requests_per_s: float = 5.0
    stranger_burst: float = 20.0
    stranger_sources: int = 4096
    addresses_of_record: int = 10_000
    contacts_per_address: int = 10


@dataclass(frozen=True, slots=True)
class Account:
    """What a trunk knows us by. Its challenges (401, 407) are answered for this realm alone."""

    realm: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outwards:
    """How we are a trunk's customer. `register_s`: the life of our registration there; 0: none. `ping_s`: how often it
    is asked whether it lives; 0: never.

    `redirects`: hosts, in lower case, to which it may send our calls besides itself. `redirect_prefixes`: beginnings of
    numbers to which it may; without one, for the number that was dialled alone.
    """

    register_s: int = 0
    ping_s: float = 0.0
    redirects: frozenset[str] = frozenset()
    redirect_prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trunk:
    """A peer that is known by where it sends from. `calls_per_s`: its new calls a second; 0: only the total counts.

    `account`: how we prove who we are to it. `certificate`: the name in the certificate by which a TLS connection is
    the trunk's too, wherever it comes from, and that it has to show where we connect to it (RFC 5922). `ca`: the file
    of whom to believe then, instead of the usual; `verify` false: anybody. `address`: where it is reached; None: it
    only calls us.
    `trusted`: what it asserts of callers counts (RFC 3325 §2.4). `outwards`: what concerns calls to it.
    """

    name: str
    networks: tuple[Network, ...]
    calls_per_s: float = 0.0
    account: Account | None = None
    certificate: str = ""
    ca: str = ""
    verify: bool = True
    address: SipUri | None = None
    trusted: bool = False
    outwards: Outwards = field(default_factory=Outwards)


@dataclass(frozen=True, slots=True)
class Expiries:
    """Bounds of a registration's life (RFC 3261 §10.3)."""

    least_s: int = 60
    default_s: int = 600
    most_s: int = 7200


@dataclass(frozen=True, slots=True)
class Digest:
    """How agents prove who they are, and the `nodes` of our installation that call them. `credentials` gives the
    password of a user, in whole or hashed for this realm, or None.

    `secret` signs nonces, and is shared by nodes whose nonces shall be good everywhere; `wall_offset_s` is the wall
    clock minus the clock of `now`, so that nodes agree about a nonce's age.

    `algorithms` are offered in that order (RFC 8760 §2.4). Phones whose User-Agent begins with one of `md5_only` are
    offered MD5 alone: they give up where SHA-256 is offered too (seen with baresip 1.0 and sipsak 0.9.8.1).
    """

    realm: str
    credentials: Callable[[str], str | HashedPassword | None] = field(repr=False)
    secret: bytes = field(repr=False)
    nonce_life_s: float = 300.0
    wall_offset_s: float = 0.0
    algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    md5_only: tuple[str, ...] = ("baresip v0.", "baresip v1.", "sipsak", "pyVoIP")
    nodes: Nodes = field(default_factory=lambda: Nodes("", b""))


@dataclass(frozen=True, slots=True)
class SessionTimers:
    """Session timers (RFC 4028), which end the calls of peers that died without a BYE.

    `accept`: used where the peer asks for them. `require`: used in every call; a peer that does not know them is
    refreshed by us, and its call ends when it does not answer. No interval below 90 s is taken, whatever `least_s` is.
    """

    mode: Literal["off", "accept", "require"] = "accept"
    expires_s: int = 1800
    least_s: int = 90

    @property
    def shortest_s(self) -> int:
        """What goes into Min-SE (RFC 4028 §5)."""
        return max(90, self.least_s)


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What connections may take. A stranger's: neither a trunk's nor a registered phone's.

    `handshake_s`: until TCP and TLS stand; `first_message_s`: until the first message is complete; `message_s`: from
    the first to the last byte of one; `idle_s`: without a message, where no phone and no call counts on it; `unread_s`:
    until the peer takes something of what waits for it, which is `unread_bytes` at most. `ping_s`: between keep-alives
    on connections that we opened (RFC 5626 §4.4.1), 0 for none; a peer that used to answer has `pong_s` for it.
    """

    connections: int = 4000
    strangers: int = 1000
    per_stranger: int = 32
    accepts_per_s: float = 100.0
    handshake_s: float = 5.0
    first_message_s: float = 10.0
    message_s: float = 10.0
    idle_s: float = 300.0
    unread_s: float = 20.0
    unread_bytes: int = 262_144
    ping_s: float = 90.0
    pong_s: float = 10.0


_NO_NODES = Nodes("", b"")


@dataclass(frozen=True, slots=True)
class CoreConfig:
    """`domains`: hosts in a Request-URI that are ours besides the bound address; empty: every host is. `advertised`:
    the address by which peers of its family see us behind a NAT; empty: where we listen.

    Without `digest` there are no agents, and a REGISTER goes to the application. `methods`: further methods that the
    application answers, out of a dialog. REFER among them: it has a policy for REFER and Replaces, within
    calls, of agents and of trunks; otherwise both are refused, as those of strangers always are.
    """

    domains: frozenset[str] = frozenset()
    trunks: tuple[Trunk, ...] = ()
    digest: Digest | None = None
    user_agent: str = "svar"
    advertised: str = ""
    methods: frozenset[str] = frozenset()
    strangers_may_call: bool = False
    timers: Timers = field(default_factory=Timers)
    limits: Limits = field(default_factory=Limits)
    expiries: Expiries = field(default_factory=Expiries)
    session_timers: SessionTimers = field(default_factory=SessionTimers)
    streams: StreamLimits = field(default_factory=StreamLimits)

    @property
    def nodes(self) -> Nodes:
        """The other nodes; none where there are no agents."""
        return self.digest.nodes if self.digest is not None else _NO_NODES

    @property
    def moves(self) -> bool:
        """Whether agents and trunks may ask for calls to be moved (RFC 3515, RFC 3891)."""
        return "REFER" in self.methods

    @property
    def extensions(self) -> tuple[str, ...]:
        """The option tags that we support."""
        timer = ("timer",) if self.session_timers.mode != "off" else ()
        return ("100rel", "path", *timer, *(("norefersub", "replaces") if self.moves else ()))
