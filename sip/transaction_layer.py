"""Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3, §8.2.2.2), and how many there may be."""

from collections import OrderedDict
from collections.abc import Callable

from sip.config import Address, Timers, default_port
from sip.deadlines import Alarm, Deadline, Deadlines
from sip.message.message import Request, Response, respond
from sip.message.uri import SipUri
from sip.requests import acknowledgement
from sip.transaction import (
    CLIENT_TABLE,
    INVITE_CLIENT_TABLE,
    INVITE_SERVER_TABLE,
    SERVER_TABLE,
    Transaction,
    TransactionUser,
)

_REMEMBERED_NAMES = 1024

MAGIC_COOKIE = "z9hG4bK"

Key = tuple[str, ...]


class TransactionLayer:
    """All transactions of one core; the port through which they act. `names`: the domains asked for over TLS lately."""

    def __init__(
        self, timers: Timers, deadlines: Deadlines, send: Callable[[bytes, Address, bool], None], limit: int
    ) -> None:
        self.durations = timers.durations()
        self.reliable_durations = timers.durations(reliable=True)
        self.t2_s = timers.t2_s
        self._deadlines = deadlines
        self._send = send
        self._limit = limit
        self._clients: dict[Key, Transaction] = {}
        self._servers: dict[Key, Transaction] = {}
        self._requests: dict[Key, Key] = {}
        self.names: OrderedDict[Address, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    @property
    def full(self) -> bool:
        return len(self) >= self._limit

    def client(self, request: Request, destination: Address, user: TransactionUser, now: float) -> Transaction:
        """Send a request whose top Via carries a branch of our own."""
        if destination.transport == "TLS":
            self._note_name(request, destination)
        table = INVITE_CLIENT_TABLE if request.method == "INVITE" else CLIENT_TABLE
        key = (request.via.branch or "", request.method)
        transaction = Transaction(table, key, request, destination, user, self)
        transaction.datagram = bytes(request)
        self._clients[key] = transaction
        transaction.start(now)
        return transaction

    def server(self, request: Request, destination: Address, user: TransactionUser, now: float) -> Transaction:
        """Take on a request; `destination` is where its responses go."""
        table = INVITE_SERVER_TABLE if request.method == "INVITE" else SERVER_TABLE
        key = server_key(request)
        transaction = Transaction(table, key, request, destination, user, self)
        self._servers[key] = transaction
        if request.to.tag is None:
            self._requests[_identity(request)] = key
        transaction.start(now)
        return transaction

    def of_response(self, response: Response) -> Transaction | None:
        """A response belongs to the request with its branch and its CSeq method."""
        return self._clients.get((response.via.branch or "", response.cseq.method))

    def of_request(self, request: Request) -> Transaction | None:
        """The transaction of which this is a retransmission, or the INVITE that this ACK is for."""
        return self._servers.get(server_key(request))

    def serves(self, key: Key) -> bool:
        """Whether a request with this key came before, and its transaction stands."""
        return key in self._servers

    def cancelled_by(self, cancel: Request) -> Transaction | None:
        """The INVITE that a CANCEL means (RFC 3261 §9.2)."""
        return self._servers.get(server_key(cancel, "INVITE"))

    def merged(self, request: Request) -> bool:
        """The same request came already by another way (RFC 3261 §8.2.2.2): it forked and met here."""
        return request.to.tag is None and _identity(request) in self._requests

    def connection_lost(self, destination: Address, now: float) -> None:
        """Nothing can be sent there any more: tell the users of every transaction that counts on it.

        Responses take the other way to the peer first, which is a new connection (RFC 3261 §18.2.2).
        """
        for transaction in [one for one in self._clients.values() if one.destination == destination]:
            transaction.error(now)
        for transaction in [one for one in self._servers.values() if one.destination == destination]:
            back = way_back(transaction.request, destination)
            if back == destination:
                transaction.error(now)
            else:
                transaction.destination = back

    def awaited(self, destination: Address) -> bool:
        """Whether any transaction counts on that way."""
        return any(one.destination == destination for one in (*self._clients.values(), *self._servers.values()))

    def _note_name(self, request: Request, destination: Address) -> None:
        """Whose certificate it takes to receive this request: the domain that it is sent to (RFC 5922 §4)."""
        route = request.route
        uri = route[0].uri if route else request.uri
        if isinstance(uri, SipUri):
            self.names[destination] = uri.host
            self.names.move_to_end(destination)
            if len(self.names) > _REMEMBERED_NAMES:
                self.names.popitem(last=False)

    def alarm(self, at: float, alarm: Alarm, name: str) -> Deadline:
        return self._deadlines.set(at, alarm, name)

    def send(self, data: bytes, destination: Address, *, repeat: bool) -> None:
        self._send(data, destination, repeat)

    def acknowledge(self, request: Request, response: Response) -> bytes:
        return bytes(acknowledgement(request, response))

    def trying(self, request: Request) -> bytes:
        return bytes(respond(request, 100))

    def ended(self, transaction: Transaction) -> None:
        key = transaction.key
        if self._clients.get(key) is transaction:
            del self._clients[key]
        elif self._servers.get(key) is transaction:
            del self._servers[key]
            if transaction.request.to.tag is None:
                self._requests.pop(_identity(transaction.request), None)


def way_back(request: Request, lost: Address) -> Address:
    """Where a response goes when its connection is gone: a new one to the host that asked, at the port of its Via."""
    if not lost.reliable:
        return lost
    return Address(lost.host, request.via.port or default_port(lost.transport), lost.transport)


def server_key(request: Request, method: str | None = None) -> Key:
    """RFC 3261 §17.2.3; for peers of RFC 2543, whose branches identify nothing, by what stays the same in an ACK."""
    via = request.via
    method = method or ("INVITE" if request.method == "ACK" else request.method)
    branch = via.branch or ""
    if branch.startswith(MAGIC_COOKIE):
        return (branch, via.host, str(via.port), method)
    return (str(request.uri), request.from_.tag or "", request.call_id, str(request.cseq.number), str(via), method)


def _identity(request: Request) -> Key:
    return (request.call_id, request.from_.tag or "", str(request.cseq.number), request.method)
