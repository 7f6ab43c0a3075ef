from sip.config import Address, CoreConfig, Limits
from sip.failover import Attempts, Superseded, towards
from sip.message.message import Request, Response, parse, respond
from sip.station import Station
from sip.transaction import Failure, Transaction
from tests.sip.network import ALICE, counted
from tests.sip.raw import raw, request

ONE, TWO = Address("192.0.2.11", 5060), Address("192.0.2.12", 5060)


class User:
    def __init__(self) -> None:
        self.heard: list[int | Failure] = []

    def responded(self, transaction: Transaction, response: Response, now: float) -> None:
        self.heard.append(response.status)

    def failed(self, transaction: Transaction, cause: Failure, now: float) -> None:
        self.heard.append(cause)


class Desk:
    def __init__(self, forks: int = 10) -> None:
        self.station = Station(CoreConfig(limits=Limits(forks=forks)), counted("t"))
        self.station.listens(ALICE)
        self.user = User()

    def attempt(self, *targets: Address) -> None:
        ask = request(raw("OPTIONS", "Contact: <sip:old@192.0.2.9>"))
        Attempts(self.station, ask, targets, self.user, "anna").start(1000.0)

    def sent(self) -> list[tuple[str, Address, Request]]:
        """What went out since the last call: method, where to, and the request."""
        drained, self.station.outbox = self.station.outbox, []
        parsed = [(parse(data), destination) for data, destination in drained]
        return [(one.method, destination, one) for one, destination in parsed if isinstance(one, Request)]

    def reply(
        self, asked: Request, status: int, *headers: tuple[str, str], tag: str = "x", now: float = 1000.0
    ) -> None:
        response = parse(bytes(respond(asked, status, to_tag=tag, headers=list(headers))))
        assert isinstance(response, Response)
        transaction = self.station.transactions.of_response(response)
        assert transaction is not None
        transaction.received(response, now)

    def superseded(self) -> Request:
        invite = towards(self.station, request(raw("INVITE")), ONE, "nav")
        self.station.transactions.client(invite, ONE, Superseded(self.station), 1000.0)
        self.sent()
        return invite


def test_request_is_written_anew_for_each_target() -> None:
    desk = Desk()
    one, two = (towards(desk.station, request(raw("INVITE", cseq="7")), target, "nav") for target in (ONE, TWO))
    assert str(one.contacts[0]) == "<sip:nav@192.0.2.1:5060>"
    assert one.cseq == two.cseq == request(raw("INVITE", cseq="7")).cseq
    assert one.via.branch != two.via.branch
    bare = towards(desk.station, request(raw("OPTIONS")), ONE, None)
    assert bare.contacts == []
    secure = towards(desk.station, request(raw("INVITE", uri="sips:1@a.example")), ONE._replace(transport="TLS"), "nav")
    assert (str(secure.contacts[0]), secure.via.transport) == ("<sips:nav@192.0.2.1:5060>", "TLS")


def test_the_next_target_is_tried_after_a_503() -> None:
    desk = Desk()
    desk.attempt(ONE, TWO)
    ((_, where, asked),) = desk.sent()
    assert where == ONE
    desk.reply(asked, 503, ("Retry-After", "10"))
    ((_, where, asked),) = desk.sent()
    assert where == TWO
    desk.reply(asked, 200)
    assert desk.user.heard == [200]
    assert desk.station.lookups.rests.usable([ONE, TWO], 1000.0) == [TWO]


def test_the_next_target_is_tried_when_the_transport_fails() -> None:
    desk = Desk()
    desk.attempt(ONE, TWO)
    desk.sent()
    desk.station.transactions.connection_lost(ONE, 1000.0)
    ((_, where, _),) = desk.sent()
    assert where == TWO
    desk.station.transactions.connection_lost(TWO, 1000.0)
    assert desk.user.heard == [Failure.TRANSPORT]


def test_the_next_target_is_tried_after_four_silent_seconds() -> None:
    desk = Desk()
    desk.attempt(ONE, TWO)
    desk.station.deadlines.run(1003.9)
    assert {where for _, where, _ in desk.sent()} == {ONE}
    desk.station.deadlines.run(1004.0)
    assert [where for _, where, _ in desk.sent()] == [TWO]
    for at in range(1005, 1040):
        desk.station.deadlines.run(float(at))
    assert desk.user.heard == [Failure.TIMEOUT]
    assert len(desk.station.transactions) == 0


def test_target_that_works_on_it_is_waited_for() -> None:
    desk = Desk()
    desk.attempt(ONE, TWO)
    ((_, _, asked),) = desk.sent()
    desk.reply(asked, 100)
    desk.station.deadlines.run(1004.5)
    assert {where for _, where, _ in desk.sent()} <= {ONE}
    desk.reply(asked, 404)
    assert desk.user.heard == [100, 404]


def test_silence_is_not_noted_of_a_target_that_spoke_at_the_last_moment() -> None:
    desk = Desk()
    desk.attempt(ONE, TWO)
    ((_, _, asked),) = desk.sent()
    desk.reply(asked, 200)
    desk.station.deadlines.run(1004.5)
    assert desk.sent() == []


def test_other_answers_are_the_users() -> None:
    desk = Desk()
    desk.attempt(ONE, TWO)
    ((_, _, asked),) = desk.sent()
    desk.reply(asked, 403)
    assert desk.user.heard == [403]
    assert desk.sent() == []


def test_late_ringing_is_cancelled_once() -> None:
    desk = Desk()
    invite = desk.superseded()
    desk.reply(invite, 180)
    desk.reply(invite, 183)
    ((method, where, cancel),) = desk.sent()
    assert (method, where, cancel.via) == ("CANCEL", ONE, invite.via)
    desk.reply(invite, 487)
    assert [method for method, _, _ in desk.sent()] == ["ACK"]


def test_late_success_is_acknowledged_and_hung_up_and_its_repeat_acknowledged() -> None:
    desk = Desk()
    invite = desk.superseded()
    desk.reply(invite, 200, ("Contact", "<sip:1@192.0.2.11>"))
    assert [(method, where) for method, where, _ in desk.sent()] == [("ACK", ONE), ("BYE", ONE)]
    desk.reply(invite, 200, ("Contact", "<sip:1@192.0.2.11>"))
    assert [method for method, _, _ in desk.sent()] == ["ACK"]


def test_late_forks_are_bounded() -> None:
    desk = Desk(forks=2)
    invite = desk.superseded()
    for n in range(5):
        desk.reply(invite, 200, ("Contact", "<sip:1@192.0.2.11>"), tag=f"x{n}")
    assert [method for method, _, _ in desk.sent()] == ["ACK", "BYE"] * 2


def test_silence_to_the_end_changes_nothing() -> None:
    desk = Desk()
    desk.superseded()
    for at in range(1000, 1040):
        desk.station.deadlines.run(float(at))
    assert len(desk.station.transactions) == 0
