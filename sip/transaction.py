"""The four transaction machines of RFC 3261 §17 with RFC 6026, as tables to be compared with the figures row by row.

A row is `(STATE, INPUT): (NEXT STATE, "actions")`. Actions: `request` sends the request, `send` repeats what was sent
last, `respond` sends what the user gave, `deliver` hands the message to the user, `ack` acknowledges a final response
other than 2xx, `trying` sends 100, `+X` starts timer X, `-X` stops it, `2X` starts it again for twice as long (E and G:
at most T2), `X@T2` for T2, `timeout` and `error` tell the user that it failed. A pair that has no row is ignored.
Over a reliable transport A, E and G are not started, and D, I, J and K are zero (RFC 3261 table 4).
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from sip.config import Address
from sip.deadlines import Deadline
from sip.message.message import Message, Request, Response


class State(Enum):
    INITIAL = auto()
    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    ACCEPTED = auto()
    TERMINATED = auto()


class Failure(Enum):
    """Why a transaction ended without what it was for."""

    TIMEOUT = "timeout"
    TRANSPORT = "transport"


INITIAL, CALLING, TRYING, PROCEEDING = State.INITIAL, State.CALLING, State.TRYING, State.PROCEEDING
COMPLETED, CONFIRMED, ACCEPTED, TERMINATED = State.COMPLETED, State.CONFIRMED, State.ACCEPTED, State.TERMINATED

Rows = dict[tuple[State, str], tuple[State, str]]

# RFC 3261 figure 5 with RFC 6026 figure 2. R1XX ... are responses received; R3XX stands for 300 to 699.
INVITE_CLIENT: Rows = {
    (INITIAL, "START"): (CALLING, "request +A +B"),
    (CALLING, "A"): (CALLING, "send 2A"),
    (CALLING, "B"): (TERMINATED, "timeout"),
    (CALLING, "ERROR"): (TERMINATED, "error"),
    (CALLING, "R1XX"): (PROCEEDING, "-A -B deliver"),
    (CALLING, "R2XX"): (ACCEPTED, "-A -B +M deliver"),
    (CALLING, "R3XX"): (COMPLETED, "-A -B +D ack deliver"),
    (PROCEEDING, "R1XX"): (PROCEEDING, "deliver"),
    (PROCEEDING, "R2XX"): (ACCEPTED, "+M deliver"),
    (PROCEEDING, "R3XX"): (COMPLETED, "+D ack deliver"),
    # Ours, not the figure's: a phone whose connection is lost while it rings answers no more, and another may be rung.
    (PROCEEDING, "ERROR"): (TERMINATED, "error"),
    (ACCEPTED, "R2XX"): (ACCEPTED, "deliver"),
    (ACCEPTED, "M"): (TERMINATED, ""),
    (COMPLETED, "R3XX"): (COMPLETED, "send"),
    (COMPLETED, "ERROR"): (TERMINATED, "error"),
    (COMPLETED, "D"): (TERMINATED, ""),
}

# RFC 3261 figure 6.
CLIENT: Rows = {
    (INITIAL, "START"): (TRYING, "request +E +F"),
    (TRYING, "E"): (TRYING, "send 2E"),
    (TRYING, "F"): (TERMINATED, "timeout"),
    (TRYING, "ERROR"): (TERMINATED, "error"),
    (TRYING, "R1XX"): (PROCEEDING, "deliver"),
    (TRYING, "R2XX"): (COMPLETED, "-E -F +K deliver"),
    (TRYING, "R3XX"): (COMPLETED, "-E -F +K deliver"),
    (PROCEEDING, "E"): (PROCEEDING, "send E@T2"),
    (PROCEEDING, "F"): (TERMINATED, "timeout"),
    (PROCEEDING, "ERROR"): (TERMINATED, "error"),
    (PROCEEDING, "R1XX"): (PROCEEDING, "deliver"),
    (PROCEEDING, "R2XX"): (COMPLETED, "-E -F +K deliver"),
    (PROCEEDING, "R3XX"): (COMPLETED, "-E -F +K deliver"),
    (COMPLETED, "K"): (TERMINATED, ""),
}

# RFC 3261 figure 7 with RFC 6026 figure 1. S1XX ... are responses that the user sends.
# A retransmitted request of ACCEPTED is absorbed: the session repeats its 2xx by itself.
INVITE_SERVER: Rows = {
    (INITIAL, "START"): (PROCEEDING, "+T"),
    (PROCEEDING, "T"): (PROCEEDING, "trying"),
    (PROCEEDING, "REQUEST"): (PROCEEDING, "send"),
    (PROCEEDING, "S1XX"): (PROCEEDING, "-T respond"),
    (PROCEEDING, "S2XX"): (ACCEPTED, "-T respond +L"),
    (PROCEEDING, "S3XX"): (COMPLETED, "-T respond +G +H"),
    (PROCEEDING, "ERROR"): (TERMINATED, "error"),
    (ACCEPTED, "S2XX"): (ACCEPTED, "send"),
    (ACCEPTED, "L"): (TERMINATED, ""),
    (COMPLETED, "REQUEST"): (COMPLETED, "send"),
    (COMPLETED, "G"): (COMPLETED, "send 2G"),
    (COMPLETED, "H"): (TERMINATED, "timeout"),
    (COMPLETED, "ACK"): (CONFIRMED, "-G -H +I"),
    (COMPLETED, "ERROR"): (TERMINATED, "error"),
    (CONFIRMED, "I"): (TERMINATED, ""),
}

# RFC 3261 figure 8. U runs from the start: after 64*T1 the client has given up, an answer would be a stray (RFC 4320).
SERVER: Rows = {
    (INITIAL, "START"): (TRYING, "+U"),
    (TRYING, "U"): (TERMINATED, ""),
    (TRYING, "ERROR"): (TERMINATED, "error"),
    (TRYING, "S1XX"): (PROCEEDING, "respond"),
    (TRYING, "S2XX"): (COMPLETED, "respond -U +J"),
    (TRYING, "S3XX"): (COMPLETED, "respond -U +J"),
    (PROCEEDING, "REQUEST"): (PROCEEDING, "send"),
    (PROCEEDING, "U"): (TERMINATED, ""),
    (PROCEEDING, "ERROR"): (TERMINATED, "error"),
    (PROCEEDING, "S1XX"): (PROCEEDING, "respond"),
    (PROCEEDING, "S2XX"): (COMPLETED, "respond -U +J"),
    (PROCEEDING, "S3XX"): (COMPLETED, "respond -U +J"),
    (COMPLETED, "REQUEST"): (COMPLETED, "send"),
    (COMPLETED, "J"): (TERMINATED, ""),
    (COMPLETED, "ERROR"): (TERMINATED, "error"),
}


class TransactionUser(Protocol):
    """Who a transaction works for: a session, a registration, or the core."""

    def responded(self, transaction: "Transaction", response: Response, now: float) -> None:
        """A response came (client transactions)."""

    def failed(self, transaction: "Transaction", cause: Failure, now: float) -> None:
        """It ended for lack of a response, of an ACK to a final response other than 2xx, or of a transport."""


class TransactionPort(Protocol):
    """What a transaction needs of the layer that holds it."""

    durations: dict[str, float]
    reliable_durations: dict[str, float]
    t2_s: float

    def alarm(self, at: float, alarm: Callable[[str, float], None], name: str) -> Deadline: ...

    def send(self, data: bytes, destination: Address, *, repeat: bool) -> None: ...

    def acknowledge(self, request: Request, response: Response) -> bytes: ...

    def trying(self, request: Request) -> bytes: ...

    def ended(self, transaction: "Transaction") -> None: ...


class Transaction:
    """One run through one of the tables. `datagram` is what was sent last, and is repeated.

    `user` is None once it has ended: the user holds its transaction, and a cycle would wait for the collector.
    """

    __slots__ = (
        "datagram",
        "destination",
        "durations",
        "interval_s",
        "key",
        "port",
        "request",
        "state",
        "table",
        "timers",
        "user",
    )

    def __init__(
        self,
        table: "Table",
        key: tuple[str, ...],
        request: Request,
        destination: Address,
        user: TransactionUser,
        port: TransactionPort,
    ) -> None:
        self.table = table
        self.key = key
        self.request = request
        self.destination = destination
        self.durations = port.reliable_durations if destination.reliable else port.durations
        self.user: TransactionUser | None = user
        self.port = port
        self.state = INITIAL
        self.datagram = b""
        self.interval_s = 0.0
        self.timers: dict[str, Deadline] = {}

    @property
    def finished(self) -> bool:
        """No further final response can be sent or is awaited."""
        return self.state in (COMPLETED, CONFIRMED, ACCEPTED, TERMINATED)

    def start(self, now: float) -> None:
        self.feed("START", None, now)

    def respond(self, response: Response, now: float) -> bool:
        """Send a response (server). False when it comes too late."""
        kind = "S1XX" if response.status < 200 else "S2XX" if response.status < 300 else "S3XX"
        return self.feed(kind, response, now)

    def received(self, response: Response, now: float) -> None:
        """A response came from the network (client)."""
        kind = "R1XX" if response.status < 200 else "R2XX" if response.status < 300 else "R3XX"
        self.feed(kind, response, now)

    def repeat_success(self, now: float) -> None:
        """Send the 2xx again; only the session knows that its ACK has not come."""
        self.feed("S2XX", None, now)

    def repeat_provisional(self, now: float) -> None:
        """As if the request had come again."""
        self.feed("REQUEST", None, now)

    def error(self, now: float) -> None:
        self.feed("ERROR", None, now)

    def abandon(self, now: float) -> None:
        """End at once and tell nobody: the user waits no longer."""
        self._leave()

    def feed(self, kind: str, message: Message | None, now: float) -> bool:
        """One input. False when the table has no row for it in this state."""
        row = self.table.get((self.state, kind))
        if row is None:
            return False
        self.state = row[0]
        for action in row[1]:
            action(self, message, now)
        if self.state is TERMINATED:
            self._leave()
        return True

    def _rings(self, name: str, now: float) -> None:
        del self.timers[name]
        self.feed(name, None, now)

    def _leave(self) -> None:
        self.state = TERMINATED
        for timer in self.timers.values():
            timer.cancel()
        self.timers.clear()
        self.user = None
        self.port.ended(self)

    def arm(self, name: str, after_s: float, now: float) -> None:
        self.timers[name] = self.port.alarm(now + after_s, self._rings, name)


Action = Callable[[Transaction, Message | None, float], None]
Table = dict[tuple[State, str], tuple[State, tuple[Action, ...]]]


def _request(transaction: Transaction, message: Message | None, now: float) -> None:
    transaction.port.send(transaction.datagram, transaction.destination, repeat=False)


def _send(transaction: Transaction, message: Message | None, now: float) -> None:
    if transaction.datagram:
        transaction.port.send(transaction.datagram, transaction.destination, repeat=True)


def _respond(transaction: Transaction, message: Message | None, now: float) -> None:
    assert message is not None
    transaction.datagram = bytes(message)
    transaction.port.send(transaction.datagram, transaction.destination, repeat=False)


def _deliver(transaction: Transaction, message: Message | None, now: float) -> None:
    assert isinstance(message, Response)
    assert transaction.user is not None
    transaction.user.responded(transaction, message, now)


def _ack(transaction: Transaction, message: Message | None, now: float) -> None:
    assert isinstance(message, Response)
    transaction.datagram = transaction.port.acknowledge(transaction.request, message)
    transaction.port.send(transaction.datagram, transaction.destination, repeat=False)


def _trying(transaction: Transaction, message: Message | None, now: float) -> None:
    transaction.datagram = transaction.port.trying(transaction.request)
    transaction.port.send(transaction.datagram, transaction.destination, repeat=False)


def _timeout(transaction: Transaction, message: Message | None, now: float) -> None:
    assert transaction.user is not None
    transaction.user.failed(transaction, Failure.TIMEOUT, now)


def _error(transaction: Transaction, message: Message | None, now: float) -> None:
    assert transaction.user is not None
    transaction.user.failed(transaction, Failure.TRANSPORT, now)


def _starter(name: str) -> Action:
    def start(transaction: Transaction, message: Message | None, now: float) -> None:
        after_s = transaction.durations.get(name)
        if after_s is None:
            return
        if name in "AEG":
            transaction.interval_s = after_s
        transaction.arm(name, after_s, now)

    return start


def _stopper(name: str) -> Action:
    def stop(transaction: Transaction, message: Message | None, now: float) -> None:
        timer = transaction.timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    return stop


def _doubler(name: str) -> Action:
    def double(transaction: Transaction, message: Message | None, now: float) -> None:
        interval_s = 2 * transaction.interval_s
        transaction.interval_s = interval_s if name == "A" else min(interval_s, transaction.port.t2_s)
        transaction.arm(name, transaction.interval_s, now)

    return double


def _slow_e(transaction: Transaction, message: Message | None, now: float) -> None:
    transaction.arm("E", transaction.port.t2_s, now)


_NAMED: dict[str, Action] = {
    "request": _request,
    "send": _send,
    "respond": _respond,
    "deliver": _deliver,
    "ack": _ack,
    "trying": _trying,
    "timeout": _timeout,
    "error": _error,
    "E@T2": _slow_e,
}
_LETTERED: dict[str, Callable[[str], Action]] = {"+": _starter, "-": _stopper, "2": _doubler}


def _action(word: str) -> Action:
    return _NAMED[word] if word in _NAMED else _LETTERED[word[0]](word[1:])


def compiled(rows: Rows) -> Table:
    return {key: (state, tuple(_action(word) for word in words.split())) for key, (state, words) in rows.items()}


INVITE_CLIENT_TABLE = compiled(INVITE_CLIENT)
CLIENT_TABLE = compiled(CLIENT)
INVITE_SERVER_TABLE = compiled(INVITE_SERVER)
SERVER_TABLE = compiled(SERVER)
