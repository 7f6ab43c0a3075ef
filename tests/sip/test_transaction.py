"""The four machines row by row against RFC 3261 §17 and RFC 6026 §7 and §8, in the RFC's own order."""

from collections.abc import Callable

import pytest

from sip.config import Address, Timers
from sip.deadlines import Deadline, Deadlines
from sip.message.message import Request, Response, parse, respond
from sip.transaction import (
    ACCEPTED,
    CALLING,
    CLIENT_TABLE,
    COMPLETED,
    CONFIRMED,
    INITIAL,
    INVITE_CLIENT_TABLE,
    INVITE_SERVER_TABLE,
    PROCEEDING,
    SERVER_TABLE,
    TERMINATED,
    TRYING,
    Failure,
    State,
    Table,
    Transaction,
)

PEER: Address = Address("192.0.2.9", 5060)


def request(method: str) -> Request:
    message = parse(
        f"{method} sip:bob@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
        f"To: <sip:bob@192.0.2.9>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\r\n".encode()
    )
    assert isinstance(message, Request)
    return message


class Bench:
    """One transaction with everything that it says written down."""

    def __init__(self, table: Table, method: str, peer: Address = PEER) -> None:
        self.peer = peer
        timers = Timers()
        self.durations = timers.durations()
        self.reliable_durations = timers.durations(reliable=True)
        self.t2_s = timers.t2_s
        self.deadlines = Deadlines()
        self.said: list[str] = []
        self.now = 0.0
        self.request = request(method)
        self.transaction = Transaction(table, ("k",), self.request, peer, self, self)
        self.transaction.datagram = b"request"
        if table in (INVITE_SERVER_TABLE, SERVER_TABLE):
            self.transaction.datagram = b""

    def alarm(self, at: float, alarm: Callable[[str, float], None], name: str) -> Deadline:
        return self.deadlines.set(at, alarm, name)

    def send(self, data: bytes, destination: Address, *, repeat: bool) -> None:
        assert destination == self.peer
        shown = data.split(b"\r\n")[0].decode().removeprefix("SIP/2.0 ")
        self.said.append(f"{'repeat' if repeat else 'send'} {shown}")

    def acknowledge(self, request: Request, response: Response) -> bytes:
        return b"ACK"

    def trying(self, request: Request) -> bytes:
        return bytes(respond(request, 100))

    def ended(self, transaction: Transaction) -> None:
        self.said.append("ended")

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        self.said.append(f"deliver {response.status}")

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        self.said.append(f"failed {cause.value}")

    def to(self, state: State) -> "Bench":
        """Bring it to a state by the shortest way."""
        for step in _WAYS[self.transaction.table is INVITE_CLIENT_TABLE, _kind(self.transaction.table), state]:
            self.input(step)
        self.said.clear()
        assert self.transaction.state is state
        return self

    def input(self, kind: str) -> None:
        message: Response | None = None
        if kind[0] in "RS" and kind[1:].endswith("XX"):
            message = respond(self.request, {"1": 180, "2": 200, "3": 486}[kind[1]])
        if len(kind) == 1:
            self.transaction.timers.pop(kind).cancel()
        self.transaction.feed(kind, message, self.now)

    def running(self) -> str:
        return " ".join(sorted(self.transaction.timers))


def _kind(table: Table) -> str:
    names = {id(INVITE_CLIENT_TABLE): "ict", id(CLIENT_TABLE): "nict", id(INVITE_SERVER_TABLE): "ist"}
    return names.get(id(table), "nist")


_WAYS = {
    (True, "ict", CALLING): ["START"],
    (True, "ict", PROCEEDING): ["START", "R1XX"],
    (True, "ict", COMPLETED): ["START", "R3XX"],
    (True, "ict", ACCEPTED): ["START", "R2XX"],
    (False, "nict", TRYING): ["START"],
    (False, "nict", PROCEEDING): ["START", "R1XX"],
    (False, "nict", COMPLETED): ["START", "R2XX"],
    (False, "ist", PROCEEDING): ["START", "S1XX"],
    (False, "ist", COMPLETED): ["START", "S3XX"],
    (False, "ist", ACCEPTED): ["START", "S2XX"],
    (False, "ist", CONFIRMED): ["START", "S3XX", "ACK"],
    (False, "nist", TRYING): ["START"],
    (False, "nist", PROCEEDING): ["START", "S1XX"],
    (False, "nist", COMPLETED): ["START", "S2XX"],
}

Row = tuple[State, str, State, list[str], str]

# From, input, to, what it says, timers that run afterwards.
INVITE_CLIENT_ROWS: list[Row] = [
    (CALLING, "A", CALLING, ["repeat request"], "A B"),
    (CALLING, "B", TERMINATED, ["failed timeout", "ended"], ""),
    (CALLING, "ERROR", TERMINATED, ["failed transport", "ended"], ""),
    (CALLING, "R1XX", PROCEEDING, ["deliver 180"], ""),
    (CALLING, "R2XX", ACCEPTED, ["deliver 200"], "M"),
    (CALLING, "R3XX", COMPLETED, ["send ACK", "deliver 486"], "D"),
    (PROCEEDING, "R1XX", PROCEEDING, ["deliver 180"], ""),
    (PROCEEDING, "R2XX", ACCEPTED, ["deliver 200"], "M"),
    (PROCEEDING, "R3XX", COMPLETED, ["send ACK", "deliver 486"], "D"),
    (COMPLETED, "R3XX", COMPLETED, ["repeat ACK"], "D"),
    (COMPLETED, "R1XX", COMPLETED, [], "D"),
    (COMPLETED, "R2XX", COMPLETED, [], "D"),
    (COMPLETED, "ERROR", TERMINATED, ["failed transport", "ended"], ""),
    (COMPLETED, "D", TERMINATED, ["ended"], ""),
    (ACCEPTED, "R2XX", ACCEPTED, ["deliver 200"], "M"),
    (ACCEPTED, "R1XX", ACCEPTED, [], "M"),
    (ACCEPTED, "R3XX", ACCEPTED, [], "M"),
    (ACCEPTED, "M", TERMINATED, ["ended"], ""),
]
CLIENT_ROWS: list[Row] = [
    (TRYING, "E", TRYING, ["repeat request"], "E F"),
    (TRYING, "F", TERMINATED, ["failed timeout", "ended"], ""),
    (TRYING, "ERROR", TERMINATED, ["failed transport", "ended"], ""),
    (TRYING, "R1XX", PROCEEDING, ["deliver 180"], "E F"),
    (TRYING, "R2XX", COMPLETED, ["deliver 200"], "K"),
    (TRYING, "R3XX", COMPLETED, ["deliver 486"], "K"),
    (PROCEEDING, "E", PROCEEDING, ["repeat request"], "E F"),
    (PROCEEDING, "F", TERMINATED, ["failed timeout", "ended"], ""),
    (PROCEEDING, "ERROR", TERMINATED, ["failed transport", "ended"], ""),
    (PROCEEDING, "R1XX", PROCEEDING, ["deliver 180"], "E F"),
    (PROCEEDING, "R2XX", COMPLETED, ["deliver 200"], "K"),
    (PROCEEDING, "R3XX", COMPLETED, ["deliver 486"], "K"),
    (COMPLETED, "R2XX", COMPLETED, [], "K"),
    (COMPLETED, "K", TERMINATED, ["ended"], ""),
]
INVITE_SERVER_ROWS: list[Row] = [
    (PROCEEDING, "REQUEST", PROCEEDING, ["repeat 180 Ringing"], ""),
    (PROCEEDING, "S1XX", PROCEEDING, ["send 180 Ringing"], ""),
    (PROCEEDING, "S2XX", ACCEPTED, ["send 200 OK"], "L"),
    (PROCEEDING, "S3XX", COMPLETED, ["send 486 Busy Here"], "G H"),
    (PROCEEDING, "ERROR", TERMINATED, ["failed transport", "ended"], ""),
    (COMPLETED, "REQUEST", COMPLETED, ["repeat 486 Busy Here"], "G H"),
    (COMPLETED, "G", COMPLETED, ["repeat 486 Busy Here"], "G H"),
    (COMPLETED, "H", TERMINATED, ["failed timeout", "ended"], ""),
    (COMPLETED, "ACK", CONFIRMED, [], "I"),
    (COMPLETED, "ERROR", TERMINATED, ["failed transport", "ended"], ""),
    (COMPLETED, "S2XX", COMPLETED, [], "G H"),
    (CONFIRMED, "ACK", CONFIRMED, [], "I"),
    (CONFIRMED, "REQUEST", CONFIRMED, [], "I"),
    (CONFIRMED, "I", TERMINATED, ["ended"], ""),
    (ACCEPTED, "REQUEST", ACCEPTED, [], "L"),
    (ACCEPTED, "S2XX", ACCEPTED, ["repeat 200 OK"], "L"),
    (ACCEPTED, "S1XX", ACCEPTED, [], "L"),
    (ACCEPTED, "L", TERMINATED, ["ended"], ""),
]
SERVER_ROWS: list[Row] = [
    (TRYING, "REQUEST", TRYING, [], "U"),
    (TRYING, "S1XX", PROCEEDING, ["send 180 Ringing"], "U"),
    (TRYING, "S2XX", COMPLETED, ["send 200 OK"], "J"),
    (TRYING, "S3XX", COMPLETED, ["send 486 Busy Here"], "J"),
    (TRYING, "ERROR", TERMINATED, ["failed transport", "ended"], ""),
    (TRYING, "U", TERMINATED, ["ended"], ""),
    (PROCEEDING, "REQUEST", PROCEEDING, ["repeat 180 Ringing"], "U"),
    (PROCEEDING, "S1XX", PROCEEDING, ["send 180 Ringing"], "U"),
    (PROCEEDING, "S2XX", COMPLETED, ["send 200 OK"], "J"),
    (PROCEEDING, "S3XX", COMPLETED, ["send 486 Busy Here"], "J"),
    (PROCEEDING, "ERROR", TERMINATED, ["failed transport", "ended"], ""),
    (PROCEEDING, "U", TERMINATED, ["ended"], ""),
    (COMPLETED, "REQUEST", COMPLETED, ["repeat 200 OK"], "J"),
    (COMPLETED, "S2XX", COMPLETED, [], "J"),
    (COMPLETED, "ERROR", TERMINATED, ["failed transport", "ended"], ""),
    (COMPLETED, "J", TERMINATED, ["ended"], ""),
]


def check(table: Table, method: str, row: Row) -> None:
    start, kind, end, said, timers = row
    bench = Bench(table, method).to(start)
    assert len(kind) > 1 or kind in bench.transaction.timers
    bench.input(kind)
    assert (bench.transaction.state, bench.said, bench.running()) == (end, said, timers)
    assert len(bench.deadlines) == len(bench.transaction.timers)


@pytest.mark.parametrize("row", INVITE_CLIENT_ROWS, ids=lambda row: f"{row[0].name}-{row[1]}")
def test_invite_client_transaction_follows_figure_5(row: Row) -> None:
    check(INVITE_CLIENT_TABLE, "INVITE", row)


@pytest.mark.parametrize("row", CLIENT_ROWS, ids=lambda row: f"{row[0].name}-{row[1]}")
def test_client_transaction_follows_figure_6(row: Row) -> None:
    check(CLIENT_TABLE, "BYE", row)


@pytest.mark.parametrize("row", INVITE_SERVER_ROWS, ids=lambda row: f"{row[0].name}-{row[1]}")
def test_invite_server_transaction_follows_figure_7(row: Row) -> None:
    check(INVITE_SERVER_TABLE, "INVITE", row)


@pytest.mark.parametrize("row", SERVER_ROWS, ids=lambda row: f"{row[0].name}-{row[1]}")
def test_server_transaction_follows_figure_8(row: Row) -> None:
    check(SERVER_TABLE, "BYE", row)


@pytest.mark.parametrize(
    ("table", "rows", "own"),
    [
        (INVITE_CLIENT_TABLE, INVITE_CLIENT_ROWS, {(PROCEEDING, "ERROR")}),
        (CLIENT_TABLE, CLIENT_ROWS, set()),
        (INVITE_SERVER_TABLE, INVITE_SERVER_ROWS, {(PROCEEDING, "T")}),
        (SERVER_TABLE, SERVER_ROWS, set()),
    ],
)
def test_tables_have_no_row_that_the_figures_lack(table: Table, rows: list[Row], own: set[tuple[State, str]]) -> None:
    figures = {(start, kind) for start, kind, *_ in rows} | {(INITIAL, "START")} | own
    assert set(table) <= figures


def moments(bench: Bench, until_s: float) -> list[tuple[float, str]]:
    """When what was said, letting time pass."""
    said = []
    while (at := bench.deadlines.next()) is not None and at <= until_s:
        bench.now = at
        bench.deadlines.run(at)
        said += [(at, one) for one in bench.said]
        bench.said.clear()
    return said


def test_invite_is_repeated_at_doubling_intervals_until_32_s() -> None:
    bench = Bench(INVITE_CLIENT_TABLE, "INVITE").to(CALLING)
    times = [at for at, said in moments(bench, 100) if said.startswith("repeat")]
    assert times == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert bench.transaction.state is TERMINATED


def test_request_is_repeated_at_intervals_up_to_t2() -> None:
    bench = Bench(CLIENT_TABLE, "BYE").to(TRYING)
    said = moments(bench, 100)
    assert [at for at, one in said if one.startswith("repeat")] == [
        0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5,
    ]  # fmt: skip
    assert said[-2:] == [(32.0, "failed timeout"), (32.0, "ended")]


def test_request_that_is_in_progress_is_repeated_every_t2() -> None:
    bench = Bench(CLIENT_TABLE, "BYE").to(PROCEEDING)
    times = [at for at, said in moments(bench, 13) if said.startswith("repeat")]
    assert times == [0.5, 4.5, 8.5, 12.5]


def test_rejection_is_repeated_until_its_ack() -> None:
    bench = Bench(INVITE_SERVER_TABLE, "INVITE").to(COMPLETED)
    times = [at for at, said in moments(bench, 12) if said.startswith("repeat")]
    assert times == [0.5, 1.5, 3.5, 7.5, 11.5]
    bench.input("ACK")
    assert moments(bench, 100) == [(16.5, "ended")]


def test_trying_is_sent_only_when_nothing_else_was_within_200_ms() -> None:
    silent = Bench(INVITE_SERVER_TABLE, "INVITE")
    silent.transaction.start(0.0)
    silent.input("REQUEST")
    assert silent.said == []
    assert moments(silent, 100) == [(0.2, "send 100 Trying")]
    quick = Bench(INVITE_SERVER_TABLE, "INVITE").to(PROCEEDING)
    assert moments(quick, 100) == []


def test_late_answer_is_told_to_be_late() -> None:
    bench = Bench(INVITE_SERVER_TABLE, "INVITE").to(COMPLETED)
    assert bench.transaction.respond(respond(bench.request, 200), 0.0) is False
    assert bench.transaction.finished


def test_abandoned_transaction_stops_its_timers_and_says_nothing() -> None:
    bench = Bench(INVITE_CLIENT_TABLE, "INVITE").to(CALLING)
    bench.transaction.abandon(0.0)
    assert bench.said == ["ended"]
    assert len(bench.deadlines) == 0


def test_shorthands_feed_the_table() -> None:
    bench = Bench(INVITE_CLIENT_TABLE, "INVITE").to(CALLING)
    for status, state in ((180, PROCEEDING), (200, ACCEPTED)):
        bench.transaction.received(respond(bench.request, status), 0.0)
        assert bench.transaction.state is state
    other = Bench(INVITE_CLIENT_TABLE, "INVITE").to(CALLING)
    other.transaction.received(respond(other.request, 603), 0.0)
    assert other.transaction.state is COMPLETED
    other.transaction.error(0.0)
    assert other.said[-2:] == ["failed transport", "ended"]
    server = Bench(INVITE_SERVER_TABLE, "INVITE").to(PROCEEDING)
    server.transaction.repeat_provisional(0.0)
    assert server.transaction.respond(respond(server.request, 183), 0.0)
    assert server.transaction.respond(respond(server.request, 200), 0.0)
    server.transaction.repeat_success(0.0)
    assert server.said == ["repeat 180 Ringing", "send 183 Session Progress", "send 200 OK", "repeat 200 OK"]


RELIABLE = PEER._replace(transport="TCP")


@pytest.mark.parametrize(
    ("table", "method", "inputs", "running"),
    [
        (INVITE_CLIENT_TABLE, "INVITE", ["START"], {"B": 32.0}),
        (INVITE_CLIENT_TABLE, "INVITE", ["START", "R3XX"], {"D": 0.0}),
        (INVITE_CLIENT_TABLE, "INVITE", ["START", "R2XX"], {"M": 32.0}),
        (CLIENT_TABLE, "BYE", ["START"], {"F": 32.0}),
        (CLIENT_TABLE, "BYE", ["START", "R1XX"], {"F": 32.0}),
        (CLIENT_TABLE, "BYE", ["START", "R2XX"], {"K": 0.0}),
        (INVITE_SERVER_TABLE, "INVITE", ["START", "S3XX"], {"H": 32.0}),
        (INVITE_SERVER_TABLE, "INVITE", ["START", "S3XX", "ACK"], {"I": 0.0}),
        (INVITE_SERVER_TABLE, "INVITE", ["START", "S2XX"], {"L": 32.0}),
        (SERVER_TABLE, "BYE", ["START"], {"U": 32.0}),
        (SERVER_TABLE, "BYE", ["START", "S2XX"], {"J": 0.0}),
    ],
)
def test_over_a_reliable_transport_timers_are_those_of_table_4(
    table: Table, method: str, inputs: list[str], running: dict[str, float]
) -> None:
    bench = Bench(table, method, RELIABLE)
    for kind in inputs:
        bench.input(kind)
    assert {name: timer.at for name, timer in bench.transaction.timers.items() if name != "T"} == running
